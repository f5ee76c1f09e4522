// What `wg show INTERFACE dump` prints, as the device that it is of.
#pragma once

#include <string_view>

#include "events/device.hpp"

namespace ppn::tests {

/// Key, port and peers; throws on what wg does not print. What it is told in
/// whole seconds.
events::ObservedDevice device_of_wg_dump(std::string_view text);

}  // namespace ppn::tests
