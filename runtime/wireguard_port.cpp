#include "runtime/wireguard_port.hpp"

#include <algorithm>

#include "runtime/clock_linux.hpp"
#include "runtime/host_addresses_linux.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

using Self = actors::WireguardPort::stateful_pointer<WireguardPortState>;

store::Result<Wireguard*> open(Self self, const WireguardPortParts& parts) {
  auto& wireguard = self->state.wireguard;
  if (wireguard) return wireguard.get();
  auto opened = open_wireguard(parts.interface, *parts.keys);
  if (!opened) return opened.error();
  wireguard = std::move(*opened);
  log(LogLevel::info, "wireguard.opened",
      {{"interface", parts.interface},
       {"implementation", wireguard->implementation()}});
  return wireguard.get();
}

/// Says what is in the way, once and not at each try.
caf::error failed(const WireguardPortParts& parts, std::string_view event,
                  const store::Error& error, std::string& said) {
  if (said != error.message)
    log(LogLevel::warning, event,
        {{"interface", parts.interface}, {"error", error.message}});
  said = error.message;
  return actors::to_message(error);
}

caf::result<actors::DeviceLook> look(Self self,
                                     const WireguardPortParts& parts) {
  auto& said = self->state.look_problem;
  auto wireguard = open(self, parts);
  if (!wireguard)
    return failed(parts, "wireguard.not_opened", wireguard.error(), said);
  auto seen = (*wireguard)->look();
  if (!seen) return failed(parts, "wireguard.not_seen", seen.error(), said);
  said.clear();
  return actors::DeviceLook{
      std::make_shared<const actors::DeviceSeen>(
          actors::DeviceSeen{std::move(*seen), (*wireguard)->implementation(),
                             host_addresses(parts.interface)}),
      read_clock().utc_ns};
}

/// A port that hangs finds what was asked meanwhile when it goes on.
caf::result<bool> apply(Self self, const WireguardPortParts& parts,
                        const actors::DeviceWish& wish) {
  auto change = wish.change.lock();
  if (!change)
    return actors::to_message(
        {store::ErrorCode::io, "nobody waits for this change any more"});
  auto wireguard = open(self, parts);
  if (!wireguard) return actors::to_message(wireguard.error());
  auto& said = self->state.apply_problem;
  auto applied = (*wireguard)->apply(*change);
  if (!applied)
    return failed(parts, "wireguard.not_applied", applied.error(), said);
  // Nobody else's key is of use any more.
  if (change->key) {
    std::vector<events::TunnelKey> kept{*change->key};
    kept.insert(kept.end(), wish.kept_keys.begin(), wish.kept_keys.end());
    // Whoever asked for one may not have its answer yet.
    auto& made = self->state.made_keys;
    std::erase_if(made, [&](const events::TunnelKey& key) {
      return std::find(kept.begin(), kept.end(), key) != kept.end();
    });
    kept.insert(kept.end(), made.begin(), made.end());
    if (auto retired = parts.keys->retire_all_but(kept); !retired)
      log(LogLevel::warning, "tunnel_keys.not_retired",
          {{"error", retired.error().message}});
  }
  if (!applied->complete)
    return failed(parts, "wireguard.peer_left_out", applied->complete.error(),
                  said);
  said.clear();
  return true;
}

caf::result<events::TunnelKey> create_key(Self self,
                                          const WireguardPortParts& parts) {
  auto key = parts.keys->create();
  if (!key) return actors::to_message(key.error());
  self->state.made_keys.push_back(*key);
  return *key;
}

caf::result<bool> keep_preshared(const WireguardPortParts& parts,
                                 const Hash& hash,
                                 const actors::SecretPtr& secret) {
  auto kept = parts.keys->keep_preshared(
      hash, TunnelKeys::Secret{secret->get(), TunnelKeys::Secret::extent});
  if (!kept) return actors::to_message(kept.error());
  return true;
}

void retire_preshared(const WireguardPortParts& parts,
                      const std::vector<Hash>& kept) {
  if (auto retired = parts.keys->retire_preshared_but(kept); !retired)
    log(LogLevel::warning, "preshared_keys.not_retired",
        {{"error", retired.error().message}});
}

}  // namespace

actors::WireguardPort::behavior_type wireguard_port(
    Self self, const WireguardPortParts& parts) {
  return {
      [=](actors::create_key_atom) { return create_key(self, parts); },
      [=](actors::preshared_atom, const Hash& hash,
          const actors::SecretPtr& secret) {
        return keep_preshared(parts, hash, secret);
      },
      [=](actors::preshared_atom, const actors::HashesPtr& kept) {
        retire_preshared(parts, *kept);
      },
      [=](actors::look_atom) { return look(self, parts); },
      [=](actors::apply_atom, const actors::DeviceWish& wish) {
        return apply(self, parts, wish);
      },
  };
}

}  // namespace ppn::runtime
