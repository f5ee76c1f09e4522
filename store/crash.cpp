#include "store/crash.hpp"

#include <csignal>
#include <cstring>

namespace ppn::store {

bool is_crash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT ||
         signal == SIGFPE || signal == SIGILL;
}

std::string describe_crash(int signal) {
  return std::string{"the database crashed its reader ("} +
         ::strsignal(signal) + "): " +
         (signal == SIGBUS ? "the file is shorter than it says"
                           : "the structure of its pages is damaged");
}

}  // namespace ppn::store
