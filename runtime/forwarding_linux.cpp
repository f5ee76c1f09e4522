#include "runtime/forwarding_linux.hpp"

#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/route_objects_linux.hpp"
#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace {

namespace fs = std::filesystem;
using events::IpRange;

/// Behind the rule for what is for this host, before all others.
constexpr std::uint32_t rule_priority = 206;
/// Each interface has the table of this number and its own.
constexpr std::uint32_t first_table = 92'060'000;

constexpr std::array families{AF_INET, AF_INET6};

IpRange all_of(int family) { return {{.is_v6 = family == AF_INET6}, 0}; }

bool is_of(const IpRange& range, int family) {
  return range.address.is_v6 == (family == AF_INET6);
}

/// Those for what comes out of the interface, of our priority.
store::Result<std::vector<OwnRule>> rules_of(nl_sock* socket, int family,
                                             const std::string& interface) {
  fib_rule_hdr header{};
  header.family = static_cast<std::uint8_t>(family);
  auto rules = dump_objects<OwnRule>(socket, RTM_GETRULE, header, 0);
  if (!rules) return rules;
  std::erase_if(*rules, [&](const auto& rule) {
    const auto* from = rtnl_rule_get_iif(rule.get());
    return from == nullptr || from != interface ||
           rtnl_rule_get_prio(rule.get()) != rule_priority;
  });
  return rules;
}

// -- the switch ---------------------------------------------------------------

fs::path setting_of_v6(const std::string& interface, const char* setting) {
  return fs::path{"/proc/sys/net/ipv6/conf"} / interface / setting;
}

bool is_set(const fs::path& setting) {
  std::ifstream file{setting};
  int value = 0;
  return file >> value && value != 0;
}

/// Whether the kernel would forward what comes out of the interface.
bool is_on(rtnl_link* link, int family) {
  if (family == AF_INET) {
    std::uint32_t value = 0;
    return rtnl_link_inet_get_conf(link, IPV4_DEVCONF_FORWARDING, &value) ==
               0 &&
           value != 0;
  }
  return is_set(setting_of_v6("all", "forwarding")) ||
         is_set(setting_of_v6(rtnl_link_get_name(link), "force_forwarding"));
}

store::Status turn_v4(nl_sock* socket, rtnl_link* link, bool on) {
  OwnLink change{rtnl_link_alloc()};
  rtnl_link_inet_set_conf(change.get(), IPV4_DEVCONF_FORWARDING, on ? 1 : 0);
  if (int code = rtnl_link_change(socket, link, change.get(), 0); code < 0)
    return netlink_error("switch forwarding of", rtnl_link_get_name(link),
                         code);
  return {};
}

