// One simulated host: what outlives its process (disk, dial, clocks), and the
// process, which is the real actors of a node.
#pragma once

#include <memory>
#include <unordered_set>

#include "actors/ledger.hpp"
#include "actors/node.hpp"
#include "tests/simulation/counter.hpp"
#include "tests/simulation/device.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/hypervisor.hpp"
#include "tests/simulation/reader.hpp"
#include "tests/simulation/shadow.hpp"

namespace ppn::simulation {

/// The state of an actor that is alive, looked at from outside; null if it is
/// not. Good until the next step.
template <class State, class Handle>
State* look_into(const Handle& handle) {
  if (!handle) return nullptr;
  auto* actor = caf::actor_cast<caf::abstract_actor*>(handle);
  using Stateful = typename Handle::template stateful_base<State>;
  if (actor->getf(caf::abstract_actor::is_terminated_flag)) return nullptr;
  return &static_cast<Stateful*>(actor)->state;
}

/// Answers in steps of its own, which are planned.
using SimulatedBulkPort =
    actors::BulkPort::extend<caf::reacts_to<happen_atom, std::uint64_t>>;

/// What the guests of each host may come to.
inline constexpr std::uint32_t guests_max = 8;
inline constexpr std::uint32_t guests_vcpus_max = 14;
inline constexpr std::uint64_t guests_memory_mb = 4096;

struct Process {
  std::unique_ptr<OpenDisk> disk;
  std::shared_ptr<actors::OpenLedger> opened;
  actors::LedgerActor ledger;
  actors::ClockPort clock;
  Dial dial;
  Wire wire;
  actors::WireguardPort wireguard;
  actors::WirePort mesh_wire;
  actors::JournalPort journal;
  actors::PairingWirePort pairing_wire;
  actors::HypervisorPort hypervisor;
  actors::MemoryPort memory;
  actors::HostPort host;
  actors::ImagePort images;
  SimulatedBulkPort bulk;
  actors::LedgerFollower reader;
  actors::NodeActor node;
  /// A fault struck in the middle of a step; the process dies after it.
  bool is_dying = false;
  bool takes_machine_along = false;
  bool stop_asked = false;

  /// Who listens at its own address and its tunnel address, and which those
  /// are.
  std::optional<events::IpAddress> bound;
  events::IpAddress bound_tunnel;
  actors::DatagramReceiver receiver;
  /// Frames, by their hash, that others sent to this very process.
  std::unordered_set<std::uint64_t> meant_for_it;
  /// Those whose body its member actor believed, that actor, and the newest.
  std::unordered_set<std::uint64_t> believed;
  caf::actor_id believer = 0;
  actors::DatagramPtr newest_believed;
  std::uint64_t notices = 0;

  /// For its tunnels.
  std::vector<events::TunnelKey> made_keys;
  /// Whose tunnel was held against its stream last; the next one is behind it.
  NodeId checked_tunnel;

  /// Who is shown which guest.
  std::map<Id, actors::VmFollower> vm_followers;

  /// Requests that a fault keeps waiting.
  std::vector<caf::response_promise> unanswered;
  /// The name of whose step was the last; null if the node does not keep it.
  const std::string* stepped = nullptr;

  /// The name of the kept actor with that id; null if it is none.
  [[nodiscard]] const std::string* name_of(caf::actor_id id) const {
    if (auto* state = look_into<actors::NodeState>(node))
      for (const auto& one : state->kept)
        if (one.actor && one.actor.id() == id) return &one.post.name;
    return nullptr;
  }

  /// An actor that the node keeps; null while it is dead.
  template <class Handle>
  Handle kept(const char* name) const {
    if (auto* state = look_into<actors::NodeState>(node))
      for (const auto& one : state->kept)
        if (one.post.name == name && one.actor)
          return caf::actor_cast<Handle>(one.actor);
    return {};
  }

  template <class State, class Handle>
  State* look_into_kept() const {
    return look_into<State>(kept<Handle>(State::name));
  }
};

/// Two machines with one tunnel key, as a host saw them at its looks.
struct Fight {
  bool is_at_copy = false;
  /// How often the tunnel went from one to the other without a long rest.
  int turns = 0;
  int most_turns = 0;
  std::uint64_t turned_ns = 0;

