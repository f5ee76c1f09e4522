#include "store/writer_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "store/byte_order.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_pid_text = 32;

/// The file keeps the pid of the last writer, who may be gone while a reader
/// holds the lock.
bool is_alive(const std::string& pid) {
  long number = std::strtol(pid.c_str(), nullptr, 10);
  return number > 0 &&
         (::kill(static_cast<pid_t>(number), 0) == 0 || errno == EPERM);
}

/// Whoever held the lock may have put the ledger elsewhere, and the file with
/// it.
bool is_at(int descriptor, const fs::path& path) {
  struct stat locked {};
  struct stat named {};
  return ::fstat(descriptor, &locked) == 0 &&
         ::stat(path.c_str(), &named) == 0 && locked.st_dev == named.st_dev &&
         locked.st_ino == named.st_ino;
}

Error held_by_another(const fs::path& path) {
  auto pid = read_file(path, max_pid_text);
  std::string who = "another process";
  if (pid && is_alive(*pid)) who = "process " + pid->substr(0, pid->find('\n'));
  return {ErrorCode::locked,
          who + " is writing the ledger " + path.parent_path().string() +
              "; stop it first, there can be only one writer"};
}

}  // namespace

Result<WriterLock> WriterLock::acquire(const fs::path& path) {
  FileHandle file{
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.open()) return system_error("open", path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return held_by_another(path);
    return system_error("lock", path);
  }
  if (!is_at(file.get(), path)) return held_by_another(path);
  auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0) return system_error("truncate", path);
  if (auto written = write_all(file.get(), as_bytes(pid), path); !written)
    return written.error();
  return WriterLock{std::move(file), Holder::writer};
}

Result<WriterLock> WriterLock::keep_writers_out(const fs::path& path) {
  FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.open()) {
    if (errno == ENOENT) return WriterLock{FileHandle{}, Holder::reader};
    return system_error("open", path);
  }
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return held_by_another(path);
    return system_error("lock", path);
  }
  return WriterLock{std::move(file), Holder::reader};
}

WriterLock::~WriterLock() {
  // What can not be taken along is recognised by its process being gone.
  if (file_.open() && holder_ == Holder::writer &&
      ::ftruncate(file_.get(), 0) != 0)
    return;
}

}  // namespace ppn::store
