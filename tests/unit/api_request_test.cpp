// Requests to the control API: what is understood, and what is refused.
#include "runtime/api_request.hpp"

#include <algorithm>
#include <set>

#include "tests/unit/answers.hpp"

namespace ppn::tests {

using runtime::Call;
using runtime::Endpoint;
using runtime::EntryRange;
using runtime::Problem;
using runtime::ProblemType;
using runtime::read_call;
using runtime::read_console_range;
using runtime::read_range;
using runtime::read_stream_begin;
using namespace std::string_literals;

namespace {

using Parameters = std::map<std::string, std::string>;

const std::string id_text = "00112233445566778899aabbccddeeff";
constexpr std::uint64_t greatest = ~std::uint64_t{0};

Parameters parameters_of(const std::string& target) {
  return must(read_call("GET", target)).parameters;
}

runtime::Answer<EntryRange> range(const std::string& query,
                                  std::uint64_t size) {
  return read_range(parameters_of("/v1/ledger/entries" + query), size);
}

void check_range(const std::string& query, std::uint64_t from,
                 std::uint64_t limit) {
  auto read = must(range(query, 500));
  BOOST_TEST(read.from == from, query);
  BOOST_TEST(read.limit == limit, query);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_request)

// -- routes ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(every_route_is_found) {
  for (const auto& route : runtime::routes()) {
    std::string path{route.path};
    for (const std::string place : {"{id}", "{node}", "{vm}"})
      if (auto at = path.find(place); at != std::string::npos)
        path.replace(at, place.size(), id_text);
    auto call = must(read_call(route.method, path));
    BOOST_TEST((call.route == &route), path);
  }
}

BOOST_AUTO_TEST_CASE(a_path_is_taken_as_it_is_spelled) {
  for (const std::string path :
       {"", "/", "healthz", "/healthz/", "/Healthz", "//healthz", "/healthz ",
        "/v1", "/v1/", "/v1/%73tatus", "/v1/../healthz", "/v1/status/",
        "http://ppn/v1/status", "*", "/v1/proposals//commit",
        "/v1/proposals/commit/", "/v1/status#", "/healthz;a=b"})
    BOOST_TEST(!std::holds_alternative<Call>(read_call("GET", path)), path);
  BOOST_TEST(
      is_problem(read_call("GET", "/healthz\0"s), ProblemType::not_found));
}

BOOST_AUTO_TEST_CASE(a_method_is_taken_as_it_is_spelled) {
  for (auto method : {"", "get", "HEAD", "POST", "GET ", "OPTIONS"})
    BOOST_TEST(is_problem(read_call(method, "/healthz"),
                          ProblemType::method_not_allowed));
}

BOOST_AUTO_TEST_CASE(the_other_methods_of_a_path_are_told) {
  BOOST_TEST(runtime::allowed_methods("/healthz?x=y") == "GET");
  BOOST_TEST(runtime::allowed_methods("/v1/proposals") == "GET, POST");
  BOOST_TEST(runtime::allowed_methods("/v1/proposals/x/commit") == "POST");
  BOOST_TEST(runtime::allowed_methods("/v1/pairing/sessions/x") == "DELETE");
  BOOST_TEST(runtime::allowed_methods("/nowhere") == "");
  BOOST_TEST(is_problem(read_call("DELETE", "/v1/proposals"),
                        ProblemType::method_not_allowed));
}

BOOST_AUTO_TEST_CASE(an_id_has_32_hexadecimal_digits) {
  auto call = must(read_call("POST", "/v1/proposals/" + id_text + "/commit"));
  BOOST_TEST(call.id.hex() == id_text);
  auto cancel = must(read_call("DELETE", "/v1/pairing/sessions/" + id_text));
  BOOST_TEST(cancel.id.hex() == id_text);
  auto start = must(read_call("POST", "/v1/vms/" + id_text + "/start"));
  BOOST_TEST((start.route->endpoint == Endpoint::vm_start));
  BOOST_TEST(start.id.hex() == id_text);
  auto vm = must(read_call("GET", "/v1/vms/" + id_text));
  BOOST_TEST((vm.route->endpoint == Endpoint::vm));
  for (const auto& id :
       {"x"s, id_text + "0", id_text.substr(1), "ABCDEF" + id_text.substr(6),
        "%30" + id_text.substr(1), std::string(8'000, '0'), "-"s + id_text}) {
    BOOST_TEST(is_problem(read_call("GET", "/v1/proposals/" + id),
                          ProblemType::not_found));
    BOOST_TEST(is_problem(read_call("POST", "/v1/proposals/" + id + "/reject"),
                          ProblemType::not_found));
  }
  BOOST_TEST(is_problem(read_call("GET", "/v1/proposals/a/b"),
                        ProblemType::not_found));
}

BOOST_AUTO_TEST_CASE(a_guest_of_the_fleet_is_named_by_two_steps) {
  auto call = must(
      read_call("GET", "/v1/fleet/guests/laptop-a/" + id_text + "/console"));
  BOOST_TEST((call.route->endpoint == Endpoint::fleet_console));
  BOOST_TEST(call.node == "laptop-a");
  BOOST_TEST(call.vm == id_text);
  auto log = must(read_call(
      "GET", "/v1/fleet/guests/laptop-a/web/console-log?from=1&limit=2"));
  BOOST_TEST((log.route->endpoint == Endpoint::fleet_console_log));
  BOOST_TEST(log.vm == "web");
  BOOST_TEST(log.parameters.at("from") == "1");
  for (const std::string names :
       {"web", "/web", "laptop-a/", "laptop-a//web", "laptop-a/web/x",
        "laptop-a/Web", "laptop-a/-", "lap%74op/web", "laptop-a/..",
        "laptop-a/\xff"})
    BOOST_TEST(
        is_problem(read_call("GET", "/v1/fleet/guests/" + names + "/console"),
                   ProblemType::not_found),
        names);
}

/// What a stranger sends is told back short, and as text that is none but text.
BOOST_AUTO_TEST_CASE(what_was_asked_is_said_without_harm) {
  auto answer = read_call("GET", "/\x1b[2J\xff\n" + std::string(5'000, 'x'));
  const auto& detail = std::get<Problem>(answer).detail;
  BOOST_TEST(detail.size() < 300U);
  BOOST_TEST(std::all_of(detail.begin(), detail.end(),
                         [](char c) { return c >= ' ' && c <= '~'; }));
}

// -- parameters --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(parameters_are_names_and_values) {
  auto read = parameters_of("/v1/ledger/entries?from=1&limit=2");
  BOOST_TEST((read == Parameters{{"from", "1"}, {"limit", "2"}}));
  BOOST_TEST(parameters_of("/v1/ledger/entries?").empty());
  BOOST_TEST((parameters_of("/v1/ledger/entries?from=a=b?c") ==
              Parameters{{"from", "a=b?c"}}));
}

BOOST_AUTO_TEST_CASE(what_is_no_parameter_is_refused) {
  for (auto query : {"from", "=1", "from=1&&limit=2", "&from=1", "?from"})
    BOOST_TEST(
        mentions(refusal(read_call("GET", "/v1/ledger/entries?"s + query)),
                 "is no name=value"));
  BOOST_TEST(
      mentions(refusal(read_call("GET", "/v1/ledger/entries?from=1&from=1")),
               "given twice"));
}

BOOST_AUTO_TEST_CASE(a_parameter_that_nobody_reads_is_refused) {
  BOOST_TEST(mentions(refusal(read_call("GET", "/v1/status?from=1")),
                      "no parameter \"from\""));
  BOOST_TEST(mentions(refusal(range("?form=1", 5)), "no parameter \"form\""));
  BOOST_TEST(mentions(
      refusal(read_call("POST", "/v1/proposals/" + id_text + "/commit?yes=1")),
      "no parameter"));
}

// -- ranges ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_range_is_from_a_sequence_so_many) {
  check_range("", 0, 100);
  check_range("?from=7", 7, 100);
  check_range("?limit=1", 0, 1);
  check_range("?from=499&limit=1000", 499, 1000);
  check_range("?from=0007", 7, 100);
}

BOOST_AUTO_TEST_CASE(a_range_may_begin_beyond_the_end) {
  check_range("?from=501", 501, 100);
  check_range("?from=18446744073709551615", greatest, 100);
}

BOOST_AUTO_TEST_CASE(the_last_ones_are_counted_from_the_end) {
  check_range("?last=1", 499, 1);
  check_range("?last=500", 0, 500);
  check_range("?last=1000", 0, 1000);
  BOOST_TEST(must(range("?last=5", 0)).from == 0U);
}

BOOST_AUTO_TEST_CASE(from_1_to_1000_are_read_at_a_time) {
  for (auto query : {"?limit=0", "?limit=1001", "?last=0", "?last=1001",
                     "?limit=18446744073709551615"})
    BOOST_TEST(mentions(refusal(range(query, 500)), "from 1 to 1000"), query);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_refused) {
  for (auto value : {"", "-1", "+1", "1.0", "0x10", " 1", "1 ", "1e3",
                     "18446744073709551616", "99999999999999999999999", "a"})
    for (auto name : {"from", "limit", "last"})
      BOOST_TEST(mentions(refusal(read_range({{name, value}}, 500)),
                          "which is no number"));
}

BOOST_AUTO_TEST_CASE(the_last_ones_begin_nowhere_else) {
  for (auto query :
       {"?last=1&from=0", "?last=1&limit=100", "?from=1&limit=1&last=1"})
    BOOST_TEST(mentions(refusal(range(query, 500)), "goes neither"), query);
}

// -- what a guest said -------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_a_guest_said_is_read_from_a_place_on) {
  auto read = [](const std::string& query) {
    return read_console_range(
        parameters_of("/v1/vms/" + id_text + "/console-log" + query));
  };
  auto all = must(read(""));
  BOOST_TEST(all.from == 0U);
  BOOST_TEST(all.limit == 65'536U);
  auto part = must(read("?from=18446744073709551615&limit=262144"));
  BOOST_TEST(part.from == greatest);
  BOOST_TEST(part.limit == 262'144U);
  for (auto query : {"?limit=0", "?limit=262145"})
    BOOST_TEST(mentions(refusal(read(query)), "from 1 to 262144 bytes"));
  for (auto query : {"?from=-1", "?limit=x"})
    BOOST_TEST(mentions(refusal(read(query)), "which is no number"));
  BOOST_TEST(mentions(refusal(read("?last=1")), "no parameter \"last\""));
}

// -- where a stream begins ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_stream_begins_where_it_is_told) {
  BOOST_TEST(!must(read_stream_begin({}, "")).has_value());
  BOOST_TEST(must(read_stream_begin({{"from", "0"}}, "")).value() == 0U);
  BOOST_TEST(must(read_stream_begin({{"from", "12"}}, "")).value() == 12U);
}

BOOST_AUTO_TEST_CASE(a_stream_goes_on_after_the_last_event) {
  BOOST_TEST(must(read_stream_begin({}, "0")).value() == 1U);
  BOOST_TEST(must(read_stream_begin({{"from", "3"}}, "7")).value() == 8U);
  BOOST_TEST(must(read_stream_begin({}, "18446744073709551614")).value() ==
             greatest);
}

/// There is none after the greatest, least of all the first.
BOOST_AUTO_TEST_CASE(a_stream_never_begins_anew_by_overflow) {
  refusal(read_stream_begin({}, "18446744073709551615"));
  refusal(read_stream_begin({}, "18446744073709551616"));
}

BOOST_AUTO_TEST_CASE(a_stream_begins_at_nothing_else) {
  refusal(read_stream_begin({}, "x"));
  refusal(read_stream_begin({}, "-1"));
  refusal(read_stream_begin({{"from", ""}}, ""));
  refusal(read_stream_begin({{"from", "x"}}, ""));
  refusal(read_stream_begin({{"limit", "1"}}, ""));
  refusal(read_stream_begin({{"limit", "1"}}, "1"));
}

// -- bodies ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_body_is_json_and_only_where_one_is_due) {
  const std::set<Endpoint> with_body{
      Endpoint::propose,         Endpoint::pairing_offer,
      Endpoint::pairing_approve, Endpoint::pairing_door,
      Endpoint::vm_stop,         Endpoint::image_add,
      Endpoint::placement,       Endpoint::fleet_order};
  for (const auto& route : runtime::routes()) {
    BOOST_TEST(!runtime::refuse_body(route, "", "").has_value());
    auto refused = runtime::refuse_body(route, "application/json", "{}");
    BOOST_TEST(refused.has_value() != with_body.contains(route.endpoint));
  }
}

BOOST_AUTO_TEST_CASE(the_type_of_a_body_is_read_as_http_says) {
  const auto& propose = *must(read_call("POST", "/v1/proposals")).route;
  for (auto type : {"application/json", "application/json; charset=utf-8",
                    "Application/JSON", "application/json ;a=b"})
    BOOST_TEST(!runtime::refuse_body(propose, type, "{}").has_value(), type);
  for (auto type : {"", "text/plain", "application/jsonp", "application/json2",
                    "application/x-www-form-urlencoded", " application/json"})
    BOOST_TEST(runtime::refuse_body(propose, type, "{}").has_value(), type);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
