// Requests to the kernel's WireGuard turned into what it could answer: the
// attributes are the same.
#pragma once

#include <linux/netlink.h>

#include "runtime/wireguard_netlink.hpp"

namespace ppn::fuzz {

constexpr std::uint32_t answer_sequence = 1;

inline Bytes as_answer(runtime::WireguardRequest& request) {
  request.set_sequence(answer_sequence);
  auto bytes = request.view();
  Bytes answer{bytes.begin(), bytes.end()};
  // The command is GET_DEVICE.
  answer.at(sizeof(nlmsghdr)) = 0;
  return answer;
}

}  // namespace ppn::fuzz
