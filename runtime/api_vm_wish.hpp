// Guests and images in the control API: what its requests ask for. Knows no
// CAF.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/api_fields.hpp"

namespace ppn::runtime {

/// What is given of a spec.
struct SpecWish {
  std::optional<std::uint16_t> vcpus = std::nullopt;
  std::optional<std::uint32_t> memory_mb = std::nullopt;
  std::optional<std::uint32_t> floor_mb = std::nullopt;
  std::optional<std::uint16_t> cpu_weight = std::nullopt;
  std::optional<std::vector<events::VmDisk>> disks = std::nullopt;
  /// There is to be this one, or none.
  std::optional<std::optional<Hash>> kernel = std::nullopt;
  std::optional<std::optional<Hash>> initrd = std::nullopt;
  /// Empty: none.
  std::optional<std::string> command_line = std::nullopt;
  std::optional<std::string> bridge = std::nullopt;
  std::optional<std::vector<events::VmForward>> forwards = std::nullopt;
  std::optional<bool> autostart = std::nullopt;
  std::optional<schema::RestartPolicy> restart = std::nullopt;
  std::optional<std::optional<NodeId>> node = std::nullopt;

  bool operator==(const SpecWish&) const = default;
};

struct CreateVmWish {
  std::string name;
  schema::VmKind kind = schema::VmKind::plain;
  SpecWish spec = {};
  bool start = false;
  /// For its cloud-init.
  std::optional<std::string> user_data = std::nullopt;
};

struct SetVmWish {
  Id vm;
  SpecWish spec;
};

/// A change of what the pool knows.
using GuestWish = std::variant<CreateVmWish, SetVmWish, events::DeleteVm,
                               actors::RemoveImage>;

/// The fields of a proposal of that kind.
GuestWish read_vm_create(FieldReader& fields);
GuestWish read_vm_set(FieldReader& fields);
GuestWish read_vm_delete(FieldReader& fields);
GuestWish read_image_remove(FieldReader& fields);

/// The whole spec of a guest that is to be: what is not given is as its kind
/// has it. User data is kept elsewhere.
events::VmSpec spec_of(const CreateVmWish& wish);

/// The wish as a change of what is true in `pool`. refused.
Answer<actors::Change> to_change(const GuestWish& wish,
                                 const events::Pool& pool);

/// The body, which may be empty, of what stops a guest. bad_request.
Answer<events::VmCommand> read_vm_stop(std::string_view body);

struct AddImageWish {
  std::string path;
  std::string name;
};
/// bad_request.
Answer<AddImageWish> read_image_add(std::string_view body);

/// What is told of a command, as its path ends.
std::string_view name_of(events::VmVerb verb);

}  // namespace ppn::runtime
