// Records: building them, and reading those of others without trust.
#include "store/record.hpp"

#include "schema/level.hpp"
#include "store/signing.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::AlignedBytes;
using store::check_entry;
using store::ErrorCode;
using store::split_record;

namespace {

store::Event started_event() {
  store::Event event;
  event.stream = "node";
  event.principal = {schema::PrincipalKind::operator_, "uid/1000"};
  schema::NodeStartedT started;
  started.boot = 7;
  started.version = "0.1.0";
  event.payload.Set(std::move(started));
  return event;
}

const store::Place place{5, store::sha256(store::as_bytes("prev")),
                         of_hex<NodeId>("000102030405060708090a0b0c0d0e0f"), 3};
const store::ClockReading clock_reading{-1, 12, true};

Bytes built(const store::Event& event) {
  flatbuffers::FlatBufferBuilder builder;
  auto bytes = store::build_entry(builder, event, place, clock_reading);
  return {bytes.begin(), bytes.end()};
}

/// What build_entry would never make.
struct RawEntry {
  std::string stream = "node";
  std::uint64_t stream_version = 1;
  std::uint16_t level = schema::schema_level;
  schema::Event kind = schema::Event::NodeStarted;
  std::size_t principal_size = 1;
};

Bytes built(const RawEntry& raw) {
  flatbuffers::FlatBufferBuilder builder;
  auto version = builder.CreateString("0.1.0");
  auto payload = schema::CreateNodeStarted(builder, 1, version);
  auto id = builder.CreateString(std::string(raw.principal_size, 'x'));
  auto principal =
      schema::CreatePrincipal(builder, schema::PrincipalKind::node, id);
  auto stream = builder.CreateString(raw.stream);
  schema::Hash prev;
  schema::NodeId node;
  schema::ClockReading reading;
  schema::FinishEntryBuffer(
      builder, schema::CreateEntry(builder, 1, &prev, &node, stream,
                                   raw.stream_version, &reading, principal, 0,
                                   raw.level, raw.kind, payload.Union()));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

/// How an entry is received; its bytes live as long as the checker.
class Checker {
 public:
  store::Result<const schema::Entry*> operator()(ByteView bytes) {
    return check_entry(aligned_.assign(bytes));
  }

 private:
  AlignedBytes aligned_;
};

auto is_damaged(const RawEntry& raw) {
  Checker check;
  return is_error(check(built(raw)), ErrorCode::damaged);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record)

// -- stream names ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(stream_names_are_of_a_small_alphabet) {
  const std::string allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
  for (int c = 0; c < 256; ++c) {
    std::string name{"a"};
    name += static_cast<char>(c);
    BOOST_TEST(store::is_stream_name(name) == mentions(allowed, name.substr(1)),
               "character " << c);
  }
}

BOOST_AUTO_TEST_CASE(stream_names_have_1_to_128_letters) {
  BOOST_TEST(!store::is_stream_name(""));
  BOOST_TEST(store::is_stream_name("a"));
  BOOST_TEST(store::is_stream_name(std::string(128, 'a')));
  BOOST_TEST(!store::is_stream_name(std::string(129, 'a')));
}

// -- building ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_entry_holds_what_it_was_built_of) {
  Checker check;
  const auto* entry = must(check(built(started_event())));
  BOOST_TEST(entry->sequence() == place.sequence);
  BOOST_TEST(Hash{*entry->prev()} == place.prev);
  BOOST_TEST(NodeId{*entry->node()} == place.node);
  BOOST_TEST(entry->stream()->str() == "node");
  BOOST_TEST(entry->stream_version() == place.stream_version);
  BOOST_TEST(entry->clock()->utc_ns() == clock_reading.utc_ns);
  BOOST_TEST(entry->clock()->since_boot_ns() == clock_reading.since_boot_ns);
  BOOST_TEST(entry->clock()->synchronised());
  BOOST_TEST((entry->principal()->kind() == schema::PrincipalKind::operator_));
  BOOST_TEST(entry->principal()->id()->str() == "uid/1000");
  BOOST_TEST(entry->causation() == nullptr);
  BOOST_TEST(entry->schema_level() == schema::schema_level);
  const auto* started = entry->payload_as_NodeStarted();
  BOOST_REQUIRE(started != nullptr);
  BOOST_TEST(started->boot() == 7U);
  BOOST_TEST(started->version()->str() == "0.1.0");
}

