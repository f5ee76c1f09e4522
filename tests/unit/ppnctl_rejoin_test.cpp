// ppnctl node rejoin: what ppnd tells of it, and what a person is told.
#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"
#include "tools/ppnctl/node_rejoin.hpp"
#include "tools/ppnctl/ppnd_program.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

Json plan_document() {
  return Json::parse(R"({"schema": "ppn.rejoin-plan.v1", "state_dir": "/state",
    "node": "old", "name": "cloud", "name_told": true, "begun": false,
    "lost": true, "why": "it was rolled back", "checkpoint_size": 15,
    "checkpoint_verified": true, "former": "/state/former/old"})");
}

Json done_document() {
  return Json::parse(R"({"schema": "ppn.rejoin.v1", "state_dir": "/state",
    "node": "new", "name": "cloud", "key": "k", "replaces": "old",
    "checkpoint_size": 15, "former": "/state/former/old"})");
}

RejoinPlan plan() {
  auto plan = read_rejoin_plan(plan_document());
  BOOST_REQUIRE(plan.ok());
  return *plan;
}

template <class Read>
void expect_needed(const Json& document, const char* field, Read read) {
  BOOST_TEST(bool{read(document)});
  auto without = document;
  without.erase(field);
  BOOST_TEST(!read(without), "without " << field);
  auto strange = document;
  strange[field] = Json::array({1, nullptr});
  BOOST_TEST(!read(strange), "with another kind of " << field);
}

/// A program in the place of ppnd.
struct Program {
  explicit Program(const std::string& script) {
    std::ofstream{path} << "#!/bin/sh\n" << script;
    BOOST_REQUIRE(::chmod(path.c_str(), 0700) == 0);
  }

  [[nodiscard]] Result<Json> ask() const {
    return ask_program(path, {"--one", "two words"});
  }

  ScratchDirectory scratch;
  std::string path = (scratch / "program").string();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_rejoin)

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_plan_needs_its_fields) {
  for (const char* field :
       {"schema", "state_dir", "node", "name", "name_told", "begun", "lost",
        "why", "checkpoint_size", "checkpoint_verified", "former"})
    expect_needed(plan_document(), field, read_rejoin_plan);
}

BOOST_AUTO_TEST_CASE(what_was_done_needs_its_fields) {
  for (const char* field : {"schema", "node", "name", "replaces", "former"})
    expect_needed(done_document(), field, read_rejoined);
}

// -- what is refused ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_that_is_lost_may_rejoin) {
  BOOST_TEST(!fault_of_rejoin(plan(), false).has_value());
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_must_be_forced) {
  auto good = plan();
  good.is_lost = false;
  good.why = std::nullopt;
  auto fault = fault_of_rejoin(good, false);
  BOOST_REQUIRE(fault.has_value());
  BOOST_TEST(fault->code == exit_refused);
  BOOST_TEST(mentions(fault->what, "nothing keeps node old (cloud)"));
  BOOST_TEST(mentions(fault->advice, "--force"));
  BOOST_TEST(!fault_of_rejoin(good, true).has_value());
}

BOOST_AUTO_TEST_CASE(what_else_keeps_a_node_from_starting_is_said) {
  auto newer = plan();
  newer.is_lost = false;
  newer.why = "it is too new";
  auto fault = fault_of_rejoin(newer, false);
  BOOST_REQUIRE(fault.has_value());
  BOOST_TEST(mentions(fault->what, "it is too new"));
}

// -- for a person ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_person_is_told_what_it_does) {
  BOOST_TEST(rejoin_plan_text(plan()) ==
             "node old does not start in /state:\n"
             "  it was rolled back\n"
             "a rejoin will:\n"
             "  give up this identity for ever, and wipe its private keys\n"
             "  keep its ledger, for reading only, in /state/former/old\n"
             "  begin a new identity called cloud, whose first entry names the "
             "old one and its\n  last checkpoint, of 15 entries\n");
}

BOOST_AUTO_TEST_CASE(a_person_is_told_what_is_not_known) {
  auto unread = plan();
  unread.is_name_told = false;
  unread.is_checkpoint_verified = false;
  auto text = rejoin_plan_text(unread);
  BOOST_TEST(mentions(text, "its ledger can not be read"));
  BOOST_TEST(mentions(text, "the old name is not known"));
}

BOOST_AUTO_TEST_CASE(a_person_is_told_that_it_goes_on) {
  auto begun = plan();
  begun.is_begun = true;
  begun.why = std::nullopt;
  BOOST_TEST(mentions(rejoin_plan_text(begun),
                      "a rejoin of node old was begun, and not done to the "
                      "end\n"));
}

BOOST_AUTO_TEST_CASE(a_person_is_told_what_to_do_next) {
  auto rejoined = read_rejoined(done_document());
  BOOST_REQUIRE(rejoined.ok());
  auto text = rejoined_text(*rejoined);
  for (const char* line : {"cloud is node new now, in the place of old\n",
                           "  ppn-ledger verify /state/former/old\n",
                           "  ppnctl mesh export cloud.mesh\n",
                           "  ppnctl mesh replace cloud cloud.mesh\n",
                           "  ppnctl mesh export mesh.roster\n",
                           "  ppnctl mesh import mesh.roster\n"})
    BOOST_TEST(mentions(text, line), line);
}

BOOST_AUTO_TEST_CASE(nothing_that_is_told_steers_a_terminal) {
  auto hostile = plan();
  for (auto* text :
       {&hostile.state_dir, &hostile.node, &hostile.name, &hostile.former})
    *text += '\x1b';
  hostile.why = "\x1b";
  BOOST_TEST(!mentions(rejoin_plan_text(hostile), "\x1b"));
}

// -- ppnd as a program -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_program_answers_with_a_document) {
  Program program{R"(test "$2" = 'two words' && echo '{"a": 1}')"};
  auto document = program.ask();
  BOOST_REQUIRE(document.ok());
  BOOST_TEST(document->dump() == R"({"a":1})");
}

BOOST_AUTO_TEST_CASE(a_program_says_why_it_does_nothing) {
  Program program{
      R"(echo '{"schema": "ppn.rejoin-refusal.v1", "error": "why"}'; exit 8)"};
  auto document = program.ask();
  BOOST_REQUIRE(!document.ok());
  BOOST_TEST(document.error().code == exit_ledger_invalid);
  BOOST_TEST(document.error().what == "why");
}

BOOST_AUTO_TEST_CASE(a_program_that_says_nothing_is_said) {
  for (const char* script :
       {"exit 1", "kill -SEGV $$", "echo nonsense; exit 3"}) {
    auto document = Program{script}.ask();
    BOOST_REQUIRE(!document.ok());
    BOOST_TEST(document.error().code == exit_failed);
    BOOST_TEST(mentions(document.error().what, "ended without an answer"));
  }
  BOOST_TEST(!Program{"echo nonsense"}.ask().ok());
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_said) {
  auto document = ask_program("/nowhere/ppnd", {});
  BOOST_REQUIRE(!document.ok());
  BOOST_TEST(mentions(document.error().what, "cannot start /nowhere/ppnd"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
