// The messages of the kernel's WireGuard (generic netlink, family "wireguard",
// version 1) as bytes, without a socket.
//
//   nlmsghdr | genlmsghdr | IFNAME, of the first PRIVATE_KEY, LISTEN_PORT
//                         | PEERS { PUBLIC_KEY FLAGS ENDPOINT KEEPALIVE
//                         |         ALLOWEDIPS { FAMILY IPADDR CIDR_MASK }... }
//
// What does not fit one message goes on in the next, where a peer that was not
// finished comes again with its key and the rest of its allowed IPs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/device.hpp"
#include "runtime/tunnel_keys.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// A message is not larger, neither way: of what is read the kernel sends no
/// more at once, however large the buffer is.
inline constexpr std::size_t wireguard_message_max = 32'768;

/// A message to the kernel, wiped when it goes.
class WireguardRequest {
 public:
  explicit WireguardRequest(Bytes bytes) : bytes_(std::move(bytes)) {}
  WireguardRequest(WireguardRequest&&) = default;
  WireguardRequest& operator=(WireguardRequest&&) = delete;
  WireguardRequest(const WireguardRequest&) = delete;
  WireguardRequest& operator=(const WireguardRequest&) = delete;
  ~WireguardRequest();

  /// The answer will have the same.
  void set_sequence(std::uint32_t sequence);
  [[nodiscard]] ByteView view() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// Whom a message is for: the number that the kernel gave the family, and the
/// interface.
struct WireguardTarget {
  std::uint16_t family = 0;
  std::string interface;
};

/// Asks for all of a device.
WireguardRequest get_device(const WireguardTarget& target);

/// What WireGuard itself is told of a change; `private_key` is that of
/// change.key, `preshared` has all that peers are to get. To be sent one after
/// the other. A peer that loses allowed IPs gets all of its own anew, since
/// kernels before 6.16 take none away alone.
std::vector<WireguardRequest> set_device(
    const WireguardTarget& target, const events::DeviceChange& change,
    std::optional<TunnelKeys::Secret> private_key,
    const PresharedSecrets& preshared = {});

/// Reads the answer to one request: not_found if there is no such interface,
/// bad_input if it is of another kind or what came is no answer, permission,
/// io.
class WireguardAnswer {
 public:
  explicit WireguardAnswer(std::uint32_t sequence) : sequence_(sequence) {}

  /// What was received at once; answers to other requests are passed over.
  store::Status take(ByteView datagram);
  /// Nothing more will come.
  [[nodiscard]] bool complete() const { return complete_; }
  /// The device changed while it was dumped: something may be missing.
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  /// Key, port and peers, once it is complete.
  [[nodiscard]] const events::ObservedDevice& device() const { return device_; }

 private:
  store::Status take_message(std::uint16_t type, std::uint16_t flags,
                             ByteView payload);
  void finish();

  std::uint32_t sequence_;
  bool complete_ = false;
  bool interrupted_ = false;
  events::ObservedDevice device_;
};

}  // namespace ppn::runtime
