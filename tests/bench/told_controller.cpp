#include "tests/bench/told_controller.hpp"

#include <fmt/format.h>

#include "actors/ledger.hpp"
#include "store/signing.hpp"
#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

constexpr std::uint64_t interval_ns = 10'000'000'000;
constexpr std::uint8_t guests_each = 5;

template <class Fixed>
Fixed numbered(std::size_t number, std::uint8_t kind) {
  Fixed fixed;
  fixed.bytes[0] = static_cast<std::uint8_t>(number >> 16U);
  fixed.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
  fixed.bytes[2] = static_cast<std::uint8_t>(number);
  fixed.bytes[3] = kind;
  return fixed;
}

/// Each takes pages of its own, so they are not kept.
store::SigningKey key_of(std::size_t number) {
  std::array<std::uint8_t, store::SigningKey::seed_size> seed{};
  for (std::size_t i = 0; i < sizeof number; ++i)
    seed.at(i) = static_cast<std::uint8_t>(number >> (8 * i));
  seed.back() = 1;
  return store::SigningKey::from_seed(seed);
}

simulation::Settings one_host() {
  simulation::Settings settings;
  settings.hosts = 1;
  settings.without_faults = true;
  return settings;
}

/// What it is handed it does not have.
actors::NodeActor::behavior_type node_alone(actors::NodeActor::pointer, int) {
  return {
      [](actors::status_atom) { return actors::NodeStatus{}; },
      [](actors::find_atom, const std::string&) -> caf::result<caf::actor> {
        return actors::to_message(
            {store::ErrorCode::not_found, "there is nobody else"});
      },
      [](actors::stop_atom, schema::StopReason) { return true; },
      [](actors::read_only_atom, const std::string&) {},
      [](actors::respawn_atom, const std::string&) {},
      [](actors::held_atom, const std::string&, std::uint64_t) {},
  };
}

/// Others in each round.
events::HostTold told_of(std::size_t number, std::uint64_t round) {
  events::HostTold told;
  told.report = events::HostReport{16'384, 8192, 4096 + round, 512, 100'000, 16,
                                   8,      300,  guests_each,  123, "kvm"};
  Id last;
  last.bytes.fill(0xff);
  told.guests = events::GuestPage{{}, last, {}};
  for (std::uint8_t i = 0; i < guests_each; ++i)
    told.guests->guests[numbered<Id>(number, i)] = {
        fmt::format("guest-{}", i), schema::VmOutcome::running, true, 1024, 2};
  told.digest = events::digest_of(*told.report, told.guests->guests);
  return told;
}

}  // namespace

ToldController::ToldController(std::size_t nodes) : scene_(one_host()) {
  require(store::initialise_crypto(), "get randomness from the system");
  auto& mesh = roster_->mesh;
  mesh.version = mesh.epoch = 1;
  mesh.range = *events::IpRange::parse("10.0.0.0/8");
  for (std::size_t i = 0; i <= nodes; ++i) add_member(i);
  mesh.authority = mesh.hub = mesh.controller = nodes_.front();
  for (std::size_t i = 1; i <= nodes; ++i) introduce(i);
  spawn();
}

ToldController::~ToldController() {
  for (const auto& actor : {caf::actor_cast<caf::actor>(scheduler_),
                            caf::actor_cast<caf::actor>(node_),
                            caf::actor_cast<caf::actor>(ledger_),
                            caf::actor_cast<caf::actor>(clock_)})
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  scene_.end();
}

void ToldController::add_member(std::size_t number) {
  nodes_.push_back(numbered<NodeId>(number, 1));
  auto address = fmt::format("10.{}.{}.{}", 1 + (number >> 16U),
                             (number >> 8U) & 255U, number & 255U);
  addresses_.push_back(*events::IpAddress::parse(address));
  const auto& node = nodes_.back();
  events::Member member;
  member.name = fmt::format("node-{}", number);
  member.key = key_of(number).public_key();
  member.tunnel_key = numbered<events::TunnelKey>(number, 2);
  member.address = addresses_.back();
  auto& mesh = roster_->mesh;
  mesh.holders.names[member.name] = node;
  mesh.holders.addresses[member.address] = node;
  mesh.holders.keys[member.key] = node;
  mesh.holders.tunnel_keys[member.tunnel_key] = node;
  mesh.members[node] = member;
  guards_.emplace_back(node, 1, numbered<Id>(number, 3));
}

