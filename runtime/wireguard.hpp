// A WireGuard device of this host, by whichever implementation it has. All of
// it blocks.
#pragma once

#include <memory>
#include <string>

#include "events/device.hpp"
#include "runtime/tunnel_keys.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// A change was made, or was but for some peers.
struct Applied {
  /// key: those whose preshared keys can not be read are left out.
  store::Status complete;
};

class Wireguard {
 public:
  Wireguard() = default;
  Wireguard(const Wireguard&) = delete;
  Wireguard& operator=(const Wireguard&) = delete;
  virtual ~Wireguard() = default;

  /// "kernel", or the name of the program: "wireguard-go", "boringtun".
  [[nodiscard]] virtual std::string implementation() const = 0;

  /// bad_input if somebody else has an interface of that name, io.
  virtual store::Result<events::ObservedDevice> look() = 0;

  /// Ends at the first thing that can not be done: look again. key, io.
  virtual store::Result<Applied> apply(const events::DeviceChange& change) = 0;
};

/// Tries the kernel first, then programs. The error names what each was
/// wanting.
store::Result<std::unique_ptr<Wireguard>> open_wireguard(
    const std::string& interface, TunnelKeys& keys);

/// The two, each with an error that says why it can not be had here.
store::Result<std::unique_ptr<Wireguard>> open_kernel_wireguard(
    const std::string& interface, TunnelKeys& keys);
store::Result<std::unique_ptr<Wireguard>> open_userspace_wireguard(
    const std::string& interface, TunnelKeys& keys);

/// 1 to 15 of a-z A-Z 0-9 _ = + . - and neither "." nor "..".
bool is_interface_name(std::string_view name);

}  // namespace ppn::runtime
