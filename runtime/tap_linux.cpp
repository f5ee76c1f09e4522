#include "runtime/tap_linux.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

#include "runtime/link_linux.hpp"

namespace ppn::runtime {

store::Result<store::FileHandle> open_tap(const std::string& bridge) {
  const char* device = "/dev/net/tun";
  store::FileHandle tap{::open(device, O_RDWR | O_CLOEXEC)};
  if (!tap.open()) return store::system_error("open", device);
  // The kernel puts a number there, and what it made of it back.
  constexpr std::string_view name = "ppn-guest%d";
  ifreq wish{};
  std::memcpy(wish.ifr_name, name.data(), name.size());
  wish.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(tap.get(), TUNSETIFF, &wish) != 0)
    return store::system_error("make the interface", std::string{name});
  auto links = Links::open();
  if (!links) return links.error();
  if (auto joined = links->join_bridge(wish.ifr_name, bridge); !joined)
    return joined.error();
  return tap;
}

}  // namespace ppn::runtime
