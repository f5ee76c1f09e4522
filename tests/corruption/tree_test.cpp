// Nodes of the Merkle tree that do not fit the entries below them.
#include <boost/test/unit_test.hpp>

#include "store/hash.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::Table;

namespace {

/// Changes a byte of the node on `level` that a leaf completes.
void change_node(const LedgerCopy& copy, std::uint64_t leaf,
                 std::size_t level) {
  copy.edit([&](RawTables& tables) {
    auto nodes = tables.get(Table::tree, store::big_endian(leaf));
    nodes.at(level * Hash::size + 7) ^= 1U;
    tables.put(Table::tree, store::big_endian(leaf), nodes);
  });
}

void set_nodes(const LedgerCopy& copy, std::uint64_t leaf, ByteView nodes) {
  copy.edit([&](RawTables& tables) {
    tables.put(Table::tree, store::big_endian(leaf), nodes);
  });
}

void check_open(const LedgerCopy& copy, std::uint64_t bad) {
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "entry " + std::to_string(bad) + ":"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tree)

BOOST_AUTO_TEST_CASE(a_changed_leaf_is_found) {
  LedgerCopy copy{story()};
  change_node(copy, 14, 0);
  BOOST_TEST(verdict(copy) == "tree@14; bad 14, good 13");
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(a_changed_node_of_each_level_is_found) {
  for (std::size_t level = 0; level <= 4; ++level) {
    LedgerCopy copy{story()};
    change_node(copy, 15, level);
    BOOST_TEST(verdict(copy) == "tree@15; bad 15, good 14");
    check_open(copy, 15);
  }
}

BOOST_AUTO_TEST_CASE(a_changed_node_above_the_chunks_is_found) {
  for (std::size_t level = 0; level <= 11; ++level) {
    LedgerCopy copy{long_story()};
    change_node(copy, 2047, level);
    BOOST_TEST(verdict(copy) == "tree@2047; bad 2047, good 2046");
    check_open(copy, 2047);
  }
}

BOOST_AUTO_TEST_CASE(nodes_that_are_too_few_or_too_many_are_found) {
  for (std::size_t size : {0U, 31U, 32U, 127U, 161U, 192U}) {
    LedgerCopy copy{story()};
    set_nodes(copy, 15, Bytes(size));
    BOOST_TEST(verdict(copy) == "tree@15; bad 15, good 14");
    check_open(copy, 15);
  }
}

BOOST_AUTO_TEST_CASE(a_node_more_than_a_leaf_completes_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    auto nodes = tables.get(Table::tree, store::big_endian(15));
    nodes.resize(nodes.size() + Hash::size);
    tables.put(Table::tree, store::big_endian(15), nodes);
  });
  BOOST_TEST(verdict(copy) == "tree@15; bad 15, good 14");
  check_open(copy, 15);
}

BOOST_AUTO_TEST_CASE(missing_nodes_are_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.remove(Table::tree, store::big_endian(14));
  });
  BOOST_TEST(verdict(copy) == "tree@14 tree; bad 14, good 13");
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(nodes_of_entries_that_are_not_there_are_found) {
  LedgerCopy copy{story()};
  set_nodes(copy, story_size, Bytes(Hash::size));
  BOOST_TEST(verdict(copy) == "tree; good 19");
}

BOOST_AUTO_TEST_CASE(nodes_below_the_snapshot_that_it_stands_on_are_checked) {
  LedgerCopy copy{story()};
  change_node(copy, 11, 2);
  BOOST_TEST(first_in_words(copy.audit()) == "tree@11; bad 11, good 10");
  // The snapshot is passed over, and all entries are followed.
  check_open(copy, 11);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
