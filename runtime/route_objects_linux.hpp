// The objects of libnl-route with an owner, and what the kernel has of them.
#pragma once

#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>

#include <vector>

#include "runtime/netlink_linux.hpp"

namespace ppn::runtime {

struct FreeRouteObject {
  void operator()(rtnl_link* link) const { rtnl_link_put(link); }
  void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
  void operator()(rtnl_rule* rule) const { rtnl_rule_put(rule); }
  void operator()(rtnl_route* route) const { rtnl_route_put(route); }
};

using OwnLink = std::unique_ptr<rtnl_link, FreeRouteObject>;
using OwnAddress = std::unique_ptr<rtnl_addr, FreeRouteObject>;
using OwnRule = std::unique_ptr<rtnl_rule, FreeRouteObject>;
using OwnRoute = std::unique_ptr<rtnl_route, FreeRouteObject>;

/// All of one kind that `header`, and `table` unless it is 0, let the kernel
/// dump. io.
template <class Object, class Header>
store::Result<std::vector<Object>> dump_objects(nl_sock* socket, int type,
                                                Header header,
                                                std::uint32_t table) {
  auto keep = [](nl_object* object, void* kept) {
    nl_object_get(object);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): its head
    auto* owned = reinterpret_cast<typename Object::pointer>(object);
    static_cast<std::vector<Object>*>(kept)->emplace_back(owned);
  };
  int code = -NLE_DUMP_INTR;
  for (int i = 0; i < dumps_max && code == -NLE_DUMP_INTR; ++i) {
    NetlinkMessage request{nlmsg_alloc_simple(type, NLM_F_DUMP)};
    nlmsg_append(request.get(), &header, sizeof header, NLMSG_ALIGNTO);
    if (table != 0) nla_put_u32(request.get(), RTA_TABLE, table);
    std::vector<Object> objects;
    code = dump(socket, request.get(), [&](nl_msg* message) {
      nl_msg_parse(message, keep, &objects);
    });
    // There is no such table, or no such family.
    if (code == -NLE_OBJ_NOTFOUND || code == -NLE_AF_NOSUPPORT)
      return std::vector<Object>{};
    if (code >= 0) return objects;
  }
  return netlink_error("list", "addresses and routes", code);
}

/// One family's routes in a table.
inline store::Result<std::vector<OwnRoute>> routes_in(nl_sock* socket,
                                                      int family,
                                                      std::uint32_t table) {
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(family);
  return dump_objects<OwnRoute>(socket, RTM_GETROUTE, header, table);
}

}  // namespace ppn::runtime
