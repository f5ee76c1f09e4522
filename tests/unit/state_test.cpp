// The state of a node: what each event makes of it, and the bytes it is kept
// in.
#include "events/state.hpp"

#include <functional>

#include "events/state_codec.hpp"
#include "events/stored_address.hpp"
#include "events/stored_member.hpp"
#include "schema/state_generated.h"
#include "store/record.hpp"
#include "tests/support/event_source.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using events::Endpoint;
using events::State;

namespace {

const NodeId some_node = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");
const NodeId old_node = of_hex<NodeId>("0f0e0d0c0b0a09080706050403020100");

Id id_of(std::uint8_t number) {
  Id id;
  id.bytes.back() = number;
  return id;
}

/// A state and the entries that make it.
class Life {
 public:
  /// Why the event can not follow; empty if it did.
  std::string apply(const store::Event& event) {
    return apply_bytes(
        store::build_entry(builder_, event, {next_, {}, some_node, 1}, {}));
  }

  std::string apply_bytes(ByteView bytes) {
    const auto* entry = must(store::check_entry(bytes));
    auto refused = events::apply(state_, *entry);
    if (!refused) ++next_;
    return refused.value_or("");
  }

  template <class Payload>
  std::string operator()(Payload payload) {
    store::Event event;
    event.stream = "any";
    event.payload.Set(std::move(payload));
    return apply(event);
  }

  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const events::Node& node() const { return state_.node; }
  [[nodiscard]] const events::Capabilities& capabilities() const {
    return state_.capabilities;
  }

  void begin_at(State state, std::uint64_t next) {
    state_ = std::move(state);
    next_ = next;
  }

 private:
  flatbuffers::FlatBufferBuilder builder_;
  State state_;
  std::uint64_t next_ = 0;
};

std::unique_ptr<schema::IdentityT> identity() {
  auto made = std::make_unique<schema::IdentityT>();
  made->key =
      std::make_unique<schema::PublicKey>(key_of_seed(1).public_key().stored());
  made->schema_digest = std::make_unique<schema::Hash>();
  made->name = "host";
  return made;
}

schema::NodeInitialisedT initialised() {
  schema::NodeInitialisedT event;
  event.identity = identity();
  return event;
}

schema::NodeRejoinedT rejoined() {
  schema::NodeRejoinedT event;
  event.identity = identity();
  event.replaces = std::make_unique<schema::NodeId>(old_node.stored());
  return event;
}

schema::NodeStartedT started(std::uint64_t boot) {
  schema::NodeStartedT event;
  event.boot = boot;
  return event;
}

schema::NodeStoppedT stopped(std::uint64_t boot) {
  schema::NodeStoppedT event;
  event.boot = boot;
  return event;
}

schema::NodeKeyRotatedT rotated_to(const PublicKey& key) {
  schema::NodeKeyRotatedT event;
  event.new_key = std::make_unique<schema::PublicKey>(key.stored());
  event.new_key_signature = std::make_unique<schema::Signature>();
  return event;
}

schema::CapabilityGrantedT granted(std::uint8_t number,
                                   std::optional<std::uint8_t> parent = {}) {
  schema::CapabilityGrantedT event;
  event.grant = std::make_unique<schema::Id>(id_of(number).stored());
  event.subject = "node/1";
  event.resource = "vm/2";
  event.rights = schema::Right::read | schema::Right::invoke;
  if (parent)
    event.parent = std::make_unique<schema::Id>(id_of(*parent).stored());
  return event;
}

schema::CapabilityRevokedT revoked(std::uint8_t number) {
  schema::CapabilityRevokedT event;
  event.grant = std::make_unique<schema::Id>(id_of(number).stored());
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state)

// -- nodes -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_is_founded_once) {
  Life life;
  BOOST_TEST(!life.node().founded());
  BOOST_TEST(life(initialised()).empty());
  BOOST_TEST(life.node().founded());
  BOOST_TEST(life.node().id == some_node);
  BOOST_TEST(life.node().name == "host");
  BOOST_TEST((life.node().keys == std::vector<events::KeyPeriod>{
                                      {0, key_of_seed(1).public_key()}}));
  BOOST_TEST(!life.node().replaces);
  auto before = life.state();
  BOOST_TEST(mentions(life(initialised()), "founded already"));
  BOOST_TEST(mentions(life(rejoined()), "founded already"));
  BOOST_TEST((life.state() == before));
}

