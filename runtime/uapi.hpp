// The text protocol by which the programs that are a WireGuard device are told
// and asked what it is (https://www.wireguard.com/xplatform/), in the dialects
// of wireguard-go and boringtun.
//
// A request is answered on a connection of its own, since boringtun takes one
// only. No address is taken away alone ("allowed_ip=-"): wireguard-go can since
// 2025 and boringtun can not, so a peer that loses one gets its whole list.
#pragma once

#include <optional>
#include <string_view>

#include "events/device.hpp"
#include "runtime/secret_text.hpp"
#include "runtime/tunnel_keys.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

inline constexpr std::string_view uapi_get = "get=1\n\n";

/// wireguard-go has no more peers than that.
inline constexpr std::size_t uapi_peers_max = std::size_t{1} << 16U;
/// All of them with some ten addresses each.
inline constexpr std::size_t uapi_reply_max = std::size_t{64} << 20U;

enum class UapiDialect : std::uint8_t { wireguard_go, boringtun };

/// What get=1 is answered.
struct UapiReply {
  /// Nothing if the device has no key: only by that they differ for sure.
  std::optional<UapiDialect> dialect;
  /// Its key, port and peers; the rest is as in a device that is not there.
  events::ObservedDevice device;
};

/// `utc_ns` is now: boringtun tells how long ago a handshake was. bad_input.
store::Result<UapiReply> parse_uapi_reply(std::string_view reply,
                                          std::int64_t utc_ns);

/// Whether set=1 was done. bad_input.
store::Status parse_uapi_result(std::string_view reply);

/// The request for what a change has of key, port and peers; empty if it has
/// nothing of them. `secret` is the private half of the key, if that changes.
/// `preshared` has all that peers are to get.
SecretText uapi_set(const events::DeviceChange& change,
                    std::optional<TunnelKeys::Secret> secret,
                    const PresharedSecrets& preshared = {});

/// The same in a way that boringtun can take: it ends when a peer that it has
/// is told anything but to go. So each is removed and added again, with what it
/// was told before.
std::vector<events::PeerChange> with_peers_added_again(
    const std::vector<events::PeerChange>& changes,
    const std::map<events::TunnelKey, events::ObservedPeer>& peers);

}  // namespace ppn::runtime
