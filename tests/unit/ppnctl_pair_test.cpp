// The commands of ppnctl by which a node joins a mesh with a short code.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <set>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/pair_outcome.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

const std::string session_id(32, 'a');
const std::string other_id = "bbbb" + std::string(28, '0');
const std::string code = "ABCD-1234-6";
const std::string key =
    "0123456789abcdef0123456789abcdef" + std::string(32, 'f');

Json session_of(const char* side, const char* phase) {
  return {{"id", session_id}, {"side", side},        {"number", 7},
          {"phase", phase},   {"seconds_left", 312}, {"guesses_answered", 0},
          {"node", nullptr},  {"name", nullptr},     {"key", nullptr},
          {"mesh", nullptr},  {"symbols", nullptr},  {"outcome", nullptr},
          {"why", nullptr}};
}

/// Whose other side is called that.
Json met(Json session, const char* name) {
  session["phase"] = "met";
  session["node"] = std::string(32, '3');
  session["name"] = name;
  session["key"] = key;
  session["mesh"] = "home";
  session["symbols"] = "K3VQ";
  return session;
}

Json ended(Json session, const char* outcome, const char* phase = "ended") {
  session["phase"] = phase;
  session["outcome"] = outcome;
  session["why"] = std::string{"because of "} + outcome;
  return session;
}

std::string pairing(const Json& sessions) {
  return json_answer(Json{
      {"schema", "ppn.pairing.v1"},
      {"sessions", sessions},
      {"waiting", Json::array()},
      {"door_seconds_left", 0},
      {"connections", 0}}.dump());
}

std::string only(const Json& session) {
  return pairing(Json::array({session}));
}

std::string created(const Json& document) {
  return http_answer("201 Created", "application/json", document.dump());
}

std::string done(const char* schema) {
  return json_answer(Json{{"schema", schema}, {"session", session_id}}.dump());
}

std::string problem(const char* type) {
  return http_answer("409 Conflict", "application/problem+json",
                     std::string{R"({"type":"urn:ppn:problem:)"} + type +
                         R"(","detail":"the cause"})");
}

const std::string offered = created({{"schema", "ppn.pairing-offer.v1"},
                                     {"session", session_id},
                                     {"number", 7},
                                     {"code", code},
                                     {"seconds", 600}});
const std::string approved =
    created({{"schema", "ppn.pairing-approval.v1"}, {"session", session_id}});
const std::string cancelled = done("ppn.pairing-cancel.v1");

/// With nas at 10.8.0.3 and this node at 10.8.0.4.
std::string mesh_answer() {
  auto member = [](const char* name, const char* address, bool is_self) {
    return Json{{"name", name},
                {"roles", Json::array()},
                {"address", address},
                {"address6", nullptr},
                {"endpoints", Json::array()},
                {"self", is_self},
                {"heard", nullptr},
                {"clash", nullptr}};
  };
  return json_answer(Json{
      {"schema", "ppn.mesh.v1"},
      {"mesh",
       {{"name", "home"},
        {"range", "10.8.0.0/24"},
        {"range6", nullptr},
        {"version", 3},
        {"epoch", 1},
        {"restating", nullptr},
        {"member", true},
        {"members",
         {member("nas", "10.8.0.3", false), member("cloud", "10.8.0.4", true)}},
        {"former", Json::array()}}},
      {"frames", {{"dropped", Json::object()}}}}
                         .dump());
}