  void look(bool sees_copy, std::uint64_t now_ns);
};

struct Host {
  int index = 0;
  /// Rises when the host gets a new identity.
  std::uint64_t identity = 0;
  Disk disk;
  /// The disk as it was at some time before.
  std::optional<Disk> backup;
  /// The identity before, if it lost the tail of its ledger.
  std::optional<store::Rejoin> rejoin;
  Shadow shadow;
  std::unique_ptr<Process> process;

  std::uint64_t machine_started_ns = 0;
  std::int64_t clock_skew_ns = 0;
  bool clock_synchronised = true;

  std::uint64_t dial_shows = 0;
  std::uint64_t dial_incarnation = 0;

  SimulatedVms vms;
  /// What others than guests take.
  std::uint64_t others_mb = 0;
  std::set<Hash> images;

  Device device;
  /// Where packets of its tunnels come from, seen from outside, unless it is
  /// behind a router.
  events::IpAddress outside;
  /// Behind which it is, its address there, and to whom it sent something when.
  std::optional<int> router;
  events::IpAddress inside;
  std::map<events::Endpoint, std::uint64_t> sent_ns;
  /// When the node looked at its device last, in the time of the world, and
  /// what it saw.
  std::uint64_t looked_ns = 0;
  std::optional<std::uint64_t> looked_revision;
  /// When it was seen last to call a member.
  std::map<NodeId, std::uint64_t> called_ns;
  /// It tells nobody of the roster; it forwards nothing for others; it tells a
  /// roster that is none.
  bool keeps_roster = false;
  bool keeps_from_others = false;
  bool lies = false;
  /// What rosters of its ledger named at any time.
  std::set<events::TunnelKey> named_keys;
  /// Where the roster was that was durable after the last step, and when each
  /// key that was removed became durable as such.
  events::RosterPlace roster;
  std::map<events::TunnelKey, std::uint64_t> removed_ns;
  /// When something last kept it from acting at once.
  std::uint64_t disturbed_ns = 0;
  /// Of its wall clock.
  std::uint64_t clock_changed_ns = 0;
  /// The port of its device does nothing until then.
  std::uint64_t hangs_until_ns = 0;
  /// What its device actor waits for, and since when.
  const void* wish = nullptr;
  std::uint64_t wished_ns = 0;
  /// Where another machine has its tunnel key.
  std::optional<events::Endpoint> copy;
  /// What each host saw of the two.
  std::map<int, Fight> fights;

  bool is_suspended = false;
  bool is_slow = false;
  /// Nobody starts it.
  bool is_off = false;
  /// For how many checks in a row the ledger failed and the node did not say
  /// so.
  int silent_failures = 0;
  /// For how many an actor was dead.
  int dead_actors = 0;
  /// For how many the device was not as it should be.
  int wrong_devices = 0;
};

/// A step changes the state of its actor, and the disk. Large states that it
/// can not have changed are not compared again.
struct Step {
  caf::actor_id actor;
  bool disk_grew;
  /// The name of the actor, if the node keeps it.
  const std::string* name;

  /// Most are those of ports, which keep nothing that is compared.
  [[nodiscard]] bool concerns_any_kept() const {
    return disk_grew || name != nullptr;
  }

  [[nodiscard]] bool concerns_kept(std::string_view kept) const {
    return disk_grew || (name != nullptr && *name == kept);
  }

  template <class Handle>
  [[nodiscard]] bool concerns(const Handle& handle) const {
    return disk_grew || handle.id() == actor;
  }
};

/// Holds the host against the rules, as it is after a step of this actor;
/// against those of the mesh and of the fleet if they are there.
Complaint check(Host& host, caf::actor_id stepped, Trace& trace,
                RosterHistory* history, FleetRules* fleet);

/// A full audit of what is on its disk.
Complaint audit(Disk& disk);

}  // namespace ppn::simulation
