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

std::uint64_t host_memory_mb() {
  auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) >> 20U;
}

std::uint64_t available_memory_mb() {
  std::ifstream meminfo{"/proc/meminfo"};
  std::string name;
  std::uint64_t kb = 0;
  for (std::string unit; meminfo >> name >> kb && std::getline(meminfo, unit);)
    if (name == "MemAvailable:") return kb >> 10U;
  return 0;
}

std::filesystem::path keeper_beside_this_program() {
  std::error_code error;
  auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  auto beside = own.parent_path() / "ppn-keeper";
  if (std::filesystem::exists(beside, error)) return beside;
  return own.parent_path().parent_path() / "lib/ppn/ppn-keeper";
}

}  // namespace ppn::runtime