BOOST_AUTO_TEST_CASE(the_same_event_is_built_of_the_same_bytes) {
  flatbuffers::FlatBufferBuilder used;
  store::build_entry(used, started_event(), place, clock_reading);
  auto again = store::build_entry(used, started_event(), place, clock_reading);
  BOOST_TEST(to_hex(again) == to_hex(built(started_event())));
}

BOOST_AUTO_TEST_CASE(an_entry_can_be_caused_by_another) {
  auto event = started_event();
  event.causation =
      store::Causation{schema::CausationKind::entry, place.node, 41, {}};
  Checker check;
  const auto* causation = must(check(built(event)))->causation();
  BOOST_REQUIRE(causation != nullptr);
  BOOST_TEST((causation->kind() == schema::CausationKind::entry));
  BOOST_TEST(NodeId{*causation->node()} == place.node);
  BOOST_TEST(causation->sequence() == 41U);
  BOOST_TEST(causation->request() == nullptr);
}

BOOST_AUTO_TEST_CASE(an_entry_can_be_caused_by_a_request) {
  auto request = of_hex<Id>("ffeeddccbbaa99887766554433221100");
  auto event = started_event();
  event.causation =
      store::Causation{schema::CausationKind::request, {}, 0, request};
  Checker check;
  const auto* causation = must(check(built(event)))->causation();
  BOOST_REQUIRE(causation != nullptr);
  BOOST_TEST((causation->kind() == schema::CausationKind::request));
  BOOST_TEST(Id{*causation->request()} == request);
  BOOST_TEST(causation->node() == nullptr);
}

// -- records -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_record_is_an_entry_and_a_signature) {
  Bytes record(10, 1);
  record.insert(record.end(), Signature::size, 2);
  auto halves = must(split_record(record));
  BOOST_TEST(to_hex(halves.entry) == to_hex(Bytes(10, 1)));
  BOOST_TEST(halves.signature.hex() == to_hex(Bytes(Signature::size, 2)));
}

