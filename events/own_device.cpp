#include "events/own_device.hpp"

#include "events/hourly.hpp"

namespace ppn::events {

namespace {

using schema::Repair;

RepairNote peer_note(const PeerChange& change, const PeerName& name_of) {
  auto name = name_of(change.key);
  if (change.remove)
    return {Repair::unknown_peer, change.key,
            "peer " + name + " was not there, and was removed"};
  if (change.add)
    return {Repair::peer_missing, change.key, "peer " + name + " was missing"};
  return {Repair::peer_changed, change.key,
          "peer " + name + " was not as it was made"};
}

template <class Event>
Draft draft_of(Event event) {
  Draft draft{device_stream, {}};
  draft.payload.Set(std::move(event));
  return draft;
}

}  // namespace

std::vector<RepairNote> repairs_in(const DeviceChange& change,
                                   const PeerName& name_of) {
  // What is gone took all that it had along.
  if (change.create)
    return {{Repair::interface_missing, {}, "the interface was gone"}};
  std::vector<RepairNote> notes;
  if (change.key)
    notes.push_back({Repair::private_key_changed,
                     {},
                     "the interface had another private key, or none"});
  if (change.listen_port)
    notes.push_back(
        {Repair::port_changed,
         {},
         "it did not listen on port " + std::to_string(*change.listen_port)});
  for (const auto& address : change.add_addresses)
    notes.push_back({Repair::address_changed,
                     {},
                     "the address " + address.text() + " was gone"});
  for (const auto& address : change.remove_addresses)
    notes.push_back({Repair::address_changed,
                     {},
                     "there was an address " + address.text()});
  for (const auto& peer : change.peers)
    notes.push_back(peer_note(peer, name_of));
  if (change.set_up)
    notes.push_back({Repair::interface_down, {}, "the interface was down"});
  return notes;
}

std::vector<RepairNote> unknown_peers(
    const DeviceChange& change, const std::map<TunnelKey, NodeId>& holders) {
  std::vector<RepairNote> notes;
  for (const auto& peer : change.peers)
    if (peer.remove && !holders.contains(peer.key))
      notes.push_back({Repair::unknown_peer, peer.key,
                       "a peer that no member is was removed"});
  return notes;
}

Decision decide_key(const OwnDevice& device, const TunnelKey& key) {
  if (device.key && device.next_key != key)
    return Refusal{"the tunnels have a key already"};
  schema::TunnelKeyMadeT made;
  made.key = std::make_unique<schema::TunnelKey>(key.stored());
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(std::move(made)));
  return drafts;
}

Decision decide_repairs(const OwnDevice& device,
                        const std::vector<RepairNote>& notes,
                        const Moment& now) {
  auto made = in_the_same_hour(device.repaired_ns, now.utc_ns)
                  ? device.repairs_in_hour
                  : 0;
  std::vector<Draft> drafts;
  for (const auto& note : notes) {
    if (made++ >= repairs_an_hour) break;
    schema::DeviceRepairedT repaired;
    repaired.repair = note.repair;
    if (note.peer)
      repaired.peer = std::make_unique<schema::TunnelKey>(note.peer->stored());
    repaired.detail = note.detail;
    drafts.push_back(draft_of(std::move(repaired)));
  }
  return drafts;
}

Contradiction apply(OwnDevice& device, const schema::TunnelKeyMade& event) {
  if (device.key) device.former_keys.push_back(*device.key);
  if (device.former_keys.size() > former_keys_max)
    device.former_keys.erase(device.former_keys.begin());
  device.key = TunnelKey{*event.key()};
  device.next_key.reset();
  return {};
}

Contradiction apply(OwnDevice& device,
                    const schema::TunnelKeyRequested& event) {
  device.next_key = TunnelKey{*event.key()};
  device.is_forced = event.force();
  return {};
}

Contradiction apply(OwnDevice& device, const schema::Entry& entry,
                    const schema::DeviceRepaired& /*event*/) {
  device.repairs += 1;
  count_in_hour(device.repaired_ns, device.repairs_in_hour,
                entry.clock()->utc_ns());
  return {};
}

}  // namespace ppn::events
