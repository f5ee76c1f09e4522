#include "runtime/wireguard_netlink.hpp"

#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "runtime/netlink_bytes.hpp"

namespace ppn::runtime {

namespace {

using events::Endpoint;
using events::IpAddress;
using events::IpRange;
using events::PeerChange;
using events::TunnelKey;

// -- to the kernel ------------------------------------------------------------

/// The most that one allowed IP, and a peer before its allowed IPs, takes.
constexpr std::size_t allowed_size_max = 40;
constexpr std::size_t peer_head_size_max = 136;

NetlinkWriter begin_message(const WireguardTarget& target, std::uint8_t command,
                            std::uint16_t flags) {
  NetlinkWriter writer{wireguard_message_max};
  nlmsghdr header{};
  header.nlmsg_type = target.family;
  header.nlmsg_flags = NLM_F_REQUEST | flags;
  writer.put_header(header);
  writer.put_header(genlmsghdr{command, WG_GENL_VERSION, 0});
  // With the zero at its end.
  const auto& name = target.interface;
  Bytes terminated{name.begin(), name.end()};
  terminated.push_back(0);
  writer.put(WGDEVICE_A_IFNAME, terminated);
  return writer;
}

void put_endpoint(NetlinkWriter& writer, const Endpoint& endpoint) {
  auto address = endpoint.address.view();
  if (endpoint.address.is_v6) {
    sockaddr_in6 socket{};
    socket.sin6_family = AF_INET6;
    socket.sin6_port = htons(endpoint.port);
    std::memcpy(&socket.sin6_addr, address.data(), address.size());
    writer.put(WGPEER_A_ENDPOINT, netlink_bytes(socket));
  } else {
    sockaddr_in socket{};
    socket.sin_family = AF_INET;
    socket.sin_port = htons(endpoint.port);
    std::memcpy(&socket.sin_addr, address.data(), address.size());
    writer.put(WGPEER_A_ENDPOINT, netlink_bytes(socket));
  }
}

/// Zeros take away what there is.
void put_preshared(NetlinkWriter& writer, const Hash& hash,
                   const PresharedSecrets& preshared) {
  static constexpr std::array<std::uint8_t, TunnelKeys::Secret::extent> none{};
  auto secret = preshared.find(hash);
  writer.put(WGPEER_A_PRESHARED_KEY,
             secret == preshared.end()
                 ? ByteView{none}
                 : ByteView{secret->second.get(), none.size()});
}

void put_allowed(NetlinkWriter& writer, const IpRange& range) {
  auto nest = writer.begin(0);
  auto family = range.address.is_v6 ? AF_INET6 : AF_INET;
  writer.put(WGALLOWEDIP_A_FAMILY, static_cast<std::uint16_t>(family));
  writer.put(WGALLOWEDIP_A_IPADDR, range.address.view());
  writer.put(WGALLOWEDIP_A_CIDR_MASK, range.length);
  writer.end(nest);
}

/// Fills messages with peers, as many as it takes.
class PeerWriter {
 public:
  PeerWriter(const WireguardTarget& target, NetlinkWriter first,
             const PresharedSecrets& preshared)
      : target_(target), preshared_(preshared), message_(std::move(first)) {}

  void put(const PeerChange& change) {
    bool replaces = change.add || change.replace;
    const auto& allowed = change.replace ? *change.replace : change.allow;
    std::uint32_t flags = change.add ? 0 : WGPEER_F_UPDATE_ONLY;
    if (replaces) flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
    if (change.remove) flags = WGPEER_F_REMOVE_ME;
    begin_peer(change.key, flags);
    if (change.preshared)
      put_preshared(message_, *change.preshared, preshared_);
    if (change.endpoint) put_endpoint(message_, *change.endpoint);
    if (change.keepalive_seconds)
      message_.put(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
                   *change.keepalive_seconds);
    put_all_allowed(change.key, allowed);
    message_.end(peer_);
  }

  std::vector<WireguardRequest> finish() {
    end_message();
    return std::move(done_);
  }

 private:
  void begin_peer(const TunnelKey& key, std::uint32_t flags) {
    if (message_.room() < peer_head_size_max + allowed_size_max) {
      end_message();
      message_ = begin_message(target_, WG_CMD_SET_DEVICE, NLM_F_ACK);
    }
    if (!peers_) peers_ = message_.begin(WGDEVICE_A_PEERS);
    peer_ = message_.begin(0);
    message_.put(WGPEER_A_PUBLIC_KEY, key.view());
    message_.put(WGPEER_A_FLAGS, flags);
  }

  void put_all_allowed(const TunnelKey& key,
                       const std::vector<IpRange>& allowed) {
    if (allowed.empty()) return;
    auto nest = message_.begin(WGPEER_A_ALLOWEDIPS);
    for (const auto& range : allowed) {
      if (message_.room() < allowed_size_max) {
        message_.end(nest);
        message_.end(peer_);
        begin_peer(key, WGPEER_F_UPDATE_ONLY);
        nest = message_.begin(WGPEER_A_ALLOWEDIPS);
      }
      put_allowed(message_, range);
    }
    message_.end(nest);
  }

