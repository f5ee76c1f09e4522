#include "events/state.hpp"

#include "events/roster.hpp"

namespace ppn::events {

namespace {

/// A tunnel begins with its first event, unless that can not be.
template <class Event>
Contradiction apply_to_tunnel(State& state, const schema::Entry& entry,
                              const Event& event) {
  NodeId node{*event.node()};
  auto known = state.tunnels.find(node);
  if (known != state.tunnels.end()) return apply(known->second, entry, event);
  Tunnel tunnel;
  if (auto wrong = apply(tunnel, entry, event)) return wrong;
  state.tunnels.emplace(node, tunnel);
  return {};
}

}  // namespace

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
    case schema::Event::AuthorityRecovered:
    case schema::Event::MemberRestated:
    case schema::Event::FormerRestated:
    case schema::Event::TunnelKeyAnnounced:
    case schema::Event::TunnelKeyChanged:
    case schema::Event::RosterEntryTaken:
      return apply(state.mesh, entry);
    case schema::Event::ClashSeen:
      return apply(state.clashes, *entry.payload_as_ClashSeen());
    case schema::Event::ClashAcknowledged:
      return apply(state.clashes, *entry.payload_as_ClashAcknowledged());
    case schema::Event::TunnelKeyMade:
      return apply(state.device, *entry.payload_as_TunnelKeyMade());
    case schema::Event::TunnelKeyRequested:
      return apply(state.device, *entry.payload_as_TunnelKeyRequested());
    case schema::Event::DeviceRepaired:
      return apply(state.device, entry, *entry.payload_as_DeviceRepaired());
    case schema::Event::TunnelUp:
      return apply_to_tunnel(state, entry, *entry.payload_as_TunnelUp());
    case schema::Event::TunnelDown:
      return apply_to_tunnel(state, entry, *entry.payload_as_TunnelDown());
    case schema::Event::PathChanged:
      return apply_to_tunnel(state, entry, *entry.payload_as_PathChanged());
    case schema::Event::PairingOpened:
      return apply(state.pairing, *entry.payload_as_PairingOpened());
    case schema::Event::PairingGuessAnswered:
      return apply(state.pairing, *entry.payload_as_PairingGuessAnswered());
    case schema::Event::PairingProved:
      return apply(state.pairing, *entry.payload_as_PairingProved());
    case schema::Event::PairingEnded:
      return apply(state.pairing, *entry.payload_as_PairingEnded());
    case schema::Event::NodeAdmitted:
      return apply(state.pairing, entry, *entry.payload_as_NodeAdmitted());
    case schema::Event::NodeActive:
      return apply(state.pairing, *entry.payload_as_NodeActive());
    case schema::Event::NodeLapsed:
      return apply(state.pairing, *entry.payload_as_NodeLapsed());
    case schema::Event::VmDefined:
    case schema::Event::VmAdopted:
    case schema::Event::VmSpecChanged:
    case schema::Event::VmStartRequested:
    case schema::Event::VmStopRequested:
    case schema::Event::VmPauseRequested:
    case schema::Event::VmResumeRequested:
    case schema::Event::VmResetRequested:
    case schema::Event::VmDeleteRequested:
    case schema::Event::VmStarting:
    case schema::Event::VmStarted:
    case schema::Event::VmPaused:
    case schema::Event::VmResumed:
    case schema::Event::VmReset:
    case schema::Event::VmStopped:
    case schema::Event::VmCrashed:
    case schema::Event::VmGaveUp:
    case schema::Event::VmUnresponsive:
    case schema::Event::VmResponsive:
    case schema::Event::VmDeleted:
      return apply(state.vms, entry);
    case schema::Event::ImageAdded:
      return apply(state.images, *entry.payload_as_ImageAdded());
    case schema::Event::ImageRemoved:
      return apply(state.images, *entry.payload_as_ImageRemoved());
    case schema::Event::AcceleratorProved:
      return apply(state.acceleration, *entry.payload_as_AcceleratorProved());
    case schema::Event::HostUseSet:
      return apply(state.fleet, *entry.payload_as_HostUseSet());
    case schema::Event::HostFellSilent:
      return apply(state.fleet, entry, *entry.payload_as_HostFellSilent());
    case schema::Event::HostHeardAgain:
      return apply(state.fleet, *entry.payload_as_HostHeardAgain());
    case schema::Event::GuestPlaced:
      return apply(state.fleet, entry, *entry.payload_as_GuestPlaced());
    case schema::Event::GuestOrdered:
      return apply(state.fleet, entry, *entry.payload_as_GuestOrdered());
    case schema::Event::RequestEnded:
      return apply(state.fleet, *entry.payload_as_RequestEnded());
    case schema::Event::RequestLapsed:
      return apply(state.fleet, *entry.payload_as_RequestLapsed());
    case schema::Event::GuestGone:
      return apply(state.fleet, *entry.payload_as_GuestGone());
    case schema::Event::QuotaSet:
      return apply(state.fleet, *entry.payload_as_QuotaSet());
    case schema::Event::FleetTermBegun:
      return apply(state.fleet, *entry.payload_as_FleetTermBegun());
    case schema::Event::FleetTaken:
      return apply(state.fleet, *entry.payload_as_FleetTaken());
    case schema::Event::DispatchTaken:
      return apply(entry, *entry.payload_as_DispatchTaken());
  }
  return "the event is of a kind that is not known here";
}

}  // namespace ppn::events
