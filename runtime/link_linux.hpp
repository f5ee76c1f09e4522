// Network interfaces of this host by rtnetlink (libnl-route): what they are,
// their addresses, and what may be forwarded from them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "events/ip.hpp"
#include "store/result.hpp"

struct nl_sock;

namespace ppn::runtime {

/// Says of an interface that a ppnd made it.
inline constexpr const char* link_alias = "ppn";

struct Link {
  bool exists = false;
  bool is_up = false;
  /// IFLA_INFO_KIND: "wireguard", "tun"; empty for what is no virtual one.
  std::string kind;
  std::string alias;
  /// Sorted; without link-local ones.
  std::vector<events::IpRange> addresses;
  /// The ranges that packets out of this interface may be forwarded into it
  /// again. Sorted.
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
  store::Status add_address(const std::string& name,
                            const events::IpRange& address);
  store::Status remove_address(const std::string& name,
                               const events::IpRange& address);
  /// With an MTU of 1420.
  store::Status set_up(const std::string& name);
  /// Packets that come out of the interface may go on into it if they are for
  /// one of these ranges, and nowhere else: by a rule and a table of their own.
  /// With no ranges nothing is forwarded.
  store::Status set_forwarded(const std::string& name,
                              const std::vector<events::IpRange>& ranges);
  /// All routes of the main table but the default ones.
  store::Result<std::vector<Route>> routes();

 private:
  struct Close {
    void operator()(nl_sock* socket) const;
  };
  explicit Links(std::unique_ptr<nl_sock, Close> socket);
  std::unique_ptr<nl_sock, Close> socket_;
};

}  // namespace ppn::runtime
