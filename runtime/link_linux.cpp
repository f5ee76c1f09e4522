#include "runtime/link_linux.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "runtime/forwarding_linux.hpp"
#include "runtime/host_addresses_linux.hpp"
#include "runtime/route_objects_linux.hpp"

namespace ppn::runtime {

namespace {

using events::IpRange;

/// What a packet of 1500 bytes leaves to the packet in the tunnel, over IPv6.
constexpr unsigned mtu = 1420;

store::Result<OwnLink> find(nl_sock* socket, const std::string& name) {
  rtnl_link* link = nullptr;
  if (int code = rtnl_link_get_kernel(socket, 0, name.c_str(), &link); code < 0)
    return netlink_error("find the interface", name, code);
  return OwnLink{link};
}

store::Status change(nl_sock* socket, const std::string& name, const char* what,
                     rtnl_link* changes) {
  auto link = find(socket, name);
  if (!link) return link.error();
  int code = rtnl_link_change(socket, link->get(), changes, 0);
  // libnl's word for an address in use.
  if (code == -NLE_EXIST)
    return store::Error{
        store::ErrorCode::io,
        "cannot set up " + name + ": its port is in use by another program"};
  if (code < 0) return netlink_error(what, name, code);
  return {};
}

store::Result<std::vector<IpRange>> addresses_of(nl_sock* socket, int index) {
  ifaddrmsg header{};
  header.ifa_index = static_cast<unsigned>(index);
  auto addresses = dump_objects<OwnAddress>(socket, RTM_GETADDR, header, 0);
  if (!addresses) return addresses.error();
  std::vector<IpRange> ranges;
  for (const auto& address : *addresses) {
    auto range = range_of(rtnl_addr_get_local(address.get()));
    if (range && !is_link_local(range->address)) ranges.push_back(*range);
  }
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

bool takes_v6(const std::string& name) {
  std::ifstream file{"/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6"};
  int is_off = 1;
  return file >> is_off && is_off == 0;
}

store::Result<OwnAddress> address_on(nl_sock* socket, const std::string& name,
                                     const IpRange& range) {
  auto link = find(socket, name);
  if (!link) return link.error();
  OwnAddress address{rtnl_addr_alloc()};
  rtnl_addr_set_ifindex(address.get(), rtnl_link_get_ifindex(link->get()));
  rtnl_addr_set_local(address.get(), netlink_address(range).get());
  return address;
}

}  // namespace

store::Result<Links> Links::open() {
  auto socket = open_netlink(NETLINK_ROUTE);
  if (!socket) return socket.error();
  return Links{std::move(*socket)};
}

store::Result<Link> Links::look(const std::string& name) {
  auto found = find(socket_.get(), name);
  Link link;
  if (!found && found.error().code == store::ErrorCode::not_found) {
    link.takes_v6 = takes_v6("default");
    return link;
  }
  if (!found) return found.error();
  auto* there = found->get();
  auto text = [](const char* value) {
    return std::string{value == nullptr ? "" : value};
  };
  link.exists = true;
  link.takes_v6 = takes_v6(name);
  link.is_up = (rtnl_link_get_flags(there) & IFF_UP) != 0;
  link.kind = text(rtnl_link_get_type(there));
  link.alias = text(rtnl_link_get_ifalias(there));
  auto addresses = addresses_of(socket_.get(), rtnl_link_get_ifindex(there));
  if (!addresses) return addresses.error();
  link.addresses = std::move(*addresses);
  auto forwarded = look_at_forwarding(socket_.get(), there);
  if (!forwarded) return forwarded.error();
  link.forwarded = std::move(*forwarded);
  return link;
}

store::Status Links::create_wireguard(const std::string& name) {
  OwnLink link{rtnl_link_alloc()};
  rtnl_link_set_name(link.get(), name.c_str());
  rtnl_link_set_type(link.get(), "wireguard");
  int code =
      rtnl_link_add(socket_.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code == -NLE_OPNOTSUPP)
    return store::Error{store::ErrorCode::bad_input,
                        "this kernel has no WireGuard"};
  if (code < 0) return netlink_error("create the interface", name, code);
  return set_alias(name);
}

store::Status Links::set_alias(const std::string& name) {
  OwnLink changes{rtnl_link_alloc()};
  rtnl_link_set_ifalias(changes.get(), link_alias);
  return change(socket_.get(), name, "name the owner of", changes.get());
}

store::Status Links::remove(const std::string& name) {
  if (auto cleared = clear_forwarding(socket_.get(), name); !cleared)
    return cleared;
  OwnLink link{rtnl_link_alloc()};
  rtnl_link_set_name(link.get(), name.c_str());
  if (int code = rtnl_link_delete(socket_.get(), link.get()); code < 0)
    return netlink_error("remove the interface", name, code);
  return {};
}

store::Status Links::add_address(const std::string& name,
                                 const IpRange& range) {
  auto address = address_on(socket_.get(), name, range);
  if (!address) return address.error();
  int code = rtnl_addr_add(socket_.get(), address->get(), NLM_F_EXCL);
  if (code < 0 && code != -NLE_EXIST)
    return netlink_error("add " + range.text() + " to", name, code);
  return {};
}

store::Status Links::remove_address(const std::string& name,
                                    const IpRange& range) {
  auto address = address_on(socket_.get(), name, range);
  if (!address) return address.error();
  int code = rtnl_addr_delete(socket_.get(), address->get(), 0);
  if (code < 0 && code != -NLE_NOADDR)
    return netlink_error("remove " + range.text() + " from", name, code);
  return {};
}

store::Status Links::set_up(const std::string& name) {
  OwnLink changes{rtnl_link_alloc()};
  rtnl_link_set_mtu(changes.get(), mtu);
  rtnl_link_set_flags(changes.get(), IFF_UP);
  return change(socket_.get(), name, "set up", changes.get());
}

store::Status Links::join_bridge(const std::string& name,
                                 const std::string& bridge) {
  auto joined = find(socket_.get(), bridge);
  if (!joined) return joined.error();
  const char* type = rtnl_link_get_type(joined->get());
  if (type == nullptr || std::string_view{type} != "bridge")
    return store::Error{store::ErrorCode::bad_input,
                        "the interface " + bridge + " is no bridge"};
  auto joins = find(socket_.get(), name);
  if (!joins) return joins.error();
  // A bridge takes the lowest address of all that is in it, unless it was given
  // one: it is not to be this.
  auto* address = nl_addr_clone(rtnl_link_get_addr(joins->get()));
  constexpr unsigned char high = 0xfe;
  *static_cast<unsigned char*>(nl_addr_get_binary_addr(address)) = high;
  OwnLink changes{rtnl_link_alloc()};
  rtnl_link_set_addr(changes.get(), address);
  nl_addr_put(address);
  rtnl_link_set_ifalias(changes.get(), guest_link_alias);
  // A bridge takes the smallest MTU of all that is in it.
  rtnl_link_set_mtu(changes.get(), rtnl_link_get_mtu(joined->get()));
  rtnl_link_set_master(changes.get(), rtnl_link_get_ifindex(joined->get()));
  rtnl_link_set_flags(changes.get(), IFF_UP);
  return change(socket_.get(), name, "put into a bridge", changes.get());
}

store::Status Links::set_forwarded(const std::string& name,
                                   const std::vector<IpRange>& ranges) {
  auto link = find(socket_.get(), name);
  if (!link) return link.error();
  return set_forwarding(socket_.get(), link->get(), ranges);
}

store::Result<std::vector<Route>> Links::routes() {
  std::vector<Route> routes;
  for (int family : {AF_INET, AF_INET6}) {
    auto listed = routes_in(socket_.get(), family, RT_TABLE_MAIN);
    if (!listed) return listed.error();
    for (const auto& route : *listed) {
      auto to = range_of(rtnl_route_get_dst(route.get()));
      if (!to || to->length == 0) continue;
      for (int i = 0; i < rtnl_route_get_nnexthops(route.get()); ++i) {
        auto* hop = rtnl_route_nexthop_n(route.get(), i);
        std::array<char, IF_NAMESIZE> name{};
        auto index = static_cast<unsigned>(rtnl_route_nh_get_ifindex(hop));
        if (::if_indextoname(index, name.data()) != nullptr)
          routes.push_back({*to, name.data()});
      }
    }
  }
  return routes;
}

}  // namespace ppn::runtime
