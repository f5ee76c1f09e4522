#include "tests/unit/pairing_cables.hpp"

namespace ppn::tests {

using actors::PairingConnection;

actors::PairingWirePort PairingCables::spawn(caf::actor_system& system,
                                             std::uint8_t number) {
  using Port = actors::PairingWirePort;
  return system.spawn(
      [number](Port::pointer, PairingCables* cables) -> Port::behavior_type {
        return {
            [=](actors::listen_atom, const actors::PairingListen& where,
                const actors::PairingReceiver& receiver) -> caf::result<bool> {
              if (cables->is_port_taken_ && where.is_everywhere)
                return actors::to_message(
                    {store::ErrorCode::io, "somebody else listens there"});
              cables->nodes_[number] = {where, receiver};
              return true;
            },
            [=](actors::dial_atom, const events::Endpoint& to) {
              return cables->dial(number, to);
            },
            [=](actors::message_atom, PairingConnection connection,
                const actors::BytesPtr& message) {
              cables->send(connection, *message);
            },
            [=](actors::read_atom, PairingConnection connection) {
              auto found = cables->ends_.find(connection);
              if (found == cables->ends_.end()) return;
              found->second.is_read = true;
              cables->give(connection);
            },
            [=](actors::join_both_atom, PairingConnection a,
                PairingConnection b) {
              for (auto [one, other] : {std::pair{a, b}, std::pair{b, a}}) {
                auto& end = cables->ends_.at(one);
                end.joined = other;
                for (const auto& message : std::exchange(end.inbox, {}))
                  cables->send(other, message);
              }
            },
            [=](actors::close_atom, PairingConnection connection) {
              cables->end(connection);
            },
        };
      },
      this);
}

caf::result<PairingConnection> PairingCables::dial(std::uint8_t number,
                                                   const events::Endpoint& to) {
  auto whom = to.address.view().back();
  bool is_member = to.address.view().front() == 10;
  auto found = nodes_.find(whom);
  bool listens = found != nodes_.end() &&
                 (is_member ? found->second.where.own == to.address
                            : found->second.where.is_everywhere);
  if (!listens)
    return actors::to_message({store::ErrorCode::io, "nobody answers there"});
  auto here = ++last_;
  auto there = ++last_;
  ends_[here] = {number, there};
  ends_[there] = {whom, here};
  auto from = to.address;
  from.bytes[3] = number;
  caf::anon_send(found->second.receiver, actors::arrived_atom::value,
                 actors::PairingArrival{there, from, is_member});
  return here;
}

void PairingCables::intrude(std::uint8_t number, const events::IpAddress& from,
                            const std::vector<Bytes>& messages) {
  auto there = ++last_;
  auto nowhere = ++last_;
  ends_[there] = {number, nowhere};
  ends_[nowhere] = {0, there};
  for (const auto& message : messages) ends_[there].inbox.push_back(message);
  caf::anon_send(nodes_.at(number).receiver, actors::arrived_atom::value,
                 actors::PairingArrival{there, from, false});
}

void PairingCables::send(PairingConnection connection, const Bytes& message) {
  auto from = ends_.find(connection);
  if (from == ends_.end()) return;
  said_.push_back(message);
  auto changed = tamper_(message);
  bool breaks = left_ && (*left_)-- == 0;
  if (!changed || breaks) {
    left_.reset();
    auto other = from->second.other;
    tell_end(connection);
    return tell_end(other);
  }
  deliver(from->second.other, *changed);
}

void PairingCables::deliver(PairingConnection to, const Bytes& message) {
  auto found = ends_.find(to);
  if (found == ends_.end()) return;
  if (found->second.joined) return send(*found->second.joined, message);
  found->second.inbox.push_back(message);
  give(to);
}

void PairingCables::give(PairingConnection to) {
  auto& end = ends_.at(to);
  auto node = nodes_.find(end.node);
  if (end.inbox.empty() && end.is_over) return tell_end(to);
  if (!end.is_read || end.inbox.empty() || node == nodes_.end()) return;
  end.is_read = false;
  auto message = std::make_shared<const Bytes>(std::move(end.inbox.front()));
  end.inbox.pop_front();
  caf::anon_send(node->second.receiver, actors::message_atom::value, to,
                 actors::BytesPtr{message});
}

/// What was said before is read before.
void PairingCables::tell_end(PairingConnection connection) {
  auto found = ends_.find(connection);
  if (found == ends_.end()) return;
  found->second.is_over = true;
  if (!found->second.inbox.empty()) return;
  auto gone = std::move(found->second);
  ends_.erase(found);
  auto node = nodes_.find(gone.node);
  if (node != nodes_.end())
    caf::anon_send(node->second.receiver, actors::close_atom::value,
                   connection);
  if (gone.joined) end(*gone.joined);
}

void PairingCables::end(PairingConnection connection) {
  auto found = ends_.find(connection);
  if (found == ends_.end()) return;
  auto gone = std::move(found->second);
  ends_.erase(found);
  tell_end(gone.other);
  if (gone.joined) end(*gone.joined);
}

}  // namespace ppn::tests
