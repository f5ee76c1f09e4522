// Histories that are right in themselves, but not the node's: cut short,
// written anew, or an old copy. Only what was kept elsewhere can tell.
#include <boost/test/unit_test.hpp>

#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::Table;

namespace {

/// Removes all but the first `size` entries, and what shows that there were
/// more: snapshots past the end.
void cut(const LedgerCopy& copy, std::size_t size) {
  copy.rewrite([&](History& history) { history.cut_to(size); });
  if (size >= story_snapshot) return;
  copy.edit([](RawTables& tables) { tables.clear(Table::snapshots); });
}

/// Writes history anew from entry `from` on, as the node itself could.
void fork(const LedgerCopy& copy, std::size_t from) {
  copy.rewrite([&](History& history) {
    history.sign(from, with_change(history[from], [](schema::EntryT& entry) {
                   entry.principal->id = "someone else";
                 }));
    history.chain_after(from);
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histories)

BOOST_AUTO_TEST_CASE(entries_cut_off_are_missed_by_the_checkpoint_outside) {
  for (std::size_t cut_off : {1U, 3U, 8U}) {
    LedgerCopy copy{story()};
    cut(copy, story_size - cut_off);
    auto good = std::to_string(story_size - cut_off - 1);
    BOOST_TEST(verdict(copy) == "checkpoint; good " + good);
    BOOST_TEST(mentions(copy.audit().findings.front().message, "rolled back"));
    BOOST_TEST(error_of(copy.open()).code == ErrorCode::rolled_back);
  }
}

BOOST_AUTO_TEST_CASE(
    entries_cut_off_are_missed_though_a_rotation_is_among_them) {
  LedgerCopy copy{story()};
  cut(copy, story_rotation - 2);
  BOOST_TEST(verdict(copy) == "checkpoint; good 6");
  BOOST_TEST(mentions(copy.audit().findings.front().message, "rolled back"));
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::rolled_back);
}

BOOST_AUTO_TEST_CASE(entries_cut_off_leave_no_trace_inside) {
  LedgerCopy copy{story()};
  cut(copy, 15);
  auto report = copy.audit_alone();
  BOOST_TEST(in_words(report) == "valid; good 14");
  auto says_so = [](const std::string& what) {
    return mentions(what, "newer entries were removed");
  };
  BOOST_TEST(std::any_of(report.not_checked.begin(), report.not_checked.end(),
                         says_so));
}

BOOST_AUTO_TEST_CASE(a_cut_that_forgets_the_snapshots_is_found_inside) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) { history.cut_to(11); });
  BOOST_TEST(in_words(copy.audit_alone()) == "snapshot; good 10");
}

BOOST_AUTO_TEST_CASE(all_entries_removed_are_missed) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    for (auto table : {Table::entries, Table::tree, Table::streams, Table::meta,
                       Table::snapshots})
      tables.clear(table);
  });
  auto report = copy.audit();
  BOOST_TEST(!report.valid());
  BOOST_TEST(!report.last_good.has_value());
  BOOST_TEST(mentions(report.findings.front().message, "rolled back"));
  BOOST_TEST(!copy.open().ok());
}

BOOST_AUTO_TEST_CASE(a_fork_is_told_by_the_checkpoint_outside) {
  for (std::size_t from : {std::size_t{12}, std::size_t{19}}) {
    LedgerCopy copy{story()};
    fork(copy, from);
    BOOST_TEST(in_words(copy.audit_alone()) == "valid; good 19");
    BOOST_TEST(verdict(copy) == "checkpoint");
    BOOST_TEST(mentions(copy.audit().findings.front().message, "forked"));
    BOOST_TEST(error_of(copy.open()).code == ErrorCode::forked);
  }
}

BOOST_AUTO_TEST_CASE(a_fork_that_outgrew_the_checkpoint_outside_is_told) {
  Specimen longer;
  longer.append(story_rotation - 1);
  longer.rotate_key();
  longer.append(15);
  longer.close();
  LedgerCopy copy{longer};
  fork(copy, 13);
  LedgerCopy original{story()};
  copy.set_outside_checkpoint(original.outside_checkpoint());
  BOOST_TEST(verdict(copy) == "checkpoint");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::forked);
}

BOOST_AUTO_TEST_CASE(a_fork_before_the_snapshot_belies_the_snapshot) {
  LedgerCopy copy{story()};
  fork(copy, 10);
  BOOST_TEST(in_words(copy.audit_alone()) == "snapshot; good 19");
  BOOST_TEST(verdict(copy) == "checkpoint snapshot");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::forked);
}

BOOST_AUTO_TEST_CASE(an_old_copy_of_the_database_is_told) {
  Specimen young;
  young.append(story_rotation - 1);
  young.rotate_key();
  young.append(2);
  young.close();
  LedgerCopy copy{young};
  BOOST_TEST(verdict(copy) == "valid; good 11");
  copy.set_outside_checkpoint(LedgerCopy{story()}.outside_checkpoint());
  BOOST_TEST(verdict(copy) == "checkpoint; good 11");
  BOOST_TEST(mentions(copy.audit().findings.front().message, "rolled back"));
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::rolled_back);
}

BOOST_AUTO_TEST_CASE(an_old_copy_of_everything_is_beyond_this_machine) {
  Specimen young;
  young.append(5);
  young.close();
  LedgerCopy copy{young};
  BOOST_TEST(verdict(copy) == "valid; good 5");
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
