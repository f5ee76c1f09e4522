// Something that listens on a socket and answers each connection with bytes of
// the test's choice.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/scratch.hpp"

namespace ppn::tests {

class FakeDaemon {
 public:
  /// The pieces of one answer; the connection ends after them.
  using Pieces = std::vector<std::string>;

  /// Answers so many connections, in this order.
  explicit FakeDaemon(std::vector<Pieces> answers)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto text = path();
    std::copy(text.begin(), text.end(), std::begin(address.sun_path));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it takes
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(listener_, generic, sizeof address) != 0 ||
        ::listen(listener_, 8) != 0)
      throw std::system_error{errno, std::generic_category(), text};
    thread_ = std::thread{[this, answers = std::move(answers)] {
      for (const auto& pieces : answers)
        if (!answer(pieces)) return;
    }};
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  ~FakeDaemon() { stop(); }

  /// Ends what listens, and leaves the socket behind.
  void stop() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::string path() const {
    return (scratch_ / "socket").string();
  }

  /// What was asked so far, a text for each connection.
  std::vector<std::string> requests() {
    std::lock_guard lock{mutex_};
    return requests_;
  }

 private:
  bool answer(const Pieces& pieces) {
    int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return false;
    std::string request(std::size_t{64} * 1024, '\0');
    auto got = ::recv(connection, request.data(), request.size(), 0);
    request.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    {
      std::lock_guard lock{mutex_};
      requests_.push_back(std::move(request));
    }
    for (const auto& piece : pieces)
      ::send(connection, piece.data(), piece.size(), MSG_NOSIGNAL);
    ::close(connection);
    return true;
  }

  ScratchDirectory scratch_;
  int listener_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// An answer as the daemon gives it.
inline std::string http_answer(const std::string& status,
                               const std::string& type,
                               const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

inline std::string json_answer(const std::string& body) {
  return http_answer("200 OK", "application/json", body);
}

}  // namespace ppn::tests
