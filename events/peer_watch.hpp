// Which peers of a device differ from look to look. Most of a large mesh do
// not, and whoever follows a device has to look at the others alone.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "events/device.hpp"
#include "events/mesh.hpp"

namespace ppn::events {

class PeerWatch {
 public:
  /// The keys, sorted, of the peers that are otherwise than at the look before:
  /// they came or went, are configured otherwise, something passed through
  /// their tunnels, or their handshakes began or ceased to last. At the first
  /// look all are. `utc_ns` is by this node's clock.
  std::vector<TunnelKey> look(std::shared_ptr<const ObservedDevice> device,
                              std::int64_t utc_ns);

 private:
  [[nodiscard]] bool still_lasts(std::int64_t utc_ns) const {
    return lasts_from_ns_ < utc_ns && utc_ns < lasts_until_ns_;
  }
  void note_how_long(std::int64_t handshake_ns);

  std::shared_ptr<const ObservedDevice> device_;
  std::int64_t utc_ns_ = 0;
  /// Between the two no handshake begins or ceases to last.
  std::int64_t lasts_from_ns_ = 0;
  std::int64_t lasts_until_ns_ = 0;
};

/// The members who have or had those keys.
std::set<NodeId> holders_of(const Mesh& mesh,
                            const std::vector<TunnelKey>& keys);

}  // namespace ppn::events
