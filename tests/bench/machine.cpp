#include "tests/bench/machine.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <thread>

#include "store/files.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"

namespace ppn::bench {

namespace {

std::string processor_name() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown processor";
}

/// The type of the mount that `directory` stands in, as the kernel calls it.
std::string file_system_name(const std::filesystem::path& directory) {
  std::ifstream mounts{"/proc/self/mounts"};
  auto inside = std::filesystem::canonical(directory).string() + "/";
  std::string best_point;
  std::string best_type = "unknown file system";
  for (std::string device, point, type, rest;
       mounts >> device >> point >> type && std::getline(mounts, rest);) {
    auto prefix = point == "/" ? point : point + "/";
    if (!inside.starts_with(prefix) || prefix.size() < best_point.size())
      continue;
    best_point = prefix;
    best_type = type;
  }
  return best_type;
}

bool is_in_memory(const std::filesystem::path& directory) {
  struct statfs system {};
  if (::statfs(directory.c_str(), &system) != 0) return false;
  return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

double median_sync_us(const std::filesystem::path& directory) {
  constexpr int writes = 200;
  std::array<char, 4096> block{};
  auto path = directory / "sync";
  store::FileHandle file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  std::vector<double> times;
  for (int i = 0; i < writes; ++i) {
    Stopwatch watch;
    auto written = ::write(file.get(), block.data(), block.size());
    require(written == static_cast<ssize_t>(block.size()), "write a block");
    require(::fdatasync(file.get()) == 0, "sync a block");
    times.push_back(watch.seconds() * 1e6);
  }
  ::unlink(path.c_str());
  return median(std::move(times));
}

struct ProcessorTime {
  double busy = 0;
  double total = 0;
};

/// Of all processors, in seconds.
ProcessorTime processor_time() {
  enum Column { user, nice, system, idle, io_wait, columns = 8 };
  std::ifstream file{"/proc/stat"};
  std::string name;
  file >> name;
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessorTime time;
  double value = 0;
  for (int column = 0; column < columns && file >> value; ++column) {
    time.total += value / ticks;
    if (column != idle && column != io_wait) time.busy += value / ticks;
  }
  return time;
}

/// Used by this process and by its children that have ended.
double own_time() {
  rusage children{};
  ::getrusage(RUSAGE_CHILDREN, &children);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) * 1e-6;
  };
  return cpu_seconds() + seconds(children.ru_utime) +
         seconds(children.ru_stime);
}

}  // namespace

OthersLoad::OthersLoad()
    : busy_before_(processor_time().busy),
      total_before_(processor_time().total),
      own_before_(own_time()) {}

double OthersLoad::share() const {
  auto now = processor_time();
  auto others = now.busy - busy_before_ - (own_time() - own_before_);
  return std::max(0.0, others / std::max(1e-9, now.total - total_before_));
}

Machine look_at_machine() {
  return {
      processor_name(), std::max(1U, std::thread::hardware_concurrency()), {}};
}

ScratchDisk look_at_disk(const std::filesystem::path& directory) {
  return {file_system_name(directory), !is_in_memory(directory),
          median_sync_us(directory)};
}

}  // namespace ppn::bench