  void end_message() {
    if (peers_) message_.end(*peers_);
    peers_.reset();
    done_.emplace_back(message_.take_message());
  }

  const WireguardTarget& target_;
  const PresharedSecrets& preshared_;
  NetlinkWriter message_;
  std::optional<std::size_t> peers_;
  std::size_t peer_ = 0;
  std::vector<WireguardRequest> done_;
};

// -- from the kernel ----------------------------------------------------------

store::Error malformed(const std::string& what) {
  return {store::ErrorCode::bad_input,
          "the kernel's answer about WireGuard is malformed: " + what};
}

/// Calls `use` for each attribute.
template <class Use>
store::Status for_each(ByteView bytes, Use use) {
  NetlinkReader reader{bytes};
  while (!reader.empty()) {
    auto attribute = reader.attribute();
    if (!attribute) return malformed("an attribute is cut short");
    if (auto used = use(*attribute); !used) return used;
  }
  return {};
}

/// Keeps the value of an attribute; false if it has another size.
template <class T>
bool keep(const NetlinkAttribute& attribute, T& value) {
  auto read = attribute.as<T>();
  if (read) value = *read;
  return read.has_value();
}

store::Result<TunnelKey> read_key(ByteView value) {
  if (value.size() != TunnelKey::size) return malformed("the size of a key");
  return TunnelKey{ByteView{value}.first<TunnelKey::size>()};
}

std::optional<Endpoint> read_endpoint(const NetlinkAttribute& attribute) {
  if (auto v4 = attribute.as<sockaddr_in>(); v4 && v4->sin_family == AF_INET)
    return Endpoint{*IpAddress::of(netlink_bytes(v4->sin_addr)),
                    ntohs(v4->sin_port)};
  if (auto v6 = attribute.as<sockaddr_in6>(); v6 && v6->sin6_family == AF_INET6)
    return Endpoint{*IpAddress::of(netlink_bytes(v6->sin6_addr)),
                    ntohs(v6->sin6_port)};
  return std::nullopt;
}

/// Two numbers of 64 bits, whatever this machine's time_t is.
std::optional<std::int64_t> read_time_ns(const NetlinkAttribute& attribute) {
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  auto time = attribute.as<std::array<std::int64_t, 2>>();
  if (!time) return std::nullopt;
  auto [s, ns] = *time;
  bool fits = s >= 0 && s < std::numeric_limits<std::int64_t>::max() / ns_per_s;
  if (!fits || ns < 0 || ns >= ns_per_s) return std::nullopt;
  return s * ns_per_s + ns;
}

store::Result<IpRange> read_allowed(ByteView bytes) {
  std::uint16_t family = 0;
  std::optional<IpAddress> address;
  std::optional<std::uint8_t> length;
  auto read = for_each(bytes, [&](const auto& attribute) -> store::Status {
    if (attribute.type == WGALLOWEDIP_A_FAMILY && !keep(attribute, family))
      return malformed("the size of a family");
    if (attribute.type == WGALLOWEDIP_A_IPADDR)
      address = IpAddress::of(attribute.value);
    if (attribute.type == WGALLOWEDIP_A_CIDR_MASK)
      length = attribute.template as<std::uint8_t>();
    return {};
  });
  if (!read) return read.error();
  if (!address || family != (address->is_v6 ? AF_INET6 : AF_INET) || !length ||
      *length > address->bits())
    return malformed("an allowed IP");
  return IpRange{*address, *length};
}

store::Status read_all_allowed(ByteView bytes, std::vector<IpRange>& allowed) {
  return for_each(bytes, [&](const auto& attribute) -> store::Status {
    auto range = read_allowed(attribute.value);
    if (!range) return range.error();
    allowed.push_back(*range);
    return {};
  });
}

store::Status read_of_peer(const NetlinkAttribute& attribute,
                           events::ObservedPeer& peer) {
  bool good = true;
  switch (attribute.type) {
    case WGPEER_A_PRESHARED_KEY:
      good = attribute.value.size() == TunnelKeys::Secret::extent;
      if (good)
        peer.config.preshared =
            preshared_in(attribute.value.first<TunnelKeys::Secret::extent>());
      break;
    case WGPEER_A_ENDPOINT:
      peer.config.endpoint = read_endpoint(attribute);
      good = peer.config.endpoint.has_value();
      break;
    case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
      good = keep(attribute, peer.config.keepalive_seconds);
      break;
    case WGPEER_A_LAST_HANDSHAKE_TIME: {
      auto time_ns = read_time_ns(attribute);
      good = time_ns.has_value();
      peer.last_handshake_ns = time_ns.value_or(0);
      break;
    }
    case WGPEER_A_RX_BYTES:
      good = keep(attribute, peer.received_bytes);
      break;
    case WGPEER_A_TX_BYTES:
      good = keep(attribute, peer.sent_bytes);
      break;
    case WGPEER_A_ALLOWEDIPS:
      return read_all_allowed(attribute.value, peer.config.allowed);
    default:
      break;
  }
  if (!good)
    return malformed("attribute " + std::to_string(attribute.type) +
                     " of a peer");
  return {};
}

/// One that comes again goes on where it ended.
store::Status read_peer(ByteView bytes, events::ObservedDevice& device) {
  NetlinkReader reader{bytes};
  auto first = reader.attribute();
  if (!first || first->type != WGPEER_A_PUBLIC_KEY)
    return malformed("a peer does not begin with its key");
  auto key = read_key(first->value);
  if (!key) return key.error();
  auto& peer = device.peers[*key];
  return for_each(reader.rest(), [&](const auto& attribute) {
    return read_of_peer(attribute, peer);
  });
}

store::Status read_of_device(const NetlinkAttribute& attribute,
                             events::ObservedDevice& device) {
  switch (attribute.type) {
    case WGDEVICE_A_PUBLIC_KEY: {
      auto key = read_key(attribute.value);
      if (!key) return key.error();
      device.key = *key;
      return {};
    }
    case WGDEVICE_A_LISTEN_PORT:
      if (!keep(attribute, device.listen_port))
        return malformed("the size of a port");
      return {};
    case WGDEVICE_A_PEERS:
      return for_each(attribute.value, [&](const auto& peer) {
        return read_peer(peer.value, device);
      });
    default:
      return {};
  }
}

/// What the kernel says with a message that ends an answer: 0, or the negative
/// of an errno.
store::Status verdict(ByteView payload) {
  auto code = NetlinkReader{payload}.header<std::int32_t>();
  if (!code) return malformed("it ends without a verdict");
  if (*code == 0) return {};
  std::string message =
      std::string{"the kernel refuses: "} + std::strerror(-*code);
  switch (-*code) {
    case ENODEV:
      return store::Error{store::ErrorCode::not_found, message};
    case EPERM:
      return store::Error{store::ErrorCode::permission, message};
    case EOPNOTSUPP:
      return store::Error{store::ErrorCode::bad_input,
                          "it is no interface of WireGuard"};
    default:
      return store::Error{store::ErrorCode::io, message};
  }
}

}  // namespace

WireguardRequest::~WireguardRequest() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

void WireguardRequest::set_sequence(std::uint32_t sequence) {
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence,
              sizeof sequence);
}

