// What an operator types in a ceremony, and how its documents read.
#include <boost/test/unit_test.hpp>

#include <cstring>

#include "tests/unit/expect.hpp"
#include "tools/ppnctl/pair_code.hpp"
#include "tools/ppnctl/pair_documents.hpp"
#include "tools/ppnctl/pair_place.hpp"
#include "tools/ppnctl/pair_text.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

Json pairing_document() {
  return Json::parse(R"({"schema": "ppn.pairing.v1", "sessions": [
      {"id": "0123456789abcdef0123456789abcdef", "side": "authority",
       "number": 7, "phase": "met", "seconds_left": 312,
       "guesses_answered": 0, "node": "33", "name": "nas\u001b", "key": "44",
       "mesh": "home", "symbols": "K3VQ", "outcome": null, "why": null},
      {"id": "fedcba9876543210fedcba9876543210", "side": "newcomer",
       "number": null, "phase": "ended", "seconds_left": 0,
       "guesses_answered": 5, "node": null, "name": null, "key": null,
       "mesh": null, "symbols": null, "outcome": "burned",
       "why": "too many guesses"}],
    "waiting": [
      {"number": 812, "from": "192.0.2.8", "passed_on": true,
       "seconds_left": 598},
      {"number": 9, "from": "2001:db8::9", "passed_on": false,
       "seconds_left": 5}],
    "door_seconds_left": 60, "connections": 3})");
}

std::string typed(const std::vector<std::string>& pieces) {
  auto read = read_typed_code(pieces);
  BOOST_REQUIRE(read);
  return (read->number ? std::to_string(*read->number) : "-") + " " +
         read->code;
}

std::string placed(const char* written, Port port) {
  auto place = resolve_place(written, port);
  if (!place) {
    BOOST_TEST(place.error().code == exit_usage, place.error().what);
    return "refused";
  }
  return *place;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_pair_text)

// -- codes -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_code_is_read_with_its_number_or_without) {
  const std::string code = "ABCD-1234-6";
  BOOST_TEST(typed({code}) == "- ABCD-1234-6");
  BOOST_TEST(typed({"7", code}) == "7 ABCD-1234-6");
  BOOST_TEST(typed({"7·ABCD-1234-6"}) == "7 ABCD-1234-6");
  BOOST_TEST(typed({"7 ABCD-1234-6"}) == "7 ABCD-1234-6");
  BOOST_TEST(typed({" 7 · ABCD-1234-6 "}) == "7 ABCD-1234-6");
  BOOST_TEST(typed({"7", "·", code}) == "7 ABCD-1234-6");
  BOOST_TEST(typed({"1000·ABCD-1234-6"}) == "1000 ABCD-1234-6");
  BOOST_TEST(typed({"ABCD", "1234", "6"}) == "- ABCD 1234 6");
  BOOST_TEST(typed({"1234", "ABCD", "6"}) == "- 1234 ABCD 6");
  BOOST_TEST(typed({"812 1234 ABCD 6"}) == "812 1234 ABCD 6");
}

BOOST_AUTO_TEST_CASE(a_code_may_be_left_out) {
  BOOST_TEST(typed({}) == "- ");
  BOOST_TEST(typed({""}) == "- ");
  BOOST_TEST(typed({"7"}) == "7 ");
  BOOST_TEST(typed({"7 ·"}) == "7 ");
}

BOOST_AUTO_TEST_CASE(what_is_no_number_before_the_dot_is_refused) {
  for (const char* text :
       {"x·ABCD-1234-6", "·ABCD-1234-6", "-7·ABCD-1234-6", "7 8·ABCD-1234-6",
        "4294967296·ABCD-1234-6", "ABCD·1234·6"}) {
    auto read = read_typed_code({text});
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().code == exit_usage);
    BOOST_TEST(!mentions(read.error().what + read.error().advice, "1234"));
  }
}

/// What stands there is what `ps` shows to everybody.
BOOST_AUTO_TEST_CASE(a_code_does_not_stay_among_the_arguments) {
  auto shown = [](std::vector<std::string> memory) {
    auto given = memory;
    std::vector<char*> argv;
    for (auto& argument : memory) argv.push_back(argument.data());
    BOOST_TEST(
        (take_arguments(static_cast<int>(argv.size()), argv.data()) == given));
    std::string line;
    for (const char* argument : argv)
      line += (line.empty() ? "" : " ") + std::string{argument};
    return line;
  };
  BOOST_TEST(shown({"ppnctl", "pair", "approve", "7", "ABCD-1234-6"}) ==
             "ppnctl pair approve * ***********");
  BOOST_TEST(shown({"ppnctl", "--json", "pair", "approve", "--from", "nas",
                    "ABCD-1234-6", ""}) ==
             "ppnctl --json pair approve ****** *** *********** ");
  BOOST_TEST(shown({"ppnctl", "pair", "approve"}) == "ppnctl pair approve");
  BOOST_TEST(shown({"ppnctl", "mesh", "remove", "approve", "x"}) ==
             "ppnctl mesh remove approve x");
  BOOST_TEST(shown({"ppnctl"}) == "ppnctl");
  BOOST_TEST(shown({}) == "");
}

// -- places ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_address_stays_as_it_is) {
  for (auto port : {Port::none, Port::optional}) {
    BOOST_TEST(placed("192.0.2.1", port) == "192.0.2.1");
    BOOST_TEST(placed("2001:db8::1", port) == "2001:db8::1");
    BOOST_TEST(placed("2001:DB8:0::1", port) == "2001:db8::1");
    BOOST_TEST(placed("2001:db8::", port) == "2001:db8::");
    BOOST_TEST(placed("[2001:db8::1]", port) == "2001:db8::1");
  }
  for (auto port : {Port::optional, Port::required}) {
    BOOST_TEST(placed("192.0.2.1:9205", port) == "192.0.2.1:9205");
    BOOST_TEST(placed("[2001:db8::1]:9205", port) == "[2001:db8::1]:9205");
  }
}

