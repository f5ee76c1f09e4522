// ppnctl grants: who may do what.
#include "tools/ppnctl/grants.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

std::string grants_text(const std::vector<Grant>& grants) {
  if (grants.empty()) return "there are no grants\n";
  std::vector<std::vector<std::string>> rows{
      {"grant", "subject", "resource", "rights", "ends", "hangs from"}};
  for (const auto& grant : grants)
    rows.push_back({grant.id, grant.subject, grant.resource,
                    fmt::format("{}", fmt::join(grant.rights, ",")), grant.end,
                    grant.parent.empty() ? "-" : grant.parent});
  return columns(rows);
}

int grants(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/state");
    if (!document) return document.error();
    auto grants = read_grants(*document);
    if (!grants) return grants.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : grants_text(*grants)};
  });
}

}  // namespace ppn::ctl
