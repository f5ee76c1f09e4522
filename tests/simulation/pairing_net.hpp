// The connections over which ceremonies are held, from host to host: in the
// open, or between the mesh addresses of members. Whoever is in between may
// break them, and change what is said.
#pragma once

#include <deque>

#include "tests/simulation/scene.hpp"
#include "tests/simulation/tunnels.hpp"

namespace ppn::simulation {

/// What one who is no host answers to a message.
using Stranger = std::function<std::vector<Bytes>(const Bytes&)>;

class PairingNet {
 public:
  PairingNet(Scene& scene, Tunnels& tunnels)
      : scene_(scene), tunnels_(tunnels) {}

  void listen(Host& host, const actors::PairingListen& where,
              const actors::PairingReceiver& receiver);
  store::Result<actors::PairingConnection> dial(Host& host,
                                                const events::Endpoint& to);
  void send(actors::PairingConnection connection, const Bytes& message);
  void read(actors::PairingConnection connection);
  void join(actors::PairingConnection a, actors::PairingConnection b);
  void close(actors::PairingConnection connection);

  /// Somebody calls whoever is open to all; nothing if nobody is.
  std::optional<actors::PairingConnection> knock(Host& at,
                                                 const events::IpAddress& from,
                                                 Stranger stranger);
  /// It listens for anybody.
  [[nodiscard]] bool is_open(const Host& host) const;

  /// The process of a host is gone.
  void end(const Host& host);

 private:
  struct Listener {
    actors::PairingListen where;
    actors::PairingReceiver receiver;
  };

  /// One end of a connection.
  struct End {
    /// Null at a stranger's.
    Host* host = nullptr;
    actors::PairingConnection other = 0;
    /// By which it is reached; nothing: in the open.
    std::optional<events::IpAddress> mesh_address = std::nullopt;
    std::deque<Bytes> inbox = {};
    bool is_read = false;
    /// The other end is gone; what it said is still to be read.
    bool is_over = false;
    /// What comes goes on to there.
    std::optional<actors::PairingConnection> joined = std::nullopt;
    /// When the last message to it arrives.
    std::uint64_t arrives_ns = 0;
    Stranger stranger = nullptr;
  };

  Host* find_listener(Host& from, const events::IpAddress& at, bool& is_member);
  bool passes(const End& from, std::size_t size);
  void deliver(actors::PairingConnection to, const Bytes& message);
  void tell_stranger(actors::PairingConnection to, const Bytes& message);
  void give(actors::PairingConnection to);
  void finish(actors::PairingConnection connection);
  void break_off(actors::PairingConnection connection, bool tells_itself);
  const Listener* listener_of(const Host* host) const;

  Scene& scene_;
  Tunnels& tunnels_;
  std::map<int, Listener> listeners_;
  std::map<actors::PairingConnection, End> ends_;
  actors::PairingConnection last_ = 0;
};

actors::PairingWirePort::behavior_type pairing_wire_port(
    actors::PairingWirePort::pointer self, PairingNet* net, Host* host);

}  // namespace ppn::simulation
