#include "events/state.hpp"

#include "events/roster.hpp"

namespace ppn::events {

Contradiction apply(State& state, const schema::Entry& entry) {
  auto& node = state.node;
  auto& capabilities = state.capabilities;
  switch (entry.payload_type()) {
    case schema::Event::NONE:
      break;
    case schema::Event::NodeInitialised:
      return apply(node, entry, *entry.payload_as_NodeInitialised());
    case schema::Event::NodeStarted:
      return apply(node, *entry.payload_as_NodeStarted());
    case schema::Event::NodeStopped:
      return apply(node, *entry.payload_as_NodeStopped());
    case schema::Event::NodeKeyRotated:
      return apply(node, entry, *entry.payload_as_NodeKeyRotated());
    case schema::Event::NodeRejoined:
      return apply(node, entry, *entry.payload_as_NodeRejoined());
    case schema::Event::OutsideCheckpointAccepted:
      return apply(node, *entry.payload_as_OutsideCheckpointAccepted());
    case schema::Event::CapabilityGranted:
      return apply(capabilities, entry, *entry.payload_as_CapabilityGranted());
    case schema::Event::CapabilityRevoked:
      return apply(capabilities, *entry.payload_as_CapabilityRevoked());
    case schema::Event::Noted:
      return {};
    case schema::Event::MeshFounded:
    case schema::Event::MemberAdded:
    case schema::Event::MemberRemoved:
    case schema::Event::MemberReplaced:
    case schema::Event::RoleMoved:
    case schema::Event::EndpointsChanged:
    case schema::Event::RosterEntryTaken:
      return apply(state.mesh, entry);
    case schema::Event::ClashSeen:
      return apply(state.clashes, *entry.payload_as_ClashSeen());
    case schema::Event::TunnelKeyMade:
      return apply(state.device, *entry.payload_as_TunnelKeyMade());
    case schema::Event::DeviceRepaired:
      return apply(state.device, entry, *entry.payload_as_DeviceRepaired());
    case schema::Event::TunnelUp: {
      const auto& event = *entry.payload_as_TunnelUp();
      return apply(state.tunnels[NodeId{*event.node()}], entry, event);
    }
    case schema::Event::TunnelDown: {
      const auto& event = *entry.payload_as_TunnelDown();
      return apply(state.tunnels[NodeId{*event.node()}], entry, event);
    }
  }
  return "the event is of a kind that is not known here";
}

}  // namespace ppn::events
