// The WireGuard of the kernel, by netlink.
#pragma once

#include <string>

#include "runtime/link_linux.hpp"
#include "runtime/wireguard.hpp"
#include "runtime/wireguard_netlink.hpp"

namespace ppn::runtime {

class KernelWireguard final : public Wireguard {
 public:
  /// bad_input if the kernel has no WireGuard, io.
  static store::Result<std::unique_ptr<KernelWireguard>> open(
      const std::string& interface, TunnelKeys& keys);

  [[nodiscard]] std::string implementation() const override { return "kernel"; }
  store::Result<events::ObservedDevice> look() override;
  store::Result<Applied> apply(const events::DeviceChange& change) override;

 private:
  KernelWireguard(NetlinkSocket socket, Links links, WireguardTarget target,
                  TunnelKeys& keys)
      : socket_(std::move(socket)),
        links_(std::move(links)),
        target_(std::move(target)),
        keys_(keys) {}

  /// bad_input if the link is not of the kernel's WireGuard, or not ours.
  store::Result<Link> look_at_link();
  store::Result<events::ObservedDevice> dump();
  store::Status set(const events::DeviceChange& change,
                    const PresharedSecrets& preshared);
  store::Status send_all(std::vector<WireguardRequest> requests);
  store::Status receive(WireguardAnswer& answer);
  /// The answer to one request, all of it.
  store::Result<WireguardAnswer> ask(WireguardRequest& request);

  NetlinkSocket socket_;
  Links links_;
  WireguardTarget target_;
  TunnelKeys& keys_;
};

}  // namespace ppn::runtime
