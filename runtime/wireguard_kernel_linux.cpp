#include "runtime/wireguard_kernel_linux.hpp"

#include <linux/netlink.h>
#include <linux/wireguard.h>
#include <netlink/genl/ctrl.h>
#include <netlink/socket.h>
#include <sodium.h>
#include <sys/socket.h>

#include <cstdlib>

#include "runtime/link_change_linux.hpp"

namespace ppn::runtime {

store::Result<std::unique_ptr<Wireguard>> open_kernel_wireguard(
    const std::string& interface, TunnelKeys& keys) {
  auto wireguard = KernelWireguard::open(interface, keys);
  if (!wireguard) return wireguard.error();
  return std::unique_ptr<Wireguard>{std::move(*wireguard)};
}

store::Result<std::unique_ptr<KernelWireguard>> KernelWireguard::open(
    const std::string& interface, TunnelKeys& keys) {
  auto socket = open_netlink(NETLINK_GENERIC);
  if (!socket) return socket.error();
  // To ask for it loads the module.
  int family = genl_ctrl_resolve(socket->get(), WG_GENL_NAME);
  if (family == -NLE_OBJ_NOTFOUND)
    return store::Error{
        store::ErrorCode::bad_input,
        "this kernel has no WireGuard: no module wireguard was found"};
  if (family < 0) return netlink_error("find", "WireGuard", family);
  nl_socket_set_msg_buf_size(socket->get(), wireguard_message_max);
  auto links = Links::open();
  if (!links) return links.error();
  std::unique_ptr<KernelWireguard> wireguard{
      new KernelWireguard{std::move(*socket),
                          std::move(*links),
                          {static_cast<std::uint16_t>(family), interface},
                          keys}};
  if (auto link = wireguard->look_at_link(); !link) return link.error();
  return wireguard;
}

store::Result<Link> KernelWireguard::look_at_link() {
  auto link = links_.look(target_.interface);
  if (!link || !link->exists) return link;
  if (link->kind != "wireguard")
    return store::Error{store::ErrorCode::bad_input,
                        "the interface " + target_.interface + " is of kind " +
                            (link->kind.empty() ? "device" : link->kind) +
                            ", not of the kernel's WireGuard"};
  if (link->alias != link_alias)
    return store::Error{store::ErrorCode::bad_input,
                        "the interface " + target_.interface +
                            " was not made by ppnd: choose another name, or "
                            "remove it"};
  return link;
}

store::Result<events::ObservedDevice> KernelWireguard::look() {
  auto link = look_at_link();
  if (!link) return link.error();
  events::ObservedDevice none;
  none.takes_v6 = link->takes_v6;
  if (!link->exists) return none;
  auto device = dump();
  // It went between the two.
  if (!device && device.error().code == store::ErrorCode::not_found)
    return none;
  if (!device) return device.error();
  device->exists = true;
  device->is_up = link->is_up;
  device->takes_v6 = link->takes_v6;
  device->addresses = std::move(link->addresses);
  device->forwarded = std::move(link->forwarded);
  return device;
}

store::Result<events::ObservedDevice> KernelWireguard::dump() {
  auto request = get_device(target_);
  for (int i = 0; i < dumps_max; ++i) {
    auto answer = ask(request);
    if (!answer) return answer.error();
    if (!answer->interrupted()) return answer->device();
  }
  return store::Error{store::ErrorCode::io,
                      "the peers of " + target_.interface +
                          " change faster than they can be read"};
}

store::Result<Applied> KernelWireguard::apply(
    const events::DeviceChange& change) {
  if (change.create)
    if (auto made = links_.create_wireguard(target_.interface); !made)
      return made.error();
  auto possible = keys_.possible(change.peers);
  auto rest = change;
  rest.peers = std::move(possible.peers);
  if (auto done = set(rest, possible.preshared); !done) return done.error();
  if (auto done = change_link(links_, target_.interface, rest); !done)
    return done.error();
  return Applied{possible.complete};
}

store::Status KernelWireguard::set(const events::DeviceChange& change,
                                   const PresharedSecrets& preshared) {
  if (change.key)
    return keys_.with_secret(*change.key, [&](auto secret) {
      return send_all(set_device(target_, change, secret, preshared));
    });
  if (change.listen_port || !change.peers.empty())
    return send_all(set_device(target_, change, std::nullopt, preshared));
  return {};
}

store::Status KernelWireguard::send_all(
    std::vector<WireguardRequest> requests) {
  for (auto& request : requests)
    if (auto answer = ask(request); !answer) return answer.error();
  return {};
}

store::Result<WireguardAnswer> KernelWireguard::ask(WireguardRequest& request) {
  auto sequence = nl_socket_use_seq(socket_.get());
  request.set_sequence(sequence);
  auto bytes = request.view();
  // Its argument is not const, but is not written to.
  int code = nl_sendto(socket_.get(), const_cast<std::uint8_t*>(bytes.data()),
                       bytes.size());
  if (code < 0) return netlink_error("speak to", target_.interface, code);
  WireguardAnswer answer{sequence};
  while (!answer.complete())
    if (auto received = receive(answer); !received) return received.error();
  return answer;
}

store::Status KernelWireguard::receive(WireguardAnswer& answer) {
  sockaddr_nl sender{};
  std::uint8_t* buffer = nullptr;
  int size = nl_recv(socket_.get(), &sender, &buffer, nullptr);
  if (size <= 0)
    return netlink_error("hear of", target_.interface,
                         size == 0 ? -NLE_AGAIN : size);
  ByteView datagram{buffer, static_cast<std::size_t>(size)};
  bool is_from_kernel = sender.nl_pid == 0;
  auto taken = is_from_kernel ? answer.take(datagram) : store::Status{};
  // It has the private key, and preshared ones.
  sodium_memzero(buffer, datagram.size());
  std::free(buffer);
  if (!taken)
    return store::Error{taken.error().code,
                        target_.interface + ": " + taken.error().message};
  return {};
}

}  // namespace ppn::runtime
