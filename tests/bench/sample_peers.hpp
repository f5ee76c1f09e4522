// A device with many peers, each with an endpoint, a keepalive and the one
// address that is its own, and what may change of one of them.
#pragma once

#include "events/device.hpp"

namespace ppn::bench {

/// Its own key and port are not set yet.
events::DeviceConfig sample_device(std::size_t peers);

/// The device, once it is what it should be.
events::ObservedDevice as_desired(const events::DeviceConfig& desired);

/// Another endpoint, keepalive and address; what they were at the second time.
void change_all_of(events::PeerConfig& peer);

}  // namespace ppn::bench
