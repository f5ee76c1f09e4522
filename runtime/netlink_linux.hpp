// What the adapters that speak netlink share: a socket and a message of libnl
// with an owner, and what a failure says.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/ip.hpp"
#include "store/result.hpp"

struct nl_addr;
struct nl_cb;
struct nl_msg;
struct nl_sock;

namespace ppn::runtime {

struct FreeNetlink {
  void operator()(nl_sock* socket) const;
  void operator()(nl_msg* message) const;
  void operator()(nl_cb* callbacks) const;
  void operator()(nl_addr* address) const;
};

using NetlinkSocket = std::unique_ptr<nl_sock, FreeNetlink>;
using NetlinkMessage = std::unique_ptr<nl_msg, FreeNetlink>;
using NetlinkCallbacks = std::unique_ptr<nl_cb, FreeNetlink>;
using NetlinkAddress = std::unique_ptr<nl_addr, FreeNetlink>;

/// A socket of this network namespace. The kernel checks strictly what it is
/// asked, filters what it dumps, and answers within seconds or not at all. io.
store::Result<NetlinkSocket> open_netlink(int protocol);

/// An error that names what was tried, on what, and what libnl's code says:
/// not_found, permission or io.
store::Error netlink_error(const std::string& tried, const std::string& on,
                           int code);

/// Sends the request for a dump and calls `use` with each message of the
/// answer. A code of libnl; -NLE_DUMP_INTR if things changed meanwhile, so that
/// something may be missing.
int dump(nl_sock* socket, nl_msg* request,
         const std::function<void(nl_msg*)>& use);

/// How often a dump is begun anew that was interrupted.
inline constexpr int dumps_max = 8;

NetlinkAddress netlink_address(const events::IpRange& range);
/// Of no address the range is that of all of the family.
std::optional<events::IpRange> range_of(nl_addr* address);

}  // namespace ppn::runtime
