// ppnctl and something that listens where ppnd should.
#include <boost/test/unit_test.hpp>

#include "tests/unit/fake_daemon.hpp"
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/command_line.hpp"
#include "tools/ppnctl/connection.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

const std::string proposal_id(32, 'a');
const std::string proposal = R"({"schema":"ppn.proposal.v1","id":")" +
                             proposal_id +
                             R"(","change":{"kind":"grant"},"plan":["x"]})";
const std::string committed =
    R"({"schema":"ppn.commit.v1","proposal":"a","sequence":5})";

std::string problem(const std::string& status, const std::string& type) {
  return http_answer(
      status, "application/problem+json",
      R"({"type":"urn:ppn:problem:)" + type + R"(","detail":"the cause"})");
}

std::string stream_of(const std::string& body) {
  return http_answer("200 OK", "text/event-stream", body);
}

/// What the program exits with.
int run(const std::string& socket, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"ppnctl", "--socket", socket.c_str()});
  return CommandLine{"1"}.run(static_cast<int>(arguments.size()),
                              arguments.data());
}

StreamEnd follow(const std::string& socket, std::string& taken) {
  return Client{socket}.stream(
      {.target = "/s"}, [] {},
      [&](std::string_view piece) {
        taken += piece;
        return std::optional<Failure>{};
      });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_client)

// -- asking ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_document_comes_in_pieces) {
  auto bytes = json_answer(R"({"a":1})");
  FakeDaemon daemon{
      {{bytes.substr(0, 20), bytes.substr(20, 40), bytes.substr(60)}}};
  auto document = Client{daemon.path()}.get("/v1/x");
  BOOST_REQUIRE(document);
  BOOST_TEST(document->at("a").get<int>() == 1);
  BOOST_TEST(daemon.requests().at(0).starts_with("GET /v1/x HTTP/1.1\r\n"));
}

BOOST_AUTO_TEST_CASE(a_text_is_no_document) {
  FakeDaemon daemon{{{http_answer("200 OK", "text/plain", "a\nb\n")},
                     {json_answer("{}")},
                     {problem("409 Conflict", "refused")}}};
  Client client{daemon.path()};
  auto text = client.get_text("/v1/x");
  BOOST_REQUIRE(text);
  BOOST_TEST(*text == "a\nb\n");
  BOOST_TEST(!client.get_text("/v1/x"));
  auto refused = client.get_text("/v1/x");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == exit_refused);
}

BOOST_AUTO_TEST_CASE(a_body_is_sent_as_json) {
  FakeDaemon daemon{{{json_answer("{}")}}};
  BOOST_TEST(bool{Client{daemon.path()}.post("/v1/x", schema::Json{{"a", 1}})});
  auto request = daemon.requests().at(0);
  BOOST_TEST(request.find("Content-Type: application/json\r\n") !=
             std::string::npos);
  BOOST_TEST(request.ends_with("\r\n\r\n{\"a\":1}"));
}

BOOST_AUTO_TEST_CASE(a_daemon_that_is_not_there_is_not_running) {
  ScratchDirectory scratch;
  auto path = (scratch / "none").string();
  BOOST_TEST(run(path, {"status"}) == exit_not_running);
  BOOST_TEST(run(path + "/deeper", {"status"}) == exit_not_running);
  FakeDaemon daemon{{}};
  daemon.stop();
  BOOST_TEST(run(daemon.path(), {"status"}) == exit_not_running);
}

BOOST_AUTO_TEST_CASE(the_path_of_a_socket_has_an_end) {
  BOOST_TEST(run(std::string(108, 'a'), {"status"}) == exit_usage);
  BOOST_TEST(run("", {"status"}) == exit_usage);
}

BOOST_AUTO_TEST_CASE(the_peer_is_known) {
  FakeDaemon daemon{{}};
  auto connection = Connection::open(daemon.path());
  BOOST_REQUIRE(connection);
  BOOST_TEST(connection->peer_user().value() == ::geteuid());
}

BOOST_AUTO_TEST_CASE(a_wait_ends_in_time) {
  FakeDaemon daemon{{}};
  auto connection = Connection::open(daemon.path());
  BOOST_REQUIRE(connection);
  auto begun = std::chrono::steady_clock::now();
  auto bytes = connection->receive(begun + std::chrono::milliseconds{50});
  BOOST_REQUIRE(!bytes);
  BOOST_TEST(bytes.error().what == "ppnd did not answer in time");
  BOOST_TEST((std::chrono::steady_clock::now() - begun >=
              std::chrono::milliseconds{50}));
}

