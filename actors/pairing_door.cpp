#include "actors/pairing_door.hpp"

#include <algorithm>

#include "actors/turns.hpp"

namespace ppn::actors {

namespace {

/// Whoever has one address of IPv6 has those around it, too.
events::IpAddress source_of(events::IpAddress from) {
  constexpr std::ptrdiff_t network_bytes = 8;
  if (from.is_v6)
    std::fill(from.bytes.begin() + network_bytes, from.bytes.end(), 0);
  return from;
}

}  // namespace

DoorAnswer PairingDoor::enter(Connection connection,
                              const events::IpAddress& from,
                              std::uint64_t now_ns) {
  if (only_from_ && *only_from_ != from) return DoorAnswer::not_from_there;
  auto source = source_of(from);
  bool is_known = sources_.contains(source);
  if (!is_known && sources_.size() >= door_sources_max) return DoorAnswer::full;
  if (!take_turn(sources_[source].idle_from_ns, {door_burst, door_interval_ns},
                 now_ns))
    return DoorAnswer::too_often;
  if (inside_.size() >= places_ || count_of(source) >= door_connections_of_one)
    return DoorAnswer::full;
  inside_[connection] = {source, now_ns};
  return DoorAnswer::welcome;
}

bool PairingDoor::take_guess(Connection connection) {
  auto guest = inside_.find(connection);
  if (guest == inside_.end()) return false;
  auto& guesses = sources_[guest->second.source].guesses;
  if (guesses >= door_guesses_of_one) return false;
  guesses += 1;
  return true;
}

void PairingDoor::note_proved(Connection connection) {
  if (auto guest = inside_.find(connection); guest != inside_.end())
    guest->second.has_proved = true;
}

std::vector<PairingDoor::Connection> PairingDoor::overdue(
    std::uint64_t now_ns) const {
  std::vector<Connection> overdue;
  for (const auto& [connection, guest] : inside_)
    if (!guest.has_proved && now_ns - guest.since_ns >= door_patience_ns)
      overdue.push_back(connection);
  return overdue;
}

std::size_t PairingDoor::count_of(const events::IpAddress& source) const {
  return static_cast<std::size_t>(std::count_if(
      inside_.begin(), inside_.end(),
      [&](const auto& one) { return one.second.source == source; }));
}

}  // namespace ppn::actors
