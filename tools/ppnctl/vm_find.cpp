#include "tools/ppnctl/vm_find.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"

namespace ppn::ctl {

namespace {

constexpr std::size_t digits_min = 4;
constexpr const char* those_there_are = "those that there are: ppnctl vm list";

}  // namespace

Result<Vms> get_vms(const Global& global) {
  auto document = Client{global.socket}.get("/v1/vms");
  if (!document) return document.error();
  return read_vms(*document);
}

Result<Vm> find_vm(const std::vector<Vm>& vms, std::string_view written) {
  auto named = std::find_if(vms.begin(), vms.end(),
                            [&](const Vm& vm) { return vm.name == written; });
  if (named != vms.end()) return *named;
  std::vector<Vm> found;
  if (written.size() >= digits_min)
    std::copy_if(vms.begin(), vms.end(), std::back_inserter(found),
                 [&](const Vm& vm) { return vm.id.starts_with(written); });
  if (found.empty())
    return Failure{exit_failed, fmt::format("no guest is called {}", written),
                   those_there_are};
  if (found.size() > 1)
    return Failure{exit_usage,
                   fmt::format("the ids of {} guests begin with {}: say more "
                               "of it, or the name",
                               found.size(), written),
                   those_there_are};
  return found.front();
}

Result<Vm> find_vm(const Global& global, std::string_view written) {
  auto all = get_vms(global);
  if (!all) return all.error();
  return find_vm(all->vms, written);
}

std::string path_of(const Vm& vm, std::string_view behind) {
  return fmt::format("/v1/vms/{}{}", vm.id, behind);
}

}  // namespace ppn::ctl
