// The checkpoint in the database and the one outside it, replaced or spoiled.
#include <boost/test/unit_test.hpp>

#include "store/checkpoint.hpp"
#include "store/ledger_view.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;

namespace {

NodeId node() { return story().position().node; }

std::string signed_with(const store::SigningKey& key,
                        const store::TreeHead& head) {
  return must(store::sign_checkpoint(node(), head, key));
}

/// The story as it was after its first `size` entries.
std::string older_checkpoint(std::size_t size) {
  LedgerCopy copy{story()};
  copy.rewrite([&](History& history) { history.cut_to(size); });
  return copy.checkpoint();
}

/// The damage is found, and the node does not start.
void check_inner(const std::string& note,
                 const char* words = "checkpoint; good 19") {
  LedgerCopy copy{story()};
  copy.set_checkpoint(note);
  BOOST_TEST(verdict(copy) == words);
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "checkpoint"));
}

void check_outer(const std::string& note, ErrorCode code,
                 const char* words = "checkpoint; good 19") {
  LedgerCopy copy{story()};
  copy.set_outside_checkpoint(note);
  BOOST_TEST(verdict(copy) == words);
  BOOST_TEST(error_of(copy.open()).code == code);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_AUTO_TEST_CASE(one_signed_by_a_foreign_key_is_refused) {
  auto note = signed_with(seeded_key(2, 0), story().position().head);
  check_inner(note);
  check_outer(note, ErrorCode::no_outside_checkpoint);
}

BOOST_AUTO_TEST_CASE(one_signed_by_a_retired_key_is_refused) {
  auto note = signed_with(seeded_key(1, 0), story().position().head);
  check_inner(note);
  check_outer(note, ErrorCode::no_outside_checkpoint);
}

BOOST_AUTO_TEST_CASE(an_older_one_in_the_database_is_refused) {
  check_inner(older_checkpoint(15));
}

BOOST_AUTO_TEST_CASE(an_older_one_outside_is_right) {
  for (std::size_t size : {1U, 9U, 10U, 15U, 20U}) {
    LedgerCopy copy{story()};
    copy.set_outside_checkpoint(older_checkpoint(size));
    BOOST_TEST(verdict(copy) == "valid; good 19");
    BOOST_TEST(answer(copy) == "opens");
  }
}

BOOST_AUTO_TEST_CASE(one_of_more_entries_in_the_database_is_refused) {
  auto head = story().position().head;
  head.size += 1;
  check_inner(signed_with(seeded_key(1, 1), head));
}

BOOST_AUTO_TEST_CASE(one_of_another_root_is_refused) {
  auto head = story().position().head;
  head.root.bytes[0] ^= 1U;
  auto note = signed_with(seeded_key(1, 1), head);
  check_inner(note, "checkpoint");
  check_outer(note, ErrorCode::forked, "checkpoint");
}

BOOST_AUTO_TEST_CASE(one_of_another_node_is_refused) {
  Specimen other{2};
  other.close();
  auto note = LedgerCopy{other}.checkpoint();
  check_inner(note);
  check_outer(note, ErrorCode::no_outside_checkpoint);
}

BOOST_AUTO_TEST_CASE(every_changed_byte_of_one_is_found) {
  LedgerCopy copy{story()};
  const auto note = copy.checkpoint();
  for (std::size_t i = 0; i < note.size(); ++i) {
    auto changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    copy.set_checkpoint(changed);
    BOOST_TEST_CONTEXT("byte " << i)
    BOOST_TEST(verdict(copy) == "checkpoint; good 19");
  }
}

BOOST_AUTO_TEST_CASE(every_changed_byte_of_the_one_outside_is_found) {
  LedgerCopy copy{story()};
  const auto note = copy.outside_checkpoint();
  for (std::size_t i = 0; i < note.size(); ++i) {
    auto changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    copy.set_outside_checkpoint(changed);
    BOOST_TEST_CONTEXT("byte " << i) {
      BOOST_TEST(verdict(copy) == "checkpoint; good 19");
      BOOST_TEST(!copy.open().ok());
    }
  }
}

BOOST_AUTO_TEST_CASE(an_empty_one_is_refused) {
  check_inner("");
  check_outer("", ErrorCode::no_outside_checkpoint);
}

BOOST_AUTO_TEST_CASE(a_missing_one_in_the_database_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.remove(store::Table::meta, store::as_bytes(store::meta_checkpoint));
  });
  BOOST_TEST(first_in_words(copy.audit()) == "checkpoint; good 19");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::damaged);
}

BOOST_AUTO_TEST_CASE(a_second_signature_of_a_stranger_is_passed_over) {
  LedgerCopy copy{story()};
  auto note = must(store::parse_note(copy.checkpoint()));
  auto stranger = seeded_key(2, 0);
  note.signatures.push_back(
      must(store::sign_note(note.text, "example.com/witness", stranger)));
  copy.set_outside_checkpoint(store::format_note(note));
  BOOST_TEST(verdict(copy) == "valid; good 19");
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
