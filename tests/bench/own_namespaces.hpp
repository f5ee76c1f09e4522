// Network, mounts and processes that nobody else on the host sees: what is made
// there is gone with the first process there.
#pragma once

#include <functional>

namespace ppn::bench {

/// Does `work` as the first process of new namespaces and returns its exit
/// status. /run is empty there, and in memory. Needs root. To be called within
/// supervise(), so that it also ends with who started it.
int in_own_namespaces(const std::function<int()>& work);

}  // namespace ppn::bench
