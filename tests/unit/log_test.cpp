// Lines of the log: one for each event, whatever the values hold.
#include "runtime/log.hpp"

#include <boost/test/unit_test.hpp>

namespace ppn::tests {

using runtime::log_level_of;
using runtime::log_line;
using runtime::LogLevel;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(log)

BOOST_AUTO_TEST_CASE(a_line_is_an_event_and_its_fields_in_their_order) {
  BOOST_TEST(log_line("node.started", {{"boot", "3"}, {"a", "x=y"}}) ==
             "node.started boot=3 a=x=y");
  BOOST_TEST(log_line("node.stopped", {}) == "node.stopped");
}

BOOST_AUTO_TEST_CASE(a_value_with_blanks_or_quotes_is_put_in_quotes) {
  BOOST_TEST(log_line("e", {{"v", "two words"}}) == R"(e v="two words")");
  BOOST_TEST(log_line("e", {{"v", R"(a"b)"}}) == R"(e v="a\"b")");
  BOOST_TEST(log_line("e", {{"v", R"(a\b)"}}) == R"(e v="a\\b")");
}

BOOST_AUTO_TEST_CASE(an_empty_value_is_seen) {
  BOOST_TEST(log_line("e", {{"v", ""}, {"w", "x"}}) == R"(e v="" w=x)");
}

BOOST_AUTO_TEST_CASE(a_value_begins_no_line_of_its_own) {
  BOOST_TEST(log_line("e", {{"v", "a\nnode.started boot=1"}}) ==
             R"(e v="a\x0anode.started boot=1")");
  BOOST_TEST(log_line("e", {{"v", "\r"}}) == R"(e v="\x0d")");
}

BOOST_AUTO_TEST_CASE(no_control_character_reaches_a_terminal) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string value{static_cast<char>(byte)};
    for (char written : log_line("e", {{"v", value}}))
      BOOST_TEST((written >= ' ' && written <= '~'),
                 "byte " << byte << " is written as it is");
  }
  BOOST_TEST(log_line("e", {{"v", "\x1b[2J\0\x7f"s}}) ==
             R"(e v="\x1b[2J\x00\x7f")");
}

/// A terminal may show any of it in another order, or not at all.
BOOST_AUTO_TEST_CASE(utf8_is_written_by_its_bytes) {
  BOOST_TEST(log_line("e", {{"v", "\xc3\xa9"}}) == R"(e v="\xc3\xa9")");
  BOOST_TEST(log_line("e", {{"v", "\xc2\x9b"}}) == R"(e v="\xc2\x9b")");
}

BOOST_AUTO_TEST_CASE(levels_have_names) {
  BOOST_TEST((log_level_of("error") == LogLevel::error));
  BOOST_TEST((log_level_of("warning") == LogLevel::warning));
  BOOST_TEST((log_level_of("info") == LogLevel::info));
  BOOST_TEST(!log_level_of("debug").has_value());
  BOOST_TEST(!log_level_of("").has_value());
  BOOST_TEST(!log_level_of("INFO").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
