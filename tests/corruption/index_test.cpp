// The index of streams, and tables that hold what they should not.
#include <boost/test/unit_test.hpp>

#include "store/ledger_view.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::Table;

namespace {

/// The key under which the index lists an entry.
Bytes index_key(const LedgerCopy& copy, std::uint64_t sequence) {
  auto entry = entry_of(copy.record(sequence));
  const auto* table = schema::GetEntry(entry.data());
  return store::stream_key(sequence, table->stream()->string_view(),
                           table->stream_version());
}

void remove_from_index(const LedgerCopy& copy, std::uint64_t sequence) {
  auto key = index_key(copy, sequence);
  copy.edit([&](RawTables& tables) { tables.remove(Table::streams, key); });
}

void list_as(const LedgerCopy& copy, ByteView key, std::uint64_t sequence) {
  copy.edit([&](RawTables& tables) {
    tables.put(Table::streams, key, store::big_endian(sequence));
  });
}

/// 12 entries whose keys rotate in 3 and 7.
const Specimen& twice_rotated() {
  static const auto specimen = [] {
    auto made = std::make_unique<Specimen>();
    made->append(2);
    made->rotate_key();
    made->append(3);
    made->rotate_key();
    made->append(4);
    made->close();
    return made;
  }();
  return *specimen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(index)

BOOST_AUTO_TEST_CASE(an_entry_that_the_index_does_not_list_is_named) {
  LedgerCopy copy{story()};
  remove_from_index(copy, 14);
  BOOST_TEST(verdict(copy) == "index@14 index; bad 14, good 13");
}

BOOST_AUTO_TEST_CASE(an_index_that_points_elsewhere_is_named) {
  LedgerCopy copy{story()};
  list_as(copy, index_key(copy, 14), 15);
  BOOST_TEST(verdict(copy) == "index@14; bad 14, good 13");
}

BOOST_AUTO_TEST_CASE(an_index_value_of_another_size_is_named) {
  LedgerCopy copy{story()};
  auto key = index_key(copy, 14);
  copy.edit(
      [&](RawTables& tables) { tables.put(Table::streams, key, Bytes(9)); });
  BOOST_TEST(verdict(copy) == "index@14; bad 14, good 13");
}

BOOST_AUTO_TEST_CASE(an_index_of_more_than_there_is_is_found) {
  LedgerCopy copy{story()};
  list_as(copy, store::stream_key(14, "capability/none", 1), 14);
  BOOST_TEST(verdict(copy) == "index; good 19");
}

BOOST_AUTO_TEST_CASE(an_index_that_hides_a_key_rotation_accuses_no_entry) {
  LedgerCopy copy{story()};
  remove_from_index(copy, story_rotation);
  BOOST_TEST(verdict(copy) == "index@9 index; bad 9, good 8");
}

BOOST_AUTO_TEST_CASE(an_index_that_bends_a_key_rotation_accuses_no_entry) {
  LedgerCopy copy{story()};
  list_as(copy, index_key(copy, story_rotation), 4);
  BOOST_TEST(verdict(copy) == "index@9; bad 9, good 8");
}

BOOST_AUTO_TEST_CASE(an_index_that_swaps_key_rotations_accuses_no_entry) {
  LedgerCopy copy{twice_rotated()};
  auto first = index_key(copy, 3);
  auto second = index_key(copy, 7);
  list_as(copy, first, 7);
  list_as(copy, second, 3);
  BOOST_TEST(verdict(copy) == "index@3 index@7; bad 3, good 2");
}

BOOST_AUTO_TEST_CASE(an_index_that_repeats_a_key_rotation_accuses_no_entry) {
  LedgerCopy copy{twice_rotated()};
  list_as(copy, store::stream_key(3, "node", 1000), 3);
  BOOST_TEST(verdict(copy) == "index; good 11");
}

BOOST_AUTO_TEST_CASE(an_index_is_of_no_matter_to_a_node_that_opens) {
  LedgerCopy copy{story()};
  remove_from_index(copy, story_rotation);
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(a_strange_record_among_the_meta_data_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.put(Table::meta, store::as_bytes("strange"), Bytes(1));
  });
  BOOST_TEST(verdict(copy) == "index; good 19");
}

BOOST_AUTO_TEST_CASE(a_strange_table_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.put_elsewhere("strange", Bytes(1), Bytes(1));
  });
  BOOST_TEST(verdict(copy) == "index; good 19");
}

BOOST_AUTO_TEST_CASE(an_entry_under_a_key_that_is_no_sequence_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    Bytes key{0, 0, 0, 0, 0, 0, 0, 14, 0};
    tables.put(Table::entries, key, Bytes(100));
  });
  BOOST_TEST(first_in_words(copy.audit()) == "storage@15; bad 15, good 14");
}

BOOST_AUTO_TEST_CASE(a_last_entry_under_a_key_that_is_no_sequence_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.put(Table::entries, Bytes{0xff}, Bytes(100));
  });
  BOOST_TEST(verdict(copy) == "storage");
  BOOST_TEST(error_of(copy.open()).code == store::ErrorCode::damaged);
}

BOOST_AUTO_TEST_CASE(a_ledger_of_no_known_format_is_refused) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.put(Table::meta, store::as_bytes(store::meta_format),
               store::as_bytes("something"));
  });
  BOOST_TEST(verdict(copy) == "storage");
  BOOST_TEST(error_of(copy.open()).code == store::ErrorCode::damaged);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
