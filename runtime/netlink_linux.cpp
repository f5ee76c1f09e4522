#include "runtime/netlink_linux.hpp"

#include <linux/netlink.h>
#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>

namespace ppn::runtime {

namespace {

constexpr int receive_bytes = 1 << 20;
constexpr timeval patience{5, 0};

int use_message(nl_msg* message, void* use) {
  (*static_cast<const std::function<void(nl_msg*)>*>(use))(message);
  return NL_OK;
}

}  // namespace

void FreeNetlink::operator()(nl_sock* socket) const { nl_socket_free(socket); }
void FreeNetlink::operator()(nl_msg* message) const { nlmsg_free(message); }
void FreeNetlink::operator()(nl_cb* callbacks) const { nl_cb_put(callbacks); }
void FreeNetlink::operator()(nl_addr* address) const { nl_addr_put(address); }

store::Result<NetlinkSocket> open_netlink(int protocol) {
  NetlinkSocket socket{nl_socket_alloc()};
  if (!socket) std::abort();
  if (int code = nl_connect(socket.get(), protocol); code < 0)
    return netlink_error("open", "a netlink socket", code);
  nl_socket_set_buffer_size(socket.get(), receive_bytes, receive_bytes);
  int descriptor = nl_socket_get_fd(socket.get());
  int on = 1;
  ::setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

store::Error netlink_error(const std::string& tried, const std::string& on,
                           int code) {
  auto message = "cannot " + tried + " " + on + ": " + nl_geterror(code);
  if (code == -NLE_NODEV || code == -NLE_OBJ_NOTFOUND)
    return {store::ErrorCode::not_found, message};
  if (code == -NLE_PERM || code == -NLE_NOACCESS)
    return {store::ErrorCode::permission, message};
  return {store::ErrorCode::io, message};
}

int dump(nl_sock* socket, nl_msg* request,
         const std::function<void(nl_msg*)>& use) {
  if (int code = nl_send_auto(socket, request); code < 0) return code;
  NetlinkCallbacks callbacks{nl_cb_alloc(NL_CB_DEFAULT)};
  auto* argument = const_cast<std::function<void(nl_msg*)>*>(&use);
  nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, use_message, argument);
  return nl_recvmsgs(socket, callbacks.get());
}

NetlinkAddress netlink_address(const events::IpRange& range) {
  auto bytes = range.address.view();
  NetlinkAddress address{nl_addr_build(range.address.is_v6 ? AF_INET6 : AF_INET,
                                       bytes.data(), bytes.size())};
  if (!address) std::abort();
  nl_addr_set_prefixlen(address.get(), range.length);
  return address;
}

std::optional<events::IpRange> range_of(nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  bool is_v6 = nl_addr_get_family(address) == AF_INET6;
  if (nl_addr_get_len(address) == 0)
    return events::IpRange{{.is_v6 = is_v6}, 0};
  auto parsed = events::IpAddress::of(
      {static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address)),
       nl_addr_get_len(address)});
  if (!parsed) return std::nullopt;
  return events::IpRange{
      *parsed, static_cast<std::uint8_t>(nl_addr_get_prefixlen(address))};
}

}  // namespace ppn::runtime