Json body_of(const std::string& request) {
  return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

std::string line_of(const std::string& request) {
  return request.substr(0, request.find(" HTTP/"));
}

const Json newcomer = session_of("newcomer", "waiting");
const Json authority = session_of("authority", "proving");

/// Signals that are for the program reach this thread alone.
class HeldBack {
 public:
  HeldBack() {
    sigset_t all{};
    ::sigemptyset(&all);
    ::sigaddset(&all, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~HeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldBack(const HeldBack&) = delete;
  HeldBack& operator=(const HeldBack&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_pair)

// -- join --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_code_is_shown_and_what_comes_of_it_said) {
  auto guessed = newcomer;
  guessed["guesses_answered"] = 2;
  auto with = met(guessed, "nas");
  FakeDaemon daemon{{{offered},
                     {only(newcomer)},
                     {only(guessed)},
                     {only(with)},
                     {only(with)},
                     {only(ended(with, "admitted", "admitted"))},
                     {only(ended(with, "admitted", "active"))},
                     {mesh_answer()}}};
  auto ran = run(daemon, {"pair", "join"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out ==
             "\n    7 · ABCD-1234-6\n\nto be typed on the authority within 10 "
             "minutes, ADDR being an address of this host:\n"
             "  ppnctl pair approve --from ADDR 7 ABCD-1234-6\n\n"
             "joined the mesh home at 10.8.0.4\n");
  BOOST_TEST(ran.err ==
             "waits for the code, 5:12 left\n"
             "2 guesses at the code are answered so far\n"
             "waits for the code, 5:12 left\n"
             "authority  nas\n"
             "node       33333333333333333333333333333333\n"
             "key        0123 4567 89ab cdef 0123 4567 89ab cdef  (the first "
             "16 of its 32 bytes)\n"
             "mesh       home\n"
             "symbols    K3VQ  (compare these with what the other operator "
             "sees)\n"
             "the authority's operator is asked\n"
             "this node is admitted\n"
             "admitted; the tunnel comes up\n");
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(0)) == "POST /v1/pairing/offers");
  BOOST_TEST(body_of(requests.at(0)) == Json::object());
  BOOST_TEST(line_of(requests.at(1)) == "GET /v1/pairing");
}

BOOST_AUTO_TEST_CASE(an_offer_says_no_more_than_was_asked_for) {
  FakeDaemon daemon{{{offered}, {offered}}};
  auto via = run(daemon, {"pair", "join", "--via", "192.0.2.1:7", "--symbols",
                          "6", "--no-wait"});
  BOOST_TEST(via.code == exit_ok);
  BOOST_TEST(mentions(via.out,
                      "while ppnctl pair open holds on 192.0.2.1:7:\n"
                      "  ppnctl pair approve 7 ABCD-1234-6\n"));
  BOOST_TEST(
      run(daemon, {"pair", "join", "--only-from", "2001:db8::1", "--endpoint",
                   "192.0.2.1:5", "--endpoint", "[2001:db8::1]:5", "--no-wait"})
          .code == exit_ok);
  auto requests = daemon.requests();
  BOOST_TEST(body_of(requests.at(0)) ==
             Json::parse(R"({"symbols": 6, "via": "192.0.2.1:7"})"));
  BOOST_TEST(body_of(requests.at(1)) ==
             Json::parse(R"({"only_from": "2001:db8::1",
                       "endpoints": ["192.0.2.1:5", "[2001:db8::1]:5"]})"));
}

BOOST_AUTO_TEST_CASE(a_program_gets_a_line_with_the_code_and_one_in_the_end) {
  FakeDaemon daemon{{{offered}, {only(ended(newcomer, "expired"))}}};
  auto ran = run(daemon, {"--json", "pair", "join"});
  BOOST_TEST(ran.code == exit_expired);
  auto end = ran.out.find('\n');
  BOOST_TEST(Json::parse(ran.out.substr(0, end)) ==
             (Json{{"schema", "ppn.pairing-offer.v1"},
                   {"session", session_id},
                   {"number", 7},
                   {"code", code},
                   {"seconds", 600}}));
  auto last = Json::parse(ran.out.substr(end));
  BOOST_TEST(last.at("schema") == "ppnctl.pair.v1");
  BOOST_TEST(last.at("id") == session_id);
  BOOST_TEST(last.at("outcome") == "expired");
  BOOST_TEST(last.at("address").is_null());
}

BOOST_AUTO_TEST_CASE(the_code_goes_to_standard_output_and_nowhere_else) {
  FakeDaemon daemon{
      {{offered}, {only(newcomer)}, {only(ended(newcomer, "burned"))}}};
  auto ran = run(daemon, {"pair", "join"});
  BOOST_TEST(ran.code == exit_burned);
  BOOST_TEST(mentions(ran.out, code));
  BOOST_TEST(!mentions(ran.err, "1234"), ran.err);
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_the_session) {
  HeldBack held_back;
  FakeDaemon daemon{{{offered}, {only(newcomer)}, {cancelled}}};
  ::raise(SIGINT);
  auto ran = run(daemon, {"pair", "join"});
  BOOST_TEST(ran.code == exit_interrupted);
  BOOST_TEST(
      ran.err.ends_with("session 7 is cancelled: its code is worthless\n"));
  BOOST_TEST(line_of(daemon.requests().at(2)) ==
             "DELETE /v1/pairing/sessions/" + session_id);
}

BOOST_AUTO_TEST_CASE(a_code_that_nobody_read_is_worthless) {
  FakeDaemon daemon{{{offered}, {cancelled}}};
  auto socket = daemon.path();
  std::array<const char*, 5> arguments{"ppnctl", "--socket", socket.c_str(),
                                       "pair", "join"};
  int exit = 0;
  {
    Redirected output{STDOUT_FILENO, "/dev/full"};
    exit = CommandLine{"1"}.run(arguments.size(), arguments.data());
  }
  BOOST_TEST(exit == exit_failed);
  BOOST_TEST(line_of(daemon.requests().at(1)) ==
             "DELETE /v1/pairing/sessions/" + session_id);
}

BOOST_AUTO_TEST_CASE(a_session_that_is_forgotten_ended_with_its_ppnd) {
  FakeDaemon daemon{{{offered}, {problem("busy")}, {pairing(Json::array())}}};
  auto ran = run(daemon, {"pair", "join"});
  BOOST_TEST(ran.code == exit_restarted);
  BOOST_TEST(mentions(ran.err, "ppnctl: the node was started again\n"));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_offered_is_said) {
  FakeDaemon daemon{{{problem("refused")}, {problem("bad-request")}}};
  BOOST_TEST(run(daemon, {"pair", "join"}).code == exit_refused);
  auto ran = run(daemon, {"pair", "join"});
  BOOST_TEST(ran.code == exit_usage);
  BOOST_TEST(ran.out.empty());
}

// -- approve -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_newcomer_is_shown_and_admitted) {
  auto nas = met(authority, "nas");
  FakeDaemon daemon{{{approved},
                     {only(authority)},
                     {only(nas)},
                     {done("ppn.pairing-admit.v1")},
                     {only(ended(nas, "admitted", "admitted"))},
                     {only(ended(nas, "admitted", "active"))},
                     {mesh_answer()}}};
  auto ran = run(daemon, {"pair", "approve", "--from", "192.0.2.3", "--yes",
                          "7", "·", "abcd-1234-6"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "nas is a member of home at 10.8.0.3\n");
  BOOST_TEST(mentions(
      ran.err,
      "newcomer  nas\n"
      "node      33333333333333333333333333333333\n"
      "key       0123 4567 89ab cdef 0123 4567 89ab cdef  (the first 16 of "
      "its 32 bytes)\n"
      "mesh      home\n"
      "symbols   K3VQ  (compare these with what the other operator sees)\n"));
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(0)) == "POST /v1/pairing/approvals");
  BOOST_TEST(
      body_of(requests.at(0)) ==
      (Json{{"from", "192.0.2.3"}, {"code", "abcd-1234-6"}, {"number", 7}}));
  BOOST_TEST(line_of(requests.at(3)) ==
             "POST /v1/pairing/sessions/" + session_id + "/admit");
}

