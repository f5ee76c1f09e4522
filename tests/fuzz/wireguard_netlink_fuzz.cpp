// What the kernel answers about WireGuard: what is accepted is a device, and
// can be told to a kernel again.
#include <algorithm>

#include "tests/fuzz/target.hpp"
#include "tests/fuzz/wireguard_answer.hpp"

namespace ppn::fuzz {

namespace {

events::DeviceChange additions(const events::ObservedDevice& device) {
  events::DeviceChange change;
  for (const auto& [key, peer] : device.peers) {
    auto& addition = change.peers.emplace_back();
    addition.key = key;
    addition.add = true;
    addition.endpoint = peer.config.endpoint;
    addition.keepalive_seconds = peer.config.keepalive_seconds;
    addition.allow = peer.config.allowed;
  }
  return change;
}

void check_told_again(const events::ObservedDevice& device) {
  runtime::WireguardAnswer answer{answer_sequence};
  for (auto& request :
       runtime::set_device({0x20, "wg0"}, additions(device), std::nullopt)) {
    require(request.view().size() <= runtime::wireguard_message_max,
            "a message is not too large");
    require(answer.take(as_answer(request)).ok(), "what is told is readable");
  }
  const auto& again = answer.device().peers;
  require(std::ranges::equal(device.peers, again,
                             [](const auto& a, const auto& b) {
                               return a.first == b.first &&
                                      a.second.config == b.second.config;
                             }),
          "what is told is what was read");
}

}  // namespace

void run(ByteView input) {
  Input datagrams{input};
  runtime::WireguardAnswer answer{answer_sequence};
  while (!datagrams.empty() && !answer.complete())
    if (!answer.take(datagrams.sized_bytes())) return;
  if (!answer.complete()) return;
  for (const auto& [key, peer] : answer.device().peers) {
    const auto& allowed = peer.config.allowed;
    require(std::is_sorted(allowed.begin(), allowed.end()),
            "ranges are sorted");
    for (const auto& range : allowed)
      require(range.length <= range.address.bits(), "a range is one");
  }
  check_told_again(answer.device());
}

}  // namespace ppn::fuzz
