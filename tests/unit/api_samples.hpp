// What the documents of the control API are made of, for tests.
#pragma once

#include "runtime/api_documents.hpp"
#include "runtime/api_fleet.hpp"
#include "runtime/api_fleet_request.hpp"
#include "runtime/api_fleet_wish.hpp"
#include "runtime/api_mesh.hpp"
#include "runtime/api_pairing.hpp"
#include "runtime/api_pool.hpp"
#include "runtime/api_vm.hpp"
#include "runtime/api_witness.hpp"
#include "store/record.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

inline Id id_of(std::uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

inline runtime::NodeReport sample_report() {
  runtime::NodeReport report;
  report.version = "1.2.3";
  report.state_dir = "/var/lib/ppn";
  report.node.id.bytes.fill(0x11);
  report.node.name = "hub";
  report.node.boot = 3;
  report.node.mode = actors::NodeMode::running;
  report.node.respawns = {{"operator_gate", 2}};
  report.ledger.head.size = 12;
  report.ledger.head.root.bytes.fill(0x22);
  report.ledger.checkpoint = "a note\n";
  report.uptime_seconds = 60;
  report.proposals = 1;
  report.mesh = {"home", 5, 3, "ppn0", "kernel", 2, 1, {{"replayed", 4}}, 6};
  report.guests = {3, {{"running", 2}, {"stopped", 1}}, 1024};
  return report;
}

inline actors::Proposal sample_grant() {
  events::GrantWish wish;
  wish.grant = id_of(0x44);
  wish.subject = "node/2";
  wish.resource = "vm/1";
  wish.rights = schema::Right::read | schema::Right::invoke;
  return {id_of(0x33), wish, {"grant it"}};
}

/// Of the mesh "home", in which number 1 has all roles, number 2 was removed
/// and number 3 has an endpoint.
inline actors::Roster sample_roster() {
  auto author = mesh_of(2, "10.8.0.0/24", "fd00:8::/64");
  author(events::AddMember{newcomer(3, {endpoint("192.0.2.3:51820")})});
  author(events::RemoveMember{node_of(2), "lost"},
         {1'767'225'600'000'000'000, 0, true, 1});
  Hash head;
  head.bytes.fill(0x77);
  return {author.mesh(), head, {}};
}

/// What number 1 heard of number 3.
inline actors::MemberStatus sample_member_status() {
  actors::MemberStatus status;
  status.heard[node_of(3)] = {7, 4, 99, 1'767'225'600'000'000'000, 2};
  status.dropped = {{"replayed", 4}};
  status.frames_sent = 5;
  status.frames_taken = 6;
  return status;
}

/// What number 1 remembers of number 3, which rewrote its ledger.
inline actors::WitnessStatus sample_witness_status() {
  actors::WitnessStatus status;
  actors::WitnessedLedger ledger;
  ledger.head = store::TreeHead{99, {}};
  ledger.cosigned_seconds = 1'767'225'600;
  ledger.unproven_size = 120;
  ledger.unproven_since_ns = 1'767'225'660'000'000'000;
  ledger.heard_ns = 1'767'225'720'000'000'000;
  ledger.clash = schema::Clash::fork;
  status.ledgers[node_of(3)] = ledger;
  status.cosigned[node_of(3)] = {11, 1'767'225'600, signing_key_of(3)};
  status.key = "ppn.internal/1/witness+00000000+key";
  return status;
}

/// Of number 1, whose tunnel to number 3 is up.
inline actors::DeviceStatus sample_device_status() {
  actors::DeviceStatus status;
  status.rotation =
      actors::KeyRotation{tunnel_key_of(11), false, true, false, {node_of(3)}};
  status.implementation = "kernel";
  status.key = tunnel_key_of(1);
  status.observed_ns = 1'767'225'600'000'000'000;
  auto& config = status.desired.peers[tunnel_key_of(3)];
  config.endpoint = endpoint("192.0.2.3:51820");
  config.keepalive_seconds = 25;
  config.allowed = {range("10.8.0.3/32")};
  status.observed.listen_port = 51'820;
  status.observed.addresses = {range("10.8.0.1/24")};
  status.observed.peers[tunnel_key_of(3)] = {
      config, status.observed_ns - 1'000'000'000, 10, 20};
  status.tunnels[node_of(3)].changed_ns = status.observed_ns;
  return status;
}

/// What the phases of a session are called, in their order.
inline const std::vector<std::string> phase_names{
    "waiting",   "calling",  "proving", "met",
    "admitting", "admitted", "active",  "ended"};

/// An authority's session with number 3, which is met, and a newcomer that
/// waits.
inline actors::PairingStatus sample_pairing() {
  actors::PairingSessionStatus session;
  session.id = id_of(0x55);
  session.side = schema::PairingSide::authority;
  session.number = 7;
  session.phase = actors::PairingPhase::met;
  session.left_s = 312;
  session.answered = 1;
  session.peer =
      events::PairingPeer{node_of(3), "node-3", signing_key_of(3), id_of(0x66)};
  session.mesh_name = "home";
  session.symbols = "K3VQ";
  return {{session}, {{8, address("192.0.2.8"), true, 60}}, 30, 2};
}

/// The text of its code is ABCD-1234-6.
inline actors::ShownCode sample_code() {
  auto code = events::ShortCode::parse("ABCD-1234-6");
  return {id_of(0x55), 7, std::make_shared<const events::ShortCode>(*code),
          600};
}

inline Hash hash_of(std::uint8_t byte) {
  Hash hash;
  hash.bytes.fill(byte);
  return hash;
}

/// One that runs by its third start, over an image and with a kernel.
inline events::Vm sample_vm() {
  events::Vm vm;
  vm.name = "web";
  vm.spec.vcpus = 2;
  vm.spec.memory_mb = 512;
  vm.spec.floor_mb = 256;
  vm.spec.disks = {
      {"root", schema::DiskFormat::qcow2, 1024, hash_of(0xa1)},
      {"data", schema::DiskFormat::raw, 0, std::nullopt, "archive", true}};
  vm.spec.kernel = hash_of(0xa2);
  vm.spec.command_line = "console=ttyS0";
  vm.spec.forwards = {{8080, 80}, {5353, 53, true, true}};
  vm.spec.cloud_init = hash_of(0xcc);
  vm.wish = schema::VmWish::running;
  vm.outcome = schema::VmOutcome::running;
  vm.start = 3;
  vm.accelerator = "tcg";
  vm.changed_ns = 1'767'225'600'000'000'000;
  return vm;
}

inline events::VmSight sample_sight() {
  events::VmSight sight;
  sight.process = 3;
  sight.run = events::VmRun::running;
  return sight;
}

/// A host with that guest, two images and one more to come.
inline actors::PoolStatus sample_pool() {
  actors::PoolStatus status;
  auto& limits = status.pool.limits;
  limits.guests_max = 8;
  limits.vcpus_max = 16;
  limits.memory_mb = 4096;
  status.pool.images[hash_of(0xa1)] = {"debian-12.qcow2", 300'000'000,
                                       schema::DiskFormat::qcow2};
  status.pool.images[hash_of(0xa2)] = {"vmlinuz", 8'000'000,
                                       schema::DiskFormat::raw};
  status.pool.vms[id_of(0x71)] = sample_vm();
  status.vms[id_of(0x71)] = {sample_vm(), sample_sight(), {}};
  status.acceleration = {
      "tcg",
      {{"kvm", false, "the guest did not run"}, {"tcg", true, "the guest ran"}},
      "7.2.9",
      "6.1.0"};
  status.images[id_of(0x72)] = {"initrd.img", 4096, 1'000'000};
  return status;
}

/// Of that host, which runs short and takes memory from that guest.
inline actors::BalloonStatus sample_balloons() {
  actors::VmMemory memory{3, 0, 512, 610,
                          events::GuestMemory{300, 4'900'000'000, 512}};
  actors::BalloonStatus status;
  status.look = {5120, 400, {{id_of(0x71), memory}}};
  status.host_is_short = true;
  status.vms[id_of(0x71)] = {memory, 461, events::BalloonReason::host_is_short};
  return status;
}

/// A controller with one host that has a guest, and one that was not heard yet.
inline actors::FleetStatus sample_fleet() {
  actors::FleetStatus status;
  status.margin_mb = 512;
  auto& cloud = status.hosts[node_of(1)];
  cloud.name = "cloud";
  cloud.recorded.is_reserved = true;
  cloud.standing = events::HostStanding::live;
  cloud.age_ns = 3'900'000'000;
  cloud.report = events::HostReport{8192, 4096, 2048, 1024, 50'000, 16,
                                    4,    700,  1,    127,  "kvm"};
  cloud.guests[id_of(0x71)] = {"web", schema::VmOutcome::running, false, 1024,
                               2};
  status.hosts[node_of(2)].name = "laptop-a";
  status.hosts[node_of(2)].standing = events::HostStanding::unheard;
  return status;
}

/// In that fleet the guest was placed for an owner, one more is on its way to
/// the same host, and both owners have a quota.
inline actors::FleetStatus sample_placed() {
  auto status = sample_fleet();
  status.hosts[node_of(1)].promised = {1124, 1, 2048, 1};
  status.guests[id_of(0x71)] = {node_of(1),          "web",           "shop",
                                {"front", "public"}, {1224, 2, 1024}, {}};
  status.guests[id_of(0x73)] = {node_of(1),      "db",           "shop", {},
                                {1124, 1, 2048}, {hash_of(0xa1)}};
  status.quotas["shop"] = {3, std::nullopt, 8};
  status.quotas["idle"] = {std::nullopt, 4096, std::nullopt};
  auto& web = status.requests[id_of(0xd1)].request;
  web = {node_of(1), id_of(0x71), true};
  web.sequence = 5;
  web.outcome = schema::RequestOutcome::done;
  auto& db = status.requests[id_of(0xd3)];
  db.request = {node_of(1), id_of(0x73), true};
  db.request.sequence = 9;
  db.fetched = 100;
  db.to_fetch = 300;
  db.trouble = "the member does not answer";
  auto& stop = status.requests[id_of(0xd2)].request;
  stop = {node_of(1), id_of(0x71)};
  stop.sequence = 7;
  stop.outcome = schema::RequestOutcome::refused;
  stop.reason = "it is off already";
  return status;
}

/// An entry of the fleet's stream.
template <class Event>
Bytes fleet_entry(Event event) {
  store::Event recorded;
  recorded.stream = events::fleet_stream;
  recorded.payload.Set(std::move(event));
  flatbuffers::FlatBufferBuilder builder;
  auto bytes =
      store::build_entry(builder, recorded, {0, {}, node_of(1), 1}, {});
  return {bytes.begin(), bytes.end()};
}

template <class Struct>
std::unique_ptr<Struct> stored_bytes(const FixedBytes<Struct>& bytes) {
  return std::make_unique<Struct>(bytes.stored());
}

inline std::unique_ptr<schema::PlacementVerdictT> stored_verdict(
    const NodeId& node, schema::PlacementReason reason, std::uint64_t needs,
    std::uint64_t has, std::uint64_t to_fetch) {
  auto verdict = std::make_unique<schema::PlacementVerdictT>();
  verdict->node = stored_bytes(node);
  verdict->reason = reason;
  verdict->needs = needs;
  verdict->has = has;
  verdict->to_fetch = to_fetch;
  return verdict;
}

/// How the guest that is on its way got its place. One of the hosts that did
/// not get it is no member any more.
inline Bytes sample_placement() {
  using schema::PlacementReason;
  schema::GuestPlacedT placed;
  placed.request = stored_bytes(id_of(0xd3));
  placed.node = stored_bytes(node_of(1));
  placed.vm = stored_bytes(id_of(0x73));
  placed.name = "db";
  events::VmSpec spec;
  spec.memory_mb = 1024;
  spec.node = node_of(1);
  placed.spec = std::make_unique<schema::VmSpecT>(events::stored(spec));
  placed.start = true;
  placed.owner = "shop";
  placed.labels = {"back"};
  auto& image =
      placed.images.emplace_back(std::make_unique<schema::ImageOfGuestT>());
  image->digest = stored_bytes(hash_of(0xa1));
  image->name = "debian-12.qcow2";
  image->size = 300;
  image->format = schema::DiskFormat::qcow2;
  placed.margin_mb = 512;
  placed.verdicts.push_back(
      stored_verdict(node_of(1), PlacementReason::chosen, 1636, 2048, 300));
  placed.verdicts.push_back(
      stored_verdict(node_of(9), PlacementReason::memory, 1636, 900, 0));
  placed.more_hosts = 2;
  return fleet_entry(std::move(placed));
}

/// What the other guest was told.
inline Bytes sample_order() {
  schema::GuestOrderedT ordered;
  ordered.request = stored_bytes(id_of(0xd2));
  ordered.node = stored_bytes(node_of(1));
  ordered.vm = stored_bytes(id_of(0x71));
  ordered.name = "web";
  ordered.verb = schema::GuestVerb::stop;
  ordered.force = true;
  return fleet_entry(std::move(ordered));
}

/// The document; the test can not go on if there is none.
inline schema::Json must_be(const runtime::Answer<schema::Json>& answer) {
  BOOST_REQUIRE(std::holds_alternative<schema::Json>(answer));
  return std::get<schema::Json>(answer);
}

}  // namespace ppn::tests