WireguardRequest get_device(const WireguardTarget& target) {
  auto message = begin_message(target, WG_CMD_GET_DEVICE, NLM_F_DUMP);
  return WireguardRequest{message.take_message()};
}

std::vector<WireguardRequest> set_device(
    const WireguardTarget& target, const events::DeviceChange& change,
    std::optional<TunnelKeys::Secret> private_key,
    const PresharedSecrets& preshared) {
  auto first = begin_message(target, WG_CMD_SET_DEVICE, NLM_F_ACK);
  if (private_key) first.put(WGDEVICE_A_PRIVATE_KEY, *private_key);
  if (change.listen_port)
    first.put(WGDEVICE_A_LISTEN_PORT, *change.listen_port);
  PeerWriter writer{target, std::move(first), preshared};
  for (const auto& peer : change.peers) writer.put(peer);
  return writer.finish();
}

store::Status WireguardAnswer::take(ByteView datagram) {
  NetlinkReader reader{datagram};
  while (!reader.empty() && !complete_) {
    auto all = reader.rest();
    auto header = reader.header<nlmsghdr>();
    if (!header || header->nlmsg_len < sizeof *header ||
        header->nlmsg_len > all.size())
      return malformed("a message is cut short");
    auto payload =
        all.subspan(sizeof *header, header->nlmsg_len - sizeof *header);
    reader = NetlinkReader{all};
    reader.skip(header->nlmsg_len);
    if (header->nlmsg_seq != sequence_) continue;
    auto taken = take_message(header->nlmsg_type, header->nlmsg_flags, payload);
    if (!taken) return taken;
  }
  return {};
}

store::Status WireguardAnswer::take_message(std::uint16_t type,
                                            std::uint16_t flags,
                                            ByteView payload) {
  if ((flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
  if (type == NLMSG_DONE || type == NLMSG_ERROR) {
    finish();
    return verdict(payload);
  }
  NetlinkReader reader{payload};
  auto header = reader.header<genlmsghdr>();
  if (!header || header->cmd != WG_CMD_GET_DEVICE)
    return malformed("a message of another kind");
  return for_each(reader.rest(), [&](const auto& attribute) {
    return read_of_device(attribute, device_);
  });
}

void WireguardAnswer::finish() {
  complete_ = true;
  for (auto& [key, peer] : device_.peers) {
    auto& allowed = peer.config.allowed;
    std::sort(allowed.begin(), allowed.end());
  }
}

}  // namespace ppn::runtime
