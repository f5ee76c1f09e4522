// Requests to the control API: what is understood, and what is refused.
#include "runtime/api_request.hpp"

#include <algorithm>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::Call;
using runtime::ChangeWish;
using runtime::Endpoint;
using runtime::EntryRange;
using runtime::Problem;
using runtime::ProblemType;
using runtime::read_call;
using runtime::read_change;
using runtime::read_range;
using runtime::read_stream_begin;
using schema::Json;
using namespace std::string_literals;

namespace {

using Parameters = std::map<std::string, std::string>;

const std::string id_text = "00112233445566778899aabbccddeeff";
constexpr std::uint64_t greatest = ~std::uint64_t{0};

template <class T>
T must(runtime::Answer<T> answer) {
  if (const auto* problem = std::get_if<Problem>(&answer))
    BOOST_FAIL(problem->detail);
  return std::get<T>(answer);
}

/// Why it is refused, as one that breaks a rule.
template <class T>
std::string refusal(const runtime::Answer<T>& answer) {
  const auto* problem = std::get_if<Problem>(&answer);
  BOOST_REQUIRE_MESSAGE(problem != nullptr,
                        "it was accepted and should not have been");
  BOOST_TEST((problem->type == ProblemType::bad_request), problem->detail);
  return problem->detail;
}

template <class T>
bool is_problem(const runtime::Answer<T>& answer, ProblemType type) {
  const auto* problem = std::get_if<Problem>(&answer);
  return problem != nullptr && problem->type == type;
}

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

Json grant() {
  return {{"kind", "grant"},
          {"subject", "node/2"},
          {"resource", "vm/1"},
          {"rights", {"invoke"}}};
}

Json revoke() {
  return {{"kind", "revoke"}, {"grant", id_text}, {"reason", "enough"}};
}

runtime::Answer<ChangeWish> change(const Json& change) {
  return read_change(Json{{"change", change}}.dump());
}

template <class Value>
runtime::Answer<ChangeWish> changed(Json json, const char* field, Value value) {
  json[field] = value;
  return change(json);
}

std::string repeated(const std::string& part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_request)

// -- routes ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(every_route_is_found) {
  for (const auto& route : runtime::routes()) {
    std::string path{route.path};
    if (auto place = path.find("{id}"); place != std::string::npos)
      path.replace(place, 4, id_text);
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
  BOOST_TEST(runtime::allowed_methods("/nowhere") == "");
  BOOST_TEST(is_problem(read_call("DELETE", "/v1/proposals"),
                        ProblemType::method_not_allowed));
}

BOOST_AUTO_TEST_CASE(an_id_has_32_hexadecimal_digits) {
  auto call = must(read_call("POST", "/v1/proposals/" + id_text + "/commit"));
  BOOST_TEST(call.id.hex() == id_text);
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
  for (const auto& route : runtime::routes()) {
    BOOST_TEST(!runtime::refuse_body(route, "", "").has_value());
    auto refused = runtime::refuse_body(route, "application/json", "{}");
    BOOST_TEST(refused.has_value() == (route.endpoint != Endpoint::propose));
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

// -- changes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_grant_is_read) {
  auto json = grant();
  json["rights"] = {"read", "write", "invoke", "grant", "revoke"};
  json["seconds"] = 60;
  json["parent"] = id_text;
  auto wish = must(change(json));
  const auto& read = std::get<events::GrantWish>(wish.change);
  BOOST_TEST(read.subject == "node/2");
  BOOST_TEST(read.resource == "vm/1");
  BOOST_TEST((read.rights == (schema::Right::read | schema::Right::write |
                              schema::Right::invoke | schema::Right::grant |
                              schema::Right::revoke)));
  BOOST_REQUIRE(read.parent.has_value());
  BOOST_TEST(read.parent->hex() == id_text);
  BOOST_TEST(!read.expiry.has_value());
  BOOST_TEST(wish.seconds.value() == 60U);
}

BOOST_AUTO_TEST_CASE(a_grant_needs_neither_a_time_nor_a_parent) {
  auto wish = must(change(grant()));
  BOOST_TEST(!wish.seconds.has_value());
  BOOST_TEST(!std::get<events::GrantWish>(wish.change).parent.has_value());
}

BOOST_AUTO_TEST_CASE(a_revocation_is_read) {
  auto wish = must(change(revoke()));
  const auto& read = std::get<actors::RevokeWish>(wish.change);
  BOOST_TEST(read.grant.hex() == id_text);
  BOOST_TEST(read.reason == "enough");
}

BOOST_AUTO_TEST_CASE(no_field_that_is_due_may_be_missing) {
  for (const auto& whole : {grant(), revoke()})
    for (const auto& [name, value] : whole.items()) {
      auto json = whole;
      json.erase(name);
      BOOST_TEST(mentions(refusal(change(json)), "'" + name + "'"));
    }
}

BOOST_AUTO_TEST_CASE(no_field_may_be_of_another_type) {
  for (const auto& whole : {grant(), revoke()})
    for (const auto& [name, value] : whole.items())
      for (const Json& other : {Json{}, Json(7), Json(true), Json::object(),
                                Json::array(), Json::array({1}), Json("")})
        BOOST_TEST(mentions(refusal(changed(whole, name.c_str(), other)),
                            "'" + name + "'"));
}

BOOST_AUTO_TEST_CASE(no_field_may_be_unknown) {
  BOOST_TEST(mentions(refusal(changed(grant(), "second", 60)),
                      "no field \"second\" in a grant"));
  BOOST_TEST(mentions(refusal(changed(revoke(), "seconds", 60)),
                      "no field \"seconds\" in a revoke"));
  BOOST_TEST(mentions(refusal(changed(grant(), "reason", "x")), "no field"));
}

/// Of two, another reader may take the other one.
BOOST_AUTO_TEST_CASE(no_field_may_be_given_twice) {
  BOOST_TEST(mentions(
      refusal(read_change(R"({"change":{"kind":"revoke","kind":"grant"}})")),
      "\"kind\" is given twice"));
  BOOST_TEST(mentions(refusal(read_change(R"({"change":{},"ch\u0061nge":{}})")),
                      "\"change\" is given twice"));
}

BOOST_AUTO_TEST_CASE(a_kind_is_one_of_two) {
  for (auto kind : {"Grant", "delete", "grant "})
    BOOST_TEST(mentions(refusal(changed(grant(), "kind", kind)),
                        "'kind' must be grant or revoke"));
}

BOOST_AUTO_TEST_CASE(a_text_has_at_most_256_bytes) {
  must(changed(grant(), "subject", std::string(256, 'x')));
  BOOST_TEST(
      mentions(refusal(changed(grant(), "subject", std::string(257, 'x'))),
               "1 to 256 bytes"));
  BOOST_TEST(
      mentions(refusal(changed(grant(), "resource", repeated("\xc3\xa9", 129))),
               "1 to 256 bytes"));
  refusal(changed(revoke(), "reason", std::string(257, 'x')));
}

/// The words of a plan are what an operator consents to.
BOOST_AUTO_TEST_CASE(a_text_has_nothing_that_commands_hides_or_turns) {
  for (const std::string& part :
       {"\n"s, "\0"s, "\x1b"s, "\x7f"s, "\xc2\x80"s, "\xc2\x9b"s, "\xd8\x9c"s,
        "\xe2\x80\x8b"s, "\xe2\x80\x8f"s, "\xe2\x80\xa8"s, "\xe2\x80\xae"s,
        "\xe2\x81\xa0"s, "\xe2\x81\xa6"s, "\xef\xbb\xbf"s})
    for (auto field : {"subject", "resource"})
      BOOST_TEST(
          mentions(refusal(changed(grant(), field, "node/" + part + "2")),
                   "control character"));
  refusal(changed(revoke(), "reason", "a\tb"));
}

BOOST_AUTO_TEST_CASE(a_text_may_be_of_any_language) {
  for (const std::string& text :
       {"n\xc3\xb6rd lich"s, "\xc2\xa0"s, "\xe2\x80\x90"s, "\xe2\x82\xac"s,
        "\xe6\xbc\xa2"s, "\xf0\x9f\x90\xa7"s})
    BOOST_TEST(std::get<actors::RevokeWish>(
                   must(changed(revoke(), "reason", text)).change)
                   .reason == text);
}

BOOST_AUTO_TEST_CASE(a_name_can_not_read_as_more_of_the_plan) {
  for (const char* name :
       {"node/a may read x", "vm,all", "n\xc3\xb6rd", "a\"b"})
    for (const char* field : {"subject", "resource"})
      BOOST_TEST(mentions(refusal(changed(grant(), field, name)), "a name"));
  must(changed(grant(), "resource", "vm/Guest-1.a_b:c@d+e"));
}

/// The ledger keeps it for ever, and every reader of it takes it for UTF-8.
BOOST_AUTO_TEST_CASE(a_text_is_utf8) {
  for (const std::string& text :
       {"\xff"s, "\xc3"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
        "\\ud800"s, "\\udc00\\ud800"s, "\x80"s})
    refusal(read_change(R"({"change":{"kind":"revoke","grant":")" + id_text +
                        R"(","reason":")" + text + R"("}})"));
}

