// What ppnctl makes of the daemon's answers, good and bad.
#include <boost/test/unit_test.hpp>

#include "runtime/control_api.hpp"
#include "tools/ppnctl/answer.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

Answer problem(unsigned status, const std::string& type) {
  return {status, "application/problem+json",
          R"({"type":"urn:ppn:problem:)" + type +
              R"(","title":"words","status":1,"detail":"the cause"})"};
}

void expect_not_understood(const Answer& answer) {
  auto document = read_answer(answer);
  BOOST_REQUIRE_MESSAGE(!document, answer.body);
  BOOST_TEST(document.error().code == exit_failed);
  BOOST_TEST(document.error().what.starts_with("cannot understand"),
             document.error().what);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_answer)

BOOST_AUTO_TEST_CASE(a_document_is_read) {
  for (unsigned status : {200U, 201U})
    for (const char* type :
         {"application/json", "application/json; charset=utf-8"}) {
      auto document = read_answer({status, type, R"({"a":1})"});
      BOOST_REQUIRE(document);
      BOOST_TEST(document->at("a").get<int>() == 1);
    }
}

BOOST_AUTO_TEST_CASE(each_type_of_problem_has_its_exit_code) {
  const std::vector<std::pair<const char*, ExitCode>> codes{
      {"bad-request", exit_usage},      {"forbidden", exit_permission},
      {"not-found", exit_failed},       {"method-not-allowed", exit_failed},
      {"refused", exit_refused},        {"too-large", exit_usage},
      {"failed", exit_failed},          {"read-only", exit_degraded},
      {"busy", exit_degraded},          {"outcome-unknown", exit_failed},
      {"no-answer", exit_failed},       {"disk-full", exit_failed},
      {"from-the-future", exit_failed},
  };
  for (const auto& [type, code] : codes) {
    auto document = read_answer(problem(500, type));
    BOOST_REQUIRE(!document);
    BOOST_TEST(document.error().code == code, type);
    BOOST_TEST(document.error().what == "the cause");
  }
  BOOST_TEST(codes.size() == api::problem_names.size() + 1);
}

BOOST_AUTO_TEST_CASE(a_problem_without_a_detail_has_a_title) {
  auto failure = read_problem(
      {409, "application/problem+json", R"({"title":"no","type":7})"});
  BOOST_TEST(failure.what == "no");
  BOOST_TEST(failure.code == exit_failed);
}

BOOST_AUTO_TEST_CASE(what_is_not_of_the_api_is_not_understood) {
  expect_not_understood({200, "text/html", "{}"});
  expect_not_understood({200, "application/json", ""});
  expect_not_understood({200, "application/json", "{} {}"});
  expect_not_understood({200, "application/json", "{\"a\":\"\xff\"}"});
  expect_not_understood({204, "application/json", "{}"});
  expect_not_understood({302, "application/problem+json", R"({"detail":"x"})"});
  expect_not_understood({404, "text/plain", "not here"});
  expect_not_understood({404, "application/problem+json", "[]"});
  expect_not_understood({404, "application/problem+json", "{"});
  expect_not_understood({404, "application/problem+json", R"({"detail":1})"});
}

BOOST_AUTO_TEST_CASE(a_bottomless_document_is_refused) {
  auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  BOOST_TEST(bool{parse_json(nested(64))});
  BOOST_TEST(!parse_json(nested(66)));
  expect_not_understood(
      {200, "application/json", std::string(std::size_t{1} << 20U, '[')});
}

BOOST_AUTO_TEST_CASE(a_failure_is_a_line_and_what_to_do) {
  BOOST_TEST(failure_text({exit_failed, "a\x1b"}) == "ppnctl: a?\n");
  BOOST_TEST(failure_text({exit_failed, "a", "do\nb"}) ==
             "ppnctl: a\n  do?b\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
