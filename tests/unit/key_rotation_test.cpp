// The first key of a node and those that take over from it.
#include "store/key_rotation.hpp"

#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::SigningKey;

namespace {

/// An entry with its bytes.
class BuiltEntry {
 public:
  BuiltEntry(schema::EventUnion payload, const store::Place& place) {
    store::Event event;
    event.stream = "node";
    event.payload = std::move(payload);
    bytes_ = store::build_entry(builder_, event, place, {});
  }

  [[nodiscard]] const schema::Entry& operator*() const {
    return *must(store::check_entry(bytes_));
  }

 private:
  flatbuffers::FlatBufferBuilder builder_;
  ByteView bytes_;
};

schema::EventUnion founding_with(const PublicKey& key) {
  schema::NodeInitialisedT initialised;
  initialised.identity = std::make_unique<schema::IdentityT>();
  initialised.identity->key = std::make_unique<schema::PublicKey>(key.stored());
  initialised.identity->schema_digest = std::make_unique<schema::Hash>();
  schema::EventUnion payload;
  payload.Set(std::move(initialised));
  return payload;
}

schema::EventUnion rotation_to(const PublicKey& key,
                               const Signature& signature) {
  schema::NodeKeyRotatedT rotated;
  rotated.new_key = std::make_unique<schema::PublicKey>(key.stored());
  rotated.new_key_signature =
      std::make_unique<schema::Signature>(signature.stored());
  schema::EventUnion payload;
  payload.Set(std::move(rotated));
  return payload;
}

const store::Place place{9, store::sha256(store::as_bytes("prev")),
                         of_hex<NodeId>("000102030405060708090a0b0c0d0e0f"), 2};

/// What the key to come signs so as to take over at `where`.
Signature agreement(const SigningKey& key, const store::Place& where) {
  return key.sign(store::key_rotation_domain,
                  store::key_rotation_statement(where.node, where.sequence,
                                                where.prev, key.public_key()));
}

auto is_refused(const SigningKey& key, const Signature& signature) {
  BuiltEntry entry{rotation_to(key.public_key(), signature), place};
  return is_error(store::rotated_key(*entry), ErrorCode::damaged);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_rotation)

BOOST_AUTO_TEST_CASE(a_node_is_founded_with_the_key_it_is_named_after) {
  auto key = key_of_seed(1).public_key();
  BuiltEntry entry{founding_with(key), {0, {}, store::node_id_of(key), 1}};
  BOOST_TEST(must(store::first_key(*entry)) == key);
}

BOOST_AUTO_TEST_CASE(a_node_named_after_another_key_is_refused) {
  BuiltEntry entry{founding_with(key_of_seed(1).public_key()),
                   {0, {}, store::node_id_of(key_of_seed(2).public_key()), 1}};
  BOOST_TEST(is_error(store::first_key(*entry), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(an_event_that_founds_nothing_is_refused) {
  auto key = key_of_seed(1);
  BuiltEntry entry{rotation_to(key.public_key(), agreement(key, place)), place};
  BOOST_TEST(is_error(store::first_key(*entry), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_key_that_agreed_takes_over) {
  auto key = key_of_seed(1);
  BuiltEntry entry{rotation_to(key.public_key(), agreement(key, place)), place};
  BOOST_TEST(must(store::rotated_key(*entry)) == key.public_key());
}

BOOST_AUTO_TEST_CASE(a_key_that_agreed_to_another_place_is_refused) {
  auto key = key_of_seed(1);
  auto other = place;
  other.sequence += 1;
  BOOST_TEST(is_refused(key, agreement(key, other)));
  other = place;
  other.prev = {};
  BOOST_TEST(is_refused(key, agreement(key, other)));
  other = place;
  other.node = {};
  BOOST_TEST(is_refused(key, agreement(key, other)));
}

BOOST_AUTO_TEST_CASE(nobody_else_can_agree_for_a_key) {
  BOOST_TEST(is_refused(key_of_seed(1), agreement(key_of_seed(2), place)));
}

BOOST_AUTO_TEST_CASE(an_agreement_is_made_in_its_own_domain) {
  auto key = key_of_seed(1);
  auto statement = store::key_rotation_statement(place.node, place.sequence,
                                                 place.prev, key.public_key());
  BOOST_TEST(is_refused(key, key.sign(store::entry_domain, statement)));
  BOOST_TEST(is_refused(key, key.sign(statement)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
