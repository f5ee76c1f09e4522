#include "tools/ppnctl/connection.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ppn::ctl {

namespace {

constexpr std::size_t bytes_at_once = std::size_t{64} * 1024;
/// How long the daemon may take to accept a connection.
constexpr timeval accept_seconds{.tv_sec = 10, .tv_usec = 0};

Failure lost(const char* what, int error) {
  return {exit_failed, fmt::format("{}: {}", what, std::strerror(error))};
}

Failure cannot_connect(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {exit_not_running,
              fmt::format("ppnd is not running (no socket at {}): systemctl "
                          "start ppnd, or name another socket with --socket",
                          path)};
    case ECONNREFUSED:
      return {exit_not_running,
              fmt::format("ppnd is not running (nobody listens at {}): "
                          "systemctl start ppnd, or name another socket with "
                          "--socket",
                          path)};
    case EACCES:
    case EPERM:
      return {exit_permission, fmt::format("you may not connect to {}", path),
              "ppnctl doctor says which group may"};
    case EAGAIN:
      return {exit_failed,
              fmt::format("ppnd does not accept connections at {}", path),
              "see what it does: journalctl -u ppnd"};
    default:
      return {exit_failed, fmt::format("cannot connect to {}: {}", path,
                                       std::strerror(error))};
  }
}

}  // namespace

Result<Connection> Connection::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Failure{exit_usage,
                   fmt::format("the path of a socket has 1 to {} bytes, not {}",
                               sizeof address.sun_path - 1, path.size())};
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  Connection connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (connection.socket_ < 0) return lost("cannot make a socket", errno);
  ::setsockopt(connection.socket_, SOL_SOCKET, SO_SNDTIMEO, &accept_seconds,
               sizeof accept_seconds);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what it takes
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(connection.socket_, generic, sizeof address) != 0)
    return cannot_connect(path, errno);
  return connection;
}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(socket_, other.socket_);
  return *this;
}

Connection::~Connection() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<Failure> Connection::send(std::string_view bytes,
                                        Deadline deadline) {
  while (!bytes.empty()) {
    if (auto failure = wait(POLLOUT, deadline)) return failure;
    auto sent = ::send(socket_, bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno != EAGAIN && errno != EINTR)
      return lost("the connection to ppnd broke", errno);
  }
  return std::nullopt;
}

Result<std::string> Connection::receive(Deadline deadline) {
  std::string bytes(bytes_at_once, '\0');
  for (;;) {
    if (auto failure = wait(POLLIN, deadline)) return *failure;
    auto got = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got >= 0) {
      bytes.resize(static_cast<std::size_t>(got));
      return bytes;
    }
    if (errno != EAGAIN && errno != EINTR)
      return lost("the connection to ppnd broke", errno);
  }
}

std::optional<uid_t> Connection::peer_user() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return std::nullopt;
  return peer.uid;
}

std::optional<Failure> Connection::wait(short event, Deadline deadline) const {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return Failure{exit_failed, "ppnd did not answer in time",
                     "see what it does: journalctl -u ppnd"};
    pollfd waited{.fd = socket_, .events = event, .revents = 0};
    auto ready = ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0) return std::nullopt;
    if (ready < 0 && errno != EINTR) return lost("cannot wait for ppnd", errno);
  }
}

}  // namespace ppn::ctl
