#include "runtime/host_addresses_linux.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace ppn::runtime {

namespace {

using events::IpAddress;

/// What the kernel gives is of the kind that it says, and no more aligned.
template <class Socket>
std::optional<IpAddress> address_of(const sockaddr* address, std::size_t offset,
                                    std::size_t size) {
  std::array<std::uint8_t, sizeof(Socket)> bytes{};
  std::memcpy(bytes.data(), address, sizeof(Socket));
  return IpAddress::of(ByteView{bytes}.subspan(offset, size));
}

std::optional<IpAddress> address_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET)
    return address_of<sockaddr_in>(address, offsetof(sockaddr_in, sin_addr), 4);
  if (address->sa_family == AF_INET6)
    return address_of<sockaddr_in6>(address, offsetof(sockaddr_in6, sin6_addr),
                                    16);
  return std::nullopt;
}

bool is_bridge(const std::string& interface) {
  std::error_code error;
  return std::filesystem::exists("/sys/class/net/" + interface + "/bridge",
                                 error);
}

}  // namespace

bool is_link_local(const IpAddress& address) {
  static const auto v4 = events::IpRange::parse("169.254.0.0/16");
  static const auto v6 = events::IpRange::parse("fe80::/10");
  return v4->contains(address) || v6->contains(address);
}

std::vector<IpAddress> host_addresses(const std::string& besides) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{all, ::freeifaddrs};
  std::set<std::pair<bool, IpAddress>> found;
  for (const auto* one = all; one != nullptr; one = one->ifa_next) {
    bool is_up = (one->ifa_flags & IFF_UP) != 0;
    bool is_loopback = (one->ifa_flags & IFF_LOOPBACK) != 0;
    auto address = address_of(one->ifa_addr);
    if (is_up && !is_loopback && address && one->ifa_name != besides &&
        !is_link_local(*address))
      found.emplace(is_bridge(one->ifa_name), *address);
  }
  std::vector<IpAddress> addresses;
  addresses.reserve(found.size());
  for (const auto& [of_bridge, address] : found) addresses.push_back(address);
  return addresses;
}

}  // namespace ppn::runtime
