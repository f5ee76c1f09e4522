#include "tests/simulation/pairing_net.hpp"

namespace ppn::simulation {

namespace {

using actors::PairingConnection;
using actors::PairingReceiver;

constexpr std::uint64_t latency_max_ns = 50'000'000;

bool listens_to(const actors::PairingListen& where, bool is_member) {
  return is_member ? where.own.has_value() : where.is_everywhere;
}

}  // namespace

// -- who listens --------------------------------------------------------------

const PairingNet::Listener* PairingNet::listener_of(const Host* host) const {
  if (host == nullptr) return nullptr;
  auto listener = listeners_.find(host->index);
  return listener == listeners_.end() ? nullptr : &listener->second;
}

bool PairingNet::is_open(const Host& host) const {
  const auto* listener = listener_of(&host);
  return listener != nullptr && listener->where.is_everywhere && host.process &&
         !host.is_suspended;
}

void PairingNet::listen(Host& host, const actors::PairingListen& where,
                        const PairingReceiver& receiver) {
  listeners_[host.index] = {where, receiver};
}

/// Whoever is behind a router is reached by those who are there too.
Host* PairingNet::find_listener(Host& from, const events::IpAddress& at,
                                bool& is_member) {
  for (auto& host : scene_.hosts) {
    const auto* listener = listener_of(&host);
    if (&host == &from || listener == nullptr || !host.process) continue;
    bool is_here = host.router ? host.inside == at && host.router == from.router
                               : host.outside == at;
    is_member = listener->where.own == at && host.device.has_address(at);
    if ((is_here || is_member) && listens_to(listener->where, is_member))
      return &host;
  }
  return nullptr;
}

store::Result<PairingConnection> PairingNet::dial(Host& host,
                                                  const events::Endpoint& to) {
  bool is_member = false;
  auto* found = find_listener(host, to.address, is_member);
  const auto* own = host.shadow.state().mesh.find(host.shadow.state().node.id);
  std::optional<events::IpAddress> from;
  if (is_member && own != nullptr) from = own->address;
  auto nobody = store::Error{store::ErrorCode::io,
                             "nobody answers at " + to.address.text()};
  if (found == nullptr || (is_member && !from)) return nobody;
  auto here = ++last_;
  auto there = ++last_;
  ends_[here] = {&host, there, from};
  ends_[there] = {found, here,
                  is_member ? std::optional{to.address} : std::nullopt};
  if (!passes(ends_[here], 64) || !passes(ends_[there], 64)) {
    ends_.erase(here);
    ends_.erase(there);
    return nobody;
  }
  scene_.trace.note(host.index, "pairing dial",
                    static_cast<std::uint64_t>(found->index));
  auto seen_from = from.value_or(host.router ? host.inside : host.outside);
  actors::PairingArrival arrival{there, seen_from, is_member};
  caf::anon_send(listener_of(found)->receiver, actors::arrived_atom::value,
                 arrival);
  return here;
}

std::optional<PairingConnection> PairingNet::knock(
    Host& at, const events::IpAddress& from, Stranger stranger) {
  if (!is_open(at)) return std::nullopt;
  auto here = ++last_;
  auto there = ++last_;
  ends_[here].other = there;
  ends_[here].stranger = std::move(stranger);
  ends_[there] = {&at, here};
  caf::anon_send(listener_of(&at)->receiver, actors::arrived_atom::value,
                 actors::PairingArrival{there, from, false});
  return here;
}

// -- what is said -------------------------------------------------------------

/// Whether something sent from that end arrives at the other one now.
bool PairingNet::passes(const End& from, std::size_t size) {
  const auto& to = ends_.at(from.other);
  if (from.host == nullptr || to.host == nullptr) {
    const auto& host = from.host == nullptr ? *to.host : *from.host;
    return host.process && !host.is_suspended;
  }
  if (!to.host->process || from.host->is_suspended || to.host->is_suspended)
    return false;
  if (from.mesh_address)
    return tunnels_.carry(*from.host, *from.mesh_address, *to.mesh_address,
                          size) == to.host;
  return scene_.hears(*to.host, *from.host) &&
         scene_.hears(*from.host, *to.host);
}

void PairingNet::send(PairingConnection connection, const Bytes& message) {
  auto from = ends_.find(connection);
  if (from == ends_.end()) return;
  auto other = from->second.other;
  if (!ends_.contains(other)) return;
  if (scene_.strikes(Fault::pairing_broken) ||
      !passes(from->second, message.size()))
    return break_off(connection, true);
  auto changed = message;
  if (scene_.strikes(Fault::pairing_changed) && !changed.empty())
    changed[scene_.random.below(changed.size())] ^=
        static_cast<std::uint8_t>(1U << scene_.random.below(8));
  auto times = scene_.strikes(Fault::pairing_repeated) ? 2 : 1;
  auto& to = ends_.at(other);
  bool is_overtaken = scene_.strikes(Fault::pairing_overtaken);
  for (int i = 0; i < times; ++i) {
    auto at = scene_.now() + 1 + scene_.random.below(latency_max_ns);
    if (is_overtaken)
      at += latency_max_ns;
    else
      at = to.arrives_ns = std::max(at, to.arrives_ns + 1);
    scene_.plan(at - scene_.now(),
                [this, other, changed] { deliver(other, changed); });
  }
}

void PairingNet::deliver(PairingConnection to, const Bytes& message) {
  auto end = ends_.find(to);
  if (end == ends_.end()) return;
  if (end->second.joined) return send(*end->second.joined, message);
  if (end->second.stranger) return tell_stranger(to, message);
  end->second.inbox.push_back(message);
  give(to);
}

void PairingNet::tell_stranger(PairingConnection to, const Bytes& message) {
  auto stranger = ends_.at(to).stranger;
  for (const auto& answer : stranger(message)) send(to, answer);
}

void PairingNet::read(PairingConnection connection) {
  auto end = ends_.find(connection);
  if (end == ends_.end()) return;
  end->second.is_read = true;
  give(connection);
}

void PairingNet::give(PairingConnection to) {
  auto& end = ends_.at(to);
  auto* listener = listener_of(end.host);
  if (end.inbox.empty() && end.is_over) return break_off(to, true);
  if (!end.is_read || end.inbox.empty() || listener == nullptr) return;
  end.is_read = false;
  auto message = std::make_shared<const Bytes>(std::move(end.inbox.front()));
  end.inbox.pop_front();
  scene_.trace.note(end.host->index, "pairing message", message->size());
  caf::anon_send(listener->receiver, actors::message_atom::value, to,
                 actors::BytesPtr{message});
}

void PairingNet::join(PairingConnection a, PairingConnection b) {
  for (auto [one, other] : {std::pair{a, b}, std::pair{b, a}}) {
    auto end = ends_.find(one);
    if (end == ends_.end()) return break_off(other, true);
    end->second.joined = other;
    for (const auto& message : std::exchange(end->second.inbox, {}))
      send(other, message);
  }
}

// -- their end ----------------------------------------------------------------

/// What was sent before arrives before.
void PairingNet::close(PairingConnection connection) {
  auto end = ends_.find(connection);
  if (end == ends_.end()) return;
  auto other = ends_.find(end->second.other);
  auto at = other == ends_.end() ? 0 : other->second.arrives_ns;
  auto delay = at > scene_.now() ? at - scene_.now() : 0;
  scene_.plan(delay + 1, [this, connection] { break_off(connection, false); });
}

/// What was said before is read before.
void PairingNet::finish(PairingConnection connection) {
  auto end = ends_.find(connection);
  if (end == ends_.end()) return;
  end->second.is_over = true;
  if (end->second.inbox.empty()) break_off(connection, true);
}

void PairingNet::break_off(PairingConnection connection, bool tells_itself) {
  auto end = ends_.find(connection);
  if (end == ends_.end()) return;
  auto gone = std::move(end->second);
  ends_.erase(end);
  auto* listener = listener_of(gone.host);
  if (tells_itself && listener != nullptr && gone.host->process)
    caf::anon_send(listener->receiver, actors::close_atom::value, connection);
  finish(gone.other);
  if (gone.joined) break_off(*gone.joined, true);
}

void PairingNet::end(const Host& host) {
  listeners_.erase(host.index);
  std::vector<PairingConnection> gone;
  for (const auto& [connection, end] : ends_)
    if (end.host == &host) gone.push_back(connection);
  for (auto connection : gone) break_off(connection, false);
}

actors::PairingWirePort::behavior_type pairing_wire_port(
    actors::PairingWirePort::pointer /*self*/, PairingNet* net, Host* host) {
  return {
      [=](actors::listen_atom, const actors::PairingListen& where,
          const PairingReceiver& receiver) {
        net->listen(*host, where, receiver);
        return true;
      },
      [=](actors::dial_atom,
          const events::Endpoint& to) -> caf::result<PairingConnection> {
        auto dialed = net->dial(*host, to);
        if (!dialed) return actors::to_message(dialed.error());
        return *dialed;
      },
      [=](actors::message_atom, PairingConnection connection,
          const actors::BytesPtr& message) { net->send(connection, *message); },
      [=](actors::read_atom, PairingConnection connection) {
        net->read(connection);
      },
      [=](actors::join_both_atom, PairingConnection a, PairingConnection b) {
        net->join(a, b);
      },
      [=](actors::close_atom, PairingConnection connection) {
        net->close(connection);
      },
  };
}

}  // namespace ppn::simulation
