// Network interfaces of this host by rtnetlink (libnl-route): what they are,
// their addresses, and what may be forwarded from them.
#pragma once

#include <string>
#include <vector>

#include "events/ip.hpp"
#include "runtime/netlink_linux.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// Says of an interface that a ppnd made it.
inline constexpr const char* link_alias = "ppn";
/// That it is a guest's, and goes with it.
inline constexpr const char* guest_link_alias = "ppn-guest";

struct Link {
  bool exists = false;
  bool is_up = false;
  /// IFLA_INFO_KIND: "wireguard", "tun"; empty for what is no virtual one.
  std::string kind;
  std::string alias;
  /// IPv6 is not switched off for it, or for what is new if it is not there.
  bool takes_v6 = false;
  /// Sorted; without link-local ones.
  std::vector<events::IpRange> addresses;
  /// Where packets out of this interface may be forwarded to: ranges whose way
  /// leads into it again, or all of IPv4 or IPv6 if nothing keeps them within
  /// it. Sorted.
  std::vector<events::IpRange> forwarded;
};

/// A route that is not this interface's own.
struct Route {
  events::IpRange to;
  std::string interface;
};

class Links {
 public:
  /// io.
  static store::Result<Links> open();

  /// io.
  store::Result<Link> look(const std::string& name);
  /// A link of the kernel's WireGuard, with the alias. bad_input if the kernel
  /// has no WireGuard.
  store::Status create_wireguard(const std::string& name);
  store::Status set_alias(const std::string& name);
  store::Status remove(const std::string& name);
  /// Also good if it has the address already.
  store::Status add_address(const std::string& name,
                            const events::IpRange& address);
  /// Also good if it has no such address.
  store::Status remove_address(const std::string& name,
                               const events::IpRange& address);
  /// With an MTU of 1420.
  store::Status set_up(const std::string& name);
  /// Puts a guest's interface into a bridge, and up. bad_input if that is no
  /// bridge, not_found, io.
  store::Status join_bridge(const std::string& name, const std::string& bridge);
  /// Packets that come out of the interface may go on into it if they are for
  /// one of these ranges, and nowhere else: by a rule and a table of their own.
  /// With no ranges nothing is forwarded. The interface must be up. bad_input
  /// if this kernel cannot do it for IPv6; for IPv4 it is done then.
  store::Status set_forwarded(const std::string& name,
                              const std::vector<events::IpRange>& ranges);
  /// All routes of the main table but the default ones.
  store::Result<std::vector<Route>> routes();

 private:
  explicit Links(NetlinkSocket socket) : socket_(std::move(socket)) {}

  NetlinkSocket socket_;
};

}  // namespace ppn::runtime
