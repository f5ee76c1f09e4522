// The connections by which the nodes of a test hold ceremonies: node N is at
// 192.0.2.N, and at 10.8.0.N for members. What is said arrives at once.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "actors/interfaces.hpp"

namespace ppn::tests {

class PairingCables {
 public:
  actors::PairingWirePort spawn(caf::actor_system& system, std::uint8_t number);

  /// Where a node listens.
  [[nodiscard]] const actors::PairingListen& listening(std::uint8_t number) {
    return nodes_[number].where;
  }
  [[nodiscard]] std::size_t connections() const { return ends_.size() / 2; }
  /// All that was said, in order, by whomever.
  [[nodiscard]] const std::vector<Bytes>& said() const { return said_; }

  /// Breaks all connections once so many messages more were said.
  void break_after(std::size_t messages) { left_ = messages; }
  /// What becomes of a message; nothing: it is lost with its connection.
  using Tamper = std::function<std::optional<Bytes>(const Bytes&)>;
  void tamper(Tamper tamper) { tamper_ = std::move(tamper); }
  /// Nobody can listen any more.
  void take_port() { is_port_taken_ = true; }
  /// A stranger comes in to a node, and says these; the connection stays.
  void intrude(std::uint8_t number, const events::IpAddress& from,
               const std::vector<Bytes>& messages);

 private:
  struct Node {
    actors::PairingListen where;
    actors::PairingReceiver receiver;
  };
  struct End {
    std::uint8_t node = 0;
    actors::PairingConnection other = 0;
    std::deque<Bytes> inbox = {};
    bool is_read = false;
    /// The other end is gone; what it said is still to be read.
    bool is_over = false;
    std::optional<actors::PairingConnection> joined = std::nullopt;
  };

  caf::result<actors::PairingConnection> dial(std::uint8_t number,
                                              const events::Endpoint& to);
  void send(actors::PairingConnection connection, const Bytes& message);
  void deliver(actors::PairingConnection to, const Bytes& message);
  void give(actors::PairingConnection to);
  void tell_end(actors::PairingConnection connection);
  void end(actors::PairingConnection connection);

  std::map<std::uint8_t, Node> nodes_;
  std::map<actors::PairingConnection, End> ends_;
  std::vector<Bytes> said_;
  std::optional<std::size_t> left_;
  Tamper tamper_ = [](const Bytes& message) { return message; };
  actors::PairingConnection last_ = 0;
  bool is_port_taken_ = false;
};

}  // namespace ppn::tests