BOOST_AUTO_TEST_CASE(rights_are_a_list_of_known_ones) {
  for (const Json& rights :
       {Json::array({"none"}), Json::array({"read", "READ"}),
        Json::array({"read", 2}), Json::array({Json::array({"read"})}),
        Json("read"), Json{{"read", true}}})
    BOOST_TEST(
        mentions(refusal(changed(grant(), "rights", rights)), "'rights'"));
}

BOOST_AUTO_TEST_CASE(a_right_may_be_named_twice) {
  auto wish = must(changed(grant(), "rights", Json::array({"read", "read"})));
  BOOST_TEST(
      (std::get<events::GrantWish>(wish.change).rights == schema::Right::read));
}

BOOST_AUTO_TEST_CASE(a_grant_holds_from_a_second_to_ten_years) {
  constexpr std::uint64_t ten_years = 316'224'000;
  BOOST_TEST(must(changed(grant(), "seconds", 1)).seconds.value() == 1U);
  BOOST_TEST(must(changed(grant(), "seconds", ten_years)).seconds.value() ==
             ten_years);
  for (const Json& seconds :
       {Json(0), Json(-1), Json(1.5), Json("60"), Json(true),
        Json(ten_years + 1), Json(greatest), Json(1e300)})
    BOOST_TEST(mentions(refusal(changed(grant(), "seconds", seconds)),
                        "'seconds' must be"));
  refusal(read_change(R"({"change":{"seconds":1e999}})"));
}

BOOST_AUTO_TEST_CASE(a_body_is_one_object_with_a_change) {
  for (const auto body :
       {"", " ", "{", "null", "[]", "\"change\"", "{}", "{} {}", "{}x",
        R"({"change":null})", R"({"change":[]})", R"({"change":{},"x":1})",
        R"({"Change":{}})", "\xff", "{\"change\":{}}//", "{'change':{}}"})
    refusal(read_change(body));
}

BOOST_AUTO_TEST_CASE(a_body_that_is_deep_takes_no_stack) {
  constexpr std::size_t depth = 32'000;
  for (const auto& [open, close] :
       {std::pair{"["s, "]"s}, std::pair{"{\"a\":"s, "}"s}}) {
    auto count = open == "[" ? depth : depth / 3;
    auto deep = repeated(open, count) + "1" + repeated(close, count);
    BOOST_TEST(mentions(refusal(read_change(deep)), "nested deeper"));
    BOOST_TEST(mentions(
        refusal(read_change(R"({"change":{"kind":"grant","x":)" + deep + "}}")),
        "nested deeper"));
    refusal(read_change(repeated(open, count)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
