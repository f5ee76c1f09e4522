#include "runtime/tcp_listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "runtime/log.hpp"
#include "runtime/tcp_socket.hpp"

namespace ppn::runtime {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

constexpr auto accept_again_after = std::chrono::seconds{1};
constexpr int accepts_at_once = 64;

/// This process listens at all addresses and at its own one at once, which
/// takes that its sockets share the port.
enum class Sharing : std::uint8_t { nobody, this_user };

void bind(tcp::acceptor& acceptor, const TcpPlace& place, Sharing sharing,
          ErrorCode& error) {
  bool is_v6 = place.at.protocol() == tcp::v6();
  open_socket(acceptor, place.at.protocol(), error);
  if (error) return;
  auto socket = acceptor.native_handle();
  // What is left of connections that ended is in nobody's way.
  switch_on(socket, SOL_SOCKET, SO_REUSEADDR, error);
  if (sharing == Sharing::this_user)
    switch_on(socket, SOL_SOCKET, SO_REUSEPORT, error);
  if (!error && is_v6) acceptor.set_option(asio::ip::v6_only{false}, error);
  if (!place.interface.empty()) {
    set_option(socket, SOL_SOCKET, SO_BINDTODEVICE, place.interface.data(),
               place.interface.size(), error);
    // The address may come later.
    switch_on(socket, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
              is_v6 ? IPV6_FREEBIND : IP_FREEBIND, error);
  }
  if (!error) acceptor.bind(place.at, error);
}

}  // namespace

ErrorCode try_alone(asio::io_context& io, const TcpPlace& place) {
  tcp::acceptor acceptor{io};
  ErrorCode error;
  bind(acceptor, place, Sharing::nobody, error);
  return error;
}

bool TcpListener::is_deaf() const {
  return !place_.interface.empty() &&
         ::if_nametoindex(place_.interface.c_str()) != interface_;
}

ErrorCode TcpListener::open() {
  interface_ = ::if_nametoindex(place_.interface.c_str());
  ErrorCode error;
  bind(acceptor_, place_, Sharing::this_user, error);
  if (!error)
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) accept();
  return error;
}

void TcpListener::close() {
  take_ = nullptr;
  ErrorCode ignored;
  acceptor_.close(ignored);
  timer_.cancel();
}

void TcpListener::accept() {
  acceptor_.async_wait(tcp::acceptor::wait_read,
                       [self = shared_from_this()](ErrorCode error) {
                         if (!error) self->take_some();
                       });
}

void TcpListener::take_some() {
  for (int i = 0; i < accepts_at_once && take_; ++i) {
    tcp::endpoint from;
    auto size = static_cast<socklen_t>(from.capacity());
    int descriptor =
        ::accept4(acceptor_.native_handle(), from.data(), &size, SOCK_CLOEXEC);
    if (descriptor >= 0) {
      from.resize(size);
      take(descriptor, from);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return accept_later(last_error());
    }
  }
  if (take_) accept();
}

void TcpListener::take(int descriptor, const tcp::endpoint& from) {
  tcp::socket socket{io_};
  ErrorCode error;
  adopt_socket(socket, place_.at.protocol(), descriptor, error);
  if (!error) take_(std::move(socket), from);
}

void TcpListener::accept_later(ErrorCode error) {
  log(LogLevel::warning, "tcp.accept_failed", {{"error", error.message()}});
  timer_.expires_after(accept_again_after);
  timer_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
    if (!cancelled) self->take_some();
  });
}

}  // namespace ppn::runtime
