// Guests and images in the control API: its documents. Knows no CAF.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/messages.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

/// The guests in short.
struct GuestReport {
  std::uint64_t guests = 0;
  /// How many are in each phase that there is.
  std::map<std::string, std::uint64_t> by_phase;
  /// Reserved for them.
  std::uint64_t memory_mb = 0;
};
GuestReport guest_report(const events::Pool& pool);

/// What a guest said on its serial console, from a place on.
struct ConsolePart {
  Bytes bytes;
  std::uint64_t from = 0;
  /// Of all that there is of it.
  std::uint64_t size = 0;
};

/// Of this host in the mesh; nothing if it is in none, or that is not known.
using MeshAddress = std::optional<events::IpAddress>;

schema::Json vms_document(const actors::PoolStatus& status,
                          const MeshAddress& in_mesh);
/// Of a guest that is there.
schema::Json vm_document(const actors::PoolStatus& status, const Id& vm,
                         const MeshAddress& in_mesh);
schema::Json vm_command_document(const Id& vm, const std::string& name,
                                 std::uint64_t sequence);
schema::Json console_log_document(const ConsolePart& part);
/// Without `images`, those that there are, their names are left out.
schema::Json spec_json(const events::VmSpec& spec, const events::Images* images,
                       const MeshAddress& in_mesh);
schema::Json images_document(const actors::PoolStatus& status);
schema::Json image_add_document(const Id& progress);

/// How a change of guests or images looks in a proposal's document; null if it
/// is another.
schema::Json guest_change_json(const actors::Change& change);

std::string_view name_of(schema::RestartPolicy policy);

}  // namespace ppn::runtime
