// Work in a child process, which may crash.
#include <unistd.h>

#include <csignal>

#include "runtime/child_linux.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::in_child;
using store::ErrorCode;

BOOST_AUTO_TEST_SUITE(child)

BOOST_AUTO_TEST_CASE(what_it_returns_is_told) {
  for (std::size_t size : {0U, 1U, 1'000'000U})
    BOOST_TEST(must(in_child([=] { return std::string(size, 'x'); })) ==
               std::string(size, 'x'));
}

BOOST_AUTO_TEST_CASE(it_changes_nothing_here) {
  int here = 1;
  must(in_child([&] {
    here = 2;
    return std::string{};
  }));
  BOOST_TEST(here == 1);
}

BOOST_AUTO_TEST_CASE(a_crash_tells_of_damage) {
  for (int signal : {SIGSEGV, SIGBUS})
    BOOST_TEST(is_error(in_child([=] {
                          ::raise(signal);
                          return std::string{"alive"};
                        }),
                        ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(who_is_ended_by_somebody_tells_of_nothing) {
  BOOST_TEST(is_error(in_child([] {
                        ::raise(SIGKILL);
                        return std::string{"alive"};
                      }),
                      ErrorCode::io));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
