// Runs the system tests, libsodium being ready before the first of them.
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include <iostream>

#include "store/signing.hpp"

int main(int argc, char** argv) {
  if (!ppn::store::initialise_crypto()) {
    std::cerr << "system_tests: libsodium found no entropy\n";
    return EXIT_FAILURE;
  }
  return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
