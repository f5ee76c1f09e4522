#include "runtime/host_linux.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#include "runtime/state_directory_linux.hpp"

namespace ppn::runtime {

namespace {

std::string read_loadavg() {
  std::ifstream file{"/proc/loadavg"};
  std::string text;
  std::getline(file, text);
  return text;
}

/// A directory that is made later will be on the disk of the one above it.
std::uint64_t free_mb_at(std::filesystem::path directory) {
  std::error_code ignored;
  while (directory.has_parent_path() && directory != directory.root_path() &&
         !std::filesystem::exists(directory, ignored))
    directory = directory.parent_path();
  return free_space(directory).value_or(0) >> 20U;
}

}  // namespace

std::uint32_t busy_permille(const std::string& loadavg, std::uint32_t cores) {
  constexpr double all_busy = 1000;
  std::istringstream text{loadavg};
  text.imbue(std::locale::classic());
  double running = 0;
  if (!(text >> running) || !std::isfinite(running) || cores == 0) return 0;
  auto busy = running * all_busy / cores;
  return static_cast<std::uint32_t>(std::clamp(busy, 0.0, all_busy));
}

actors::HostPort::behavior_type host_port(
    actors::HostPort::pointer, const std::filesystem::path& guest_dir) {
  return {
      [guest_dir](actors::measure_atom) {
        auto cores = std::max(std::thread::hardware_concurrency(), 1U);
        return actors::HostLook{cores, busy_permille(read_loadavg(), cores),
                                free_mb_at(guest_dir)};
      },
  };
}

}  // namespace ppn::runtime
