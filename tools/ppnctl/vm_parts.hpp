// What a guest is to be made of, beside what the command line says itself.
#pragma once

#include <string>

#include "tools/ppnctl/vm_change.hpp"

namespace ppn::ctl {

/// Larger user data is refused.
inline constexpr std::size_t user_data_bytes_max = std::size_t{256} * 1024;

/// The text of a file, or of standard input if it is `-`, for cloud-init.
Result<std::string> read_user_data(const std::string& path);

/// Looks up what the options name.
Result<VmParts> gather_parts(const Global& global,
                             const VmCreateOptions& options);

}  // namespace ppn::ctl
