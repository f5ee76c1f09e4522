#include "events/node.hpp"

namespace ppn::events {

namespace {

Contradiction found(Node& node, const schema::Entry& entry,
                    const schema::Identity& identity) {
  if (node.founded()) return "the node is founded already";
  node.id = NodeId{*entry.node()};
  node.name = identity.name()->str();
  node.keys = {{entry.sequence(), PublicKey{*identity.key()}}};
  return {};
}

}  // namespace

Contradiction apply(Node& node, const schema::Entry& entry,
                    const schema::NodeInitialised& event) {
  return found(node, entry, *event.identity());
}

Contradiction apply(Node& node, const schema::Entry& entry,
                    const schema::NodeRejoined& event) {
  if (auto refused = found(node, entry, *event.identity())) return refused;
  node.replaces = NodeId{*event.replaces()};
  return {};
}

Contradiction apply(Node& node, const schema::NodeStarted& event) {
  if (event.boot() <= node.boot) return "the boot number does not rise";
  node.boot = event.boot();
  node.running = true;
  return {};
}

Contradiction apply(Node& node, const schema::NodeStopped& event) {
  if (!node.running || event.boot() != node.boot)
    return "this boot is not running";
  node.running = false;
  return {};
}

Contradiction apply(Node& node, const schema::Entry& entry,
                    const schema::NodeKeyRotated& event) {
  node.keys.push_back({entry.sequence() + 1, PublicKey{*event.new_key()}});
  return {};
}

Contradiction apply(Node& node,
                    const schema::OutsideCheckpointAccepted& /*event*/) {
  node.outside_checkpoints_accepted += 1;
  return {};
}

}  // namespace ppn::events