BOOST_AUTO_TEST_CASE(a_program_gets_who_was_admitted_and_where_it_is) {
  auto nas = met(authority, "nas");
  FakeDaemon daemon{{{approved},
                     {only(nas)},
                     {done("ppn.pairing-admit.v1")},
                     {only(ended(nas, "admitted", "active"))},
                     {mesh_answer()}}};
  auto ran = run(daemon, {"--json", "pair", "approve", "--yes", code.c_str()});
  BOOST_TEST(ran.code == exit_ok);
  auto line = Json::parse(ran.out);
  BOOST_TEST(line.at("name") == "nas");
  BOOST_TEST(line.at("outcome") == "admitted");
  BOOST_TEST(line.at("address") == "10.8.0.3");
  BOOST_TEST(!body_of(daemon.requests().at(0)).contains("number"));
}

/// The tunnel comes up whoever looks.
BOOST_AUTO_TEST_CASE(who_was_admitted_may_be_seen_later) {
  HeldBack held_back;
  auto nas = met(authority, "nas");
  std::vector<FakeDaemon::Pieces> answers{{approved},
                                          {only(nas)},
                                          {done("ppn.pairing-admit.v1")},
                                          {pairing(Json::array())},
                                          {mesh_answer()}};
  FakeDaemon daemon{answers};
  ::raise(SIGINT);
  // The interrupt comes while the tunnel is waited for: before, it was met at
  // once.
  auto ran = run(daemon, {"pair", "approve", "--yes", "--json", code.c_str()});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(Json::parse(ran.out).at("outcome") == "admitted");
  BOOST_TEST(mentions(ran.err,
                      "nas was not seen yet; its tunnel may take longer: "
                      "ppnctl peers\n"));
}

