#include "tests/support/wg_dump.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "store/base64.hpp"

namespace ppn::tests {

namespace {

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class T>
T known(const std::optional<T>& read, std::string_view text) {
  if (!read) throw std::runtime_error{"wg printed " + std::string{text}};
  return *read;
}

events::TunnelKey key_of(std::string_view text) {
  return known(store::fixed_from_base64<events::TunnelKey>(text), text);
}

template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  if (text != "off")
    std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

events::ObservedPeer peer_of(const std::vector<std::string_view>& fields) {
  events::ObservedPeer peer;
  if (fields[2] != "(none)")
    peer.config.endpoint = known(events::Endpoint::parse(fields[2]), fields[2]);
  if (fields[3] != "(none)")
    for (auto range : split(fields[3], ','))
      peer.config.allowed.push_back(
          known(events::IpRange::parse(range), range));
  std::sort(peer.config.allowed.begin(), peer.config.allowed.end());
  peer.last_handshake_ns =
      number_of<std::int64_t>(fields[4]) * std::int64_t{1'000'000'000};
  peer.received_bytes = number_of<std::uint64_t>(fields[5]);
  peer.sent_bytes = number_of<std::uint64_t>(fields[6]);
  peer.config.keepalive_seconds = number_of<std::uint16_t>(fields[7]);
  return peer;
}

}  // namespace

events::ObservedDevice device_of_wg_dump(std::string_view text) {
  events::ObservedDevice device;
  while (text.ends_with('\n')) text.remove_suffix(1);
  auto lines = split(text, '\n');
  auto own = split(lines.front(), '\t');
  if (own.size() != 4) throw std::runtime_error{"wg printed no device"};
  if (own[1] != "(none)") device.key = key_of(own[1]);
  device.listen_port = number_of<std::uint16_t>(own[2]);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto fields = split(lines[i], '\t');
    if (fields.size() != 8) throw std::runtime_error{"wg printed no peer"};
    device.peers.emplace(key_of(fields[0]), peer_of(fields));
  }
  return device;
}

}  // namespace ppn::tests
