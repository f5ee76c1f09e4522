#include "runtime/process_linux.hpp"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace ppn::runtime {

void hide_memory() {
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

void share_free_memory() { ::mallopt(M_ARENA_MAX, 1); }

std::uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t pages_in_all = 0;
  std::uint64_t resident_pages = 0;
  statm >> pages_in_all >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace ppn::runtime
