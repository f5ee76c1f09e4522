// ppnctl status: what an operator looks at first.
#include "tools/ppnctl/status.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

std::string respawns_text(const Status& status) {
  std::string text;
  for (const auto& actor : status.actors)
    if (actor.respawns > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", actor.name,
                          actor.respawns);
  return text;
}

std::string mesh_line(const std::optional<Status::MeshInBrief>& mesh) {
  if (!mesh) return "none";
  return fmt::format("{}, {}, epoch {}", mesh->name,
                     counted(mesh->members, "member", "members"), mesh->epoch);
}

std::string tunnels_line(const Status::MeshInBrief& mesh) {
  return fmt::format(
      "{} of {} up, {} by {}", mesh.tunnels_up, mesh.tunnels, mesh.interface,
      mesh.implementation.empty() ? "nothing yet" : mesh.implementation);
}

}  // namespace

std::string status_text(const Status& status) {
  std::vector<std::vector<std::string>> rows{
      {"node", fmt::format("{} ({})", status.node_name, status.node_id)},
      {"version", status.version},
      {"mode", status.mode},
      {"boot", std::to_string(status.boot)},
      {"uptime", duration_words(status.uptime_seconds)},
      {"mesh", mesh_line(status.mesh)},
      {"ledger", counted(status.ledger_size, "entry", "entries")},
      {"root", status.ledger_root},
      {"state dir", status.state_dir},
      {"proposals", status.proposals == 0
                        ? "none"
                        : fmt::format("{} waiting", status.proposals)}};
  if (status.mesh) rows.push_back({"tunnels", tunnels_line(*status.mesh)});
  if (auto respawns = respawns_text(status); !respawns.empty())
    rows.push_back({"respawns", respawns});
  auto text = columns(rows);
  if (status.warnings.empty()) return text;
  text += '\n';
  for (const auto& warning : status.warnings) {
    auto line = columns({{"warning", warning.name + ": " + warning.detail}});
    text += warning.name == "clash" ? alarm_text(line) : line;
  }
  return text;
}

int status(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/status");
    if (!document) return document.error();
    auto status = read_status(*document);
    if (!status) return status.error();
    return Frame{
        global.json ? json_line(*document) + '\n' : status_text(*status),
        status->is_degraded() ? exit_degraded : exit_ok};
  });
}

}  // namespace ppn::ctl
