// What a person sees of text that a stranger wrote.
#include "tools/ppn-ledger/failure.hpp"

#include <boost/test/unit_test.hpp>

namespace ppn::tests {

using tools::harmless;

BOOST_AUTO_TEST_SUITE(failure)

BOOST_AUTO_TEST_CASE(text_is_shown_as_it_is) {
  BOOST_TEST(harmless("h\xc3\xa9las, \xe2\x82\xac 5\n") ==
             "h\xc3\xa9las, \xe2\x82\xac 5\n");
}

BOOST_AUTO_TEST_CASE(a_terminal_is_not_steered) {
  BOOST_TEST(harmless("a\x1b[2Jb\r\x07\x7f") == "a?[2Jb???");
  BOOST_TEST(harmless("a\xc2\x9b"
                      "2J") == "a\xc2?2J");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
