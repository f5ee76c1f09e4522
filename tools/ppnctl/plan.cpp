// ppnctl plan: what is not yet on the device as it should be.
#include "tools/ppnctl/plan.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/mesh_documents.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

std::string device_plan_text(const std::vector<std::string>& changes) {
  if (changes.empty()) return "nothing\n";
  std::string text = "the next apply will:\n";
  for (const auto& change : changes) text += "  " + printable(change) + '\n';
  return text;
}

int plan(const Global& global) {
  auto document = Client{global.socket}.get("/v1/device/plan");
  if (!document) return fail(document.error());
  auto changes = read_device_plan(*document);
  if (!changes) return fail(changes.error());
  fmt::print("{}", global.json ? json_line(*document) + '\n'
                               : device_plan_text(*changes));
  return exit_ok;
}

}  // namespace ppn::ctl
