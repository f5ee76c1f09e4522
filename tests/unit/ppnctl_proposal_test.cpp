// Proposals as a person names, makes and reads them.
#include <boost/test/unit_test.hpp>

#include "tools/ppnctl/change.hpp"
#include "tools/ppnctl/proposal.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

const std::string id_a = "aaaa1" + std::string(27, '0');
const std::string id_b = "aaaa2" + std::string(27, '0');

std::vector<Proposal> two_proposals() {
  return {{id_a, "grant", "kind=grant", {"grant x"}},
          {id_b, "revoke", "kind=revoke", {"revoke\x1b", "and y", "and z"}}};
}

GrantOptions a_grant() {
  return {.subject = "s",
          .resource = "r",
          .rights = "read,write",
          .duration = {},
          .parent = {},
          .consent = {}};
}

template <class T>
ExitCode code_of(const Result<T>& result) {
  return result ? exit_ok : result.error().code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_proposal)

BOOST_AUTO_TEST_CASE(proposals_are_a_table) {
  BOOST_TEST(proposals_text(two_proposals()) ==
             "proposal                          what\n" + id_a + "  grant x\n" +
                 id_b + "  revoke? (+2 more)\n");
  BOOST_TEST(proposals_text({}) == "no proposal waits\n");
}

BOOST_AUTO_TEST_CASE(a_proposal_shows_all_of_its_plan) {
  BOOST_TEST(proposal_text(two_proposals()[1]) == "proposal  " + id_b +
                                                      "\n"
                                                      "change    kind=revoke\n"
                                                      "a commit will:\n"
                                                      "  revoke?\n"
                                                      "  and y\n"
                                                      "  and z\n");
}

BOOST_AUTO_TEST_CASE(an_id_may_be_written_as_its_beginning) {
  auto prefix = read_prefix("AAaA1");
  BOOST_REQUIRE(prefix);
  BOOST_TEST(*prefix == "aaaa1");
  auto found = find_by_prefix(two_proposals(), *prefix);
  BOOST_REQUIRE(found);
  BOOST_TEST(found->id == id_a);
}

BOOST_AUTO_TEST_CASE(a_beginning_has_to_tell_one_from_the_others) {
  BOOST_TEST(code_of(find_by_prefix(two_proposals(), "aaaa")) == exit_usage);
  BOOST_TEST(code_of(find_by_prefix(two_proposals(), "bbbb")) == exit_failed);
}

BOOST_AUTO_TEST_CASE(what_is_no_beginning_of_an_id_is_refused) {
  for (const char* text : {"", "aaa", "aaag", "../aaaa", "aaaa "})
    BOOST_TEST(code_of(read_prefix(text)) == exit_usage, text);
  BOOST_TEST(code_of(read_prefix(id_a + "0")) == exit_usage);
  BOOST_TEST(code_of(read_prefix(id_a)) == exit_ok);
}

// -- changes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_grant_is_proposed_as_it_was_asked_for) {
  auto change = grant_change(a_grant());
  BOOST_REQUIRE(change);
  BOOST_TEST(change->dump() ==
             R"({"kind":"grant","subject":"s","resource":"r",)"
             R"("rights":["read","write"]})");
}

BOOST_AUTO_TEST_CASE(a_grant_may_end_and_hang_from_another) {
  auto options = a_grant();
  options.duration = "15m";
  options.parent = id_a;
  auto change = grant_change(options);
  BOOST_REQUIRE(change);
  BOOST_TEST(change->at("seconds").get<int>() == 900);
  BOOST_TEST(change->at("parent").get<std::string>() == id_a);
}

BOOST_AUTO_TEST_CASE(a_grant_that_makes_no_sense_is_refused) {
  for (const char* rights : {"", "read,", "Read", "read write"}) {
    auto options = a_grant();
    options.rights = rights;
    BOOST_TEST(code_of(grant_change(options)) == exit_usage, rights);
  }
  for (const char* duration : {"", "0s", "15", "-5m", "2026-11-23"}) {
    auto options = a_grant();
    options.duration = duration;
    BOOST_TEST(code_of(grant_change(options)) == exit_usage, duration);
  }
  auto options = a_grant();
  options.parent = "aaaa1";
  BOOST_TEST(code_of(grant_change(options)) == exit_usage);
}

BOOST_AUTO_TEST_CASE(a_revocation_names_a_grant_and_a_reason) {
  auto change = revoke_change({id_a, "left", {}});
  BOOST_REQUIRE(change);
  BOOST_TEST(change->dump() ==
             R"({"kind":"revoke","grant":")" + id_a + R"(","reason":"left"})");
  BOOST_TEST(code_of(revoke_change({"x", "left", {}})) == exit_usage);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