BOOST_AUTO_TEST_CASE(a_node_that_rejoined_knows_whom_it_replaces) {
  Life life;
  BOOST_TEST(life(rejoined()).empty());
  BOOST_TEST(life.node().founded());
  BOOST_TEST(life.node().replaces.value_or(NodeId{}) == old_node);
}

BOOST_AUTO_TEST_CASE(boots_rise) {
  Life life;
  BOOST_TEST(!life(started(0)).empty());
  BOOST_TEST(life(started(1)).empty());
  BOOST_TEST(life.node().running);
  BOOST_TEST(mentions(life(started(1)), "does not rise"));
  // A node that crashed says nothing of it.
  BOOST_TEST(life(started(5)).empty());
  BOOST_TEST(!life(started(4)).empty());
  BOOST_TEST(life.node().boot == 5U);
}

BOOST_AUTO_TEST_CASE(what_runs_is_stopped_once) {
  Life life;
  BOOST_TEST(mentions(life(stopped(0)), "not running"));
  BOOST_TEST(life(started(2)).empty());
  BOOST_TEST(mentions(life(stopped(1)), "not running"));
  BOOST_TEST(life.node().running);
  BOOST_TEST(life(stopped(2)).empty());
  BOOST_TEST(!life.node().running);
  BOOST_TEST(!life(stopped(2)).empty());
  BOOST_TEST(life(started(3)).empty());
}

BOOST_AUTO_TEST_CASE(a_new_key_signs_from_the_next_entry_on) {
  Life life;
  BOOST_TEST(life(initialised()).empty());
  BOOST_TEST(life(started(1)).empty());
  auto next = key_of_seed(2).public_key();
  BOOST_TEST(life(rotated_to(next)).empty());
  BOOST_REQUIRE(life.node().keys.size() == 2U);
  BOOST_TEST((life.node().keys[1] == events::KeyPeriod{3, next}));
}

BOOST_AUTO_TEST_CASE(accepted_checkpoints_are_counted) {
  Life life;
  schema::OutsideCheckpointAcceptedT accepted;
  accepted.root = std::make_unique<schema::Hash>();
  BOOST_TEST(life(accepted).empty());
  BOOST_TEST(life(accepted).empty());
  BOOST_TEST(life.node().outside_checkpoints_accepted == 2U);
}

// -- capabilities ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_grant_lives_until_it_is_revoked) {
  Life life;
  BOOST_TEST(life(started(1)).empty());
  auto event = granted(7);
  event.expiry = std::make_unique<schema::ExpiryT>();
  event.expiry->utc_ns = -3;
  event.expiry->boot = 4;
  event.expiry->since_boot_ns = 5;
  BOOST_TEST(life(std::move(event)).empty());
  events::Grant due{"node/1",
                    "vm/2",
                    schema::Right::read | schema::Right::invoke,
                    events::Expiry{-3, 4, 5},
                    {},
                    1};
  BOOST_REQUIRE(life.capabilities().live.size() == 1U);
  BOOST_TEST((life.capabilities().live.at(id_of(7)) == due));
  BOOST_TEST(life(revoked(7)).empty());
  BOOST_TEST(life.capabilities().live.empty());
  BOOST_TEST(life.capabilities().revoked == 1U);
}

