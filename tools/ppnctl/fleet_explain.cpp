// ppnctl fleet requests and explain: what was asked of the fleet, and why a
// guest went where it did.
#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/fleet_commands.hpp"
#include "tools/ppnctl/fleet_find.hpp"
#include "tools/ppnctl/fleet_request_text.hpp"
#include "tools/ppnctl/proposal.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

/// The whole id of what may be its beginning.
Result<std::string> find_id(const Global& global, const std::string& written) {
  auto prefix = read_prefix(written);
  if (!prefix || Id::parse_hex(*prefix)) return prefix;
  auto document = Client{global.socket}.get("/v1/fleet/requests");
  if (!document) return document.error();
  auto requests = read_fleet_requests(*document);
  if (!requests) return requests.error();
  return find_request(*requests, *prefix);
}

}  // namespace

int fleet_requests(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/fleet/requests");
    if (!document) return document.error();
    auto requests = read_fleet_requests(*document);
    if (!requests) return requests.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : fleet_requests_text(*requests)};
  });
}

int fleet_explain(const Global& global, const FleetExplainOptions& options) {
  auto id = find_id(global, options.request);
  if (!id) return fail(id.error());
  auto told = get_request(global, *id);
  if (!told) return fail(told.error());
  fmt::print("{}", global.json ? json_line(told->request.document) + '\n'
                               : fleet_request_text(*told));
  return exit_ok;
}

}  // namespace ppn::ctl
