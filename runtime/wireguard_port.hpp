// The port `wireguard`: an actor on a thread of its own around a device of this
// host, whichever implementation it has.
#pragma once

#include <memory>
#include <string>

#include "actors/interfaces.hpp"
#include "runtime/wireguard.hpp"

namespace ppn::runtime {

struct WireguardPortParts {
  std::string interface;
  std::shared_ptr<TunnelKeys> keys;
};

struct WireguardPortState {
  /// Opened when it is first needed, and again as long as that fails.
  std::unique_ptr<Wireguard> wireguard;
  /// That whoever asked for them may not know yet.
  std::vector<events::TunnelKey> made_keys;
  /// What was said last of why it can not be looked at, or changed.
  std::string look_problem;
  std::string apply_problem;
  static inline const char* name = "wireguard";
};

actors::WireguardPort::behavior_type wireguard_port(
    actors::WireguardPort::stateful_pointer<WireguardPortState> self,
    const WireguardPortParts& parts);

}  // namespace ppn::runtime
