// ppn-ledger verify: a verdict on a ledger, whatever state its file is in.
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "schema/plain_text.hpp"
#include "schema/reflection_json.hpp"
#include "store/crash.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/guard.hpp"
#include "tools/ppn-ledger/progress_bar.hpp"
#include "tools/ppn-ledger/verify_child.hpp"

namespace ppn::tools {

namespace {

constexpr int redraw_ms = 100;

/// All that the child writes until it ends, with a bar meanwhile.
std::string wait_for_report(const AuditChild& child) {
  ProgressBar bar{"verifying"};
  std::string text;
  pollfd ready{child.report.get(), POLLIN, 0};
  char buffer[16'384];
  for (;;) {
    int events = ::poll(&ready, 1, redraw_ms);
    bar.show(child.progress->done, child.progress->total);
    if (events <= 0) continue;
    auto got = ::read(child.report.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

int wait_for_end(const AuditChild& child) {
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// What is known of a ledger whose file ended the child that read it.
schema::Json crash_report(int signal, const SharedProgress& progress) {
  auto checked = progress.done.load();
  auto first_bad = progress.first_bad_plus_one.load();
  auto bad = first_bad > 0 ? first_bad - 1 : checked;
  schema::Json finding{{"class", "storage"},
                       {"entry", bad},
                       {"byte", nullptr},
                       {"message", store::describe_crash(signal)}};
  return {{"schema", "ppn-ledger.verify.v1"},
          {"verdict", "invalid"},
          {"entries", progress.total.load()},
          {"last_good", bad == 0 ? schema::Json() : schema::Json(bad - 1)},
          {"first_bad", bad},
          {"findings_total", 1},
          {"findings", schema::Json::array({std::move(finding)})},
          {"checked", schema::Json::array()},
          {"not_checked",
           schema::Json::array({"everything from the place of the crash on"})}};
}

bool is_list_of_text(const schema::Json& json) {
  return json.is_array() &&
         std::all_of(json.begin(), json.end(),
                     [](const schema::Json& item) { return item.is_string(); });
}

/// Whether all is there that is printed. What read a hostile file may be
/// hostile itself.
bool is_report(const schema::Json& json) {
  auto field = [&](const char* name) {
    auto found = json.find(name);
    return found == json.end() ? schema::Json() : *found;
  };
  auto verdict = field("verdict");
  if (verdict == "error") return true;
  return verdict.is_string() && is_list_of_text(field("checked")) &&
         is_list_of_text(field("not_checked")) &&
         field("findings").is_array() &&
         field("findings_total").is_number_integer();
}

std::string text_or_dash(const schema::Json& json, const char* name) {
  auto field = json.find(name);
  if (field == json.end() || field->is_null()) return "-";
  return schema::printable(field->is_string() ? field->get<std::string>()
                                              : field->dump());
}

void print_list(const char* title, const schema::Json& list) {
  bool first = true;
  for (const auto& item : list) {
    fmt::print("{:<13} {}\n", first ? title : "",
               schema::printable(item.get<std::string>()));
    first = false;
  }
}

void print_findings(const schema::Json& report) {
  fmt::print("\n{:>10}  {:>12}  {:<10}  {}\n", "entry", "byte", "class",
             "what");
  for (const auto& finding : report["findings"])
    fmt::print("{:>10}  {:>12}  {:<10}  {}\n", text_or_dash(finding, "entry"),
               text_or_dash(finding, "byte"), text_or_dash(finding, "class"),
               text_or_dash(finding, "message"));
  auto shown = report["findings"].size();
  auto total = report.value("findings_total", std::uint64_t{0});
  if (total > shown) fmt::print("and {} more\n", total - shown);
  fmt::print("\n");
}

void print_too_new(const std::string& directory, const schema::Json& report) {
  bool is_signed = report.value("too_new_is_signed", false);
  fmt::print("TOO NEW: {}\n{}: {}. Use a newer ppn-ledger.\n", directory,
             is_signed ? "This is no sign of tampering"
                       : "Whether it was tampered with is open, for no key "
                         "vouches for this",
             text_or_dash(report, "too_new"));
}

void print_text(const std::string& directory, const schema::Json& report) {
  auto verdict = report["verdict"].get<std::string>();
  if (verdict == "valid")
    fmt::print("VALID: {}\n", directory);
  else if (verdict == "too-new")
    print_too_new(directory, report);
  else
    fmt::print("INVALID: {}\n", directory);
  for (const char* name : {"node", "entries", "root", "keys"})
    if (report.contains(name))
      fmt::print("{:<13} {}\n", name, text_or_dash(report, name));
  fmt::print("{:<13} {}\n", "last good", text_or_dash(report, "last_good"));
  if (verdict == "invalid") {
    fmt::print("{:<13} {}\n", "first bad", text_or_dash(report, "first_bad"));
    print_findings(report);
  }
  print_list("checked", report["checked"]);
  print_list("not checked", report["not_checked"]);
}

int exit_code_of(const schema::Json& report) {
  auto verdict = report["verdict"].get<std::string>();
  if (verdict == "valid") return exit_ok;
  return verdict == "invalid" ? exit_ledger_invalid : exit_failed;
}

}  // namespace

int verify(const VerifyOptions& options) {
  auto child = start_audit(options);
  if (!child) return fail(child.error());
  auto text = wait_for_report(*child);
  int status = wait_for_end(*child);
  if (WIFSIGNALED(status) && !store::is_crash(WTERMSIG(status)))
    return WTERMSIG(status) == SIGINT
               ? exit_interrupted
               : fail({store::ErrorCode::io, "the audit was killed"});
  auto report = schema::Json::parse(text, nullptr, false);
  if (WIFSIGNALED(status))
    report = crash_report(WTERMSIG(status), *child->progress);
  if (!is_report(report))
    return fail({store::ErrorCode::io, "the audit gave no report"});
  if (report["verdict"] == "error" && !options.json)
    return fail({store::ErrorCode::io, text_or_dash(report, "message")});
  if (options.json)
    fmt::print("{}\n", schema::compact(report));
  else
    print_text(options.directory, report);
  return exit_code_of(report);
}

}  // namespace ppn::tools
