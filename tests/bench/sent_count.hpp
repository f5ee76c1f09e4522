// What this process sends over sockets, counted by functions that stand before
// libc's own of the same names: send, sendto, sendmsg.
#pragma once

#include <cstdint>

namespace ppn::bench {

struct Sent {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;

  Sent operator-(const Sent& before) const {
    return {calls - before.calls, bytes - before.bytes};
  }
};

/// All there was since the process began.
Sent sent_so_far();

}  // namespace ppn::bench