BOOST_AUTO_TEST_CASE(what_fails_at_the_last_moment_is_said_as_it_ended) {
  auto nas = met(authority, "nas");
  FakeDaemon daemon{{{approved},
                     {only(nas)},
                     {problem("not-found")},
                     {only(ended(nas, "expired"))},
                     {approved},
                     {only(nas)},
                     {problem("refused")},
                     {only(nas)}}};
  auto ran = run(daemon, {"pair", "approve", "--yes", code.c_str()});
  BOOST_TEST(ran.code == exit_expired);
  BOOST_TEST(mentions(ran.err, "ppnctl: because of expired\n"));
  ran = run(daemon, {"pair", "approve", "--yes", code.c_str()});
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(mentions(ran.err, "ppnctl: the cause\n"));
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_what_was_approved) {
  HeldBack held_back;
  FakeDaemon daemon{{{approved}, {only(authority)}, {cancelled}}};
  ::raise(SIGINT);
  auto ran = run(daemon, {"pair", "approve", "--yes", code.c_str()});
  BOOST_TEST(ran.code == exit_interrupted);
  BOOST_TEST(line_of(daemon.requests().at(2)) ==
             "DELETE /v1/pairing/sessions/" + session_id);
}

/// What ppnd says of a slip is what is shown, and nothing was spent.
BOOST_AUTO_TEST_CASE(a_slip_is_a_mistake_of_usage) {
  FakeDaemon daemon{{{problem("bad-request")}}};
  auto ran = run(daemon, {"pair", "approve", "--yes", "ABCD-1235-6"});
  BOOST_TEST(ran.code == exit_usage);
  BOOST_TEST(ran.err == "ppnctl: the cause\n");
}

/// Neither is consent taken for granted, nor a code spent before that.
BOOST_AUTO_TEST_CASE(without_a_terminal_an_approval_says_all) {
  FakeDaemon daemon{{}};
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"pair", "approve", code.c_str()},
           {"pair", "approve", "--yes"},
           {"pair", "approve", "--yes", "7"},
           {"pair", "approve", "--yes", "x", "·", code.c_str()}}) {
    auto ran = run(daemon, arguments);
    BOOST_TEST(ran.code == exit_usage);
    BOOST_TEST(!mentions(ran.err, "1234"), ran.err);
  }
  BOOST_TEST(daemon.requests().empty());
}

// -- how it ends -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_end_has_a_message_and_an_exit_code_of_its_own) {
  const std::vector<std::pair<const char*, int>> ends{
      {"refused", 5},     {"expired", 7},         {"wrong_code", 20},
      {"burned", 21},     {"unreachable", 22},    {"name_taken", 23},
      {"range_full", 24}, {"already_member", 25}, {"cancelled", 26},
      {"broken", 27},     {"restarted", 28}};
  std::vector<FakeDaemon::Pieces> answers;
  for (const auto& [outcome, exit] : ends) {
    answers.push_back({approved});
    answers.push_back({only(ended(authority, outcome))});
  }
  FakeDaemon daemon{answers};
  std::set<std::string> said;
  for (const auto& [outcome, exit] : ends) {
    auto ran = run(daemon, {"pair", "approve", "--yes", code.c_str()});
    BOOST_TEST(ran.code == exit, outcome);
    BOOST_TEST(mentions(ran.err,
                        std::string{"ppnctl: because of "} + outcome + "\n  "),
               ran.err);
    said.insert(ran.err.substr(ran.err.find("\n  ")));
  }
  BOOST_TEST(said.size() == ends.size());
}

