#include "tools/ppn-ledger/verify_child.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "schema/reflection_json.hpp"
#include "store/audit.hpp"
#include "store/byte_order.hpp"
#include "tools/ppn-ledger/audit_witnesses.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/open_ledger.hpp"
#include "tools/ppn-ledger/state_reader.hpp"

namespace ppn::tools {

namespace {

store::AuditLevel level_of(const std::string& name) {
  if (name == "chain") return store::AuditLevel::chain;
  if (name == "signatures") return store::AuditLevel::signatures;
  return store::AuditLevel::replay;
}

template <class T>
schema::Json optional_json(const std::optional<T>& value) {
  return value ? schema::Json(*value) : schema::Json();
}

schema::Json finding_to_json(const store::Finding& finding) {
  return {{"class", store::name_of(finding.damage)},
          {"entry", optional_json(finding.sequence)},
          {"byte", optional_json(finding.offset)},
          {"message", finding.message}};
}

schema::Json report_to_json(const store::AuditReport& report) {
  auto findings = schema::Json::array();
  for (const auto& finding : report.findings)
    findings.push_back(finding_to_json(finding));
  const char* verdict = "valid";
  if (report.findings_total > 0)
    verdict = "invalid";
  else if (report.too_new)
    verdict = "too-new";
  return {{"schema", "ppn-ledger.verify.v1"},
          {"verdict", verdict},
          {"node", report.node.hex()},
          {"entries", report.head.size},
          {"root", report.head.root.hex()},
          {"keys", report.keys.size()},
          {"signatures_checked", report.signatures_checked},
          {"snapshots_checked", report.snapshots_checked},
          {"last_good", optional_json(report.last_good)},
          {"first_bad", optional_json(report.first_bad)},
          {"too_new", optional_json(report.too_new)},
          {"too_new_is_signed", report.too_new_is_signed},
          {"findings_total", report.findings_total},
          {"findings", std::move(findings)},
          {"checked", report.checked},
          {"not_checked", report.not_checked}};
}

/// A report on a database that can not even be opened.
schema::Json unreadable(const store::Error& error) {
  store::AuditReport report;
  if (error.code == store::ErrorCode::too_new)
    report.too_new = error.message;
  else
    report.findings = {{store::Damage::storage, {}, {}, error.message}};
  report.findings_total = report.findings.size();
  report.not_checked = {"anything: the database can not be opened"};
  return report_to_json(report);
}

/// Says that nothing was found out, for reasons that are not in the ledger.
schema::Json not_done(const store::Error& error) {
  return {{"schema", "ppn-ledger.verify.v1"},
          {"verdict", "error"},
          {"message", error.message}};
}

/// The checkpoints to hold the ledger against. They are read before the
/// database, so that a live writer can not overtake it.
store::Result<std::vector<store::AuditOptions::Known>> known_checkpoints(
    const VerifyOptions& options) {
  std::vector<store::AuditOptions::Known> known;
  auto outside = store::StateDirectory{options.directory}.outside_checkpoint();
  auto note = store::read_file(outside, store::max_note_size);
  if (note)
    known.push_back({"the checkpoint kept outside the database", *note, false});
  else if (note.error().code != store::ErrorCode::not_found)
    return note.error();
  for (const auto& file : options.against) {
    note = store::read_file(file, store::max_note_size);
    if (!note) return note.error();
    known.push_back({"the checkpoint " + file, *note});
  }
  return known;
}

schema::Json run_audit(const VerifyOptions& options, SharedProgress& progress) {
  StateFold fold;
  store::AuditOptions wishes;
  wishes.level = level_of(options.level);
  wishes.jobs = options.jobs;
  wishes.oracle = &fold;
  auto known = known_checkpoints(options);
  if (!known) return not_done(known.error());
  wishes.known_checkpoints = std::move(*known);
  auto witnesses = read_witnesses(options);
  if (!witnesses) return not_done(witnesses.error());
  auto backend = store::LmdbBackend::open_for_reading({options.directory});
  if (!backend) {
    bool in_the_file = backend.error().code == store::ErrorCode::damaged ||
                       backend.error().code == store::ErrorCode::too_new;
    bool no_tables = backend.error().code == store::ErrorCode::not_found &&
                     std::filesystem::exists(
                         store::StateDirectory{options.directory}.database());
    return in_the_file || no_tables ? unreadable(backend.error())
                                    : not_done(backend.error());
  }
  auto first = look_first(**backend);
  if (first.node) {
    auto remembered =
        remembered_checkpoints(*witnesses, *first.node, **backend);
    if (!remembered) return not_done(remembered.error());
    for (auto& one : *remembered)
      wishes.known_checkpoints.push_back(std::move(one));
  }
  wishes.offset_of = [&](ByteView bytes) {
    return (*backend)->file_offset(bytes);
  };
  wishes.progress = [&](std::uint64_t done, std::uint64_t total,
                        std::optional<std::uint64_t> first_bad) {
    progress.done = done;
    progress.total = total;
    progress.first_bad_plus_one = first_bad ? *first_bad + 1 : 0;
  };
  auto report = store::audit(**backend, wishes);
  if (!report) return not_done(report.error());
  if (!first.node && !witnesses->remembered.empty())
    report->not_checked.emplace_back(
        "what witnesses remember (the ledger does not tell whose it is)");
  if (!witnesses->policy) return report_to_json(*report);
  auto cosignatures =
      judge_cosignatures(options.policy, *witnesses, first, **backend, *report);
  if (!cosignatures) return not_done(cosignatures.error());
  auto json = report_to_json(*report);
  json["cosignatures"] = std::move(*cosignatures);
  return json;
}

[[noreturn]] void be_the_child(const VerifyOptions& options,
                               SharedProgress& progress, int report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto text = schema::compact(run_audit(options, progress));
  auto written = store::write_all(report, store::as_bytes(text), "a pipe");
  ::_exit(written ? exit_ok : exit_failed);
}

}  // namespace

void UnmapProgress::operator()(SharedProgress* progress) const {
  ::munmap(progress, sizeof *progress);
}

store::Result<AuditChild> start_audit(const VerifyOptions& options) {
  void* memory = ::mmap(nullptr, sizeof(SharedProgress), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return store::system_error("map", "memory");
  AuditChild child;
  child.progress.reset(new (memory) SharedProgress{});
  int ends[2] = {};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return store::system_error("make", "a pipe");
  child.report = store::FileHandle{ends[0]};
  store::FileHandle to_parent{ends[1]};
  child.pid = ::fork();
  if (child.pid < 0) return store::system_error("start", "a process");
  if (child.pid == 0) be_the_child(options, *child.progress, to_parent.get());
  return child;
}

}  // namespace ppn::tools
