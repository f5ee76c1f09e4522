// Who may sign, and how a key hands over to the next.
#include <boost/test/unit_test.hpp>

#include "store/statements.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;

namespace {

constexpr std::uint64_t last = story_size - 1;

/// A rotation to `next`, to stand at `place`; `agreed_by` made the agreement.
schema::NodeKeyRotatedT rotation(const store::SigningKey& next,
                                 const store::SigningKey& agreed_by,
                                 const schema::EntryT& place) {
  auto statement =
      store::key_rotation_statement(NodeId{*place.node}, place.sequence,
                                    Hash{*place.prev}, next.public_key());
  schema::NodeKeyRotatedT rotated;
  rotated.new_key =
      std::make_unique<schema::PublicKey>(next.public_key().stored());
  rotated.new_key_signature = std::make_unique<schema::Signature>(
      agreed_by.sign(store::key_rotation_domain, statement).stored());
  return rotated;
}

/// Puts a rotation, signed by the key in force, in the place of the last entry.
/// All of the database fits it, but for its checkpoint, which the old key
/// signs.
void end_with_rotation(const LedgerCopy& copy, const std::string& stream,
                       const store::SigningKey& agreed_by) {
  copy.rewrite([&](History& history) {
    history.sign(
        last, with_change(history[last], [&](schema::EntryT& entry) {
          entry.stream = stream;
          entry.stream_version = 1;
          if (stream == "node")
            entry.stream_version = story().position().streams.at("node") + 1;
          entry.payload.Set(rotation(seeded_key(1, 2), agreed_by, entry));
        }));
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keys)

BOOST_AUTO_TEST_CASE(a_changed_rotation_is_laid_to_its_entry_alone) {
  LedgerCopy copy{story()};
  auto record = copy.record(story_rotation);
  const auto* rotated =
      schema::GetEntry(record.data())->payload_as_NodeKeyRotated();
  auto offset = static_cast<const std::uint8_t*>(
                    static_cast<const void*>(rotated->new_key_signature())) -
                record.data();
  record[static_cast<std::size_t>(offset)] ^= 1U;
  copy.set_record(story_rotation, record);
  BOOST_TEST(first_in_words(copy.audit()) == "payload@9; bad 9, good 8");
}

BOOST_AUTO_TEST_CASE(a_changed_new_key_is_laid_to_the_rotation) {
  LedgerCopy copy{story()};
  auto record = copy.record(story_rotation);
  const auto* rotated =
      schema::GetEntry(record.data())->payload_as_NodeKeyRotated();
  auto offset = static_cast<const std::uint8_t*>(
                    static_cast<const void*>(rotated->new_key())) -
                record.data();
  record[static_cast<std::size_t>(offset)] ^= 1U;
  copy.set_record(story_rotation, record);
  BOOST_TEST(first_in_words(copy.audit()) == "payload@9; bad 9, good 8");
}

BOOST_AUTO_TEST_CASE(a_key_that_did_not_agree_does_not_take_over) {
  LedgerCopy copy{story()};
  end_with_rotation(copy, "node", seeded_key(1, 1));
  BOOST_TEST(first_in_words(copy.audit_alone()) == "key@19; bad 19, good 18");
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "entry 19:"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_signed_by_the_key_that_comes_next) {
  LedgerCopy copy{story()};
  end_with_rotation(copy, "node", seeded_key(1, 2));
  BOOST_TEST(in_words(copy.audit_alone()) == "checkpoint; good 19");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::damaged);
}

BOOST_AUTO_TEST_CASE(a_key_rotates_in_the_stream_of_the_node_only) {
  LedgerCopy copy{story()};
  end_with_rotation(copy, "capability/rotation", seeded_key(1, 2));
  BOOST_TEST(first_in_words(copy.audit_alone()) == "key@19; bad 19, good 18");
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "entry 19:"));
}

BOOST_AUTO_TEST_CASE(a_node_is_founded_in_the_stream_of_the_node_only) {
  Specimen alone;
  alone.close();
  LedgerCopy copy{alone};
  copy.rewrite([](History& history) {
    history.sign(0, with_change(history[0], [](schema::EntryT& entry) {
                   entry.stream = "elsewhere";
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == "key@0; bad 0");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::damaged);
}

BOOST_AUTO_TEST_CASE(a_node_not_named_after_its_first_key_is_refused) {
  Specimen alone;
  alone.close();
  LedgerCopy copy{alone};
  copy.rewrite([](History& history) {
    history.sign(0, with_change(history[0], [](schema::EntryT& entry) {
                   entry.node = std::make_unique<schema::NodeId>();
                 }));
  });
  BOOST_TEST(first_in_words(copy.audit_alone()) == "key@0; bad 0");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::damaged);
}

/// The chain, the tree and all signatures are right in it, but for a founder
/// that nobody knows.
BOOST_AUTO_TEST_CASE(another_nodes_ledger_is_not_this_nodes) {
  Specimen other{2};
  other.append(3);
  other.close();
  LedgerCopy copy{other};
  copy.set_outside_checkpoint(LedgerCopy{story()}.outside_checkpoint());
  BOOST_TEST(verdict(copy) == "checkpoint; good 3");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::no_outside_checkpoint);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
