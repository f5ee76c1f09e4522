#include "runtime/uapi_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/peer_linux.hpp"
#include "runtime/uapi.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;
using Clock = std::chrono::steady_clock;

namespace {

/// One that belongs to this user, or to root.
store::Status check_owner(int socket, const std::filesystem::path& path) {
  auto peer = peer_of(socket);
  if (!peer) return peer.error();
  if (peer->uid == ::geteuid() || peer->uid == 0) return {};
  return Error{ErrorCode::permission, "user " + std::to_string(peer->uid) +
                                          " listens on " + path.string()};
}

store::Result<FileHandle> connect_to(const std::filesystem::path& path) {
  FileHandle socket{
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.open()) return system_error("make a socket for", path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return system_error("connect to", path);
  }
  path.native().copy(address.sun_path, path.native().size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it takes it
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), any, sizeof address) != 0) {
    auto error = system_error("connect to", path);
    // A program that died leaves its socket behind.
    if (errno == ECONNREFUSED) error.code = ErrorCode::not_found;
    return error;
  }
  if (auto checked = check_owner(socket.get(), path); !checked)
    return checked.error();
  return socket;
}

class Exchange {
 public:
  Exchange(int socket, const std::filesystem::path& path,
           Clock::time_point deadline)
      : socket_(socket), path_(path), deadline_(deadline) {}

  store::Status send(std::string_view request) {
    while (!request.empty()) {
      auto sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
      // It reads no further when it refuses a line, and has said so before.
      if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return {};
      if (sent < 0) {
        if (auto ready = wait_for(POLLOUT); !ready) return ready;
        continue;
      }
      request.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::shutdown(socket_, SHUT_WR);
    return {};
  }

  store::Result<SecretText> receive() {
    constexpr std::size_t step = 16'384;
    SecretText text;
    for (;;) {
      auto size = text.size();
      text.resize(size + step);
      auto got = ::recv(socket_, text.data() + size, step, 0);
      text.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
      // It closes with a reset if it did not read all.
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return text;
      if (got < 0) {
        if (auto ready = wait_for(POLLIN); !ready) return ready.error();
      }
      if (text.size() > uapi_reply_max)
        return Error{ErrorCode::io,
                     "the answer on " + path_.string() + " is larger than " +
                         std::to_string(uapi_reply_max) + " bytes"};
    }
  }

 private:
  /// After a call that failed: until it can go on, if it only had to wait.
  store::Status wait_for(short events) {
    if (errno == EINTR) return {};
    if (errno != EAGAIN) return system_error("talk over", path_);
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    pollfd wait{socket_, events, 0};
    if (left.count() <= 0 ||
        ::poll(&wait, 1, static_cast<int>(left.count())) == 0)
      return Error{ErrorCode::io,
                   "what listens on " + path_.string() + " does not answer"};
    return {};
  }

  int socket_;
  const std::filesystem::path& path_;
  Clock::time_point deadline_;
};

}  // namespace

store::Result<SecretText> ask_uapi(const std::filesystem::path& socket,
                                   std::string_view request,
                                   std::chrono::milliseconds patience) {
  auto deadline = Clock::now() + patience;
  auto connected = connect_to(socket);
  if (!connected) return connected.error();
  Exchange exchange{connected->get(), socket, deadline};
  if (auto sent = exchange.send(request); !sent) return sent.error();
  return exchange.receive();
}

}  // namespace ppn::runtime