BOOST_AUTO_TEST_CASE(a_port_goes_where_one_is_due) {
  for (const char* written : {"192.0.2.1:9205", "[2001:db8::1]:9205"})
    BOOST_TEST(placed(written, Port::none) == "refused");
  for (const char* written : {"192.0.2.1", "2001:db8::1", "[2001:db8::1]"})
    BOOST_TEST(placed(written, Port::required) == "refused");
  for (const char* written :
       {"", ":", ":9205", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
        "192.0.2.1:+5", "192.0.2.1:09", "192.0.2.1:x", "[]", "[]:5",
        "[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]5", "[2001:db8::1]:"})
    BOOST_TEST(placed(written, Port::optional) == "refused", written);
}

BOOST_AUTO_TEST_CASE(a_name_is_looked_up) {
  auto here = resolve_place("localhost:9205", Port::optional);
  BOOST_REQUIRE(here);
  BOOST_TEST((*here == "127.0.0.1:9205" || *here == "[::1]:9205"), *here);
  auto nowhere = resolve_place("nowhere.invalid", Port::none);
  BOOST_REQUIRE(!nowhere);
  BOOST_TEST(nowhere.error().code == exit_failed);
  BOOST_TEST(nowhere.error().what.starts_with(
      "cannot find the address of 'nowhere.invalid': "));
}

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_pairing_needs_its_fields) {
  BOOST_REQUIRE(read_pairing(pairing_document()));
  for (const char* path : {"/schema",
                           "/sessions",
                           "/waiting",
                           "/door_seconds_left",
                           "/sessions/0/id",
                           "/sessions/0/side",
                           "/sessions/0/number",
                           "/sessions/0/phase",
                           "/sessions/0/seconds_left",
                           "/sessions/0/guesses_answered",
                           "/sessions/0/node",
                           "/sessions/0/name",
                           "/sessions/0/key",
                           "/sessions/0/mesh",
                           "/sessions/0/symbols",
                           "/sessions/0/outcome",
                           "/sessions/0/why",
                           "/waiting/0/number",
                           "/waiting/0/from",
                           "/waiting/0/passed_on",
                           "/waiting/0/seconds_left"}) {
    Json::json_pointer pointer{path};
    auto without = pairing_document();
    without.at(pointer.parent_pointer()).erase(pointer.back());
    BOOST_TEST(!read_pairing(without), path);
    auto strange = pairing_document();
    strange.at(pointer) = 7.5;
    BOOST_TEST(!read_pairing(strange), path);
  }
  auto strange = pairing_document();
  strange["sessions"][0]["id"] = "../door";
  BOOST_TEST(!read_pairing(strange));
}

BOOST_AUTO_TEST_CASE(an_answer_names_its_session) {
  Json offer{{"schema", "ppn.pairing-offer.v1"},
             {"session", std::string(32, 'a')},
             {"number", 7U},
             {"code", "ABCD-1234-6"},
             {"seconds", 600U}};
  BOOST_TEST(bool{read_pair_offer(offer)});
  offer["session"] = "7";
  BOOST_TEST(!read_pair_offer(offer));
  BOOST_TEST(!read_pair_approval(
      {{"schema", "ppn.pairing-approval.v1"}, {"session", "7"}}));
  BOOST_TEST(!read_pair_door({{"schema", "ppn.pairing-door.v1"}}));
}

// -- texts -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_pairing_is_tables_that_line_up) {
  auto pairing = read_pairing(pairing_document());
  BOOST_REQUIRE(pairing);
  BOOST_TEST(
      pairing_text(*pairing) ==
      "session  side       phase  left  guesses  with  mesh  symbols  id       "
      "                         how it ended\n"
      "7        authority  met    5:12  0        nas?  home  K3VQ     "
      "0123456789abcdef0123456789abcdef  -\n"
      "-        newcomer   ended  -     5        -     -     -        "
      "fedcba9876543210fedcba9876543210  too many guesses\n"
      "\n"
      "newcomer  from         how        left\n"
      "812       192.0.2.8    passed on  9:58\n"
      "9         2001:db8::9  by itself  0:05\n"
      "to admit one, with its code: ppnctl pair approve NEWCOMER CODE\n"
      "\n"
      "newcomers may come by this member, 1:00 left\n");
  BOOST_TEST(pairing_text({}) == "no session, and nobody waits\n");
}

BOOST_AUTO_TEST_CASE(a_code_is_easily_found_on_a_terminal) {
  PairOffer offer{std::string(32, 'a'), 7, "ABCD-1234-6", 600};
  BOOST_TEST(mentions(code_text(offer, "", true),
                      "\n    \x1b[1m7 · ABCD-1234-6\x1b[0m\n\n"));
  BOOST_TEST(!mentions(code_text(offer, "", false), "\x1b"));
}

BOOST_AUTO_TEST_CASE(what_is_waited_for_is_said_in_one_line) {
  PairSession session{};
  session.seconds_left = 61;
  for (const auto& [phase, words] :
       {std::pair{"waiting", "waits for the code, 1:01 left"},
        std::pair{"calling", "calls the newcomer, 1:01 left"},
        std::pair{"proving", "the code is being proved, 1:01 left"},
        std::pair{"met", "the authority's operator is asked"},
        std::pair{"admitting", "the newcomer is being admitted"},
        std::pair{"admitted", "admitted; the tunnel comes up"},
        std::pair{"new\x1b", "new?"}}) {
    session.phase = phase;
    BOOST_TEST(progress_text(session) == words);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
