#include "runtime/wireguard.hpp"

#include <algorithm>

namespace ppn::runtime {

store::Result<std::unique_ptr<Wireguard>> open_wireguard(
    const std::string& interface, TunnelKeys& keys) {
  auto kernel = open_kernel_wireguard(interface, keys);
  if (kernel) return kernel;
  auto program = open_userspace_wireguard(interface, keys);
  if (program) return program;
  return store::Error{program.error().code,
                      "no WireGuard can be used: " + kernel.error().message +
                          "; " + program.error().message};
}

bool is_interface_name(std::string_view name) {
  constexpr std::size_t size_max = 15;
  auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           std::string_view{"_=+.-"}.find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= size_max && name != "." &&
         name != ".." && std::all_of(name.begin(), name.end(), is_good);
}

}  // namespace ppn::runtime
