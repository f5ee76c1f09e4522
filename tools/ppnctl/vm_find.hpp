// Guests as operators name them.
#pragma once

#include <string>
#include <string_view>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/vm_documents.hpp"

namespace ppn::ctl {

Result<Vms> get_vms(const Global& global);

/// The one of that name, or whose id is that or the only one to begin so.
Result<Vm> find_vm(const std::vector<Vm>& vms, std::string_view written);

/// The same among those that there are.
Result<Vm> find_vm(const Global& global, std::string_view written);

/// "/v1/vms/ID", and what is behind that.
std::string path_of(const Vm& vm, std::string_view behind);

}  // namespace ppn::ctl