BOOST_AUTO_TEST_CASE(each_end_says_to_either_side_what_to_do) {
  for (const char* outcome :
       {"refused", "expired", "wrong_code", "burned", "unreachable",
        "name_taken", "range_full", "already_member", "cancelled", "broken",
        "restarted"})
    for (bool is_newcomer : {true, false}) {
      PairSession session{};
      session.is_newcomer = is_newcomer;
      session.outcome = outcome;
      auto failure = failure_of(session);
      BOOST_TEST(failure.code != exit_failed, outcome);
      BOOST_TEST(mentions(failure.advice, "ppn"), outcome);
    }
  PairSession session{};
  session.outcome = "struck_by_lightning";
  BOOST_TEST(failure_of(session).code == exit_failed);
  BOOST_TEST(failure_of(session).what == "struck_by_lightning");
}

// -- list, open, close and cancel --------------------------------------------

BOOST_AUTO_TEST_CASE(a_list_is_one_document_or_a_table) {
  FakeDaemon daemon{{{only(newcomer)}, {only(newcomer)}, {json_answer("{}")}}};
  auto table = run(daemon, {"pair", "list"});
  BOOST_TEST(table.code == exit_ok);
  BOOST_TEST(table.out.starts_with("session  side      phase    left  "));
  auto document = run(daemon, {"pair", "list", "--json"});
  BOOST_TEST(Json::parse(document.out).at("sessions").at(0) == newcomer);
  BOOST_TEST(run(daemon, {"pair", "list"}).code == exit_failed);
}

BOOST_AUTO_TEST_CASE(a_door_is_opened_and_shut) {
  auto door = [](int seconds) {
    return json_answer(
        Json{{"schema", "ppn.pairing-door.v1"}, {"seconds", seconds}}.dump());
  };
  FakeDaemon daemon{{{door(600)}, {door(60)}, {door(0)}}};
  auto opened = run(daemon, {"pair", "open"});
  BOOST_TEST(opened.code == exit_ok);
  BOOST_TEST(opened.out.starts_with(
      "newcomers may come by this member for 10 minutes: "));
  BOOST_TEST(run(daemon, {"pair", "open", "--seconds", "60", "--only-from",
                          "192.0.2.1", "--json"})
                 .out ==
             "{\"schema\":\"ppn.pairing-door.v1\",\"seconds\":60}\n");
  BOOST_TEST(run(daemon, {"pair", "close"}).out ==
             "no newcomer may come by this member any more\n");
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(0)) == "POST /v1/pairing/door");
  BOOST_TEST(body_of(requests.at(0)) == (Json{{"seconds", 600}}));
  BOOST_TEST(body_of(requests.at(1)) ==
             (Json{{"seconds", 60}, {"only_from", "192.0.2.1"}}));
  BOOST_TEST(body_of(requests.at(2)) == (Json{{"seconds", 0}}));
}

BOOST_AUTO_TEST_CASE(a_session_is_cancelled_however_it_is_named) {
  auto other = session_of("authority", "calling");
  other["id"] = other_id;
  other["number"] = nullptr;
  auto both = pairing({newcomer, other});
  auto cancel = [&](std::vector<const char*> arguments,
                    const std::string& answer) {
    FakeDaemon daemon{{{answer}, {cancelled}}};
    arguments.insert(arguments.begin(), {"pair", "cancel"});
    auto ran = run(daemon, arguments);
    auto requests = daemon.requests();
    return std::pair{ran, requests.size() == 2 ? line_of(requests[1]) : ""};
  };
  const std::string of_newcomer = "DELETE /v1/pairing/sessions/" + session_id;
  auto [ran, request] = cancel({}, only(newcomer));
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "cancelled session 7\n");
  BOOST_TEST(request == of_newcomer);
  BOOST_TEST(cancel({"7"}, both).second == of_newcomer);
  BOOST_TEST(cancel({session_id.c_str()}, both).second == of_newcomer);
  BOOST_TEST(cancel({"bbbb"}, both).second ==
             "DELETE /v1/pairing/sessions/" + other_id);
  BOOST_TEST(cancel({}, both).first.code == exit_usage);
  for (const char* nobody : {"8", "aaa", "cccc", ""})
    BOOST_TEST(cancel({nobody}, both).first.code == exit_failed, nobody);
  BOOST_TEST(cancel({"7"}, only(ended(newcomer, "expired"))).first.code ==
             exit_failed);
  BOOST_TEST(cancel({}, pairing(Json::array())).first.code == exit_failed);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
