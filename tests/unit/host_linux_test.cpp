// What a host has beside memory, as Linux sees it.
#include "runtime/host_linux.hpp"

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::busy_permille;

BOOST_AUTO_TEST_SUITE(host_linux)

BOOST_AUTO_TEST_CASE(cores_are_as_busy_as_the_last_minute_says) {
  BOOST_TEST(busy_permille("0.50 0.00 0.00 1/80 7", 2) == 250U);
  BOOST_TEST(busy_permille("0.00 1.00 1.00 1/80 7", 2) == 0U);
}

BOOST_AUTO_TEST_CASE(more_than_all_of_them_can_not_be) {
  BOOST_TEST(busy_permille("17.00 1.00 1.00 1/80 7", 2) == 1000U);
}

BOOST_AUTO_TEST_CASE(what_is_no_load_is_none) {
  for (const char* text : {"", "nan 0 0", "inf 0 0", "-1 0 0", "busy"})
    BOOST_TEST(busy_permille(text, 2) == 0U, text);
  BOOST_TEST(busy_permille("1.00", 0) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
