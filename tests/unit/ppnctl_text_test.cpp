// What ppnctl shows never steers a terminal, and stands in columns.
#include <boost/test/unit_test.hpp>

#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::tests {

using namespace ctl;

BOOST_AUTO_TEST_SUITE(ppnctl_text)

BOOST_AUTO_TEST_CASE(a_document_is_one_line_that_means_the_same) {
  schema::Json document{
      {"a", "\x1b\x7f\xc2\x9b\xe2\x80\xae\n\xc3\xa9\xf3\xa0\x81\x81"}};
  auto line = json_line(document);
  BOOST_TEST(line ==
             "{\"a\":\"\\u001b\\u007f\\u009b\\u202e\\n\xc3\xa9"
             "\\udb40\\udc41\"}");
  BOOST_TEST((schema::Json::parse(line) == document));
}

BOOST_AUTO_TEST_CASE(cells_stand_in_columns) {
  BOOST_TEST(columns({{"node", "x"}, {"state dir", "/a", "b"}}) ==
             "node       x\n"
             "state dir  /a  b\n");
}

BOOST_AUTO_TEST_CASE(columns_count_characters_and_not_bytes) {
  BOOST_TEST(columns({{"\xc3\xa9\xc3\xa9", "x"}, {"abc", "y"}}) ==
             "\xc3\xa9\xc3\xa9   x\n"
             "abc  y\n");
}

BOOST_AUTO_TEST_CASE(columns_hold_what_was_made_printable) {
  BOOST_TEST(columns({{"\xe2\x80\xae\x1b", "x"}, {"abc", "y"}}) ==
             "??   x\n"
             "abc  y\n");
}

BOOST_AUTO_TEST_CASE(a_duration_has_its_two_largest_units) {
  BOOST_TEST(duration_words(0) == "0 seconds");
  BOOST_TEST(duration_words(1) == "1 second");
  BOOST_TEST(duration_words(59) == "59 seconds");
  BOOST_TEST(duration_words(60) == "1 minute");
  BOOST_TEST(duration_words(3'599) == "59 minutes, 59 seconds");
  BOOST_TEST(duration_words(3'601) == "1 hour");
  BOOST_TEST(duration_words(90'000) == "1 day, 1 hour");
  BOOST_TEST(duration_words(2 * 86'400 + 7'260) == "2 days, 2 hours");
}

BOOST_AUTO_TEST_CASE(what_was_is_ago) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  BOOST_TEST(ago_words(0, 63 * second_ns) == "1 minute, 3 seconds ago");
  BOOST_TEST(ago_words(0, second_ns - 1) == "now");
  BOOST_TEST(ago_words(second_ns - 1, 0) == "now");
  BOOST_TEST(ago_words(second_ns, 0) ==
             "1970-01-01T00:00:01.000Z, later than this host's clock");
}

BOOST_AUTO_TEST_CASE(sizes_have_a_unit) {
  BOOST_TEST(size_words(1'023) == "1023 bytes");
  BOOST_TEST(size_words(1'536) == "1.5 KiB");
  BOOST_TEST(size_words(~std::uint64_t{0}) == "16.0 EiB");
}

BOOST_AUTO_TEST_CASE(a_text_is_split_at_each_separator) {
  BOOST_TEST(
      (split("a,,b,", ',') == std::vector<std::string>{"a", "", "b", ""}));
  BOOST_TEST((split("", ',') == std::vector<std::string>{""}));
}

// -- drawing over what was drawn ---------------------------------------------

BOOST_AUTO_TEST_CASE(each_line_wipes_the_older_one) {
  BOOST_TEST(redrawn("a\nb\n", 2) == "a\033[K\r\nb\033[K");
}

BOOST_AUTO_TEST_CASE(a_frame_never_scrolls) {
  BOOST_TEST(redrawn("a\nb\nc\nd\n", 3) ==
             "a\033[K\r\nb\033[K\r\nand 2 lines more\033[K");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
