// Nodes with their real actors on one thread, and around them ports that only
// remember: a device in memory, a wire that keeps what is sent, a journal, and
// shelves from which nodes give each other what is wanted by its hash.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/ledger.hpp"
#include "actors/node.hpp"
#include "tests/simulation/coordinator.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/vm_memory.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/pairing_cables.hpp"

namespace ppn::tests {

/// What each node gives the others. All is answered at once, and an image is
/// had by whoever has its digest.
class BulkShelves {
 public:
  struct Shelf {
    /// Where it listens.
    std::optional<events::IpAddress> own = std::nullopt;
    std::map<Hash, actors::BytesPtr> documents = {};
    std::set<Hash> images = {};
    /// Nobody reaches it.
    bool is_cut_off = false;
  };

  /// Fetched images come to the shelf of that node.
  actors::BulkPort spawn(caf::actor_system& system, std::uint8_t number);
  Shelf& of(std::uint8_t number) { return shelves_[number]; }
  /// How often something was asked for, whatever came of it.
  [[nodiscard]] int fetches() const { return fetches_; }

 private:
  store::Result<Shelf*> at(const events::IpAddress& address);
  store::Result<actors::BytesPtr> document(const events::IpAddress& from,
                                           const Hash& hash);
  store::Result<actors::ImageKept> image(std::uint8_t to,
                                         const events::IpAddress& from,
                                         const events::ImageOfGuest& image);

  std::map<std::uint8_t, Shelf> shelves_;
  int fetches_ = 0;
};

/// Time, and the messages of all nodes of a test.
class Stage {
 public:
  Stage() = default;
  /// So much each node has for guests.
  explicit Stage(std::uint64_t guests_memory_mb)
      : guests_memory_mb_(guests_memory_mb) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Lets everybody do what there is to do, without any time passing.
  void settle();
  /// A second at a time.
  void pass(std::chrono::seconds time);

  /// Time passes only if nobody answers at once.
  template <class Answer, class Handle, class... Words>
  store::Result<Answer> ask(const Handle& whom, Words... words) {
    std::optional<store::Result<Answer>> answer;
    auto pending = self_->request(whom, caf::infinite, words...);
    settle();
    while (self_->mailbox().empty()) pass(std::chrono::seconds{1});
    pending.receive(
        [&](const Answer& good) { answer = good; },
        [&](caf::error& error) { answer = actors::from_message(error); });
    return *answer;
  }

  caf::actor_system& system() { return system_; }
  [[nodiscard]] const store::ClockReading& clock() const { return clock_; }
  [[nodiscard]] std::uint64_t guests_memory_mb() const {
    return guests_memory_mb_;
  }

  static constexpr std::int64_t begin_ns = 1'767'225'600'000'000'000;

  PairingCables cables;
  BulkShelves shelves;

 private:
  std::uint64_t guests_memory_mb_ = 0;
  simulation::CoordinatorConfig config_;
  caf::actor_system system_{config_};
  simulation::Coordinator& coordinator_ = simulation::coordinator_of(system_);
  caf::scoped_actor self_{system_};
  store::ClockReading clock_{begin_ns, 5'000'000'000, true};
};

/// What a port does with what it is asked.
enum class Mood : std::uint8_t {
  works,
  /// It can be looked at, and nothing else.
  takes_nothing,
  fails,
  /// It can be looked at, and does not say what became of anything else.
  changes_nothing,
  says_nothing,
};

/// A WireGuard device, and those who ask for it.
struct FakeDevice {
  events::ObservedDevice shown;
  std::vector<events::TunnelKey> keys;
  std::vector<events::DeviceChange> applied;
  /// All that was asked, done or not.
  std::vector<actors::DeviceWish> wishes;
  int looks = 0;
  Mood mood = Mood::works;
  std::vector<caf::response_promise> unanswered;

  void apply(const events::DeviceChange& change);
  events::ObservedPeer& peer(const events::TunnelKey& key) {
    return shown.peers.at(key);
  }
};

class TestNode {
 public:
  /// Called node-1 and so on.
  TestNode(Stage& stage, std::uint8_t number, Mood mood = Mood::works);
  ~TestNode();
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  /// The process dies and is started again.
  void restart();
  /// The same, and its owner rewrites its ledger meanwhile.
  void rewrite_history();
  /// The disk as it is now; and the process dies, and is started on it.
  void keep_disk();
  void go_back();

  template <class Handle>
  Handle kept(const char* name) {
    return caf::actor_cast<Handle>(must(stage_.ask<caf::actor>(
        node_, actors::find_atom::value, std::string{name})));
  }

