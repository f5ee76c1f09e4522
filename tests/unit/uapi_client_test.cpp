// Asking over a socket where anything may answer, or nothing.
#include "runtime/uapi_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "runtime/uapi.hpp"
#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::ask_uapi;
using store::ErrorCode;
using store::FileHandle;

namespace {

constexpr std::chrono::seconds long_enough{30};
constexpr std::chrono::milliseconds short_while{100};

FileHandle listen_at(const std::filesystem::path& path) {
  FileHandle socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it takes it
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  BOOST_REQUIRE(::bind(socket.get(), any, sizeof address) == 0);
  BOOST_REQUIRE(::listen(socket.get(), 1) == 0);
  return socket;
}

/// Does one thing with the first who connects, then hangs up.
class Server {
 public:
  Server(const std::filesystem::path& path, std::function<void(int)> serve)
      : listener_(listen_at(path)), thread_([this, serve = std::move(serve)] {
          FileHandle client{::accept(listener_.get(), nullptr, nullptr)};
          serve(client.get());
        }) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { thread_.join(); }

 private:
  FileHandle listener_;
  std::thread thread_;
};

std::string read_to_end(int socket) {
  std::string text;
  char buffer[4096];
  for (;;) {
    auto got = ::read(socket, buffer, sizeof buffer);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

void say(int socket, std::string_view text) {
  ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
}

void wait_for_hang_up(int socket) {
  pollfd wait{socket, 0, 0};
  ::poll(&wait, 1, -1);
}

struct Fixture {
  ScratchDirectory scratch;
  std::filesystem::path path = scratch / "wg0.sock";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(uapi_client, Fixture)

BOOST_AUTO_TEST_CASE(what_is_asked_and_answered_arrives_whole) {
  const std::string request(1'000'000, 'q');
  const std::string answer(1'000'000, 'a');
  std::string heard;
  {
    Server server{path, [&](int client) {
                    heard = read_to_end(client);
                    say(client, answer);
                  }};
    BOOST_TEST(std::string{must(ask_uapi(path, request, long_enough))} ==
               answer);
  }
  BOOST_TEST(heard == request);
}

BOOST_AUTO_TEST_CASE(nobody_listens) {
  BOOST_TEST(
      is_error(ask_uapi(path, "get=1\n\n", long_enough), ErrorCode::not_found));
  { auto left_behind = listen_at(path); }
  BOOST_TEST(
      is_error(ask_uapi(path, "get=1\n\n", long_enough), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_path_too_long_for_a_socket_is_said) {
  BOOST_TEST(is_error(ask_uapi(std::string(200, 'x'), "", long_enough),
                      ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_not_waited_for) {
  Server server{path, wait_for_hang_up};
  auto error = error_of(ask_uapi(path, "get=1\n\n", short_while));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "does not answer"));
}

BOOST_AUTO_TEST_CASE(who_does_not_read_is_not_waited_for) {
  Server server{path, wait_for_hang_up};
  const std::string request(5'000'000, 'q');
  BOOST_TEST(is_error(ask_uapi(path, request, short_while), ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(who_answers_word_by_word_has_no_longer) {
  Server server{path, [](int client) {
                  pollfd wait{client, 0, 0};
                  do {
                    say(client, "x");
                  } while (::poll(&wait, 1, 10) == 0);
                }};
  BOOST_TEST(is_error(ask_uapi(path, "get=1\n\n", short_while), ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(an_answer_without_end_is_refused) {
  Server server{
      path, [](int client) {
        const std::string some(1'000'000, 'a');
        while (::send(client, some.data(), some.size(), MSG_NOSIGNAL) > 0) {
        }
      }};
  auto error = error_of(ask_uapi(path, "get=1\n\n", long_enough));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "larger"));
}

// wireguard-go answers at the line that it refuses, and reads no further.
BOOST_AUTO_TEST_CASE(an_answer_before_the_end_of_a_request_is_heard) {
  Server server{path, [](int client) {
                  char first = 0;
                  if (::read(client, &first, 1) == 1)
                    say(client, "errno=-22\n\n");
                }};
  const std::string request(5'000'000, 'q');
  BOOST_TEST(std::string{must(ask_uapi(path, request, long_enough))} ==
             "errno=-22\n\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
