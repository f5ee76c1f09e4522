// A few pages that refer to each other such that reading them never ends.
#include <boost/test/unit_test.hpp>

#include "tests/corruption/ledger_copy.hpp"
#include "tests/corruption/page_bomb.hpp"
#include "tests/corruption/run_program.hpp"
#include "tests/corruption/trials.hpp"
#include "tests/unit/expect.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tests {

using store::Table;

BOOST_AUTO_TEST_SUITE(endless)

BOOST_AUTO_TEST_CASE(a_tree_of_pages_that_never_ends_is_found) {
  struct Bomb {
    Table table;
    const char* verdict;
  };
  const Bomb bombs[] = {{Table::entries, "storage"},
                        {Table::tree, "tree; good 19"},
                        {Table::streams, "index; good 19"},
                        {Table::meta, "index; good 19"},
                        {Table::snapshots, "snapshot; good 19"}};
  std::vector<std::unique_ptr<LedgerCopy>> copies;
  for (const auto& bomb : bombs) {
    copies.push_back(std::make_unique<LedgerCopy>(story()));
    plant_page_bomb(copies.back()->directory().database(), bomb.table);
  }
  // First in a process of its own, where an audit that does not end is seen.
  auto outcomes = run_trials(copies.size(), 2, [&](unsigned) -> Trial {
    return [&](std::size_t n, const NoteOutcome&) {
      return copies[n]->audit().valid() ? Outcome::undetected : Outcome::found;
    };
  });
  for (std::size_t n = 0; n < copies.size(); ++n) {
    BOOST_TEST_CONTEXT(bombs[n].verdict) {
      BOOST_REQUIRE_MESSAGE(outcomes[n] == Outcome::found,
                            name_of(outcomes[n]));
      BOOST_TEST(verdict(*copies[n]) == bombs[n].verdict);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_backup_of_it_ends_and_leaves_nothing) {
  LedgerCopy copy{story()};
  plant_page_bomb(copy.directory().database(), Table::entries);
  ScratchDirectory scratch;
  auto target = scratch / "copy";
  auto run = run_ppn_ledger(
      {"backup", copy.directory().root.string(), target.string()});
  BOOST_TEST(run.exit_code == tools::exit_ledger_invalid);
  BOOST_TEST(mentions(run.errors, "without end"), run.errors);
  BOOST_TEST(std::filesystem::is_empty(scratch.path()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
