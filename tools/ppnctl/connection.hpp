// A connection to the daemon. Every wait on it ends in time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

using Deadline = std::chrono::steady_clock::time_point;

class Connection {
 public:
  /// The failure has exit_not_running if nobody listens there, and
  /// exit_permission if one may not connect.
  static Result<Connection> open(const std::string& path);

  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  /// Sends all of it; what is wrong otherwise.
  std::optional<Failure> send(std::string_view bytes, Deadline deadline);

  /// The next bytes; none at the end of the connection.
  Result<std::string> receive(Deadline deadline);

  /// Its socket, to wait for it beside others.
  [[nodiscard]] int socket() const { return socket_; }

  /// The user that the daemon runs as.
  [[nodiscard]] std::optional<uid_t> peer_user() const;

 private:
  explicit Connection(int socket) : socket_(socket) {}

  std::optional<Failure> wait(short event, Deadline deadline) const;

  int socket_;
};

}  // namespace ppn::ctl
