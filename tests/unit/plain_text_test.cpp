// Text of unknown origin, before a person reads it.
#include "schema/plain_text.hpp"

#include <boost/test/unit_test.hpp>

namespace ppn::tests {

using schema::hidden_bytes;
using schema::printable;

BOOST_AUTO_TEST_SUITE(plain_text)

BOOST_AUTO_TEST_CASE(text_is_shown_as_it_is) {
  for (const char* text : {"h\xc3\xa9las, \xe2\x82\xac 5", "\xf0\x9f\x90\xa7",
                           "\xc2\xa0", "\xe2\x80\x90", "\xe2", ""})
    BOOST_TEST(printable(text) == text);
}

BOOST_AUTO_TEST_CASE(a_terminal_is_not_steered) {
  BOOST_TEST(printable("a\x1b[2Jb\r\n\x07\x7f") == "a?[2Jb????");
  BOOST_TEST(printable("a\xc2\x9b"
                       "2J") == "a?2J");
}

BOOST_AUTO_TEST_CASE(what_hides_or_turns_is_seen) {
  BOOST_TEST(hidden_bytes("\xc2\xad") == 2U);
  BOOST_TEST(hidden_bytes("\xe2\x80\xae!") == 3U);
  BOOST_TEST(hidden_bytes("\xe2\x81\xa6") == 3U);
  BOOST_TEST(hidden_bytes("\xef\xbb\xbf") == 3U);
  BOOST_TEST(hidden_bytes("\xf3\xa0\x81\x81") == 4U);
  BOOST_TEST(hidden_bytes(std::string_view{"\0", 1}) == 1U);
  BOOST_TEST(hidden_bytes("a\x1b") == 0U);
}

BOOST_AUTO_TEST_CASE(lines_stay_where_they_are_wanted) {
  BOOST_TEST(printable("a\nb\r\n", "\n") == "a\nb?\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
