// The port `pairing wire`: messages over TCP, each behind its length.
#pragma once

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "actors/interfaces.hpp"
#include "runtime/io_questions.hpp"

namespace ppn::runtime {

/// Sockets live in the I/O thread. A connection that was dialed is looked at
/// from its first use on, so that nobody is told its end before its number.
class TcpPairingWire {
 public:
  /// The port, and how the I/O thread answers it.
  using Port = actors::PairingWirePort::extend<IoAnswer>;

  struct Asked {
    Asked() = default;

    IoQuestions questions;
    static inline const char* name = "pairing_wire";
  };

  /// Members are who comes out of that interface. The port is where others are
  /// waited for, and the usual one of those who are dialed.
  TcpPairingWire(boost::asio::io_context& io, const std::string& interface,
                 std::uint16_t port);
  ~TcpPairingWire();
  TcpPairingWire(const TcpPairingWire&) = delete;
  TcpPairingWire& operator=(const TcpPairingWire&) = delete;

  /// Whoever is spawned with it forgets it no later than this ends.
  Port::behavior_type behaviour(Port::stateful_pointer<Asked> self);

 private:
  class Wire;
  std::shared_ptr<Wire> wire_;
};

}  // namespace ppn::runtime