BOOST_AUTO_TEST_CASE(a_record_has_65_to_65535_bytes) {
  BOOST_TEST(is_error(split_record({}), ErrorCode::bad_input));
  BOOST_TEST(is_error(split_record(Bytes(64)), ErrorCode::bad_input));
  BOOST_TEST(must(split_record(Bytes(65))).entry.size() == 1U);
  BOOST_TEST(must(split_record(Bytes(65'535))).entry.size() ==
             store::max_entry_size);
  BOOST_TEST(is_error(split_record(Bytes(65'536)), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(the_leaf_covers_the_signature_and_the_link_does_not) {
  Bytes record(200, 3);
  record.back() = 4;
  auto hashes = store::hash_record(must(split_record(record)));
  ByteView whole{record};
  BOOST_TEST(hashes.link ==
             store::leaf_hash(whole.first(200 - Signature::size)));
  BOOST_TEST(hashes.leaf == store::leaf_hash(whole));
}

BOOST_AUTO_TEST_CASE(bytes_are_aligned_wherever_they_came_from) {
  Bytes bytes(40);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i);
  AlignedBytes aligned;
  for (std::size_t skip = 0; skip < 17; ++skip) {
    auto view = aligned.assign(ByteView{bytes}.subspan(skip));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): an address
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(view.data()) % 8 == 0U);
    BOOST_TEST(to_hex(view) == to_hex(ByteView{bytes}.subspan(skip)));
  }
  BOOST_TEST(aligned.assign({}).empty());
}

// -- entries from outside ----------------------------------------------------

BOOST_AUTO_TEST_CASE(an_entry_by_hand_is_as_good_as_a_built_one) {
  Checker check;
  must(check(built(RawEntry{})));
}

BOOST_AUTO_TEST_CASE(an_entry_of_a_newer_schema_is_too_new) {
  RawEntry raw;
  raw.level = schema::schema_level + 1;
  Checker check;
  BOOST_TEST(is_error(check(built(raw)), ErrorCode::too_new));
}

BOOST_AUTO_TEST_CASE(an_event_of_an_unknown_kind_is_too_new) {
  Checker check;
  for (auto kind : {static_cast<int>(schema::Event::MAX) + 1, 255}) {
    RawEntry raw;
    raw.kind = static_cast<schema::Event>(kind);
    auto error = error_of(check(built(raw)));
    BOOST_TEST(error.code == ErrorCode::too_new);
    BOOST_TEST(mentions(error.message, std::to_string(kind)));
  }
}

BOOST_AUTO_TEST_CASE(an_entry_without_event_is_damaged) {
  RawEntry raw;
  raw.kind = schema::Event::NONE;
  BOOST_TEST(is_damaged(raw));
}

BOOST_AUTO_TEST_CASE(an_event_of_another_kind_than_it_says_is_damaged) {
  RawEntry raw;
  raw.kind = schema::Event::NodeInitialised;
  BOOST_TEST(is_damaged(raw));
}

BOOST_AUTO_TEST_CASE(an_entry_with_an_invalid_stream_is_damaged) {
  for (const std::string name : {"", "Node", "a b", "a\n"}) {
    RawEntry raw;
    raw.stream = name;
    BOOST_TEST(is_damaged(raw));
  }
}

BOOST_AUTO_TEST_CASE(stream_versions_begin_at_1) {
  RawEntry raw;
  raw.stream_version = 0;
  BOOST_TEST(is_damaged(raw));
}

BOOST_AUTO_TEST_CASE(an_entry_too_large_for_a_record_is_damaged) {
  RawEntry raw;
  raw.principal_size = store::max_entry_size;
  BOOST_TEST(is_damaged(raw));
  raw.principal_size = store::max_entry_size - 1'000;
  Checker check;
  must(check(built(raw)));
}

BOOST_AUTO_TEST_CASE(an_entry_of_another_file_kind_is_damaged) {
  Checker check;
  auto bytes = built(RawEntry{});
  BOOST_TEST(store::as_text(ByteView{bytes}.subspan(4, 4)) == "PPNE");
  bytes[4] = 'Q';
  BOOST_TEST(is_error(check(bytes), ErrorCode::damaged));
}

// The last three bytes at most are padding, which only the hash covers.
BOOST_AUTO_TEST_CASE(a_truncated_entry_is_damaged) {
  Checker check;
  auto bytes = built(started_event());
  for (std::size_t size = 0; size <= bytes.size() - 4; ++size)
    BOOST_TEST(is_error(check(ByteView{bytes}.first(size)), ErrorCode::damaged),
               "size " << size);
}

// What remains readable is caught by its hash; here it must only be survived.
BOOST_AUTO_TEST_CASE(a_damaged_entry_is_read_within_its_bounds) {
  Random random{seed_or(20260106)};
  Checker check;
  const auto bytes = built(started_event());
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto damaged = bytes;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      damaged[random.below(damaged.size())] =
          static_cast<std::uint8_t>(random.below(256));
    auto entry = check(damaged);
    refused += entry.ok() ? 0U : 1U;
    if (!entry) continue;
    BOOST_REQUIRE(store::is_stream_name((*entry)->stream()->string_view()));
    BOOST_REQUIRE((*entry)->payload() != nullptr);
  }
  BOOST_TEST(refused > 0U);
}

// -- identities --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_a_founding_event_has_an_identity) {
  schema::IdentityT identity;
  identity.key = std::make_unique<schema::PublicKey>();
  identity.schema_digest = std::make_unique<schema::Hash>();
  identity.name = "host";
  schema::NodeInitialisedT initialised;
  initialised.identity = std::make_unique<schema::IdentityT>(identity);
  schema::NodeRejoinedT rejoined;
  rejoined.identity = std::make_unique<schema::IdentityT>(identity);
  rejoined.replaces = std::make_unique<schema::NodeId>();
  rejoined.last_checkpoint = "note";

  Checker check;
  auto event = started_event();
  BOOST_TEST(store::identity_of(*must(check(built(event)))) == nullptr);
  event.payload.Set(std::move(initialised));
  const auto* born = store::identity_of(*must(check(built(event))));
  BOOST_REQUIRE(born != nullptr);
  BOOST_TEST(born->name()->str() == "host");
  event.payload.Set(std::move(rejoined));
  BOOST_TEST(store::identity_of(*must(check(built(event)))) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
