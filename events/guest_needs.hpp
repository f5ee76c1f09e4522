// What a guest takes of its host, as the controller counts it.
#pragma once

#include <cstdint>
#include <map>

#include "events/vm_spec.hpp"

namespace ppn::events {

/// What a host gives away for a guest.
struct GuestNeeds {
  /// QEMU's own included.
  std::uint64_t memory_mb = 0;
  std::uint32_t vcpus = 0;
  std::uint64_t disk_mb = 0;

  bool operator==(const GuestNeeds&) const = default;
};

/// Of files, in bytes.
using ImageSizes = std::map<Hash, std::uint64_t>;

/// A disk without a size of its own is as large as the image below it.
GuestNeeds needs_of(const VmSpec& spec, const ImageSizes& sizes);

/// Once it has so many vCPUs and so much memory, without QEMU's own; 0: as it
/// is.
GuestNeeds changed(const GuestNeeds& needs, std::uint32_t vcpus,
                   std::uint64_t own_mb);
/// The most that it may need, whether it is changed so or not.
GuestNeeds raised(const GuestNeeds& needs, std::uint32_t vcpus,
                  std::uint64_t own_mb);

/// Whether a guest can need so much.
bool can_be(const GuestNeeds& needs);

}  // namespace ppn::events
