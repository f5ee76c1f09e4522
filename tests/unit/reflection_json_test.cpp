// FlatBuffers as JSON, by the schema alone.
#include "schema/reflection_json.hpp"

#include "events/state_codec.hpp"
#include "store/record.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using schema::Json;

namespace {

constexpr auto largest = ~std::uint64_t{0};
const std::string id_hex = "ffeeddccbbaa99887766554433221100";
const std::string node_hex = "000102030405060708090a0b0c0d0e0f";
const std::string bytes32_hex =
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";

template <class Fixed, class Struct>
std::unique_ptr<Struct> stored(const std::string& hex) {
  return std::make_unique<Struct>(of_hex<Fixed>(hex).stored());
}

auto stored_id() { return stored<Id, schema::Id>(id_hex); }
auto stored_key() { return stored<PublicKey, schema::PublicKey>(bytes32_hex); }
auto stored_hash() { return stored<Hash, schema::Hash>(bytes32_hex); }

std::unique_ptr<schema::IdentityT> some_identity() {
  auto identity = std::make_unique<schema::IdentityT>();
  identity->key = stored_key();
  identity->schema_digest = stored_hash();
  identity->name = "host";
  return identity;
}

store::Event some_event() {
  store::Event event;
  event.stream = "some/stream";
  event.principal = {schema::PrincipalKind::operator_, "uid/1000"};
  return event;
}

/// An entry that holds `payload`, as JSON.
template <class Payload>
Json entry_with(Payload payload, store::Event event = some_event()) {
  event.payload.Set(std::move(payload));
  flatbuffers::FlatBufferBuilder builder;
  auto bytes = store::build_entry(builder, event,
                                  {largest, of_hex<Hash>(bytes32_hex),
                                   of_hex<NodeId>(node_hex), largest - 1},
                                  {-5, largest, true});
  return schema::entry_to_json(bytes);
}

/// Its event alone, in one line.
template <class Payload>
std::string event_text(Payload payload) {
  return schema::compact(entry_with(std::move(payload))["payload"]);
}

schema::CapabilityRevokedT revoked(const std::string& reason) {
  schema::CapabilityRevokedT event;
  event.grant = stored_id();
  event.reason = reason;
  return event;
}

schema::CapabilityGrantedT granted(schema::Right rights) {
  schema::CapabilityGrantedT event;
  event.grant = stored_id();
  event.subject = "node/1";
  event.resource = "vm/2";
  event.rights = rights;
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reflection_json)

// -- entries -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_entry_is_told_in_the_words_of_the_schema) {
  schema::NodeStartedT started;
  started.boot = 7;
  started.version = "0.1.0";
  auto json = entry_with(std::move(started));
  BOOST_TEST(json["sequence"] == largest);
  BOOST_TEST(json["prev"] == bytes32_hex);
  BOOST_TEST(json["node"] == node_hex);
  BOOST_TEST(json["stream"] == "some/stream");
  BOOST_TEST(json["stream_version"] == largest - 1);
  BOOST_TEST(json["clock"].dump() ==
             R"({"utc_ns":-5,"since_boot_ns":18446744073709551615,)"
             R"("synchronised":true})");
  BOOST_TEST(json["principal"].dump() ==
             R"({"kind":"operator","id":"uid/1000"})");
  BOOST_TEST(json["payload_type"] == "NodeStarted");
  BOOST_TEST(!json.contains("causation"));
}

BOOST_AUTO_TEST_CASE(numbers_of_64_bits_are_exact) {
  schema::NodeStartedT started;
  started.boot = largest;
  BOOST_TEST(event_text(std::move(started)) ==
             R"({"boot":18446744073709551615,"version":""})");
}

BOOST_AUTO_TEST_CASE(what_caused_an_entry_is_told) {
  auto event = some_event();
  event.causation = store::Causation{
      schema::CausationKind::request, {}, 0, of_hex<Id>(id_hex)};
  auto json = entry_with(revoked("x"), std::move(event));
  BOOST_TEST(json["causation"]["kind"] == "request");
  BOOST_TEST(json["causation"]["request"] == id_hex);
}

