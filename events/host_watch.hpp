// When each host was heard last, and what follows: live, suspect after 15 s,
// silent after more than 30 s. By the controller's own clock since the boot of
// its host, suspended time included.
//
// Who could not listen knows nothing: after its own start, after a time in
// which it did not run, and of who just became a member, nobody is silent
// before he had 30 s to speak.
#pragma once

#include <cstdint>
#include <map>

#include "events/mesh.hpp"
#include "events/placement.hpp"

namespace ppn::events {

inline constexpr std::uint64_t suspect_after_ns = 15'000'000'000;
inline constexpr std::uint64_t silent_after_ns = 30'000'000'000;
/// How often it is to be told what time it is. Twice as long without it: this
/// host was suspended.
inline constexpr std::uint64_t watch_interval_ns = 5'000'000'000;

class HostWatch {
 public:
  /// Listens from now on, if it did not, or was suspended; to these members,
  /// and to no others.
  void tick(const std::map<NodeId, Member>& members, std::uint64_t now_ns);
  /// Listens no more.
  void stop();

  void note_heard(const NodeId& node, std::uint64_t now_ns);

  /// Unheard: it was not yet, and has still time to be.
  [[nodiscard]] HostStanding standing(const NodeId& node,
                                      std::uint64_t now_ns) const;
  /// Since it was heard last; nothing if it never was.
  [[nodiscard]] std::optional<std::uint64_t> age_ns(const NodeId& node,
                                                    std::uint64_t now_ns) const;

 private:
  struct Host {
    /// Since when it could be heard.
    std::uint64_t since_ns = 0;
    std::optional<std::uint64_t> heard_ns = std::nullopt;
  };

  std::map<NodeId, Host> hosts_;
  bool listens_ = false;
  std::uint64_t listens_since_ns_ = 0;
  std::uint64_t ticked_ns_ = 0;
};

}  // namespace ppn::events
