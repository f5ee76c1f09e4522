// The device actor: makes the WireGuard device of this node what the roster
// says that it should be, and keeps it so. Owns the stream "wireguard", and an
// actor for each tunnel.
#pragma once

#include "actors/aggregate.hpp"
#include "actors/kept_actor.hpp"
#include "actors/tunnel.hpp"
#include "events/endpoint_fight.hpp"
#include "events/peer_watch.hpp"
#include "events/topology.hpp"

namespace ppn::actors {

struct DeviceParts {
  LedgerActor ledger;
  ClockPort clock;
  WireguardPort wireguard;
  NodeActor node;
  std::uint16_t listen_port = 0;
};

using PresharedKeysPtr = std::shared_ptr<const events::PresharedKeys>;

/// What says how a device should be.
struct DeviceGround {
  RosterPtr roster;
  PathChoicesPtr choices;
  PresharedKeysPtr preshared;
  events::TunnelKey key;

  bool operator==(const DeviceGround&) const = default;
};

struct DeviceState {
  DeviceState() = default;
  /// The tunnels end with it, whatever ends it.
  ~DeviceState();
  DeviceState(const DeviceState&) = delete;
  DeviceState& operator=(const DeviceState&) = delete;

  events::OwnDevice own;
  /// Made, and not recorded yet.
  std::optional<events::TunnelKey> made_key;
  /// The key that the others are being told of, and whether all was said.
  std::optional<events::TunnelKey> told_key;
  bool has_told = false;
  /// Where the roster was when it was first seen to announce the next key.
  std::optional<events::RosterPlace> announced_at;
  /// How often it was looked at since.
  std::uint32_t waited = 0;
  /// Who did not acknowledge it when that was looked at last.
  std::vector<NodeId> waits_for;
  /// The roster was seen not to name this node's newest key.
  bool was_unnamed = false;
  /// The roster lacked something of the key.
  bool has_key_news = false;
  FollowedMesh mesh;
  FollowedActor<PathsActor, PathFollower> chooser{"paths"};
  RosterPtr roster;
  PathChoicesPtr choices;
  FollowedActor<PairingActor, PresharedFollower> sharer{"pairing"};
  PresharedKeysPtr preshared;
  /// What the port was seen to be last, and when.
  DeviceSeenPtr seen;
  std::int64_t seen_ns = 0;
  events::PeerWatch watch;
  /// What the device should have been when it was last found right: what then
  /// differs from it, but for where peers are, is somebody else's doing.
  std::optional<events::DeviceConfig> confirmed;
  /// Once all peers were looked at: what said then how the device should be. As
  /// long as it does, only those that changed are looked at.
  std::optional<DeviceGround> looked_with;
  /// Who was seen then with another key than the one in use: where their peers
  /// should be hangs on what is seen of them.
  std::set<NodeId> seen_otherwise;
  /// Once a look found all right: the peers that were told news since then.
  std::optional<std::set<events::TunnelKey>> told;
  /// What the port is asked to do, as long as it is waited for.
  DeviceChangePtr wish;
  events::MembersSeen members_seen;
  /// Where each peer was, to see two machines that fight for it.
  std::map<events::TunnelKey, events::EndpointTrail> trails;
  std::optional<std::string> problem;
  /// Who waits for a look to be told how things are.
  std::vector<caf::typed_response_promise<DeviceStatusPtr>> asking;
  std::map<NodeId, TunnelActor> tunnels;
  /// Whose tunnels were told something: whether the record is right by now is
  /// seen at the next look.
  std::set<NodeId> unchecked;
  /// What each recorded last.
  std::map<NodeId, events::Tunnel> recorded;
  /// A look, and what follows from it, is on its way.
  bool busy = false;
  /// Something changed meanwhile: look once more.
  bool again = false;
  /// The look follows an apply at once, to see whether that did it.
  bool checking = false;
  Aggregate<DeviceActor::stateful_pointer<DeviceState>> aggregate;
  static inline const char* name = "device";
};

inline constexpr auto device_look_interval = std::chrono::seconds{2};
/// The port blocks, and a program that is started takes its time.
inline constexpr auto wireguard_patience = std::chrono::seconds{30};
/// Who asks how things are hears of a port that hangs, too.
inline constexpr auto status_patience = std::chrono::seconds{1};

DeviceActor::behavior_type device_actor(
    DeviceActor::stateful_pointer<DeviceState> self, const DeviceParts& parts,
    const events::Node& node);

}  // namespace ppn::actors
