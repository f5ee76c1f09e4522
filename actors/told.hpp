// What other members were told lately, which a heartbeat does not say again so
// soon: it goes out every 10 s, and most of it would be the same. Knows no CAF.
#pragma once

#include <map>
#include <optional>

#include "actors/frame.hpp"
#include "events/mesh.hpp"

namespace ppn::actors {

/// The same is told again after that time, in case that it got lost.
inline constexpr std::uint64_t told_again_ns = 300'000'000'000;
/// News of the roster and of the tunnel are in so many heartbeats in a row.
inline constexpr std::uint32_t news_told_times = 3;

class Told {
 public:
  /// Leaves out what its recipient was told lately. That is for who is known to
  /// have the same roster, and so to hear what it is told.
  void shorten(Heartbeat& beat, const NodeId& to, std::uint64_t now_ns);

  /// It may have been started again.
  void forget(const NodeId& node) { told_.erase(node); }
  void keep_members(const events::Mesh& mesh);

 private:
  struct Last {
    std::string checkpoint;
    std::uint64_t checkpoint_ns = 0;
    std::optional<Hash> roster_hash;
    std::optional<events::Endpoint> seen_at;
    std::optional<Hash> preshared;
    std::uint64_t roster_hash_ns = 0;
    std::uint32_t times_told = 0;
  };

  std::map<NodeId, Last> told_;
};

}  // namespace ppn::actors
