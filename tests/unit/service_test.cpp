// What the service manager is told, by the protocol of sd_notify(3).
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "runtime/service_linux.hpp"
#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace {

/// A variable of the environment, which is as it was when the test ends.
class Variable {
 public:
  explicit Variable(const char* name) : name_(name) {
    if (const char* value = std::getenv(name)) before_ = value;
    ::unsetenv(name);
  }
  ~Variable() {
    if (before_)
      set(*before_);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  void set(const std::string& value) { ::setenv(name_, value.c_str(), 1); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// The socket of a service manager.
class Manager {
 public:
  explicit Manager(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = 0;
    auto size =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): an address
    const auto* at = reinterpret_cast<const sockaddr*>(&address);
    BOOST_REQUIRE(::bind(socket_.get(), at, size) == 0);
  }

  /// What it was told; nothing if nothing is there.
  std::string hear() {
    std::array<char, 512> message{};
    auto size =
        ::recv(socket_.get(), message.data(), message.size(), MSG_DONTWAIT);
    return size < 0
               ? ""
               : std::string{message.data(), static_cast<std::size_t>(size)};
  }

 private:
  store::FileHandle socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

struct Environment {
  Variable notify{"NOTIFY_SOCKET"};
  Variable interval{"WATCHDOG_USEC"};
  Variable process{"WATCHDOG_PID"};
};

void check_all_is_heard(Manager& manager) {
  runtime::say_ready("node hub, boot 3");
  BOOST_TEST(manager.hear() == "READY=1\nSTATUS=node hub, boot 3");
  runtime::say_stopping();
  BOOST_TEST(manager.hear() == "STOPPING=1");
  runtime::say_alive();
  BOOST_TEST(manager.hear() == "WATCHDOG=1");
}

std::int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(service, Environment)

BOOST_AUTO_TEST_CASE(it_is_told_over_a_socket_in_a_directory) {
  ScratchDirectory scratch;
  auto path = (scratch / "notify").string();
  Manager manager{path};
  notify.set(path);
  check_all_is_heard(manager);
}

BOOST_AUTO_TEST_CASE(it_is_told_over_a_socket_in_no_directory) {
  auto name = "@ppn-test-" + std::to_string(::getpid());
  Manager manager{name};
  notify.set(name);
  check_all_is_heard(manager);
}

BOOST_AUTO_TEST_CASE(a_reload_is_told_with_its_time) {
  ScratchDirectory scratch;
  auto path = (scratch / "notify").string();
  Manager manager{path};
  notify.set(path);
  auto before = monotonic_us();
  runtime::say_reloading();
  auto after = monotonic_us();
  auto heard = manager.hear();
  const std::string begin = "RELOADING=1\nMONOTONIC_USEC=";
  BOOST_REQUIRE(heard.starts_with(begin));
  auto told = std::stoll(heard.substr(begin.size()));
  BOOST_TEST(before <= told);
  BOOST_TEST(told <= after);
}

BOOST_AUTO_TEST_CASE(that_nobody_listens_is_no_fault) {
  runtime::say_alive();
  ScratchDirectory scratch;
  for (const auto& path :
       {std::string{}, (scratch / "nobody").string(), std::string(200, 'x')}) {
    notify.set(path);
    runtime::say_alive();
  }
  BOOST_TEST(std::filesystem::is_empty(scratch.path()));
}

BOOST_AUTO_TEST_CASE(signs_of_life_are_due_only_if_asked_of_this_process) {
  using runtime::watchdog_interval;
  BOOST_TEST(!watchdog_interval().has_value());
  interval.set("30000000");
  BOOST_REQUIRE(watchdog_interval().has_value());
  BOOST_TEST(watchdog_interval()->count() == 30'000'000);
  process.set(std::to_string(::getpid()));
  BOOST_TEST(watchdog_interval().has_value());
  process.set(std::to_string(::getpid() + 1));
  BOOST_TEST(!watchdog_interval().has_value());
}

BOOST_AUTO_TEST_CASE(an_interval_that_is_none_asks_for_nothing) {
  for (auto text : {"", "0", "-5", "10s", " 10", "99999999999999999999"}) {
    interval.set(text);
    BOOST_TEST(!runtime::watchdog_interval().has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
