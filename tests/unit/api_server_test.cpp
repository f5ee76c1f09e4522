// The control API as a client meets it: a real node behind a real socket.
#include "runtime/api_server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/unit/api_service.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using runtime::AccessRules;
using runtime::ApiServer;
using schema::Json;
using store::ErrorCode;

namespace {

/// Who is nobody to the rules of the tests.
constexpr uid_t nobody = 65'534;
constexpr uid_t somebody_else = 65'533;

/// This thread is a user that is not root, while this lives.
class NotRoot {
 public:
  NotRoot() { set(nobody); }
  ~NotRoot() { set(0); }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;

 private:
  /// The system call itself is for one thread only.
  void set(uid_t user) const {
    if (was_root_) ::syscall(SYS_setresuid, -1, user, -1);
  }

  bool was_root_ = ::geteuid() == 0;
};

/// A service whose rules know nobody, met by a user that is not root.
class StrangersService : public Service {
 public:
  StrangersService() {
    fs::permissions(scratch_.path(), fs::perms{0755});
    set_rules({somebody_else, {}, {}});
  }

  [[nodiscard]] ApiClient connect() const {
    NotRoot not_root;
    return ApiClient{path()};
  }
};

unsigned status_of_reading(const std::string& text) {
  return Json::parse(text).at("status").get<unsigned>();
}

std::string detail_of(const HttpAnswer& answer) {
  return Json::parse(answer.body).at("detail").get<std::string>();
}

std::string last_event_id(std::uint64_t id) {
  return fmt::format("Last-Event-ID: {}\r\n", id);
}

/// The next event of a stream: its id and the sequence in its document.
std::uint64_t next_event(ApiClient& client) {
  client.read_to("id: ");
  auto id = std::stoull(client.read_to("\n"));
  BOOST_TEST(client.read_to("\n") == "event: entry\n");
  client.read_to("data: ");
  auto entry = Json::parse(client.read_to("\n"));
  BOOST_TEST(entry["schema"] == "ppn.entry.v1");
  BOOST_TEST(entry["sequence"] == id);
  return id;
}

/// A socket that is bound at a path.
store::FileHandle bound_socket(const std::string& path, int type) {
  store::FileHandle socket{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): an address
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  BOOST_REQUIRE(::bind(socket.get(), at, sizeof address) == 0);
  return socket;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api_server, Service)

// -- requests ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_request_is_answered) {
  auto answer = get("/healthz");
  BOOST_TEST(answer.status == 200U);
  BOOST_TEST(mentions(answer.header, "\r\nContent-Type: application/json\r\n"));
  BOOST_TEST(mentions(answer.header, "\r\nCache-Control: no-store\r\n"));
  BOOST_TEST(Json::parse(answer.body)["healthy"] == true);
}

BOOST_AUTO_TEST_CASE(every_path_that_only_reads_answers) {
  for (const auto& route : runtime::routes()) {
    bool reads = route.method == "GET" && !mentions(route.path, "{") &&
                 route.endpoint != runtime::Endpoint::stream;
    // Of a fleet the controller of a mesh alone can tell.
    bool is_of_fleet = route.endpoint == runtime::Endpoint::fleet ||
                       route.endpoint == runtime::Endpoint::fleet_requests;
    auto due = is_of_fleet ? 409U : 200U;
    if (reads) BOOST_TEST(get(route.path).status == due, route.path);
  }
}

BOOST_AUTO_TEST_CASE(a_connection_is_kept_for_more_requests) {
  auto client = connect();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(client.ask(request("GET", "/v1/status")).status == 200U);
  BOOST_TEST(client.ask(request("GET", "/nowhere")).status == 404U);
  auto last = client.ask(request("GET", "/healthz", "Connection: close\r\n"));
  BOOST_TEST(last.status == 200U);
  BOOST_TEST(client.rest() == "");
}

