// The one roster that the authorities of a world made, one version after the
// other, as it became durable: a second opinion on what a roster may be, and on
// what each member has of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/mesh.hpp"

namespace ppn::simulation {

class RosterHistory {
 public:
  /// An entry of a host's stream "roster" that became durable, with its record.
  /// What is wrong with it; nothing if all is well.
  std::optional<std::string> take(const schema::Entry& entry, ByteView record);

  struct Known {
    std::string name;
    PublicKey key;
    events::TunnelKey tunnel_key;
    Bytes address;
    std::vector<events::Endpoint> endpoints;
  };
  struct Gone {
    Known known;
    std::int64_t removed_ns = 0;
    bool replaced = false;
  };

  [[nodiscard]] std::uint64_t version() const { return records_.size(); }
  [[nodiscard]] const std::vector<Bytes>& records() const { return records_; }
  [[nodiscard]] const NodeId& authority() const { return authority_; }
  [[nodiscard]] const NodeId& hub() const { return hub_; }
  [[nodiscard]] const std::map<NodeId, Known>& members() const {
    return members_;
  }
  [[nodiscard]] const std::map<NodeId, Gone>& gone() const { return gone_; }

 private:
  using Wrong = std::optional<std::string>;

  Wrong take_news(const schema::Entry& entry, ByteView record);
  Wrong fold(const schema::Entry& entry);
  Wrong add(const schema::Member& member, const schema::Entry& entry,
            const NodeId* in_place_of);
  Wrong remove(const NodeId& node, const schema::Entry& entry, bool replaced);
  [[nodiscard]] Wrong check_free(const Known& known, const schema::Entry& entry,
                                 const NodeId* in_place_of) const;

  std::vector<Bytes> records_;
  NodeId authority_;
  NodeId hub_;
  NodeId controller_;
  std::map<NodeId, Known> members_;
  std::map<NodeId, Gone> gone_;
};

}  // namespace ppn::simulation
