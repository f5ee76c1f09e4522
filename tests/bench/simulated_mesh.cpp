#include "tests/bench/simulated_mesh.hpp"

#include "actors/member.hpp"
#include "actors/mesh.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/progress.hpp"
#include "tests/simulation/bulk.hpp"
#include "tests/simulation/hypervisor.hpp"
#include "tests/simulation/mesh_ports.hpp"
#include "tests/simulation/mesh_rules.hpp"
#include "tests/simulation/vm_memory.hpp"

namespace ppn::bench {

namespace {

using simulation::Host;
using simulation::minute;
using simulation::OpenDisk;
using simulation::PacketKind;
using simulation::Process;

constexpr const char* mesh_range = "10.8.0.0/24";

simulation::Settings settings_for(std::size_t nodes) {
  simulation::Settings settings;
  settings.hosts = nodes;
  settings.without_faults = true;
  return settings;
}

events::Endpoint endpoint_of(const Host& host) {
  return {host.outside, simulation::tunnel_port};
}

}  // namespace

// -- the hosts ----------------------------------------------------------------

SimulatedMesh::SimulatedMesh(std::size_t nodes, Reachable reachable)
    : scene_(settings_for(nodes)), reachable_(reachable), traffic_(nodes) {
  tunnels_.watch([this](const Host& from, const Host& to, PacketKind kind,
                        std::uint64_t size) {
    timers_.note(from, to, kind);
    note_packet(from, to, kind, size);
  });
  try {
    begin();
  } catch (...) {
    // Who lives on would be waited for.
    end();
    throw;
  }
}

SimulatedMesh::~SimulatedMesh() { end(); }

void SimulatedMesh::begin() {
  for (auto& host : scene_.hosts) {
    host.index = static_cast<int>(&host - scene_.hosts.data());
    host.outside =
        *events::IpAddress::parse(fmt::format("192.0.{}.10", host.index));
    start(host);
  }
  found();
  bring_roster_to_all();
  constexpr auto settles_ns = 2 * minute;
  run_for(settles_ns);
  take_traffic();
  take_frames_sent();
}

void SimulatedMesh::end() {
  auto kill = [](const auto& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  };
  for (auto& host : scene_.hosts) {
    if (!host.process) continue;
    auto& process = *host.process;
    process.disk->die();
    kill(process.node);
    kill(process.ledger);
    kill(process.clock);
    kill(process.wireguard);
    kill(process.mesh_wire);
    kill(process.journal);
    kill(process.pairing_wire);
    kill(process.hypervisor);
    kill(process.memory);
    kill(process.host);
    kill(process.images);
  }
  for (const auto& port : bulk_) kill(port);
  scene_.end();
  for (auto& host : scene_.hosts) host.process.reset();
}

void SimulatedMesh::start(Host& host) {
  host.process = std::make_unique<Process>();
  auto& process = *host.process;
  process.disk =
      std::make_unique<OpenDisk>(host.disk, simulation::no_faults(),
                                 [this] { return scene_.random.next(); });
  store::LedgerOptions options;
  options.on_stage = [this, &host](store::CommitStage stage) {
    if (stage == store::CommitStage::committed) grown_.push_back(&host);
  };
  process.opened = require(actors::open_or_found(
      process.disk->parts(), {fmt::format("host-{}", host.index), {}},
      scene_.read_clock(host), std::move(options)));
  spawn(host);
}

void SimulatedMesh::spawn(Host& host) {
  auto& process = *host.process;
  auto& system = scene_.system;
  process.clock = system.spawn(
      [](actors::ClockPort::pointer, simulation::Scene* scene,
         Host* of) -> actors::ClockPort::behavior_type {
        return {[=](actors::read_atom) { return scene->read_clock(*of); }};
      },
      &scene_, &host);
  actors::LedgerSettings settings;
  settings.witness = process.disk->memory();
  process.ledger = system.spawn(actors::ledger_actor, process.opened,
                                process.clock, settings);
  process.wireguard =
      system.spawn(simulation::wireguard_port, &scene_, &tunnels_, &host);
  process.mesh_wire =
      system.spawn(simulation::mesh_wire_port, &datagrams_, &host);
  process.journal = system.spawn(simulation::journal_port, &scene_, &host);
  process.pairing_wire =
      system.spawn(simulation::pairing_wire_port, &pairing_net_, &host);
  process.hypervisor = system.spawn(simulation::no_hypervisor, 0);
  process.memory = system.spawn(simulation::no_memory, 0);
  process.host = system.spawn(simulation::no_host, 0);
  process.images = system.spawn(simulation::no_images, 0);
  bulk_.push_back(system.spawn(simulation::no_bulk, 0));
  actors::NodeParts parts;
  parts.ledger = process.ledger;
  parts.clock = process.clock;
  parts.wireguard = process.wireguard;
  parts.wire = process.mesh_wire;
  parts.journal = process.journal;
  parts.pairing_wire = process.pairing_wire;
  parts.hypervisor = process.hypervisor;
  parts.memory = process.memory;
  parts.host = process.host;
  parts.images = process.images;
  parts.bulk = bulk_.back();
  parts.listen_port = simulation::tunnel_port;
  parts.next_id = [this] { return scene_.next_id(); };
  parts.version = "simulated";
  process.node = system.spawn(actors::node_actor, parts);
}

// -- steps --------------------------------------------------------------------

void SimulatedMesh::step() {
  auto& coordinator = scene_.coordinator;
  if (coordinator.jobs.empty())
    require(coordinator.trigger_timeout(), "go on: nobody waits for anything");
  else
    coordinator.run_once();
  follow_grown();
  scene_.finish_step();
  if (scene_.violation)
    throw Failure{"in the simulation, " + *scene_.violation};
}

/// What the ports hold their hosts against.
void SimulatedMesh::follow_grown() {
  for (auto* host : std::exchange(grown_, {})) {
    auto before = host->shadow.state().mesh.version;
    if (auto complaint =
            host->shadow.follow(host->disk, host->index, scene_.trace, nullptr))
      throw Failure{fmt::format("host {}: {}", host->index, *complaint)};
    note_version(*host, before);
  }
}

void SimulatedMesh::note_version(Host& host, std::uint64_t before) {
  for (auto version = before + 1; version <= host.shadow.state().mesh.version;
       ++version) {
    auto& arrival = arrivals_[version];
    if (arrival.nodes++ == 0) arrival.first_ns = scene_.now();
    arrival.last_ns = scene_.now();
  }
}

void SimulatedMesh::run_for(std::uint64_t time_ns) {
  auto end = scene_.now() + time_ns;
  while (scene_.now() < end) step();
}

void SimulatedMesh::await(const std::string& what,
                          const std::function<bool()>& is_so) {
  constexpr auto patience_ns = 60 * minute;
  auto end = scene_.now() + patience_ns;
  while (!is_so()) {
    if (scene_.now() > end) throw Failure{"it never came: " + what};
    step();
  }
}

// -- the mesh -----------------------------------------------------------------

/// Whoever asks is an actor, so it is asked within one of its steps.
void SimulatedMesh::propose(Host& host, const actors::Change& change,
                            const std::function<void()>& committed) {
  scene_.plan(
      0, [=, this, &host] { operators_.propose(host, change, committed); });
}

events::Newcomer SimulatedMesh::introduce(const Host& host) const {
  const auto& state = host.shadow.state();
  events::Newcomer newcomer{state.node.id,
                            state.node.name,
                            state.node.keys.back().key,
                            *state.device.key,
                            {}};
  if (host.index == 0 || reachable_ == Reachable::everybody)
    newcomer.endpoints = {endpoint_of(host)};
  return newcomer;
}

void SimulatedMesh::found() {
  // The founding of each ledger came before anybody could be told.
  for (auto& host : scene_.hosts) grown_.push_back(&host);
  run_for(minute);
  for (const auto& host : scene_.hosts)
    require(host.shadow.state().device.key.has_value(), "start all nodes");
  events::FoundMesh founding;
  founding.mesh = scene_.next_id();
  founding.name = "mesh";
  founding.range = *events::IpRange::parse(mesh_range);
  founding.recovery_key =
      store::SigningKey::from_seed(
          std::array<std::uint8_t, store::SigningKey::seed_size>{7})
          .public_key();
  founding.founder = introduce(scene_.hosts.front());
  propose(scene_.hosts.front(), events::MeshCommand{founding},
          [this] { admit(1); });
  await("all members", [this] { return arrivals_.contains(nodes()); });
}

/// One after the other.
void SimulatedMesh::admit(std::size_t next) {
  if (next == nodes()) return;
  operators_.propose(
      scene_.hosts.front(),
      events::MeshCommand{events::AddMember{introduce(scene_.hosts[next])}},
      [this, next] { admit(next + 1); });
}

/// By a file, as operators do who introduce members to each other.
void SimulatedMesh::bring_roster_to_all() {
  scene_.plan(0, [this] {
    auto mesh = scene_.hosts.front().process->kept<actors::MeshActor>(
        actors::MeshState::name);
    scene_.weather->request(mesh, caf::infinite, actors::export_atom::value)
        .then(
            [this](const actors::EntriesPtr& records) {
              for (auto& host : scene_.hosts)
                if (host.index != 0)
                  operators_.propose(host, actors::ImportRoster{*records});
            },
            [](caf::error&) {});
  });
  await("the roster at all members",
        [this] { return arrivals_.at(nodes()).nodes == nodes(); });
}

Arrival SimulatedMesh::change_roster() {
  auto& hub = scene_.hosts.front();
  auto version = hub.shadow.state().mesh.version + 1;
  auto endpoints =
      hub.shadow.state().mesh.find(hub.shadow.state().node.id)->endpoints;
  // The first one stays the one at which it is called.
  endpoints.resize(1);
  endpoints.push_back(
      {hub.outside, static_cast<std::uint16_t>(1'000 + version)});
  events::MeshCommand change =
      events::ChangeEndpoints{hub.shadow.state().node.id, endpoints};
  propose(hub, change, [] {});
  await("a version of the roster at all members", [this, version] {
    auto arrival = arrivals_.find(version);
    return arrival != arrivals_.end() && arrival->second.nodes == nodes();
  });
  return arrivals_.at(version);
}

// -- what is counted ----------------------------------------------------------

void SimulatedMesh::note_packet(const Host& from, const Host& to,
                                PacketKind kind, std::uint64_t size) {
  Packets packet{1, static_cast<double>(size + underlay_bytes)};
  auto add = [&](Traffic& traffic) {
    switch (kind) {
      case PacketKind::handshake:
        traffic.handshakes += packet;
        return;
      case PacketKind::keepalive:
        traffic.keepalives += packet;
        return;
      case PacketKind::datagram:
        traffic.frames += packet;
    }
  };
  add(traffic_[static_cast<std::size_t>(from.index)].sent);
  add(traffic_[static_cast<std::size_t>(to.index)].received);
}

std::vector<NodeTraffic> SimulatedMesh::take_traffic() {
  return std::exchange(traffic_, std::vector<NodeTraffic>(nodes()));
}

std::uint64_t SimulatedMesh::take_frames_sent() {
  std::uint64_t all = 0;
  for (const auto& host : scene_.hosts)
    if (const auto* member =
            host.process
                ->look_into_kept<actors::MemberState, actors::MemberActor>())
      all += member->frames_sent;
  return all - std::exchange(frames_before_, all);
}

}  // namespace ppn::bench