BOOST_AUTO_TEST_CASE(requests_that_come_at_once_are_answered_in_their_order) {
  auto client = connect();
  client.send(request("GET", "/v1/status") +
              post("/v1/proposals", sample_wish) +
              request("GET", "/v1/proposals") + request("GET", "/nowhere"));
  BOOST_TEST(Json::parse(client.answer().body)["schema"] == "ppn.status.v1");
  auto proposed = Json::parse(client.answer().body);
  BOOST_TEST(proposed["schema"] == "ppn.proposal.v1");
  BOOST_TEST(Json::parse(client.answer().body)["proposals"][0]["id"] ==
             proposed["id"]);
  BOOST_TEST(client.answer().status == 404U);
}

BOOST_AUTO_TEST_CASE(a_request_may_come_in_single_bytes) {
  auto client = connect();
  for (char byte : post("/v1/proposals", sample_wish)) client.send({&byte, 1});
  BOOST_TEST(client.answer().status == 201U);
}

BOOST_AUTO_TEST_CASE(a_body_may_come_in_chunks) {
  auto client = connect();
  client.send(
      "POST /v1/proposals HTTP/1.1\r\nHost: ppn\r\n"
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send(
      fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", sample_wish.size(), sample_wish));
  BOOST_TEST(client.answer().status == 201U);
}

BOOST_AUTO_TEST_CASE(a_body_of_more_than_1_mib_is_refused) {
  auto client = connect();
  auto answer = client.ask(post("/v1/proposals", std::string(1'048'577, ' ')));
  BOOST_TEST(answer.status == 413U);
  BOOST_TEST(client.rest() == "");
  auto just_fits =
      sample_wish + std::string(1'048'576 - sample_wish.size(), ' ');
  BOOST_TEST(connect().ask(post("/v1/proposals", just_fits)).status == 201U);
}

BOOST_AUTO_TEST_CASE(a_header_of_more_than_8_kib_is_refused) {
  auto client = connect();
  auto answer = client.ask(request("GET", "/" + std::string(9'000, 'x')));
  BOOST_TEST(answer.status == 400U);
  BOOST_TEST(client.rest() == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_told_so_and_closed) {
  for (const std::string bytes :
       {"\x16\x03\x01\x02", "GET /healthz\r\n\r\n", "GET /healthz HTTP/9.9\r\n",
        "GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", "hello\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    auto client = connect();
    client.send(bytes);
    BOOST_TEST(client.answer().status == 400U, bytes);
    BOOST_TEST(client.rest() == "");
  }
}

BOOST_AUTO_TEST_CASE(an_answer_to_head_has_no_body) {
  auto client = connect();
  client.send(request("HEAD", "/healthz") + request("GET", "/v1/status"));
  auto head = client.answer(/*to_head=*/true);
  BOOST_TEST(head.status == 405U);
  BOOST_TEST(mentions(head.header, "\r\nContent-Length: "));
  BOOST_TEST(client.answer().status == 200U);
}

BOOST_AUTO_TEST_CASE(another_method_is_told_which_there_are) {
  auto client = connect();
  auto answer = client.ask(request("DELETE", "/v1/proposals"));
  BOOST_TEST(answer.status == 405U);
  BOOST_TEST(mentions(answer.header, "\r\nAllow: GET, POST\r\n"));
  BOOST_TEST(mentions(answer.header,
                      "\r\nContent-Type: application/problem+json\r\n"));
  BOOST_TEST(status_of_reading(answer.body) == 405U);
}

BOOST_AUTO_TEST_CASE(a_body_is_taken_only_where_and_as_it_is_due) {
  auto client = connect();
  auto text = post("/v1/proposals", sample_wish);
  text.replace(text.find("application/json"), 16, "text/plain      ");
  BOOST_TEST(client.ask(text).status == 400U);
  for (auto target : {"/v1/status", "/v1/ledger/stream"}) {
    auto with_body = post(target, "{}");
    with_body.replace(0, 4, "GET");
    auto answer = client.ask(with_body);
    BOOST_TEST(answer.status == 400U, target);
    BOOST_TEST(mentions(detail_of(answer), "without a body"), target);
  }
}

// -- proposals ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_commit_is_recorded_in_the_peers_name) {
  auto sequence = commit_something();
  auto entries = Json::parse(get("/v1/ledger/entries?last=1").body);
  BOOST_TEST(entries["next"] == sequence + 1);
  BOOST_TEST(entries["entries"][0]["principal"]["id"] ==
             fmt::format("uid/{}", ::geteuid()));
}

BOOST_AUTO_TEST_CASE(a_grant_for_a_time_ends_with_this_boot) {
  auto json = Json::parse(sample_wish);
  json["change"]["seconds"] = 60;
  auto answer = connect().ask(post("/v1/proposals", json.dump()));
  BOOST_TEST(answer.status == 201U);
  BOOST_TEST(Json::parse(answer.body)["change"]["expiry"]["boot"] == 1U);
}

BOOST_AUTO_TEST_CASE(a_rejected_proposal_is_gone) {
  auto client = connect();
  auto id =
      Json::parse(client.ask(post("/v1/proposals", sample_wish)).body)["id"]
          .get<std::string>();
  auto path = "/v1/proposals/" + id;
  BOOST_TEST(client.ask(request("GET", path)).status == 200U);
  BOOST_TEST(client.ask(request("POST", path + "/reject")).status == 200U);
  BOOST_TEST(client.ask(request("GET", path)).status == 404U);
  BOOST_TEST(client.ask(request("POST", path + "/commit")).status == 404U);
  BOOST_TEST(client.ask(request("POST", path + "/reject")).status == 404U);
}

BOOST_AUTO_TEST_CASE(what_can_not_be_is_refused) {
  auto answer = connect().ask(post(
      "/v1/proposals", R"({"change":{"kind":"revoke","reason":"x","grant":")" +
                           Id{}.hex() + R"("}})"));
  BOOST_TEST(answer.status == 409U);
}

// -- ceremonies --------------------------------------------------------------

/// The member that it would be passed on by is not there.
BOOST_AUTO_TEST_CASE(a_code_is_shown_once_and_in_the_peers_name) {
  auto answer =
      connect().ask(post("/v1/pairing/offers", R"({"via":"127.0.0.1:1"})"));
  BOOST_REQUIRE(answer.status == 201U);
  auto offer = Json::parse(answer.body);
  auto pairing = get("/v1/pairing").body;
  BOOST_TEST(Json::parse(pairing)["sessions"][0]["id"] == offer["session"]);
  BOOST_TEST(Json::parse(pairing)["sessions"][0]["number"] == offer["number"]);
  auto entries = get("/v1/ledger/entries?from=3&limit=1").body;
  auto opened = Json::parse(entries)["entries"][0];
  BOOST_TEST(opened["payload_type"] == "PairingOpened");
  BOOST_TEST(opened["principal"]["id"] == fmt::format("uid/{}", ::geteuid()));
  auto code = offer["code"].get<std::string>();
  BOOST_TEST(!mentions(pairing, code));
  BOOST_TEST(!mentions(entries, code));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_in_a_ceremony_is_refused) {
  auto client = connect();
  auto status_of = [&](const char* target, const char* body) {
    return client.ask(post(target, body)).status;
  };
  BOOST_TEST(status_of("/v1/pairing/offers", R"({"symbols":5})") == 400U);
  BOOST_TEST(status_of("/v1/pairing/approvals", R"({"code":"ABCD-1235-6"})") ==
             400U);
  BOOST_TEST(status_of("/v1/pairing/approvals", R"({"code":"ABCD-1234-6"})") ==
             409U);
  BOOST_TEST(status_of("/v1/pairing/door", R"({"seconds":600})") == 409U);
  auto session = "/v1/pairing/sessions/" + Id{}.hex();
  BOOST_TEST(client.ask(request("POST", session + "/admit")).status == 404U);
  BOOST_TEST(client.ask(request("POST", session + "/refuse")).status == 404U);
  BOOST_TEST(client.ask(request("DELETE", session)).status == 404U);
}

// -- the stream --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_stream_tells_what_is_new) {
  auto client = connect();
  auto answer = client.ask(request("GET", "/v1/ledger/stream"));
  BOOST_TEST(answer.status == 200U);
  BOOST_TEST(
      mentions(answer.header, "\r\nContent-Type: text/event-stream\r\n"));
  for (int i = 0; i < 3; ++i) {
    auto sequence = commit_something();
    BOOST_TEST(next_event(client) == sequence);
  }
}

BOOST_AUTO_TEST_CASE(a_stream_may_begin_with_what_was) {
  auto newest = commit_something();
  auto client = connect();
  client.ask(request("GET", "/v1/ledger/stream?from=0"));
  for (std::uint64_t sequence = 0; sequence <= newest; ++sequence)
    BOOST_TEST(next_event(client) == sequence);
}

BOOST_AUTO_TEST_CASE(a_stream_goes_on_after_the_last_event) {
  auto newest = commit_something();
  auto client = connect();
  client.ask(
      request("GET", "/v1/ledger/stream?from=0", last_event_id(newest - 1)));
  BOOST_TEST(next_event(client) == newest);
}

BOOST_AUTO_TEST_CASE(a_stream_may_wait_for_what_is_far_ahead) {
  auto client = connect();
  auto newest = commit_something();
  client.ask(request("GET", "/v1/ledger/stream", last_event_id(newest + 1)));
  BOOST_TEST(commit_something() == newest + 1);
  BOOST_TEST(commit_something() == newest + 2);
  BOOST_TEST(next_event(client) == newest + 2);
}

BOOST_AUTO_TEST_CASE(a_stream_that_begins_nowhere_is_refused) {
  auto client = connect();
  for (auto id : {"18446744073709551615", "x"})
    BOOST_TEST(client
                   .ask(request("GET", "/v1/ledger/stream",
                                fmt::format("Last-Event-ID: {}\r\n", id)))
                   .status == 400U);
}

/// More often than there are connections: each gives its place back.
BOOST_AUTO_TEST_CASE(a_client_may_disappear_in_the_middle_of_a_stream) {
  for (int i = 0; i < 20; ++i) (void)commit_something();
  for (int i = 0; i < 200; ++i)
    (void)connect_and_ask(request("GET", "/v1/ledger/stream?from=0"));
  BOOST_TEST(connect_and_ask(request("GET", "/healthz"))
                 .ask(request("GET", "/healthz"))
                 .status == 200U);
}

BOOST_AUTO_TEST_CASE(a_client_may_disappear_before_its_answer) {
  for (int i = 0; i < 200; ++i) {
    auto client = connect();
    client.send(
        request("GET", i % 2 == 0 ? "/v1/ledger/stream?from=0" : "/v1/state"));
  }
  (void)connect_and_ask(request("GET", "/healthz"));
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_streams_and_the_connections) {
  auto stream = connect();
  stream.ask(request("GET", "/v1/ledger/stream"));
  auto kept = connect();
  kept.ask(request("GET", "/healthz"));
  stop();
  BOOST_TEST(stream.rest() == "0\r\n\r\n");
  BOOST_TEST(kept.rest() == "");
  BOOST_TEST(!fs::exists(path()));
}

// -- how many ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(at_most_64_connections_are_open) {
  std::vector<ApiClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(connect());
    BOOST_TEST(clients.back().ask(request("GET", "/healthz")).status == 200U);
  }
  auto one_more = connect();
  auto answer = one_more.answer();
  BOOST_TEST(answer.status == 503U);
  BOOST_TEST(mentions(detail_of(answer), "all connections are taken"));
  BOOST_TEST(one_more.rest() == "");
  clients.clear();
  (void)connect_and_ask(request("GET", "/healthz"));
}

// -- who ---------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_stranger_is_answered_403_whatever_was_asked,
                        StrangersService) {
  auto client = connect();
  for (const auto& text :
       {request("GET", "/healthz"), request("GET", "/nowhere"),
        request("BREW", "/healthz"), post("/v1/proposals", sample_wish)})
    BOOST_TEST(client.ask(text).status == 403U);
}

