#include "tests/unit/mesh_rig.hpp"

#include <algorithm>

#include "actors/roster_record.hpp"
#include "store/recovery.hpp"
#include "tests/support/rewritten_ledger.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/pairing_parts.hpp"

namespace ppn::tests {

namespace {

using events::IpRange;

constexpr std::int64_t second_ns = 1'000'000'000;

const store::Principal owner{schema::PrincipalKind::operator_, "uid/1000"};

void add_sorted(std::vector<IpRange>& ranges,
                const std::vector<IpRange>& more) {
  ranges.insert(ranges.end(), more.begin(), more.end());
  std::sort(ranges.begin(), ranges.end());
}

void remove(std::vector<IpRange>& ranges, const std::vector<IpRange>& gone) {
  for (const auto& range : gone) std::erase(ranges, range);
}

/// What a port in that mood answers to somebody who asks.
template <class T, class Self, class Good>
caf::result<T> answer_of(Self self, FakeDevice& device, bool is_change,
                         Good good) {
  if (device.mood == Mood::fails ||
      (device.mood == Mood::takes_nothing && is_change))
    return actors::to_message({store::ErrorCode::io, "the device is stuck"});
  if (device.mood != Mood::says_nothing &&
      (device.mood != Mood::changes_nothing || !is_change))
    return good();
  auto promise = self->template make_response_promise<T>();
  device.unanswered.push_back(promise);
  return promise;
}

constexpr std::uint64_t disk_left_mb = 100'000;

}  // namespace

// -- shelves ------------------------------------------------------------------

store::Result<BulkShelves::Shelf*> BulkShelves::at(
    const events::IpAddress& address) {
  fetches_ += 1;
  for (auto& [number, shelf] : shelves_)
    if (shelf.own == address && !shelf.is_cut_off) return &shelf;
  return store::Error{store::ErrorCode::io,
                      "nobody gives anything at " + address.text()};
}

store::Result<actors::BytesPtr> BulkShelves::document(
    const events::IpAddress& from, const Hash& hash) {
  auto shelf = at(from);
  if (!shelf) return shelf.error();
  auto found = (*shelf)->documents.find(hash);
  if (found == (*shelf)->documents.end())
    return store::Error{store::ErrorCode::not_found, "it is not there"};
  return found->second;
}

store::Result<actors::ImageKept> BulkShelves::image(
    std::uint8_t to, const events::IpAddress& from,
    const events::ImageOfGuest& image) {
  auto shelf = at(from);
  if (!shelf) return shelf.error();
  if (!(*shelf)->images.contains(image.digest))
    return store::Error{store::ErrorCode::not_found, "it is not there"};
  bool is_new = of(to).images.insert(image.digest).second;
  return actors::ImageKept{image.digest, image.size, image.format, !is_new};
}

actors::BulkPort BulkShelves::spawn(caf::actor_system& system,
                                    std::uint8_t number) {
  using Port = actors::BulkPort;
  return system.spawn(
      [](Port::pointer self, BulkShelves* all,
         std::uint8_t own) -> Port::behavior_type {
        return {
            [=](actors::listen_atom, const events::IpAddress& address,
                const std::optional<events::IpAddress>& /*controller*/) {
              all->of(own).own = address;
            },
            [=](actors::offer_atom, const actors::DocumentsPtr& documents) {
              all->of(own).documents = *documents;
            },
            [=](actors::fetch_atom, const events::IpAddress& from,
                const Hash& hash) -> caf::result<actors::BytesPtr> {
              auto document = all->document(from, hash);
              if (!document) return actors::to_message(document.error());
              return *document;
            },
            [=](actors::fetch_atom, const events::IpAddress& from,
                const actors::ImageOfGuestPtr& wanted, const Id& id,
                const actors::ImageFollower& follower)
                -> caf::result<actors::ImageKept> {
              auto kept = all->image(own, from, *wanted);
              if (!kept) return actors::to_message(kept.error());
              self->send(follower, actors::progress_atom::value, id,
                         wanted->size, wanted->size);
              return *kept;
            },
        };
      },
      this, number);
}

// -- stage --------------------------------------------------------------------

void Stage::settle() {
  while (coordinator_.try_run_once()) {
  }
}

void Stage::pass(std::chrono::seconds time) {
  for (; time.count() > 0; time -= std::chrono::seconds{1}) {
    clock_.utc_ns += second_ns;
    clock_.since_boot_ns += second_ns;
    coordinator_.advance_time(std::chrono::seconds{1});
    settle();
  }
}

// -- device -------------------------------------------------------------------

void FakeDevice::apply(const events::DeviceChange& change) {
  applied.push_back(change);
  if (change.create) shown.exists = true;
  if (change.key) shown.key = change.key;
  if (change.listen_port) shown.listen_port = *change.listen_port;
  for (const auto& one : change.peers) {
    if (one.remove) {
      shown.peers.erase(one.key);
      continue;
    }
    auto& config = shown.peers[one.key].config;
    if (one.endpoint) config.endpoint = one.endpoint;
    if (one.keepalive_seconds)
      config.keepalive_seconds = *one.keepalive_seconds;
    if (one.preshared) config.preshared = *one.preshared;
    remove(config.allowed, one.disallow);
    add_sorted(config.allowed, one.allow);
  }
  remove(shown.addresses, change.remove_addresses);
  add_sorted(shown.addresses, change.add_addresses);
  if (change.forward) shown.forwarded = *change.forward;
  if (change.set_up) shown.is_up = true;
}

// -- node ---------------------------------------------------------------------

TestNode::TestNode(Stage& stage, std::uint8_t number, Mood mood)
    : stage_(stage), number_(number), draws_(number * 1000U) {
  device.mood = mood;
  clock_ = stage_.system().spawn(
      [](actors::ClockPort::pointer,
         const Stage* time) -> actors::ClockPort::behavior_type {
        return {[time](actors::read_atom) { return time->clock(); }};
      },
      &stage_);
  wireguard_ = spawn_wireguard();
  wire_ = spawn_wire();
  journal_ = spawn_journal();
  pairing_wire_ = stage_.cables.spawn(stage_.system(), number_);
  hypervisor_ = stage_.system().spawn(simulation::no_hypervisor, 0);
  memory_ = spawn_memory();
  host_ = spawn_host();
  images_ = stage_.system().spawn(simulation::no_images, 0);
  bulk_ = stage_.shelves.spawn(stage_.system(), number_);
  start();
}

TestNode::~TestNode() {
  end();
  for (const auto& port : {caf::actor_cast<caf::actor>(clock_),
                           caf::actor_cast<caf::actor>(wireguard_),
                           caf::actor_cast<caf::actor>(wire_),
                           caf::actor_cast<caf::actor>(journal_),
                           caf::actor_cast<caf::actor>(pairing_wire_),
                           caf::actor_cast<caf::actor>(hypervisor_),
                           caf::actor_cast<caf::actor>(memory_),
                           caf::actor_cast<caf::actor>(host_),
                           caf::actor_cast<caf::actor>(images_),
                           caf::actor_cast<caf::actor>(bulk_)})
    caf::anon_send_exit(port, caf::exit_reason::kill);
  device.unanswered.clear();
  receiver_ = actors::DatagramReceiver{};
  stage_.settle();
}

void TestNode::start() {
  open_disk_ = std::make_unique<simulation::OpenDisk>(
      disk_,
      simulation::DiskFaults{[this] { return fate; }, [] { return false; },
                             [] { return false; }, [] { return false; }},
      [this] { return ++draws_; });
  opened_ = must(actors::open_or_found(open_disk_->parts(),
                                       {"node-" + std::to_string(number_), {}},
                                       stage_.clock()));
  actors::LedgerSettings settings;
  settings.witness = open_disk_->memory();
  ledger_ =
      stage_.system().spawn(actors::ledger_actor, opened_, clock_, settings);
  actors::NodeParts parts;
  parts.ledger = ledger_;
  parts.clock = clock_;
  parts.wireguard = wireguard_;
  parts.wire = wire_;
  parts.journal = journal_;
  parts.pairing_wire = pairing_wire_;
  parts.hypervisor = hypervisor_;
  parts.memory = memory_;
  parts.host = host_;
  parts.images = images_;
  parts.bulk = bulk_;
  parts.pool.memory_mb = stage_.guests_memory_mb();
  parts.entropy = entropy_of(number_);
  parts.next_id = [this] {
    Id id;
    id.bytes.fill(++ids_);
    id.bytes.front() = number_;
    return id;
  };
  parts.version = "test";
  node_ = stage_.system().spawn(actors::node_actor, parts);
  stage_.settle();
}

void TestNode::end() {
  for (const auto& actor : {caf::actor_cast<caf::actor>(node_),
                            caf::actor_cast<caf::actor>(ledger_)})
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  stage_.settle();
  node_ = actors::NodeActor{};
  ledger_ = actors::LedgerActor{};
  opened_.reset();
  open_disk_->die();
}

void TestNode::restart() {
  end();
  bound.reset();
  start();
}

void TestNode::rewrite_history() {
  end();
  bound.reset();
  auto rewritten = disk_;
  for (auto& table : rewritten.tables) table.clear();
  {
    simulation::OpenDisk from{disk_, simulation::no_faults(), [] { return 0; }};
    simulation::OpenDisk to{rewritten, simulation::no_faults(),
                            [] { return 0; }};
    auto transaction = must(from.parts().backend.read());
    store::LedgerView view{*transaction};
    auto at = *must(rewritable_entry(view));
    rewritten.outside_checkpoint =
        must(rewrite_ledger(view, to.parts().backend, at, signing_key()));
  }
  disk_ = std::move(rewritten);
  start();
}

void TestNode::keep_disk() { kept_disk_ = disk_; }

void TestNode::go_back() {
  end();
  bound.reset();
  disk_ = *kept_disk_;
  start();
}

void TestNode::kill(const char* name) {
  caf::anon_send_exit(kept<caf::actor>(name), caf::exit_reason::kill);
  stage_.settle();
}

actors::WireguardPort TestNode::spawn_wireguard() {
  using Port = actors::WireguardPort;
  return stage_.system().spawn(
      [](Port::pointer self, TestNode* node) -> Port::behavior_type {
        auto& fake = node->device;
        return {
            [self, node, &fake](actors::create_key_atom) {
              return answer_of<events::TunnelKey>(self, fake, true, [&] {
                events::TunnelKey key;
                key.bytes.fill(node->number_);
                key.bytes.back() = static_cast<std::uint8_t>(fake.keys.size());
                return fake.keys.emplace_back(key);
              });
            },
            [](actors::preshared_atom, const Hash&, const actors::SecretPtr&) {
              return true;
            },
            [](actors::preshared_atom, const actors::HashesPtr&) {},
            [self, node, &fake](actors::look_atom) {
              fake.looks += 1;
              return answer_of<actors::DeviceLook>(self, fake, false, [&] {
                return actors::DeviceLook{
                    std::make_shared<const actors::DeviceSeen>(
                        actors::DeviceSeen{fake.shown, "fake"}),
                    node->stage_.clock().utc_ns};
              });
            },
            [self, &fake](actors::apply_atom, const actors::DeviceWish& wish) {
              fake.wishes.push_back(wish);
              return answer_of<bool>(self, fake, true, [&] {
                fake.apply(*wish.change.lock());
                return true;
              });
            },
        };
      },
      this);
}

actors::WirePort TestNode::spawn_wire() {
  using Port = actors::WirePort;
  return stage_.system().spawn(
      [](Port::pointer, TestNode* node) -> Port::behavior_type {
        return {
            [node](actors::bind_atom, const events::IpAddress& own,
                   const events::IpAddress& tunnel,
                   const actors::DatagramReceiver& receiver) {
              node->bound = own;
              node->bound_tunnel = tunnel;
              node->receiver_ = receiver;
            },
            [node](actors::datagram_atom, const actors::DatagramPtr& datagram) {
              node->sent.push_back(*datagram);
            },
        };
      },
      this);
}

actors::JournalPort TestNode::spawn_journal() {
  using Port = actors::JournalPort;
  return stage_.system().spawn(
      [](Port::pointer, TestNode* node) -> Port::behavior_type {
        return {[node](actors::notice_atom, const actors::Notice& notice) {
          node->notices.push_back(notice);
        }};
      },
      this);
}

/// Nobody else takes anything of it.
actors::MemoryPort TestNode::spawn_memory() {
  if (stage_.guests_memory_mb() == 0)
    return stage_.system().spawn(simulation::no_memory, 0);
  using Port = actors::MemoryPort;
  return stage_.system().spawn(
      [](Port::pointer, std::uint64_t total_mb) -> Port::behavior_type {
        return {
            [=](actors::measure_atom) -> caf::result<actors::MemoryLookPtr> {
              return std::make_shared<const actors::MemoryLook>(
                  actors::MemoryLook{total_mb, total_mb, {}});
            },
            [](actors::balloon_atom, const Id&, std::uint64_t, std::uint64_t) {
              return true;
            },
        };
      },
      stage_.guests_memory_mb());
}

actors::HostPort TestNode::spawn_host() {
  if (stage_.guests_memory_mb() == 0)
    return stage_.system().spawn(simulation::no_host, 0);
  using Port = actors::HostPort;
  return stage_.system().spawn(
      [](Port::pointer, std::uint64_t left_mb) -> Port::behavior_type {
        return {[=](actors::measure_atom) {
          return actors::HostLook{4, 0, left_mb};
        }};
      },
      disk_left_mb);
}

bool TestNode::deliver(const events::IpAddress& from, Bytes bytes) {
  if (!bound) return false;
  caf::anon_send(receiver_, actors::datagram_atom::value,
                 std::make_shared<const actors::Datagram>(
                     actors::Datagram{from, std::move(bytes)}));
  stage_.settle();
  return true;
}

// -- what an operator does ----------------------------------------------------

store::Result<Id> TestNode::propose(actors::Change change) {
  return stage_.ask<Id>(
      kept<actors::OperatorGate>("operator_gate"), actors::propose_atom::value,
      std::make_shared<const actors::Change>(std::move(change)));
}

store::Result<std::uint64_t> TestNode::commit(const Id& proposal) {
  return stage_.ask<std::uint64_t>(kept<actors::OperatorGate>("operator_gate"),
                                   actors::commit_atom::value, proposal, owner);
}

std::vector<actors::Proposal> TestNode::proposals() {
  return *must(stage_.ask<actors::ProposalsPtr>(
      kept<actors::OperatorGate>("operator_gate"), actors::list_atom::value));
}

void TestNode::change(const events::MeshCommand& command) {
  must(commit(must(propose(command))));
}

void TestNode::import(const actors::Entries& records) {
  must(commit(must(propose(actors::ImportRoster{records}))));
}

actors::Entries TestNode::exported() {
  return *must(stage_.ask<actors::EntriesPtr>(kept<actors::MeshActor>("mesh"),
                                              actors::export_atom::value));
}

void TestNode::found(std::vector<events::Endpoint> endpoints) {
  auto command = founding();
  command.recovery_key = recovery_key().public_key();
  command.founder = {id(), state().node.name, signing_key().public_key(),
                     state().device.key.value(), std::move(endpoints)};
  change(command);
}

events::MeshCommand TestNode::recovering(std::uint64_t epoch,
                                         const store::SigningKey& key) {
  schema::RecoveryStatement statement{mesh().id, epoch, id(),
                                      signing_key().public_key()};
  return events::RecoverMesh{
      id(), epoch, key.sign(store::recovery_domain, bytes_of(statement))};
}

events::MeshCommand TestNode::adding(TestNode& other,
                                     std::vector<events::Endpoint> endpoints) {
  auto newcomer = must(actors::read_introduction(other.exported()));
  newcomer.endpoints = std::move(endpoints);
  return events::AddMember{newcomer};
}

void TestNode::admit(TestNode& other, std::vector<events::Endpoint> endpoints) {
  change(adding(other, std::move(endpoints)));
  other.import(exported());
}

// -- what there is to see -----------------------------------------------------

const events::IpAddress& TestNode::address() const {
  return mesh().find(id())->address;
}

actors::Entries TestNode::stream(const std::string& name) {
  return *must(stage_.ask<actors::EntriesPtr>(
      ledger_, actors::replay_atom::value, name, std::uint64_t{0}));
}

actors::DeviceStatus TestNode::device_status() {
  return *must(stage_.ask<actors::DeviceStatusPtr>(
      kept<actors::DeviceActor>("device"), actors::status_atom::value));
}

actors::MemberStatus TestNode::member_status() {
  return *must(stage_.ask<actors::MemberStatusPtr>(
      kept<actors::MemberActor>("member"), actors::status_atom::value));
}

actors::WitnessStatus TestNode::witness_status() {
  return *must(stage_.ask<actors::WitnessStatusPtr>(
      kept<actors::WitnessActor>("witness"), actors::status_atom::value));
}

std::vector<std::string> TestNode::device_plan() {
  return *must(stage_.ask<actors::WordsPtr>(kept<actors::DeviceActor>("device"),
                                            actors::plan_atom::value));
}

store::SigningKey TestNode::signing_key() const {
  return store::SigningKey::from_seed(disk_.keys.back());
}

store::SigningKey recovery_key() { return key_of_seed(99); }

// -- three of them ------------------------------------------------------------

ThreeNodes::ThreeNodes(std::uint64_t guests_memory_mb)
    : stage(guests_memory_mb) {
  stage.pass(std::chrono::seconds{2});
  hub.found({endpoint("192.0.2.1:51820")});
  hub.admit(a);
  hub.admit(b);
  a.import(hub.exported());
  stage.pass(std::chrono::seconds{4});
  forget_sent();
}

void ThreeNodes::carry(const std::vector<const TestNode*>& deaf) {
  bool is_busy = true;
  while (std::exchange(is_busy, false))
    for (auto* from : {&hub, &a, &b})
      for (const auto& datagram : std::exchange(from->sent, {}))
        for (auto* to : {&hub, &a, &b}) {
          auto is_v6 = datagram.peer.is_v6;
          bool is_its = to->bound && datagram.peer == (is_v6 ? to->bound_tunnel
                                                             : *to->bound);
          bool hears = is_its &&
                       std::find(deaf.begin(), deaf.end(), to) == deaf.end();
          if (hears && to->deliver(is_v6 ? from->bound_tunnel : *from->bound,
                                   datagram.bytes))
            is_busy = true;
        }
}

void ThreeNodes::pass(std::chrono::seconds time,
                      const std::vector<const TestNode*>& deaf) {
  for (; time.count() > 0; time -= std::chrono::seconds{1}) {
    stage.pass(std::chrono::seconds{1});
    carry(deaf);
  }
}

void ThreeNodes::forget_sent() {
  for (auto* node : {&hub, &a, &b}) node->sent.clear();
}

std::vector<schema::Event> kinds_of(const actors::Entries& entries) {
  std::vector<schema::Event> kinds;
  for (const auto& entry : entries)
    kinds.push_back(schema::GetEntry(entry.data())->payload_type());
  return kinds;
}

}  // namespace ppn::tests
