#include "tests/unit/api_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace {

/// After so long nothing comes any more.
constexpr timeval patience{30, 0};

}  // namespace

ApiClient::ApiClient(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience,
               sizeof patience);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): an address
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  BOOST_REQUIRE_MESSAGE(
      ::connect(socket_.get(), to, sizeof address) == 0,
      "cannot connect to " << path << ": " << std::strerror(errno));
}

void ApiClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
    BOOST_REQUIRE(sent > 0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool ApiClient::receive() {
  std::array<char, 4096> buffer{};
  auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  // What was sent and not read by the server resets the connection.
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return false;
  BOOST_REQUIRE_MESSAGE(size > 0, "nothing comes: " << std::strerror(errno));
  arrived_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::string ApiClient::read_to(std::string_view end) {
  auto at = arrived_.find(end);
  while (at == std::string::npos) {
    BOOST_REQUIRE_MESSAGE(receive(), "the server closed after " << arrived_);
    at = arrived_.find(end);
  }
  auto read = arrived_.substr(0, at + end.size());
  arrived_.erase(0, at + end.size());
  return read;
}

std::string ApiClient::rest() {
  while (receive()) {
  }
  return std::exchange(arrived_, {});
}

HttpAnswer ApiClient::answer(bool to_head) {
  constexpr std::string_view begin = "HTTP/1.1 ";
  constexpr std::string_view length_name = "\r\nContent-Length: ";
  HttpAnswer answer;
  answer.header = read_to("\r\n\r\n");
  BOOST_REQUIRE(answer.header.starts_with(begin));
  answer.status =
      static_cast<unsigned>(std::stoul(answer.header.substr(begin.size())));
  auto length = answer.header.find(length_name);
  if (to_head || length == std::string::npos) return answer;
  auto size = std::stoul(answer.header.substr(length + length_name.size()));
  while (arrived_.size() < size) BOOST_REQUIRE(receive());
  answer.body = arrived_.substr(0, size);
  arrived_.erase(0, size);
  return answer;
}

HttpAnswer ApiClient::ask(std::string_view request) {
  send(request);
  return answer();
}

std::string request(std::string_view method, std::string_view target,
                    std::string_view more_header) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: ppn\r\n{}\r\n", method, target,
                     more_header);
}

std::string post(std::string_view target, std::string_view json) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: ppn\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      target, json.size(), json);
}

}  // namespace ppn::tests
