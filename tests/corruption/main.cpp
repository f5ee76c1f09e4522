// Runs the corruption tests in memory where that is possible: they make and
// read many small databases, and none has to survive a power cut.
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>
#include <stdlib.h>
#include <unistd.h>

#include <iostream>

#include "store/signing.hpp"

namespace {

bool register_nothing_more() { return true; }

}  // namespace

int main(int argc, char** argv) {
  if (!ppn::store::initialise_crypto()) {
    std::cerr << "corruption_tests: libsodium found no entropy\n";
    return EXIT_FAILURE;
  }
  constexpr const char* in_memory = "/dev/shm";
  constexpr int keep_what_is_set = 0;
  if (::access(in_memory, W_OK) == 0)
    ::setenv("TMPDIR", in_memory, keep_what_is_set);
  return boost::unit_test::unit_test_main(&register_nothing_more, argc, argv);
}