Bytes ToldController::sealed(std::size_t from, const actors::FrameHead& head,
                             const actors::FrameBody& body) const {
  auto frame = actors::build_frame(head, body);
  auto signature = key_of(from).sign(
      store::frame_domain, actors::signed_part(roster_->mesh.id, frame));
  return actors::seal(std::move(frame), signature);
}

/// It hears the controller, so that what it says counts.
void ToldController::introduce(std::size_t number) {
  const auto& mesh = roster_->mesh;
  auto head = guards_.front().next_head(nodes_[number], mesh, interval_ns);
  auto heard = guards_[number].check(sealed(0, head, actors::Heartbeat{}),
                                     addresses_.front(), false, mesh,
                                     interval_ns);
  require(static_cast<bool>(heard), "introduce the controller");
}

void ToldController::spawn() {
  auto& host = scene_.hosts.front();
  disk_ = std::make_unique<simulation::OpenDisk>(
      host.disk,
      simulation::DiskFaults{[] { return simulation::CommitFate::done; },
                             [] { return false; }, [] { return false; },
                             [] { return false; }},
      [this] { return scene_.random.next(); });
  auto opened = require(actors::open_or_found(disk_->parts(), {"node-0", {}},
                                              scene_.read_clock(host)));
  auto& system = scene_.system;
  clock_ = system.spawn(
      [](actors::ClockPort::pointer,
         simulation::Scene* scene) -> actors::ClockPort::behavior_type {
        return {[=](actors::read_atom) {
          return scene->read_clock(scene->hosts.front());
        }};
      },
      &scene_);
  ledger_ = system.spawn(actors::ledger_actor, opened, clock_,
                         actors::LedgerSettings{});
  node_ = system.spawn(node_alone, 0);
  events::Node self;
  self.id = nodes_.front();
  actors::SchedulerParts parts;
  parts.ledger = ledger_;
  parts.clock = clock_;
  parts.node = node_;
  scheduler_ = system.spawn(actors::scheduler_actor, parts, self);
  caf::anon_send(scheduler_, actors::roster_atom::value,
                 actors::RosterPtr{roster_});
  settle();
}

void ToldController::settle() {
  while (scene_.coordinator.try_run_once()) {
  }
}

std::vector<Bytes> ToldController::next_heartbeats() {
  auto now_ns = (2 + ++rounds_) * interval_ns;
  std::vector<Bytes> datagrams;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    auto head = guards_[i].next_head(nodes_.front(), roster_->mesh, now_ns);
    actors::Heartbeat beat{1, {}, {}};
    beat.host = told_of(i, rounds_);
    datagrams.push_back(sealed(i, head, beat));
  }
  return datagrams;
}

void ToldController::take(const std::vector<Bytes>& datagrams) {
  auto now_ns = (2 + rounds_) * interval_ns;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    auto checked = guards_.front().check(datagrams[i], addresses_[i + 1], false,
                                         roster_->mesh, now_ns);
    require(checked && checked->whole, "believe a heartbeat");
    auto heard = std::make_shared<const actors::HeardHost>(actors::HeardHost{
        checked->head.sender,
        actors::read_host(*checked->frame->body_as_Heartbeat())});
    caf::anon_send(scheduler_, actors::observed_atom::value,
                   actors::HeardHostPtr{heard});
    settle();
  }
}

std::size_t ToldController::hosts_known() const {
  const auto* state = simulation::look_into<actors::SchedulerState>(scheduler_);
  std::size_t known = 0;
  for (const auto& [node, said] : state->said)
    if (said.report && said.guests.size() == guests_each) ++known;
  return known;
}

}  // namespace ppn::bench