// -- every kind of event -----------------------------------------------------

BOOST_AUTO_TEST_CASE(every_kind_of_event_has_a_name) {
  const std::vector<std::string> due{
      "NodeInitialised",    "NodeStarted",        "NodeStopped",
      "NodeKeyRotated",     "NodeRejoined",       "OutsideCheckpointAccepted",
      "CapabilityGranted",  "CapabilityRevoked",  "Noted",
      "MeshFounded",        "MemberAdded",        "MemberRemoved",
      "MemberReplaced",     "RoleMoved",          "EndpointsChanged",
      "RosterEntryTaken",   "ClashSeen",          "TunnelKeyMade",
      "DeviceRepaired",     "TunnelUp",           "TunnelDown",
      "AuthorityRecovered", "MemberRestated",     "FormerRestated",
      "PathChanged",        "TunnelKeyAnnounced", "TunnelKeyChanged",
      "TunnelKeyRequested", "PairingOpened",      "PairingGuessAnswered",
      "PairingProved",      "PairingEnded",       "NodeAdmitted",
      "NodeActive",         "NodeLapsed",         "VmDefined",
      "VmSpecChanged",      "VmStartRequested",   "VmStopRequested",
      "VmPauseRequested",   "VmResumeRequested",  "VmResetRequested",
      "VmDeleteRequested",  "VmStarting",         "VmStarted",
      "VmPaused",           "VmResumed",          "VmReset",
      "VmStopped",          "VmCrashed",          "VmGaveUp",
      "VmUnresponsive",     "VmResponsive",       "VmDeleted",
      "ImageAdded",         "ImageRemoved",       "AcceleratorProved",
      "HostUseSet",         "HostFellSilent",     "HostHeardAgain",
      "GuestPlaced",        "GuestOrdered",       "RequestEnded",
      "RequestLapsed",      "GuestGone",          "QuotaSet",
      "DispatchTaken",      "FleetTermBegun",     "FleetTaken",
      "ClashAcknowledged",  "VmAdopted"};
  BOOST_TEST(schema::event_names() == due, boost::test_tools::per_element());
  BOOST_TEST(due.size() == static_cast<std::size_t>(schema::Event::MAX));
}

BOOST_AUTO_TEST_CASE(events_of_a_node_are_told) {
  schema::NodeInitialisedT initialised;
  initialised.identity = some_identity();
  auto identity = R"("identity":{"key":")" + bytes32_hex +
                  R"(","schema_digest":")" + bytes32_hex +
                  R"(","name":"host"})";
  BOOST_TEST(event_text(std::move(initialised)) == "{" + identity + "}");

  schema::NodeRejoinedT rejoined;
  rejoined.identity = some_identity();
  rejoined.replaces = stored<NodeId, schema::NodeId>(node_hex);
  rejoined.last_checkpoint = "note\n";
  BOOST_TEST(event_text(std::move(rejoined)) ==
             "{" + identity + R"(,"replaces":")" + node_hex +
                 R"(","last_checkpoint":"note\n"})");

  schema::NodeStoppedT stopped;
  stopped.boot = 3;
  stopped.reason = schema::StopReason::host_shutdown;
  BOOST_TEST(event_text(std::move(stopped)) ==
             R"({"boot":3,"reason":"host_shutdown"})");

  schema::NodeKeyRotatedT rotated;
  rotated.new_key = stored_key();
  rotated.new_key_signature =
      stored<Signature, schema::Signature>(bytes32_hex + bytes32_hex);
  BOOST_TEST(event_text(std::move(rotated)) ==
             R"({"new_key":")" + bytes32_hex + R"(","new_key_signature":")" +
                 bytes32_hex + bytes32_hex + R"("})");

  schema::OutsideCheckpointAcceptedT accepted;
  accepted.problem = schema::OutsideCheckpointProblem::missing;
  accepted.size = 12;
  accepted.root = stored_hash();
  BOOST_TEST(event_text(std::move(accepted)) ==
             R"({"problem":"missing","size":12,"root":")" + bytes32_hex +
                 R"("})");
}