store::Status write_setting(const fs::path& setting, const char* value) {
  store::FileHandle file{::open(setting.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file.open()) return store::system_error("open", setting);
  return store::write_all(file.get(), store::as_bytes(value), setting);
}

/// What comes out of the interface and goes into it again is no detour: the
/// sender must not be told so. The kernel's own WireGuard sees to that, a TUN
/// device does not. Where it may not be set the harm is a few packets.
void keep_quiet(const std::string& interface) {
  const fs::path settings{"/proc/sys/net/ipv4/conf"};
  for (const auto& of : {interface, std::string{"all"}})
    static_cast<void>(write_setting(settings / of / "send_redirects", "0"));
}

/// The switch of one interface alone came with Linux 6.17, and has no message.
store::Status turn_v6(rtnl_link* link, bool on) {
  auto setting = setting_of_v6(rtnl_link_get_name(link), "force_forwarding");
  if (is_set(setting) == on) return {};
  if (fs::exists(setting)) return write_setting(setting, on ? "1" : "0");
  if (is_on(link, AF_INET6)) return {};
  return store::Error{
      store::ErrorCode::bad_input,
      "a kernel before Linux 6.17 forwards IPv6 from all interfaces or from "
      "none: set net.ipv6.conf.all.forwarding, or have no range of IPv6"};
}

store::Status turn(nl_sock* socket, rtnl_link* link, int family, bool on) {
  return family == AF_INET ? turn_v4(socket, link, on) : turn_v6(link, on);
}

// -- rule and table -----------------------------------------------------------

/// The ranges that the rule and its table keep packets within; nothing if they
/// do not.
store::Result<std::optional<std::vector<IpRange>>> kept_within(nl_sock* socket,
                                                               rtnl_link* link,
                                                               int family) {
  using Kept = std::optional<std::vector<IpRange>>;
  auto rules = rules_of(socket, family, rtnl_link_get_name(link));
  if (!rules) return rules.error();
  if (rules->empty() ||
      rtnl_rule_get_action(rules->front().get()) != FR_ACT_TO_TBL)
    return Kept{};
  auto table = rtnl_rule_get_table(rules->front().get());
  auto routes = routes_in(socket, family, table);
  if (!routes) return routes.error();
  bool refuses_rest = false;
  std::vector<IpRange> ranges;
  for (const auto& route : *routes) {
    auto to = range_of(rtnl_route_get_dst(route.get()));
    if (!to) return Kept{};
    if (rtnl_route_get_type(route.get()) == RTN_UNREACHABLE) {
      refuses_rest = refuses_rest || to->length == 0;
      continue;
    }
    auto* hop = rtnl_route_nexthop_n(route.get(), 0);
    if (rtnl_route_get_nnexthops(route.get()) != 1 ||
        rtnl_route_nh_get_ifindex(hop) != rtnl_link_get_ifindex(link))
      return Kept{};
    ranges.push_back(*to);
  }
  if (!refuses_rest) return Kept{};
  return Kept{std::move(ranges)};
}

store::Status clear(nl_sock* socket, const std::string& interface, int family) {
  auto rules = rules_of(socket, family, interface);
  if (!rules) return rules.error();
  for (const auto& rule : *rules) {
    auto routes = routes_in(socket, family, rtnl_rule_get_table(rule.get()));
    if (!routes) return routes.error();
    if (int code = rtnl_rule_delete(socket, rule.get(), 0); code < 0)
      return netlink_error("remove the rule for", interface, code);
    for (const auto& route : *routes)
      if (int code = rtnl_route_delete(socket, route.get(), 0); code < 0)
        return netlink_error("remove a route for", interface, code);
  }
  return {};
}

store::Status add_route(nl_sock* socket, std::uint32_t table,
                        const IpRange& range, rtnl_link* link) {
  OwnRoute route{rtnl_route_alloc()};
  rtnl_route_set_family(route.get(), range.address.is_v6 ? AF_INET6 : AF_INET);
  rtnl_route_set_table(route.get(), table);
  rtnl_route_set_protocol(route.get(), RTPROT_STATIC);
  rtnl_route_set_dst(route.get(), netlink_address(range.first()).get());
  if (link == nullptr) {
    rtnl_route_set_type(route.get(), RTN_UNREACHABLE);
  } else {
    rtnl_route_set_scope(route.get(), RT_SCOPE_LINK);
    auto* hop = rtnl_route_nh_alloc();
    rtnl_route_nh_set_ifindex(hop, rtnl_link_get_ifindex(link));
    rtnl_route_add_nexthop(route.get(), hop);
  }
  if (int code = rtnl_route_add(socket, route.get(), NLM_F_EXCL);
      code < 0 && code != -NLE_EXIST)
    return netlink_error("add a route for", range.text(), code);
  return {};
}

store::Status keep_within(nl_sock* socket, rtnl_link* link, int family,
                          const std::vector<IpRange>& ranges) {
  auto table =
      first_table + static_cast<std::uint32_t>(rtnl_link_get_ifindex(link));
  if (auto added = add_route(socket, table, all_of(family), nullptr); !added)
    return added;
  for (const auto& range : ranges)
    if (auto added = add_route(socket, table, range, link); !added)
      return added;
  OwnRule rule{rtnl_rule_alloc()};
  rtnl_rule_set_family(rule.get(), family);
  rtnl_rule_set_prio(rule.get(), rule_priority);
  rtnl_rule_set_iif(rule.get(), rtnl_link_get_name(link));
  rtnl_rule_set_action(rule.get(), FR_ACT_TO_TBL);
  rtnl_rule_set_table(rule.get(), table);
  if (int code = rtnl_rule_add(socket, rule.get(), NLM_F_EXCL); code < 0)
    return netlink_error("add a rule for", rtnl_link_get_name(link), code);
  return {};
}

/// Nothing is forwarded while it changes. Where no switch is for this interface
/// alone, a table without ranges keeps what comes out of it from going on.
store::Status set(nl_sock* socket, rtnl_link* link, int family,
                  const std::vector<IpRange>& ranges) {
  const std::string name = rtnl_link_get_name(link);
  if (auto off = turn(socket, link, family, false); !off) return off;
  if (auto cleared = clear(socket, name, family); !cleared) return cleared;
  bool stays_on = family == AF_INET6 && is_on(link, family);
  if (ranges.empty() && !stays_on) return {};
  if (auto kept = keep_within(socket, link, family, ranges); !kept) return kept;
  if (family == AF_INET) keep_quiet(name);
  return ranges.empty() ? store::Status{} : turn(socket, link, family, true);
}

}  // namespace

store::Result<std::vector<IpRange>> look_at_forwarding(nl_sock* socket,
                                                       rtnl_link* link) {
  std::vector<IpRange> forwarded;
  for (int family : families) {
    if (!is_on(link, family)) continue;
    auto kept = kept_within(socket, link, family);
    if (!kept) return kept.error();
    if (!*kept) *kept = {all_of(family)};
    forwarded.insert(forwarded.end(), (*kept)->begin(), (*kept)->end());
  }
  std::sort(forwarded.begin(), forwarded.end());
  return forwarded;
}

store::Status set_forwarding(nl_sock* socket, rtnl_link* link,
                             const std::vector<IpRange>& ranges) {
  for (int family : families) {
    std::vector<IpRange> of_family;
    std::copy_if(ranges.begin(), ranges.end(), std::back_inserter(of_family),
                 [&](const auto& range) { return is_of(range, family); });
    if (auto done = set(socket, link, family, of_family); !done) return done;
  }
  return {};
}

store::Status clear_forwarding(nl_sock* socket, const std::string& interface) {
  for (int family : families)
    if (auto cleared = clear(socket, interface, family); !cleared)
      return cleared;
  return {};
}

}  // namespace ppn::runtime
