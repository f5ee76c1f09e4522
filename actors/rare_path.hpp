// Marks on paths that are seldom taken, so that a search by simulation can say
// which of them it never reached.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace ppn::actors {

enum class RarePath : std::uint8_t {
  need_not_live,
  replay_behind_appends,
  group_waited,
  went_read_only,
  snapshot_written,
  cascade_of_three,
  grant_expired,
  actor_respawned,
  respawn_delayed,
  stop_unrecorded,
  record_refused,
  import_overtaken,
  device_failed,
  device_repaired,
  stranger_removed,
  looked_again,
  frame_introduces,
  frame_replayed,
  frame_of_old_boot,
  frame_of_former,
  another_asked,
  recovery_taken,
  recovery_overtaken,
  recovery_unwanted,
  recovered_twice,
  fork_proved,
  told_at_once,
  endpoint_fought_for,
  path_agreed,
  word_passed_on,
  tunnel_key_announced,
  tunnel_key_switched,
  tunnel_key_changed,
  newcomer_passed_on,
  newcomer_admitted,
  admission_lapsed,
  tried_without_key,
  controller_not_any_more,
  dispatch_repeated,
  request_lapsed,
  guest_gone,
  image_fetched,
  count_,
};

inline constexpr std::array<std::string_view,
                            static_cast<std::size_t>(RarePath::count_)>
    rare_path_names{"need_not_live",        "replay_behind_appends",
                    "group_waited",         "went_read_only",
                    "snapshot_written",     "cascade_of_three",
                    "grant_expired",        "actor_respawned",
                    "respawn_delayed",      "stop_unrecorded",
                    "record_refused",       "import_overtaken",
                    "device_failed",        "device_repaired",
                    "stranger_removed",     "looked_again",
                    "frame_introduces",     "frame_replayed",
                    "frame_of_old_boot",    "frame_of_former",
                    "another_asked",        "recovery_taken",
                    "recovery_overtaken",   "recovery_unwanted",
                    "recovered_twice",      "fork_proved",
                    "told_at_once",         "endpoint_fought_for",
                    "path_agreed",          "word_passed_on",
                    "tunnel_key_announced", "tunnel_key_switched",
                    "tunnel_key_changed",   "newcomer_passed_on",
                    "newcomer_admitted",    "admission_lapsed",
                    "tried_without_key",    "controller_not_any_more",
                    "dispatch_repeated",    "request_lapsed",
                    "guest_gone",           "image_fetched"};

/// How often each was taken in this process.
std::array<std::atomic<std::uint64_t>, rare_path_names.size()>&
rare_path_counts();

inline void mark(RarePath path) {
  rare_path_counts()[static_cast<std::size_t>(path)].fetch_add(
      1, std::memory_order_relaxed);
}

}  // namespace ppn::actors
