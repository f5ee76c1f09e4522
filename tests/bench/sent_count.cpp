#include "tests/bench/sent_count.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

ppn::bench::Sent counted;

ssize_t count(long result) {
  if (result >= 0) {
    ++counted.calls;
    counted.bytes += static_cast<std::uint64_t>(result);
  }
  return result;
}

}  // namespace

extern "C" {

ssize_t send(int socket, const void* bytes, size_t size, int flags) {
  return count(::syscall(SYS_sendto, socket, bytes, size, flags, nullptr, 0));
}

ssize_t sendto(int socket, const void* bytes, size_t size, int flags,
               const sockaddr* address, socklen_t address_size) {
  return count(
      ::syscall(SYS_sendto, socket, bytes, size, flags, address, address_size));
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  return count(::syscall(SYS_sendmsg, socket, message, flags));
}

}  // extern "C"

namespace ppn::bench {

Sent sent_so_far() { return counted; }

}  // namespace ppn::bench