BOOST_AUTO_TEST_CASE(events_of_capabilities_are_told) {
  BOOST_TEST(event_text(revoked("why")) ==
             R"({"grant":")" + id_hex + R"(","reason":"why"})");
  auto event = granted(schema::Right::read);
  event.expiry = std::make_unique<schema::ExpiryT>();
  event.expiry->utc_ns = -1;
  event.expiry->boot = 2;
  event.expiry->since_boot_ns = largest;
  event.parent = stored_id();
  BOOST_TEST(event_text(std::move(event)) ==
             R"({"grant":")" + id_hex +
                 R"(","subject":"node/1","resource":"vm/2",)"
                 R"("rights":["read"],"expiry":{"utc_ns":-1,"boot":2,)"
                 R"("since_boot_ns":18446744073709551615},"parent":")" +
                 id_hex + R"("})");
}

// -- flags and enumerators ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_set_of_flags_is_a_list_of_names) {
  auto rights = [](unsigned bits) {
    return entry_with(
               granted(static_cast<schema::Right>(bits)))["payload"]["rights"]
        .dump();
  };
  BOOST_TEST(rights(0) == "[]");
  BOOST_TEST(rights(1) == R"(["read"])");
  BOOST_TEST(rights(6) == R"(["write","invoke"])");
  BOOST_TEST(rights(31) == R"(["read","write","invoke","grant","revoke"])");
}

BOOST_AUTO_TEST_CASE(an_enumerator_without_a_name_is_a_number) {
  schema::NodeStoppedT stopped;
  stopped.reason = static_cast<schema::StopReason>(77);
  BOOST_TEST(entry_with(std::move(stopped))["payload"]["reason"] == 77);
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(text_that_is_not_utf_8_is_marked) {
  auto text = event_text(revoked("caf\xe9!"));
  BOOST_TEST(mentions(text, "caf\xef\xbf\xbd!"));
  BOOST_TEST(mentions(event_text(revoked("caf\xc3\xa9")), "caf\xc3\xa9"));
  BOOST_TEST(mentions(schema::summary(entry_with(revoked("ok"))["payload"]),
                      "reason=ok"));
}

BOOST_AUTO_TEST_CASE(text_stays_in_its_line) {
  auto text = event_text(revoked("a\nb\"c\\"));
  BOOST_TEST(!mentions(text, "\n"));
  BOOST_TEST(mentions(text, R"(a\nb\"c\\)"));
}

BOOST_AUTO_TEST_CASE(a_summary_is_for_people) {
  auto json =
      Json::parse(R"({"a":1,"b":"two","c":[1,2],"d":{"e":true,"f":"g"}})");
  BOOST_TEST(schema::summary(json) == "a=1 b=two c=1,2 d={e=true f=g}");
}

// -- states ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_state_names_its_grants) {
  events::State state;
  state.node.id = of_hex<NodeId>(node_hex);
  state.node.name = "host";
  state.node.keys = {{largest, of_hex<PublicKey>(bytes32_hex)}};
  state.capabilities.live[of_hex<Id>(id_hex)].subject = "node/1";
  state.capabilities.revoked = 4;
  auto json = schema::state_to_json(events::encode(state));
  BOOST_TEST(json["node"]["id"] == node_hex);
  BOOST_TEST(json["node"]["name"] == "host");
  BOOST_TEST(json["node"]["keys"][0]["from"] == largest);
  BOOST_TEST(json["node"]["keys"][0]["key"] == bytes32_hex);
  BOOST_TEST(!json["node"].contains("replaces"));
  BOOST_TEST(json["capabilities"]["live"][id_hex]["subject"] == "node/1");
  BOOST_TEST(!json["capabilities"]["live"][id_hex].contains("grant"));
  BOOST_TEST(json["capabilities"]["revoked"] == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
