#include "tests/system/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <stdexcept>

namespace ppn::tests {

bool mount_small_disk(const std::filesystem::path& path,
                      const std::string& size) {
  std::filesystem::create_directories(path);
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + size).c_str()) ==
             0;
}

bool make_read_only(const std::filesystem::path& path) {
  return ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY,
                 nullptr) == 0;
}

void fill_disk(const std::filesystem::path& file, std::uint64_t left) {
  struct statvfs system {};
  if (::statvfs(file.parent_path().c_str(), &system) != 0)
    throw std::runtime_error{"no file system to fill"};
  auto free = std::uint64_t{system.f_bavail} * system.f_frsize;
  if (free <= left) return;
  int filler = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  bool filled = filler >= 0 &&
                ::posix_fallocate(filler, 0, static_cast<off_t>(free - left)) ==
                    0;
  if (filler >= 0) ::close(filler);
  if (!filled) throw std::runtime_error{"the disk can not be filled"};
}

}  // namespace ppn::tests