BOOST_AUTO_TEST_CASE(a_live_grant_is_not_granted_again) {
  Life life;
  BOOST_TEST(life(granted(1)).empty());
  auto before = life.state();
  BOOST_TEST(mentions(life(granted(1)), "live already"));
  BOOST_TEST((life.state() == before));
  BOOST_TEST(life(revoked(1)).empty());
  BOOST_TEST(life(granted(1)).empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_live_is_not_revoked) {
  Life life;
  BOOST_TEST(mentions(life(revoked(1)), "not live"));
  BOOST_TEST(life(granted(1)).empty());
  BOOST_TEST(life(revoked(1)).empty());
  BOOST_TEST(!life(revoked(1)).empty());
  BOOST_TEST(life.capabilities().revoked == 1U);
}

BOOST_AUTO_TEST_CASE(a_grant_hangs_from_one_that_is_live) {
  Life life;
  BOOST_TEST(mentions(life(granted(2, 1)), "hangs from"));
  BOOST_TEST(life(granted(1)).empty());
  BOOST_TEST(life(granted(2, 1)).empty());
  BOOST_TEST(life.capabilities().live.at(id_of(2)).parent.value_or(Id{}) ==
             id_of(1));
  BOOST_TEST(!life(granted(3, 9)).empty());
}

// -- the mesh ----------------------------------------------------------------

namespace {

schema::TunnelUpT tunnel_up(std::uint32_t number) {
  schema::TunnelUpT event;
  event.node = std::make_unique<schema::NodeId>(node_of(number).stored());
  event.endpoint = events::stored(endpoint("[2001:db8::1]:51820"));
  return event;
}

schema::TunnelDownT tunnel_down(std::uint32_t number) {
  schema::TunnelDownT event;
  event.node = std::make_unique<schema::NodeId>(node_of(number).stored());
  return event;
}

schema::PathChangedT path_changed(std::uint32_t number, std::uint32_t relay) {
  schema::PathChangedT event;
  event.node = std::make_unique<schema::NodeId>(node_of(number).stored());
  event.relay = std::make_unique<schema::NodeId>(node_of(relay).stored());
  event.why = schema::PathReason::no_answer;
  return event;
}

schema::TunnelKeyMadeT tunnel_key_made() {
  schema::TunnelKeyMadeT event;
  event.key = std::make_unique<schema::TunnelKey>(tunnel_key_of(2).stored());
  return event;
}

schema::TunnelKeyRequestedT tunnel_key_requested() {
  schema::TunnelKeyRequestedT event;
  event.key = std::make_unique<schema::TunnelKey>(tunnel_key_of(12).stored());
  event.force = true;
  return event;
}

schema::DeviceRepairedT repaired() {
  schema::DeviceRepairedT event;
  event.repair = schema::Repair::interface_down;
  return event;
}

schema::ClashSeenT clash_seen(std::uint32_t number, schema::Clash clash) {
  schema::ClashSeenT event;
  event.clash = clash;
  event.node = std::make_unique<schema::NodeId>(node_of(number).stored());
  event.number = 7;
  return event;
}

std::unique_ptr<schema::Id> stored_id(std::uint8_t number) {
  return std::make_unique<schema::Id>(id_of(number).stored());
}

schema::PairingOpenedT session_opened(std::uint8_t number) {
  schema::PairingOpenedT event;
  event.session = stored_id(number);
  event.side = schema::PairingSide::authority;
  event.number = 7;
  event.grant = stored_id(static_cast<std::uint8_t>(number + 100));
  event.boot = 2;
  event.until_since_boot_ns = 600;
  return event;
}

schema::PairingProvedT code_proved(std::uint8_t session, std::uint32_t by) {
  schema::PairingProvedT event;
  event.session = stored_id(session);
  event.node = std::make_unique<schema::NodeId>(node_of(by).stored());
  event.name = "laptop";
  event.key = std::make_unique<schema::PublicKey>(newcomer(by).key.stored());
  event.mesh = stored_id(9);
  return event;
}

schema::NodeAdmittedT node_admitted(std::uint8_t session, std::uint32_t node) {
  schema::NodeAdmittedT event;
  event.session = stored_id(session);
  event.node = std::make_unique<schema::NodeId>(node_of(node).stored());
  event.preshared = std::make_unique<schema::Hash>();
  return event;
}

/// Two sessions are open, a code is proved in one of them; by another one a
/// node was admitted.
void hold_ceremonies(Life& life) {
  for (auto session : std::vector<std::uint8_t>{1, 2, 3})
    BOOST_TEST_REQUIRE(life(session_opened(session)).empty());
  for (auto session : std::vector<std::uint8_t>{1, 2})
    BOOST_TEST_REQUIRE(life(code_proved(session, 5)).empty());
  BOOST_TEST_REQUIRE(life(node_admitted(1, 5)).empty());
  schema::PairingEndedT ended;
  ended.session = stored_id(1);
  ended.outcome = schema::PairingOutcome::admitted;
  BOOST_TEST_REQUIRE(life(std::move(ended)).empty());
  schema::NodeActiveT active;
  active.node = std::make_unique<schema::NodeId>(node_of(5).stored());
  BOOST_TEST_REQUIRE(life(std::move(active)).empty());
}

/// A life with all that a mesh brings, as one of its members sees it.
Life life_in_a_mesh() {
  auto author = mesh_of(4, "10.8.0.0/24", "fd00:8::/64");
  for (bool is_in_use : {false, true})
    for (std::uint32_t number : {2U, 3U})
      BOOST_TEST_REQUIRE(author.hear(node_of(number),
                                     {tunnel_key_of(10 + number), is_in_use},
                                     {-6, 0, true}) == "");
  for (const events::MeshCommand& command : std::vector<events::MeshCommand>{
           events::ChangeEndpoints{
               node_of(2),
               {endpoint("192.0.2.1:51820"), endpoint("[2001:db8::1]:51820")}},
           events::MoveRole{schema::Role::hub, node_of(2)},
           events::ReplaceMember{node_of(3), newcomer(7)},
           events::MoveRole{schema::Role::controller, node_of(4)},
           events::RemoveMember{node_of(4), "sold", true},
           events::MoveRole{schema::Role::authority, node_of(2)}})
    BOOST_TEST_REQUIRE(author(command, {-5, 0, true}) == "");
  Life life;
  BOOST_TEST_REQUIRE(life(initialised()).empty());
  for (std::size_t i = 0; i < author.entries().size(); ++i)
    BOOST_TEST_REQUIRE(
        life.apply_bytes(taken(author.entries()[i], {some_node, i + 1})) == "");
  BOOST_TEST_REQUIRE(life(tunnel_key_made()).empty());
  BOOST_TEST_REQUIRE(life(tunnel_key_requested()).empty());
  BOOST_TEST_REQUIRE(life(repaired()).empty());
  for (std::uint32_t number : {1U, 2U})
    BOOST_TEST_REQUIRE(life(tunnel_up(number)).empty());
  BOOST_TEST_REQUIRE(life(tunnel_down(1)).empty());
  BOOST_TEST_REQUIRE(life(path_changed(1, 2)).empty());
  for (auto clash : {schema::Clash::two_entries, schema::Clash::two_places})
    BOOST_TEST_REQUIRE(life(clash_seen(1, clash)).empty());
  BOOST_TEST((life.state().mesh == author.mesh()));
  hold_ceremonies(life);
  return life;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_event_reaches_its_part_of_the_state) {
  auto state = life_in_a_mesh().state();
  BOOST_TEST(state.mesh.epoch == 1U);
  BOOST_TEST(state.mesh.former.size() == 2U);
  BOOST_TEST(state.tunnels.size() == 2U);
  BOOST_TEST(!state.tunnels.at(node_of(1)).is_up);
  BOOST_TEST(state.tunnels.at(node_of(2)).is_up);
  BOOST_TEST(
      (state.tunnels.at(node_of(1)).path->taken.path.relay == node_of(2)));
  BOOST_TEST((state.device.key == tunnel_key_of(2)));
  BOOST_TEST(state.device.repairs == 1U);
  BOOST_TEST(state.clashes.size() == 2U);
  BOOST_TEST(state.pairing.open.size() == 2U);
  BOOST_TEST(state.pairing.admissions.at(node_of(5)).is_active);
}

BOOST_AUTO_TEST_CASE(what_is_refused_of_a_mesh_leaves_no_trace) {
  Life life;
  BOOST_TEST(mentions(life(tunnel_down(1)), "down already"));
  auto broken = tunnel_up(1);
  broken.endpoint->address.clear();
  BOOST_TEST(mentions(life(std::move(broken)), "address"));
  BOOST_TEST(mentions(life(path_changed(2, 2)), "its own"));
  BOOST_TEST((life.state() == State{}));
  BOOST_TEST(life(clash_seen(1, schema::Clash::two_places)).empty());
  auto before = life.state();
  BOOST_TEST(mentions(life(clash_seen(1, schema::Clash::two_places)),
                      "recorded already"));
  BOOST_TEST((life.state() == before));
}

// -- bytes -------------------------------------------------------------------

namespace {

/// The state after `count` events of a history.
Life life_of(EventSource& source, std::size_t count) {
  Life life;
  BOOST_TEST_REQUIRE(life(initialised()).empty());
  for (; count > 0; --count)
    BOOST_TEST_REQUIRE(life.apply(source.next()).empty());
  return life;
}

State decoded(ByteView bytes) {
  auto decoded = events::decode(bytes);
  BOOST_REQUIRE(decoded.has_value());
  return *decoded;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_state_is_kept) {
  BOOST_TEST((decoded(events::encode(State{})) == State{}));
}

BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded_again) {
  auto first = seed_or(20260105);
  for (auto seed = first; seed < first + 10; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      EventSource source{seed};
      auto life = life_of(source, 50 * (seed - first));
      auto bytes = events::encode(life.state());
      BOOST_TEST((decoded(bytes) == life.state()));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_largest_numbers_are_kept) {
  constexpr auto largest = ~std::uint64_t{0};
  State state;
  state.node = {old_node,  "",     {{largest, PublicKey{}}}, largest, true,
                some_node, largest};
  state.capabilities.revoked = largest;
  state.capabilities.live[id_of(1)] = {
      "s",
      "r",
      schema::Right::ANY,
      events::Expiry{std::numeric_limits<std::int64_t>::min(), largest,
                     largest},
      id_of(2),
      largest};
  BOOST_TEST((decoded(events::encode(state)) == state));
}

BOOST_AUTO_TEST_CASE(all_of_a_mesh_is_kept) {
  auto state = life_in_a_mesh().state();
  BOOST_TEST((decoded(events::encode(state)) == state));
  // Without what may be absent, too.
  state.mesh.range6.reset();
  for (auto& [node, member] : state.mesh.members) {
    member.address6.reset();
    member.endpoints.clear();
  }
  state.mesh.hub = state.mesh.controller = {};
  for (auto& [node, tunnel] : state.tunnels) tunnel.endpoint.reset();
  state.device.key.reset();
  BOOST_TEST((decoded(events::encode(state)) == state));
  state.mesh = mesh_of(2).mesh();
  state.tunnels.clear();
  state.clashes.clear();
  BOOST_TEST((decoded(events::encode(state)) == state));
}

BOOST_AUTO_TEST_CASE(the_largest_numbers_of_a_mesh_are_kept) {
  constexpr auto largest = ~std::uint64_t{0};
  constexpr auto largest_32 = ~std::uint32_t{0};
  constexpr auto earliest = std::numeric_limits<std::int64_t>::min();
  auto state = life_in_a_mesh().state();
  state.mesh.version = state.mesh.epoch = largest;
  for (auto& [node, gone] : state.mesh.former) gone.removed_ns = earliest;
  for (auto& [node, tunnel] : state.tunnels)
    tunnel = {true, Endpoint{address("::"), 65'535}, earliest, largest_32,
              events::RecordedPath{{}, earliest, largest_32}};
  state.device = {tunnel_key_of(1),
                  tunnel_key_of(2),
                  true,
                  {tunnel_key_of(3), tunnel_key_of(4)},
                  largest,
                  earliest,
                  largest_32};
  for (auto& [what, seen] : state.clashes) seen = {largest, true};
  BOOST_TEST((decoded(events::encode(state)) == state));
}

// Snapshots of older versions are held against these.
BOOST_AUTO_TEST_CASE(a_state_without_a_mesh_has_the_bytes_that_it_always_had) {
  Life life;
  BOOST_TEST(life(initialised()).empty());
  BOOST_TEST(life(started(1)).empty());
  BOOST_TEST(life(granted(1)).empty());
  BOOST_TEST(
      store::sha256(events::encode(life.state())).hex() ==
      "1a1959989e96b744601905e4742b3fac70b796434b2325a2c28d82fc3f322063");
}

BOOST_AUTO_TEST_CASE(the_same_state_is_the_same_bytes_however_it_came_to_be) {
  Life one;
  Life other;
  for (auto number : {1, 2, 3})
    BOOST_TEST(one(granted(static_cast<std::uint8_t>(number))).empty());
  for (auto number : {1, 4, 3})
    BOOST_TEST(other(granted(static_cast<std::uint8_t>(number))).empty());
  BOOST_TEST(one(revoked(2)).empty());
  BOOST_TEST(other(revoked(4)).empty());
  BOOST_TEST((one.state() == other.state()));
  BOOST_TEST(to_hex(events::encode(one.state())) ==
             to_hex(events::encode(other.state())));
}

BOOST_AUTO_TEST_CASE(bytes_of_something_else_are_no_state) {
  BOOST_TEST(!events::decode({}));
  BOOST_TEST(!events::decode(Bytes(7)));
  BOOST_TEST(!events::decode(Bytes(200)));
  auto bytes = events::encode(State{});
  bytes[4] = 'Q';
  BOOST_TEST(!events::decode(bytes));
}

namespace {

/// The bytes of a mesh's state after `change` of its tables; what comes of it
/// must be no state.
bool is_state_after(const std::function<void(schema::StateT&)>& change) {
  auto bytes = events::encode(life_in_a_mesh().state());
  schema::StateT tables;
  schema::GetState(bytes.data())->UnPackTo(&tables);
  change(tables);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishStateBuffer(builder, schema::State::Pack(builder, &tables));
  return events::decode({builder.GetBufferPointer(), builder.GetSize()})
      .has_value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_has_each_thing_once) {
  BOOST_TEST(is_state_after([](auto&) {}));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& members = state.mesh->members;
    members.push_back(std::make_unique<schema::MemberT>(*members[0]));
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& former = state.mesh->former;
    former.push_back(std::make_unique<schema::FormerMemberStateT>(*former[0]));
  }));
  // Nor has anybody what is another's.
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& members = state.mesh->members;
    members[0]->name = members[1]->name;
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& members = state.mesh->members;
    members[0]->address = members[1]->address;
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& mesh = *state.mesh;
    *mesh.members[0]->key = *mesh.former[0]->key;
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& mesh = *state.mesh;
    *mesh.former[0]->tunnel_key = *mesh.members[0]->tunnel_key;
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& tunnels = state.tunnels;
    tunnels.push_back(std::make_unique<schema::TunnelStateT>(*tunnels[0]));
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    auto& clashes = state.clashes;
    clashes.push_back(std::make_unique<schema::ClashStateT>(*clashes[0]));
  }));
}

