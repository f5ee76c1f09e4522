#include "runtime/wire_udp.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "actors/frame.hpp"
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

std::optional<events::IpAddress> from_asio(const asio::ip::address& address) {
  if (address.is_v4()) return events::IpAddress::of(address.to_v4().to_bytes());
  return events::IpAddress::of(address.to_v6().to_bytes());
}

}  // namespace

/// All but its making happens in the I/O thread.
class UdpWire::Socket : public std::enable_shared_from_this<Socket> {
 public:
  explicit Socket(asio::io_context& io) : io_(io), socket_(io) {}

  [[nodiscard]] asio::io_context& io() const { return io_; }

  /// What fails is tried again at the next heartbeat.
  void bind(const events::IpAddress& address,
            const actors::DatagramReceiver& receiver) {
    receiver_ = receiver;
    if (socket_.is_open() && address == address_) return;
    close();
    udp::endpoint local{to_asio(address), wire_port_number};
    ErrorCode error;
    socket_.open(local.protocol(), error);
    if (!error) socket_.non_blocking(true, error);
    // The address may come after the roster that says it.
    int on = 1;
    if (!error)
      ::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_FREEBIND, &on,
                   sizeof on);
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
    receiver_ = nullptr;
  }

 private:
  void receive() {
    auto sender = std::make_shared<udp::endpoint>();
    socket_.async_receive_from(
        asio::buffer(buffer_), *sender,
        [self = shared_from_this(), sender](ErrorCode error, std::size_t size) {
          self->take(error, size, *sender);
        });
  }

  void take(ErrorCode error, std::size_t size, const udp::endpoint& sender) {
    if (error == asio::error::operation_aborted || !socket_.is_open()) return;
    // What an earlier datagram met comes back as an error here.
    auto from = from_asio(sender.address());
    if (!error && from && receiver_)
      caf::anon_send(
          receiver_, actors::datagram_atom::value,
          std::make_shared<const actors::Datagram>(actors::Datagram{
              *from,
              {buffer_.begin(),
               buffer_.begin() + static_cast<std::ptrdiff_t>(size)}}));
    receive();
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
  std::optional<events::IpAddress> address_;
  actors::DatagramReceiver receiver_;
  std::string failed_;
  /// One more than any frame has, so that a longer one is not taken for it.
  std::array<std::uint8_t, actors::datagram_max + 1> buffer_{};
};

UdpWire::UdpWire(boost::asio::io_context& io)
    : socket_(std::make_shared<Socket>(io)) {}

UdpWire::~UdpWire() { socket_->end(); }

actors::WirePort::behavior_type UdpWire::behaviour(
    actors::WirePort::pointer /*self*/) {
  return {
      [socket = socket_](actors::bind_atom, const events::IpAddress& address,
                         const actors::DatagramReceiver& receiver) {
        asio::post(socket->io(), [=] { socket->bind(address, receiver); });
      },
      [socket = socket_](actors::datagram_atom,
                         const actors::DatagramPtr& datagram) {
        asio::post(socket->io(), [=] { socket->send(*datagram); });
      },
  };
}

}  // namespace ppn::runtime
