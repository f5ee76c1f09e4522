// The key of this node's tunnels, as the device actor makes and rotates it; see
// events/tunnel_key.hpp.
#pragma once

#include "actors/device.hpp"

namespace ppn::actors {

/// On whose behalf the device actor records what nobody asked it for.
inline const Origin device_will{
    {schema::PrincipalKind::actor, DeviceState::name}, {}, {}};

struct DeviceContext {
  DeviceActor::stateful_pointer<DeviceState> self;
  std::shared_ptr<const DeviceParts> parts;
  NodeId node;
  std::uint64_t boot = 0;
};

using KeyMade = std::function<void(const store::Result<std::uint64_t>&)>;

/// Makes the first key and records it. One that is made is not made again
/// because it could not be recorded.
void make_first_key(const DeviceContext& context, const KeyMade& done);

/// The key that the device is to have now.
events::TunnelKey key_of_device(const DeviceContext& context);

/// Those that the device has, had last, is to have or may have to have.
std::vector<events::TunnelKey> keys_of_use(const DeviceState& state);

/// Does what a rotation waits for, if anything. To be called now and then.
void go_on_with_rotation(const DeviceContext& context);

/// The next step of a switch: a word to all members, or the switch itself.
/// `reconcile` tells the device.
void switch_key(const DeviceContext& context, std::uint32_t step,
                const std::function<void()>& reconcile);

caf::result<WordsPtr> plan_rotation(const DeviceContext& context,
                                    const RotateTunnelKey& wish);
caf::result<std::uint64_t> request_rotation(const DeviceContext& context,
                                            const RotateTunnelKey& wish,
                                            const Id& proposal,
                                            const store::Principal& principal);

/// Nothing if there is none.
std::optional<KeyRotation> rotation_of(const DeviceContext& context);

}  // namespace ppn::actors
