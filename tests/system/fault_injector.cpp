#include "tests/system/fault_injector.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace {

using ppn::tests::Fault;

Fault planned = Fault::none;
std::uint64_t planned_call = 0;
std::uint64_t calls = 0;
bool happened = false;

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// Makes the call, or what the plan has in its place. `torn` makes half of it.
template <class Call, class Torn>
long with_faults(Call call, Torn torn) {
  if (planned == Fault::none || ++calls != planned_call) return call();
  happened = true;
  switch (planned) {
    case Fault::none:
      break;
    case Fault::kill_before:
      die();
    case Fault::kill_after:
      call();
      die();
    case Fault::kill_torn:
      torn();
      die();
    case Fault::io_error:
      errno = EIO;
      return -1;
    case Fault::no_space:
      errno = ENOSPC;
      return -1;
    case Fault::done_but_error:
      call();
      errno = EIO;
      return -1;
  }
  return call();
}

template <class Call>
long with_faults(Call call) {
  return with_faults(call, [] {});
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t size) {
  return with_faults([&] { return ::syscall(SYS_write, file, bytes, size); },
                     [&] { ::syscall(SYS_write, file, bytes, size / 2); });
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return with_faults(
      [&] { return ::syscall(SYS_pwrite64, file, bytes, size, offset); },
      [&] { ::syscall(SYS_pwrite64, file, bytes, size / 2, offset); });
}

ssize_t writev(int file, const struct iovec* parts, int count) {
  return with_faults([&] { return ::syscall(SYS_writev, file, parts, count); },
                     [&] { ::syscall(SYS_writev, file, parts, count / 2); });
}

int fsync(int file) {
  return static_cast<int>(
      with_faults([&] { return ::syscall(SYS_fsync, file); }));
}

int fdatasync(int file) {
  return static_cast<int>(
      with_faults([&] { return ::syscall(SYS_fdatasync, file); }));
}

int ftruncate(int file, off_t size) noexcept {
  return static_cast<int>(
      with_faults([&] { return ::syscall(SYS_ftruncate, file, size); }));
}

int rename(const char* from, const char* to) noexcept {
  return static_cast<int>(with_faults([&] {
    return ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  }));
}

}  // extern "C"

namespace ppn::tests {

void inject(Fault fault, std::uint64_t nth) {
  calls = 0;
  happened = false;
  planned_call = nth;
  planned = fault;
}

std::uint64_t stop_injecting() {
  planned = Fault::none;
  return calls;
}

bool fault_happened() { return happened; }

}  // namespace ppn::tests
