// Changes of guests as they are proposed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/image_documents.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

/// What stands elsewhere than in the options of a guest that is to be.
struct VmParts {
  /// Those that there are.
  std::vector<Image> images;
  std::optional<std::string> user_data;
  /// The id of its node.
  std::optional<std::string> node;
};

/// Whether it is made of images.
bool needs_images(const VmCreateOptions& options);

Result<schema::Json> create_change(const VmCreateOptions& options,
                                   const VmParts& parts);
/// But for the id of the guest, `vm`.
Result<schema::Json> set_change(const VmSetOptions& options);
schema::Json delete_change(const std::string& id,
                           const VmDeleteOptions& options);

}  // namespace ppn::ctl
