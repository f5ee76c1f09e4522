#include "runtime/service_linux.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include "store/files.hpp"

namespace ppn::runtime {

namespace {

std::string_view from_environment(const char* name) {
  const auto* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

std::optional<std::int64_t> number_from_environment(const char* name) {
  auto text = from_environment(name);
  std::int64_t number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

/// The protocol of sd_notify(3), whose library would bring four compressors and
/// a second cryptography into this process. That nobody listens is no fault.
void notify(const std::string& message) {
  auto path = from_environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path.data(), path.size());
  // A name that is in no directory.
  if (path.front() == '@') address.sun_path[0] = 0;
  store::FileHandle socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as POSIX asks
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  ::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, to,
           size);
}

}  // namespace

void say_ready(const std::string& status) {
  notify("READY=1\nSTATUS=" + status);
}

void say_reloading() {
  constexpr std::int64_t us_per_s = 1'000'000;
  constexpr std::int64_t ns_per_us = 1'000;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto us = now.tv_sec * us_per_s + now.tv_nsec / ns_per_us;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void say_stopping() { notify("STOPPING=1"); }

void say_alive() { notify("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  auto interval_us = number_from_environment("WATCHDOG_USEC");
  auto process = number_from_environment("WATCHDOG_PID");
  bool is_meant = !process || *process == ::getpid();
  if (!interval_us || *interval_us <= 0 || !is_meant) return std::nullopt;
  return std::chrono::microseconds{*interval_us};
}

}  // namespace ppn::runtime
