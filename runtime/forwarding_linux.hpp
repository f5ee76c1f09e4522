// What may be forwarded from one network interface: into itself, for some
// ranges, and nowhere else. A switch of the interface lets its packets be
// forwarded at all; a rule for what comes out of it, before the rules of
// others, leads to a table of its own, which has the ranges and refuses the
// rest. What is for this host is delivered before any of that.
#pragma once

#include <string>
#include <vector>

#include "events/ip.hpp"
#include "runtime/netlink_linux.hpp"

struct rtnl_link;

namespace ppn::runtime {

/// Where packets out of this interface may be forwarded to: ranges whose way
/// leads into it again, or all of IPv4 or IPv6 if nothing keeps them within it.
/// Sorted. io.
store::Result<std::vector<events::IpRange>> look_at_forwarding(nl_sock* socket,
                                                               rtnl_link* link);

/// bad_input if this kernel cannot do it for IPv6; for IPv4 it is done then.
/// io, permission.
store::Status set_forwarding(nl_sock* socket, rtnl_link* link,
                             const std::vector<events::IpRange>& ranges);

/// What set_forwarding left behind that would outlive the interface. io.
store::Status clear_forwarding(nl_sock* socket, const std::string& interface);

}  // namespace ppn::runtime