BOOST_AUTO_TEST_CASE(an_answer_that_breaks_off_is_a_failure) {
  auto bytes = json_answer("{}");
  FakeDaemon daemon{{{}, {bytes.substr(0, bytes.size() - 1)}, {"nonsense\n"}}};
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(run(daemon.path(), {"status"}) == exit_failed);
}

// -- commands ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_problem_decides_the_exit_code) {
  FakeDaemon daemon{{{problem("403 Forbidden", "forbidden")},
                     {problem("503 Service Unavailable", "read-only")}}};
  BOOST_TEST(run(daemon.path(), {"status"}) == exit_permission);
  BOOST_TEST(run(daemon.path(), {"status"}) == exit_degraded);
}

BOOST_AUTO_TEST_CASE(a_change_is_proposed_and_committed) {
  FakeDaemon daemon{{{http_answer("201 Created", "application/json", proposal)},
                     {json_answer(committed)}}};
  BOOST_TEST(run(daemon.path(),
                 {"grant", "s", "r", "--rights", "read", "--yes"}) == exit_ok);
  auto requests = daemon.requests();
  BOOST_TEST(requests.at(0).starts_with("POST /v1/proposals "));
  BOOST_TEST(requests.at(1).starts_with("POST /v1/proposals/" + proposal_id +
                                        "/commit "));
}

BOOST_AUTO_TEST_CASE(a_change_may_be_left_waiting) {
  FakeDaemon daemon{
      {{http_answer("201 Created", "application/json", proposal)}}};
  BOOST_TEST(run(daemon.path(), {"revoke", proposal_id.c_str(), "--reason", "x",
                                 "--propose"}) == exit_ok);
  BOOST_TEST(daemon.requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_commit_finds_its_proposal_by_a_prefix) {
  FakeDaemon daemon{
      {{json_answer(R"({"schema":"ppn.proposals.v1","proposals":[)" + proposal +
                    "]}")},
       {json_answer(proposal)},
       {problem("409 Conflict", "refused")}}};
  BOOST_TEST(run(daemon.path(), {"commit", "AAAA", "--yes"}) == exit_refused);
  BOOST_TEST(daemon.requests().at(1).starts_with("GET /v1/proposals/" +
                                                 proposal_id + ' '));
}

BOOST_AUTO_TEST_CASE(another_proposal_than_asked_for_is_not_committed) {
  FakeDaemon daemon{{{json_answer(proposal)}}};
  std::string other(32, 'b');
  BOOST_TEST(run(daemon.path(), {"commit", other.c_str(), "--yes"}) ==
             exit_failed);
  BOOST_TEST(daemon.requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lost_commit_may_have_happened) {
  FakeDaemon daemon{{{}}};
  auto document = Client{daemon.path()}.commit("/v1/x");
  BOOST_REQUIRE(!document);
  BOOST_TEST(document.error().code == exit_failed);
  BOOST_TEST(document.error().what.ends_with(
      "the commit may have happened, or still happen"));
}

// -- streams -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_stream_that_ends_may_come_back) {
  FakeDaemon daemon{{{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n",
                      "3\r\nabc\r\n", "2\r\nde\r\n"},
                     {problem("503 Service Unavailable", "busy")}}};
  std::string taken;
  BOOST_TEST(!follow(daemon.path(), taken).is_final);
  BOOST_TEST(taken == "abcde");
  BOOST_TEST(!follow(daemon.path(), taken).is_final);
  daemon.stop();
  BOOST_TEST(!follow(daemon.path(), taken).is_final);
}

BOOST_AUTO_TEST_CASE(a_stream_that_makes_no_sense_ends_for_good) {
  FakeDaemon daemon{{{problem("403 Forbidden", "forbidden")},
                     {json_answer("{}")},
                     {stream_of("abc")}}};
  std::string taken;
  auto end = follow(daemon.path(), taken);
  BOOST_TEST(end.is_final);
  BOOST_TEST(end.why.what == "the cause");
  BOOST_TEST(follow(daemon.path(), taken).is_final);
  auto refused = Client{daemon.path()}.stream(
      {.target = "/s"}, [] {},
      [](std::string_view) {
        return Failure{exit_failed, "no"};
      });
  BOOST_TEST(refused.is_final);
  BOOST_TEST(refused.why.what == "no");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
