// Snapshots: what goes in comes out, or nothing does.
#include "store/snapshot.hpp"

#include "schema/level.hpp"
#include "store/hash.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using store::decode_snapshot;
using store::encode_snapshot;
using store::ErrorCode;
using store::KeyHistory;
using store::SigningKey;
using store::Snapshot;

namespace {

const SigningKey& key_in_force() {
  static const auto key = key_of_seed(2);
  return key;
}

Snapshot some_snapshot() {
  Snapshot snapshot;
  auto& position = snapshot.position;
  position.head = {1'000, store::sha256(store::as_bytes("root"))};
  position.link = store::sha256(store::as_bytes("link"));
  position.node = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");
  position.keys = {{0, key_of_seed(1).public_key()},
                   {500, key_in_force().public_key()}};
  position.streams = {{"node", 12}, {"capability/0", 987}, {"empty", 0}};
  snapshot.state = {1, 2, 3, 4, 5};
  return snapshot;
}

/// A snapshot that says of itself what the encoder would not.
struct RawSnapshot {
  KeyHistory keys = {{0, key_in_force().public_key()}};
  Hash state_hash = store::sha256({});
  std::uint16_t level = schema::schema_level;
  /// Number of streams that share the bytes of one long name.
  std::size_t overlapping_streams = 0;
};

Bytes encoded(const RawSnapshot& raw) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<schema::KeyPeriod>> keys;
  for (const auto& period : raw.keys) {
    auto key = period.key.stored();
    keys.push_back(schema::CreateKeyPeriod(builder, period.from, &key));
  }
  auto key_vector = builder.CreateVector(keys);
  std::vector<flatbuffers::Offset<schema::StreamHead>> heads;
  auto name = builder.CreateString(std::string(1000, 'n'));
  for (std::size_t i = 0; i < raw.overlapping_streams; ++i)
    heads.push_back(schema::CreateStreamHead(builder, name, 1));
  auto streams = builder.CreateVector(heads);
  auto state = builder.CreateVector(Bytes{});
  schema::Hash any_hash;
  schema::NodeId node;
  auto state_hash = raw.state_hash.stored();
  schema::FinishSnapshotBuffer(
      builder, schema::CreateSnapshot(builder, 1, &any_hash, &any_hash, &node,
                                      key_vector, streams, &state_hash, state,
                                      raw.level));
  Bytes stored{builder.GetBufferPointer(),
               builder.GetBufferPointer() + builder.GetSize()};
  auto signature = key_in_force().sign(store::snapshot_domain, stored);
  stored.insert(stored.end(), signature.bytes.begin(), signature.bytes.end());
  return stored;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshot)

BOOST_AUTO_TEST_CASE(a_snapshot_reads_back) {
  auto snapshot = some_snapshot();
  auto back = must(decode_snapshot(encode_snapshot(snapshot, key_in_force())));
  BOOST_TEST((back.position == snapshot.position));
  BOOST_TEST(to_hex(back.state) == to_hex(snapshot.state));
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_nothing_reads_back) {
  Snapshot snapshot;
  snapshot.position.keys = {{0, key_in_force().public_key()}};
  auto back = must(decode_snapshot(encode_snapshot(snapshot, key_in_force())));
  BOOST_TEST((back.position == snapshot.position));
  BOOST_TEST(back.state.empty());
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_many_streams_reads_back) {
  auto snapshot = some_snapshot();
  for (std::uint64_t i = 0; i < 20'000; ++i)
    snapshot.position.streams.emplace("s/" + std::to_string(i), i);
  auto back = must(decode_snapshot(encode_snapshot(snapshot, key_in_force())));
  BOOST_TEST((back.position == snapshot.position));
}

BOOST_AUTO_TEST_CASE(the_same_snapshot_has_the_same_bytes) {
  BOOST_TEST(to_hex(encode_snapshot(some_snapshot(), key_in_force())) ==
             to_hex(encode_snapshot(some_snapshot(), key_in_force())));
}

BOOST_AUTO_TEST_CASE(a_snapshot_can_be_read_at_any_address) {
  auto stored = encode_snapshot(some_snapshot(), key_in_force());
  for (std::size_t skip = 1; skip < 9; ++skip) {
    stored.insert(stored.begin(), 0);
    must(decode_snapshot(ByteView{stored}.subspan(skip)));
  }
}

// -- damage ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(no_byte_of_a_snapshot_can_change) {
  auto stored = encode_snapshot(some_snapshot(), key_in_force());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    for (auto change : {0x01, 0x80, 0xff}) {
      auto damaged = stored;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ change);
      BOOST_TEST(is_error(decode_snapshot(damaged), ErrorCode::damaged),
                 "byte " << i << " ^ " << change);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_truncated_snapshot_is_damaged) {
  auto stored = encode_snapshot(some_snapshot(), key_in_force());
  for (std::size_t size = 0; size < stored.size(); ++size)
    BOOST_TEST(is_error(decode_snapshot(ByteView{stored}.first(size)),
                        ErrorCode::damaged),
               "size " << size);
}

BOOST_AUTO_TEST_CASE(a_snapshot_with_bytes_added_is_damaged) {
  auto stored = encode_snapshot(some_snapshot(), key_in_force());
  stored.push_back(0);
  BOOST_TEST(is_error(decode_snapshot(stored), ErrorCode::damaged));
}

// -- contradictions ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_snapshot_by_hand_is_as_good_as_an_encoded_one) {
  must(decode_snapshot(encoded(RawSnapshot{})));
}

