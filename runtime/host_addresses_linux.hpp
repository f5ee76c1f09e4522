// The addresses of this host, as others may reach it.
#pragma once

#include <string>
#include <vector>

#include "events/ip.hpp"

namespace ppn::runtime {

/// Those of all interfaces that are up, without loopback and link-local ones,
/// and without those of the interface `besides`. Sorted, those of bridges last:
/// most of them lead to guests alone. Empty if the kernel does not say.
std::vector<events::IpAddress> host_addresses(const std::string& besides);

/// Of a link alone, so nobody beyond it reaches it.
bool is_link_local(const events::IpAddress& address);

}  // namespace ppn::runtime
