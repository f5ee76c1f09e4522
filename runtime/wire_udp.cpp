#include "runtime/wire_udp.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <mutex>

#include "actors/frame.hpp"
#include "runtime/asio_address.hpp"
#include "runtime/datagram_gate.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using ErrorCode = boost::system::error_code;

/// A datagram is as long as that, and one byte more tells a longer one.
using Buffer = std::array<std::uint8_t, actors::datagram_max + 1>;

/// One that was received, and the interface that it came out of; 0: none is
/// known.
struct Arrived {
  actors::Datagram datagram;
  unsigned interface = 0;
};

template <class Info>
Info info_in(const cmsghdr& control) {
  Info info{};
  std::memcpy(&info, CMSG_DATA(&control), sizeof info);
  return info;
}

unsigned interface_of(msghdr& message) {
  for (auto* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO)
      return static_cast<unsigned>(info_in<in_pktinfo>(*control).ipi_ifindex);
    if (control->cmsg_level == IPPROTO_IPV6 &&
        control->cmsg_type == IPV6_PKTINFO)
      return info_in<in6_pktinfo>(*control).ipi6_ifindex;
  }
  return 0;
}

events::IpAddress sender_in(const sockaddr_storage& from) {
  events::IpAddress address;
  address.is_v6 = from.ss_family == AF_INET6;
  if (address.is_v6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof v6);
    std::memcpy(address.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  } else {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
  }
  return address;
}

/// Nothing if there is none.
std::optional<Arrived> receive_from(int socket, Buffer& buffer) {
  sockaddr_storage from{};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))>
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
  arrived.datagram.peer = sender_in(from);
  arrived.datagram.bytes.assign(buffer.begin(), buffer.begin() + size);
  arrived.interface = interface_of(message);
  return arrived;
}

/// A socket at one address.
class Ear {
 public:
  explicit Ear(asio::io_context& io) : socket_(io) {}

  [[nodiscard]] udp::socket& socket() { return socket_; }
  [[nodiscard]] bool is_at(const events::IpAddress& address) const {
    return socket_.is_open() && address == address_;
  }

  /// Whether it is there now. What fails is said once, not at each heartbeat.
  bool bind(const events::IpAddress& address) {
    close();
    udp::endpoint local{to_asio(address), wire_port_number};
    ErrorCode error;
    socket_.open(local.protocol(), error);
    if (!error) socket_.non_blocking(true, error);
    if (!error) prepare(address.is_v6);
    if (!error) socket_.bind(local, error);
    if (error) {
      note_failure(address, error);
      return false;
    }
    address_ = address;
    failed_.clear();
    return true;
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

 private:
  /// The address may come after the roster that says it.
  void prepare(bool is_v6) {
    if (is_v6) {
      switch_on(IPPROTO_IPV6, IPV6_FREEBIND);
      switch_on(IPPROTO_IPV6, IPV6_RECVPKTINFO);
    } else {
      switch_on(IPPROTO_IP, IP_FREEBIND);
      switch_on(IPPROTO_IP, IP_PKTINFO);
    }
  }

  void switch_on(int level, int option) {
    int on = 1;
    ::setsockopt(socket_.native_handle(), level, option, &on, sizeof on);
  }

  void note_failure(const events::IpAddress& address, ErrorCode error) {
    close();
    if (failed_ == error.message()) return;
    failed_ = error.message();
    log(LogLevel::warning, "wire.not_bound",
        {{"address", address.text()}, {"error", failed_}});
  }

  udp::socket socket_;
  std::optional<events::IpAddress> address_;
  std::string failed_;
};

}  // namespace

/// All but its making and `want` happens in the I/O thread.
class UdpWire::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(asio::io_context& io, std::string interface)
      : io_(io), own_(io), tunnel_(io), interface_(std::move(interface)) {}

  [[nodiscard]] asio::io_context& io() const { return io_; }

  /// Of any thread. An actor is kept nowhere but here, since what is posted may
  /// outlive the system of the actors.
  void want(const events::IpAddress& own, const events::IpAddress& tunnel,
            const actors::DatagramReceiver& receiver) {
    {
      std::lock_guard lock{mutex_};
      if (has_ended_) return;
      receiver_ = receiver;
    }
    asio::post(io_, [self = shared_from_this(), own, tunnel] {
      self->bind(self->own_, own);
      self->bind(self->tunnel_, tunnel);
    });
  }

  void send(const actors::Datagram& datagram) {
    (datagram.peer.is_v6 ? tunnel_ : own_).send(datagram);
  }

  /// Nothing is given to an actor any more.
  void end() {
    own_.close();
    tunnel_.close();
    std::lock_guard lock{mutex_};
    has_ended_ = true;
    receiver_ = nullptr;
  }

 private:
  /// What fails is tried again at the next heartbeat.
  void bind(Ear& ear, const events::IpAddress& address) {
    if (!has_ended_ && !ear.is_at(address) && ear.bind(address)) receive(ear);
  }

  void receive(Ear& ear) {
    ear.socket().async_wait(udp::socket::wait_read,
                            [self = shared_from_this(), &ear](ErrorCode error) {
                              if (error || !ear.socket().is_open()) return;
                              self->take_some(ear);
                              self->receive(ear);
                            });
  }

  /// So many that nobody else waits for long.
  void take_some(Ear& ear) {
    constexpr int at_once = 64;
    auto tunnels = ::if_nametoindex(interface_.c_str());
    for (int i = 0; i < at_once; ++i) {
      auto arrived = receive_from(ear.socket().native_handle(), buffer_);
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

  asio::io_context& io_;
  Ear own_;
  Ear tunnel_;
  std::string interface_;
  DatagramGate gate_;
  std::mutex mutex_;
  actors::DatagramReceiver receiver_;
  bool has_ended_ = false;
  Buffer buffer_{};
};

UdpWire::UdpWire(boost::asio::io_context& io, const std::string& interface)
    : socket_(std::make_shared<Socket>(io, interface)) {}

UdpWire::~UdpWire() { socket_->end(); }

actors::WirePort::behavior_type UdpWire::behaviour(
    actors::WirePort::pointer /*self*/) {
  return {
      [socket = socket_](actors::bind_atom, const events::IpAddress& own,
                         const events::IpAddress& tunnel,
                         const actors::DatagramReceiver& receiver) {
        socket->want(own, tunnel, receiver);
      },
      [socket = socket_](actors::datagram_atom,
                         const actors::DatagramPtr& datagram) {
        asio::post(socket->io(), [=] { socket->send(*datagram); });
      },
  };
}

}  // namespace ppn::runtime