  /// The node has it spawned anew.
  void kill(const char* name);

  // -- what an operator does --------------------------------------------------

  store::Result<Id> propose(actors::Change change);
  store::Result<std::uint64_t> commit(const Id& proposal);
  std::vector<actors::Proposal> proposals();
  /// Proposes and commits.
  void change(const events::MeshCommand& command);
  void import(const actors::Entries& records);
  actors::Entries exported();
  /// This node recovers the mesh; with the consent of that key.
  events::MeshCommand recovering(std::uint64_t epoch,
                                 const store::SigningKey& key);
  /// The mesh "home" at 10.8.0.0/24.
  void found(std::vector<events::Endpoint> endpoints = {});
  /// `other` introduces itself here, and takes the roster.
  void admit(TestNode& other, std::vector<events::Endpoint> endpoints = {});
  events::MeshCommand adding(TestNode& other,
                             std::vector<events::Endpoint> endpoints = {});

  // -- what there is to see ---------------------------------------------------

  [[nodiscard]] const events::State& state() const { return opened_->state; }
  [[nodiscard]] const events::Mesh& mesh() const { return opened_->state.mesh; }
  [[nodiscard]] const NodeId& id() const { return state().node.id; }
  /// Its address in its own roster.
  [[nodiscard]] const events::IpAddress& address() const;
  [[nodiscard]] std::uint64_t entries() const { return disk_.entries(); }
  /// The entries of a stream.
  actors::Entries stream(const std::string& name);
  actors::DeviceStatus device_status();
  actors::MemberStatus member_status();
  actors::WitnessStatus witness_status();
  [[nodiscard]] const simulation::Disk& disk() const { return disk_; }
  std::vector<std::string> device_plan();
  [[nodiscard]] const actors::LedgerActor& ledger() const { return ledger_; }
  [[nodiscard]] const actors::NodeActor& node() const { return node_; }
  [[nodiscard]] store::SigningKey signing_key() const;

  // -- the wire ---------------------------------------------------------------

  /// Gives what came from an address to whoever is bound; false if nobody is.
  bool deliver(const events::IpAddress& from, Bytes bytes);

  FakeDevice device;
  std::vector<actors::Datagram> sent;
  std::optional<events::IpAddress> bound;
  events::IpAddress bound_tunnel;
  std::vector<actors::Notice> notices;
  /// What becomes of commits.
  simulation::CommitFate fate = simulation::CommitFate::done;

 private:
  void start();
  void end();
  actors::WireguardPort spawn_wireguard();
  actors::WirePort spawn_wire();
  actors::JournalPort spawn_journal();
  actors::MemoryPort spawn_memory();
  actors::HostPort spawn_host();

  Stage& stage_;
  std::uint8_t number_;
  std::uint8_t ids_ = 0;
  std::uint64_t draws_ = 0;
  actors::DatagramReceiver receiver_;
  simulation::Disk disk_;
  std::optional<simulation::Disk> kept_disk_;
  std::unique_ptr<simulation::OpenDisk> open_disk_;
  std::shared_ptr<actors::OpenLedger> opened_;
  actors::ClockPort clock_;
  actors::WireguardPort wireguard_;
  actors::WirePort wire_;
  actors::JournalPort journal_;
  actors::PairingWirePort pairing_wire_;
  actors::HypervisorPort hypervisor_;
  actors::MemoryPort memory_;
  actors::HostPort host_;
  actors::ImagePort images_;
  actors::BulkPort bulk_;
  actors::LedgerActor ledger_;
  actors::NodeActor node_;
};

/// That of every mesh that such a node founds.
store::SigningKey recovery_key();

/// A node that is alone with its operator.
struct OneNode {
  Stage stage;
  TestNode node{stage, 1};
};

/// The founder, who is hub and authority, and two members; nothing that they
/// send arrives unless it is carried.
struct ThreeNodes {
  ThreeNodes() : ThreeNodes(0) {}
  /// See Stage.
  explicit ThreeNodes(std::uint64_t guests_memory_mb);

  /// Hands over what was sent, until nobody has more to say. Nothing to
  /// anybody in `deaf`.
  void carry(const std::vector<const TestNode*>& deaf = {});
  /// The same after each second.
  void pass(std::chrono::seconds time,
            const std::vector<const TestNode*>& deaf = {});
  void forget_sent();

  Stage stage;
  TestNode hub{stage, 1};
  TestNode a{stage, 2};
  TestNode b{stage, 3};
};

/// The kinds of the entries.
std::vector<schema::Event> kinds_of(const actors::Entries& entries);

}  // namespace ppn::tests