BOOST_FIXTURE_TEST_CASE(a_reader_reads_and_commits_nothing, StrangersService) {
  set_rules({somebody_else, {}, ::getegid()});
  auto client = connect();
  BOOST_TEST(client.ask(request("GET", "/v1/status")).status == 200U);
  for (const auto& text :
       {post("/v1/proposals", sample_wish),
        request("POST", "/v1/proposals/" + Id{}.hex() + "/commit"),
        request("POST", "/v1/proposals/" + Id{}.hex() + "/reject")}) {
    auto answer = client.ask(text);
    BOOST_TEST(answer.status == 403U);
    BOOST_TEST(mentions(detail_of(answer), "may only read"));
  }
}

BOOST_FIXTURE_TEST_CASE(rules_are_for_the_next_request, StrangersService) {
  auto client = connect();
  BOOST_TEST(client.ask(request("GET", "/healthz")).status == 403U);
  set_rules({somebody_else, ::getegid(), {}});
  BOOST_TEST(client.ask(post("/v1/proposals", sample_wish)).status == 201U);
  set_rules({somebody_else, {}, {}});
  BOOST_TEST(client.ask(request("GET", "/healthz")).status == 403U);
}

/// They may not keep those out who may do something.
BOOST_FIXTURE_TEST_CASE(few_strangers_are_heard_at_a_time, StrangersService) {
  std::vector<ApiClient> strangers;
  for (int i = 0; i < 8; ++i) {
    strangers.push_back(connect());
    BOOST_TEST(strangers.back().ask(request("GET", "/")).status == 403U);
  }
  auto one_more = connect();
  one_more.send(request("GET", "/"));
  BOOST_TEST(one_more.rest() == "");
}