BOOST_AUTO_TEST_CASE(a_state_has_addresses_and_names_as_they_are) {
  auto is_state = [](const auto& change) {
    return is_state_after(
        [&](schema::StateT& state) { change(state, *state.mesh); });
  };
  const Bytes of_v6(16);
  BOOST_TEST(!is_state([](auto&, auto& mesh) { mesh.range->length = 33; }));
  BOOST_TEST(
      !is_state([&](auto&, auto& mesh) { mesh.range->address = of_v6; }));
  BOOST_TEST(!is_state([](auto&, auto& mesh) { mesh.range6->length = 129; }));
  BOOST_TEST(!is_state([](auto&, auto& mesh) {
    mesh.range6 = std::make_unique<schema::IpRangeT>(*mesh.range);
  }));
  BOOST_TEST(!is_state([](auto&, auto& mesh) { mesh.version = 0; }));
  BOOST_TEST(
      !is_state([&](auto&, auto& mesh) { mesh.members[0]->address = of_v6; }));
  BOOST_TEST(!is_state(
      [](auto&, auto& mesh) { mesh.members[0]->name = std::string(64, 'n'); }));
  BOOST_TEST(
      !is_state([&](auto&, auto& mesh) { mesh.former[0]->address = of_v6; }));
  BOOST_TEST(!is_state(
      [](auto&, auto& mesh) { mesh.former[0]->name = std::string(64, 'n'); }));
  BOOST_TEST(!is_state([](auto& state, auto&) {
    state.tunnels[0]->endpoint->address.pop_back();
  }));
}

