// What the controller is told of this host: the report when it changed, and its
// guests, some in each heartbeat, those that changed first. Then heartbeats
// have the digest of all of it, by which the controller sees whether it knows
// it; if it does not, it asks, and is told all again. Knows no CAF.
#pragma once

#include <optional>
#include <set>

#include "events/host_report.hpp"

namespace ppn::actors {

/// What of guests fits a heartbeat: their names, and so much around each.
inline constexpr std::size_t guest_page_bytes_max = 400;
inline constexpr std::size_t guest_bytes = 64;
/// When more changed than that, all are told.
inline constexpr std::size_t guest_news_max = 256;

class HostNews {
 public:
  /// True if it is news of guests.
  bool note(const events::HostReport& report, events::GuestSummaries guests);

  /// There are guests to be told of.
  [[nodiscard]] bool has_guests_to_tell() const {
    return !changed_.empty() || round_at_.has_value();
  }

  /// Whoever is told from now on lacks something.
  void tell_all();

  /// For the next heartbeat, which may have room for guests. Nothing before the
  /// first note.
  events::HostTold next(bool has_room_for_guests = true);

 private:
  std::optional<events::GuestPage> next_page();
  events::GuestPage page_from(const Id& first);

  std::optional<events::HostReport> report_;
  bool is_report_news_ = false;
  events::GuestSummaries guests_;
  std::uint64_t digest_ = 0;
  /// Guests that changed, came or went since they were told.
  std::set<Id> changed_;
  /// Of those the last that was told.
  Id told_up_to_;
  /// Where a round through all of them goes on; nothing: there is none.
  std::optional<Id> round_at_;
  /// The last page was one of the round.
  bool was_of_round_ = false;
};

}  // namespace ppn::actors
