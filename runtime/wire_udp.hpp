// The port `wire`: frames as UDP datagrams, to and from the addresses of
// members only.
#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

#include "actors/interfaces.hpp"

namespace ppn::runtime {

/// UDP on a member's own address and its tunnel address.
inline constexpr std::uint16_t wire_port_number = 9206;

/// Sockets live in the I/O thread. What does not fit its buffers is lost, as on
/// any wire.
class UdpWire {
 public:
  /// What did not come out of that interface is no frame of a member, whatever
  /// address it says that it came from.
  UdpWire(boost::asio::io_context& io, const std::string& interface);
  ~UdpWire();
  UdpWire(const UdpWire&) = delete;
  UdpWire& operator=(const UdpWire&) = delete;

  /// Whoever is spawned with it forgets it no later than this ends.
  actors::WirePort::behavior_type behaviour(actors::WirePort::pointer self);

 private:
  class Socket;
  std::shared_ptr<Socket> socket_;
};

}  // namespace ppn::runtime
