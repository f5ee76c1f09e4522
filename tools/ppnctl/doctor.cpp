// ppnctl doctor: the findings as they are printed.
#include "tools/ppnctl/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

const char* name_of(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::warn:
      return "warn";
    case Health::fail:
      return "FAIL";
    case Health::skip:
      return "skip";
  }
  return "";
}

bool has(const Findings& findings, Health health) {
  return std::any_of(
      findings.begin(), findings.end(),
      [&](const Finding& finding) { return finding.health == health; });
}

}  // namespace

std::string findings_text(const Findings& findings) {
  std::size_t width = 0;
  for (const auto& finding : findings)
    width = std::max(width, finding.name.size());
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("{:<4}  {:<{}}  {}\n", name_of(finding.health),
                        printable(finding.name), width,
                        printable(finding.detail));
    if (!finding.advice.empty())
      text +=
          fmt::format("{:{}}{}\n", "", width + 8, printable(finding.advice));
  }
  return text;
}

schema::Json findings_document(const Findings& findings) {
  auto list = schema::Json::array();
  for (const auto& finding : findings)
    list.push_back({{"name", finding.name},
                    {"result", name_of(finding.health)},
                    {"detail", finding.detail},
                    {"advice", finding.advice}});
  return {{"schema", "ppnctl.doctor.v1"}, {"findings", list}};
}

ExitCode exit_code_of(const Seen& seen, const Findings& findings) {
  if (seen.connecting && seen.connecting->code == exit_not_running)
    return exit_not_running;
  if (has(findings, Health::fail)) return exit_failed;
  return has(findings, Health::warn) ? exit_degraded : exit_ok;
}

int doctor(const Global& global) {
  auto seen = look_around(global.socket);
  auto findings = draw_findings(seen);
  fmt::print("{}", global.json ? json_line(findings_document(findings)) + '\n'
                               : findings_text(findings));
  return exit_code_of(seen, findings);
}

}  // namespace ppn::ctl