// Snapshots are signed; what remains readable must only be survived here.
BOOST_AUTO_TEST_CASE(damaged_bytes_are_read_within_their_bounds) {
  Random random{seed_or(20260107)};
  auto life = life_in_a_mesh();
  EventSource source{1};
  for (int i = 0; i < 60; ++i)
    BOOST_TEST_REQUIRE(life.apply(source.next()).empty());
  const auto bytes = events::encode(life.state());
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    (void)events::decode(ByteView{bytes}.first(size));
  std::size_t refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    auto damaged = bytes;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      damaged[random.below(damaged.size())] =
          static_cast<std::uint8_t>(random.below(256));
    refused += events::decode(damaged) ? 0U : 1U;
  }
  BOOST_TEST(refused > 0U);
}

BOOST_AUTO_TEST_CASE(a_snapshot_and_its_tail_make_what_all_entries_make) {
  auto first = seed_or(20260108);
  for (auto seed = first; seed < first + 10; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      constexpr std::uint64_t events_before = 150;
      EventSource source{seed};
      auto whole = life_of(source, events_before);
      Life tail;
      tail.begin_at(decoded(events::encode(whole.state())), events_before + 1);
      for (int i = 0; i < 150; ++i) {
        auto event = source.next();
        BOOST_TEST_REQUIRE(whole.apply(event).empty());
        BOOST_TEST_REQUIRE(tail.apply(event).empty());
      }
      BOOST_TEST((tail.state() == whole.state()));
      BOOST_TEST(to_hex(events::encode(tail.state())) ==
                 to_hex(events::encode(whole.state())));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
