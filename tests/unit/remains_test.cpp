// What is left to tell of an identity: the newest checkpoint that it signed.
#include "store/remains.hpp"

#include "store/ledger_view.hpp"
#include "store/statements.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using store::Remains;
using store::remains_of;
using store::Table;

namespace {

/// A ledger of three entries, and what its key could have signed besides.
struct Identity {
  Identity() {
    must(ledger->append(numbered_request(*ledger, 2), test_clock));
    node = ledger->position().node;
  }

  /// A checkpoint of another size, by the key of this node.
  [[nodiscard]] std::string signed_for(std::uint64_t size) const {
    return must(store::sign_checkpoint(node, {size, {}}, key()));
  }

  [[nodiscard]] store::SigningKey key() const {
    auto keys = must(store::FileKeyStore::open(scratch / "keys"));
    return must(keys->load(ledger->position().keys.back().key));
  }

  std::optional<Remains> with(const std::optional<std::string>& outside) {
    auto transaction = must(ledger.backend().read());
    return remains_of(transaction.get(), outside);
  }

  void set(Table table, const std::string& name, ByteView value) {
    auto transaction = must(ledger.backend().write());
    must(transaction->replace(table, store::as_bytes(name), value));
    must(transaction->commit());
  }

  ScratchDirectory scratch;
  mutable TestLedger ledger = must(TestLedger::found(scratch.path()));
  NodeId node;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(remains)

BOOST_FIXTURE_TEST_CASE(the_database_alone_tells_all, Identity) {
  BOOST_TEST(
      (with({}) == Remains{node, "test", ledger->checkpoint(), 3, true}));
}

BOOST_FIXTURE_TEST_CASE(a_newer_checkpoint_outside_is_the_last, Identity) {
  BOOST_TEST(
      (with(signed_for(5)) == Remains{node, "test", signed_for(5), 5, true}));
}

BOOST_FIXTURE_TEST_CASE(an_older_one_is_not, Identity) {
  BOOST_TEST(with(signed_for(2))->checkpoint == ledger->checkpoint());
}

// The node may have had that key later.
BOOST_FIXTURE_TEST_CASE(a_newer_one_by_a_key_that_is_not_known_counts,
                        Identity) {
  auto note = must(store::sign_checkpoint(node, {5, {}}, key_of_seed(7)));
  BOOST_TEST(with(note)->checkpoint == note);
}

BOOST_FIXTURE_TEST_CASE(one_of_another_node_does_not_count, Identity) {
  auto other = store::node_id_of(key_of_seed(7).public_key());
  auto note = must(store::sign_checkpoint(other, {5, {}}, key()));
  BOOST_TEST(with(note)->checkpoint == ledger->checkpoint());
}

BOOST_FIXTURE_TEST_CASE(one_that_was_changed_does_not_count, Identity) {
  auto note = signed_for(5);
  note.replace(note.find("\n5\n"), 3, "\n6\n");
  for (const auto& changed : {note, std::string{"no note"}, std::string{}})
    BOOST_TEST(with(changed)->checkpoint == ledger->checkpoint());
}

BOOST_FIXTURE_TEST_CASE(the_one_outside_stands_in_for_a_damaged_one, Identity) {
  set(Table::meta, "checkpoint", store::as_bytes("no note"));
  BOOST_TEST(!with({}).has_value());
  BOOST_TEST(
      (with(signed_for(2)) == Remains{node, "test", signed_for(2), 2, true}));
}

BOOST_FIXTURE_TEST_CASE(without_a_database_the_one_outside_is_believed,
                        Identity) {
  BOOST_TEST((remains_of(nullptr, signed_for(5)) ==
              Remains{node, "", signed_for(5), 5, false}));
}

BOOST_FIXTURE_TEST_CASE(a_first_entry_that_nobody_signed_tells_nothing,
                        Identity) {
  auto transaction = must(ledger.backend().write());
  auto key = store::big_endian(0);
  auto record = must(transaction->get(Table::entries, key));
  auto forged = with_bit_flipped(Bytes{record.begin(), record.end()},
                                 8 * (record.size() - 1));
  must(transaction->replace(Table::entries, key, forged));
  must(transaction->commit());
  BOOST_TEST(!with({}).has_value());
  BOOST_TEST(!with(signed_for(5))->is_verified);
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_of_nothing_tells_nothing, Identity) {
  BOOST_TEST(!remains_of(nullptr, signed_for(0)).has_value());
}

BOOST_AUTO_TEST_CASE(where_nothing_is_nothing_is_told) {
  BOOST_TEST(!remains_of(nullptr, {}).has_value());
  BOOST_TEST(!remains_of(nullptr, "no note").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
