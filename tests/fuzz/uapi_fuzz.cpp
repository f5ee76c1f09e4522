// What a WireGuard program answers: what is taken is within bounds, comes out
// the same when it is told again, and what is refused is so for a reason.
#include "runtime/uapi.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

constexpr std::int64_t now = 1'790'000'000'000'000'000;

events::PeerChange addition(const events::TunnelKey& key,
                            const events::ObservedPeer& peer) {
  events::PeerChange change;
  change.key = key;
  change.add = true;
  change.endpoint = peer.config.endpoint;
  change.keepalive_seconds = peer.config.keepalive_seconds;
  change.allow = peer.config.allowed;
  return change;
}

/// A request has the lines of an answer but for the first and the last.
events::ObservedDevice told_again(const events::ObservedDevice& device) {
  events::DeviceChange change;
  change.listen_port = device.listen_port;
  for (const auto& [key, peer] : device.peers)
    change.peers.push_back(addition(key, peer));
  std::string text{runtime::uapi_set(change, {})};
  text.erase(0, text.find('\n') + 1);
  text.insert(text.size() - 1, "errno=0\n");
  auto again = runtime::parse_uapi_reply(text, now);
  require(again.ok(), "what was taken can be told");
  return std::move(again->device);
}

void check(const runtime::UapiReply& reply) {
  const auto& device = reply.device;
  require(reply.dialect.has_value() == device.key.has_value(),
          "a key tells the dialect");
  require(device.peers.size() <= runtime::uapi_peers_max,
          "there are no more peers than there can be");
  auto again = told_again(device);
  require(again.listen_port == device.listen_port, "the port is the same");
  require(again.peers.size() == device.peers.size(), "so are the peers");
  for (const auto& [key, peer] : device.peers) {
    require(again.peers.at(key).config == peer.config, "with all they have");
    require(peer.last_handshake_ns >= 0, "no handshake was before 1970");
  }
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  auto reply = runtime::parse_uapi_reply(text, now);
  if (reply)
    check(*reply);
  else
    require(reply.error().code == store::ErrorCode::bad_input &&
                !reply.error().message.empty(),
            "a refusal has a reason");
  auto result = runtime::parse_uapi_result(text);
  require(!result || reply.ok(), "a result alone is an answer");
}

}  // namespace ppn::fuzz