// -- the socket --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(
    the_socket_is_open_to_all_and_its_directory_can_be_passed) {
  struct stat status {};
  BOOST_REQUIRE(::stat(path().c_str(), &status) == 0);
  BOOST_TEST(S_ISSOCK(status.st_mode));
  BOOST_TEST((status.st_mode & 0777U) == 0666U);
  auto old = ::umask(0077);
  stop();
  fs::remove(fs::path{path()}.parent_path());
  auto again = listen_at(path());
  ::umask(old);
  must(again);
  auto parent = fs::path{path()}.parent_path();
  BOOST_REQUIRE(::stat(parent.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777U) == 0755U);
}

BOOST_AUTO_TEST_CASE(a_live_socket_is_left_alone) {
  BOOST_TEST(is_error(listen_at(path()), ErrorCode::locked));
  BOOST_TEST(get("/healthz").status == 200U);
}

BOOST_AUTO_TEST_CASE(a_socket_that_nobody_answers_at_is_replaced) {
  stop();
  { auto dead = bound_socket(path(), SOCK_STREAM); }
  BOOST_TEST(fs::exists(path()));
  must(listen_at(path()));
  BOOST_TEST(get("/healthz").status == 200U);
}

/// It belongs to somebody who expects something else than a connection.
BOOST_AUTO_TEST_CASE(a_socket_of_another_kind_is_left_alone) {
  stop();
  auto other = bound_socket(path(), SOCK_DGRAM);
  BOOST_TEST(is_error(listen_at(path()), ErrorCode::locked));
  BOOST_TEST(fs::exists(path()));
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_is_left_alone) {
  stop();
  for (bool link : {false, true}) {
    if (link)
      fs::create_symlink("nowhere", path());
    else
      must(store::replace_file(path(), store::as_bytes("mine"), 0600));
    BOOST_TEST(is_error(listen_at(path()), ErrorCode::bad_input));
    BOOST_TEST(fs::exists(fs::symlink_status(path())));
    fs::remove(path());
  }
}

BOOST_AUTO_TEST_CASE(the_socket_of_another_is_not_removed_at_the_end) {
  fs::remove(path());
  auto other = bound_socket(path(), SOCK_STREAM);
  stop();
  BOOST_TEST(fs::exists(path()));
}

BOOST_AUTO_TEST_CASE(a_path_has_room_in_an_address) {
  auto at = [&](std::size_t size) {
    auto name = scratch_.path().string() + "/";
    name += std::string(size - name.size(), 'x');
    return listen_at(name);
  };
  BOOST_TEST(is_error(at(108), ErrorCode::bad_input));
  BOOST_TEST(at(107).ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
