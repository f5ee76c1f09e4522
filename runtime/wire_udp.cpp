#include "runtime/wire_udp.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <mutex>

#include "actors/frame.hpp"
#include "runtime/datagram_gate.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using ErrorCode = boost::system::error_code;

asio::ip::address to_asio(const events::IpAddress& address) {
  if (address.is_v6) {
    asio::ip::address_v6::bytes_type bytes{};
    std::copy(address.bytes.begin(), address.bytes.end(), bytes.begin());
    return asio::ip::address_v6{bytes};
  }
  asio::ip::address_v4::bytes_type bytes{};
  std::copy_n(address.bytes.begin(), bytes.size(), bytes.begin());
  return asio::ip::address_v4{bytes};
}

/// A datagram is as long as that, and one byte more tells a longer one.
using Buffer = std::array<std::uint8_t, actors::datagram_max + 1>;

/// One that was received, and the interface that it came out of; 0: none is
/// known.
struct Arrived {
  actors::Datagram datagram;
  unsigned interface = 0;
};

unsigned interface_of(msghdr& message) {
  for (auto* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO)
      continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(control), sizeof info);
    return static_cast<unsigned>(info.ipi_ifindex);
  }
  return 0;
}

/// Nothing if there is none.
std::optional<Arrived> receive_from(int socket, Buffer& buffer) {
  sockaddr_in from{};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in_pktinfo))>
      control{};
  iovec bytes{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto size = ::recvmsg(socket, &message, MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  Arrived arrived;
  std::memcpy(arrived.datagram.peer.bytes.data(), &from.sin_addr,
              sizeof from.sin_addr);
  arrived.datagram.bytes.assign(buffer.begin(), buffer.begin() + size);
  arrived.interface = interface_of(message);
  return arrived;
}

}  // namespace

/// All but its making and `want` happens in the I/O thread.
class UdpWire::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(asio::io_context& io, std::string interface)
      : io_(io), socket_(io), interface_(std::move(interface)) {}

  [[nodiscard]] asio::io_context& io() const { return io_; }

  /// Of any thread. An actor is kept nowhere but here, since what is posted may
  /// outlive the system of the actors.
  void want(const events::IpAddress& address,
            const actors::DatagramReceiver& receiver) {
    {
      std::lock_guard lock{mutex_};
      if (has_ended_) return;
      receiver_ = receiver;
    }
    asio::post(io_,
               [self = shared_from_this(), address] { self->bind(address); });
  }

  /// What fails is tried again at the next heartbeat.
  void bind(const events::IpAddress& address) {
    if (has_ended_ || (socket_.is_open() && address == address_)) return;
    close();
    udp::endpoint local{to_asio(address), wire_port_number};
    ErrorCode error;
    socket_.open(local.protocol(), error);
    if (!error) socket_.non_blocking(true, error);
    // The address may come after the roster that says it.
    if (!error) switch_on(IP_FREEBIND);
    if (!error) switch_on(IP_PKTINFO);
    if (!error) socket_.bind(local, error);
    if (error) return note_failure(address, error);
    address_ = address;
    failed_.clear();
    receive();
  }

  void send(const actors::Datagram& datagram) {
    if (!socket_.is_open()) return;
    ErrorCode ignored;
    socket_.send_to(asio::buffer(datagram.bytes),
                    {to_asio(datagram.peer), wire_port_number}, 0, ignored);
  }

  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
    address_.reset();
  }

  /// Nothing is given to an actor any more.
  void end() {
    close();
    std::lock_guard lock{mutex_};
    has_ended_ = true;
    receiver_ = nullptr;
  }

 private:
  void switch_on(int option) {
    int on = 1;
    ::setsockopt(socket_.native_handle(), IPPROTO_IP, option, &on, sizeof on);
  }

  void receive() {
    socket_.async_wait(udp::socket::wait_read,
                       [self = shared_from_this()](ErrorCode error) {
                         if (error || !self->socket_.is_open()) return;
                         self->take_some();
                         self->receive();
                       });
  }

  /// So many that nobody else waits for long.
  void take_some() {
    constexpr int at_once = 64;
    auto tunnels = ::if_nametoindex(interface_.c_str());
    for (int i = 0; i < at_once; ++i) {
      auto arrived = receive_from(socket_.native_handle(), buffer_);
      if (!arrived) return;
      if (arrived->interface == tunnels && tunnels != 0)
        if (auto datagram = gate_.pass(std::move(arrived->datagram)))
          give(std::move(datagram));
    }
  }

  void give(actors::DatagramPtr datagram) {
    std::lock_guard lock{mutex_};
    if (receiver_)
      caf::anon_send(receiver_, actors::datagram_atom::value,
                     std::move(datagram));
  }

  /// Said once, not at each heartbeat.
  void note_failure(const events::IpAddress& address, ErrorCode error) {
    close();
    if (failed_ == error.message()) return;
    failed_ = error.message();
    log(LogLevel::warning, "wire.not_bound",
        {{"address", address.text()}, {"error", failed_}});
  }

  asio::io_context& io_;
  udp::socket socket_;
  std::string interface_;
  std::optional<events::IpAddress> address_;
  DatagramGate gate_;
  std::mutex mutex_;
  actors::DatagramReceiver receiver_;
  bool has_ended_ = false;
  std::string failed_;
  Buffer buffer_{};
};

UdpWire::UdpWire(boost::asio::io_context& io, const std::string& interface)
    : socket_(std::make_shared<Socket>(io, interface)) {}

UdpWire::~UdpWire() { socket_->end(); }

actors::WirePort::behavior_type UdpWire::behaviour(
    actors::WirePort::pointer /*self*/) {
  return {
      [socket = socket_](actors::bind_atom, const events::IpAddress& address,
                         const actors::DatagramReceiver& receiver) {
        socket->want(address, receiver);
      },
      [socket = socket_](actors::datagram_atom,
                         const actors::DatagramPtr& datagram) {
        asio::post(socket->io(), [=] { socket->send(*datagram); });
      },
  };
}

}  // namespace ppn::runtime