BOOST_AUTO_TEST_CASE(only_the_key_in_force_signs_a_snapshot) {
  BOOST_TEST(is_error(
      decode_snapshot(encode_snapshot(some_snapshot(), key_of_seed(1))),
      ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_signed_in_its_own_domain) {
  auto stored = encode_snapshot(some_snapshot(), key_in_force());
  stored.resize(stored.size() - Signature::size);
  auto signature = key_in_force().sign(store::entry_domain, stored);
  stored.insert(stored.end(), signature.bytes.begin(), signature.bytes.end());
  BOOST_TEST(is_error(decode_snapshot(stored), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_snapshot_names_a_key) {
  RawSnapshot raw;
  raw.keys.clear();
  BOOST_TEST(is_error(decode_snapshot(encoded(raw)), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_state_matches_its_hash) {
  RawSnapshot raw;
  raw.state_hash = {};
  BOOST_TEST(is_error(decode_snapshot(encoded(raw)), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_a_newer_schema_is_too_new) {
  RawSnapshot raw;
  raw.level = schema::schema_level + 1;
  BOOST_TEST(is_error(decode_snapshot(encoded(raw)), ErrorCode::too_new));
}

BOOST_AUTO_TEST_CASE(streams_do_not_grow_beyond_what_is_stored) {
  RawSnapshot raw;
  raw.overlapping_streams = 1;
  BOOST_TEST(decode_snapshot(encoded(raw)).ok());
  raw.overlapping_streams = 100;
  BOOST_TEST(is_error(decode_snapshot(encoded(raw)), ErrorCode::damaged));
}

// -- keys in force -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_key_is_in_force_until_the_next_one) {
  auto first = key_of_seed(1).public_key();
  auto second = key_of_seed(2).public_key();
  auto third = key_of_seed(3).public_key();
  const KeyHistory keys = {{0, first}, {5, second}, {6, third}};
  BOOST_TEST(store::key_at(keys, 0) == first);
  BOOST_TEST(store::key_at(keys, 4) == first);
  BOOST_TEST(store::key_at(keys, 5) == second);
  BOOST_TEST(store::key_at(keys, 6) == third);
  BOOST_TEST(store::key_at(keys, ~std::uint64_t{0}) == third);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
