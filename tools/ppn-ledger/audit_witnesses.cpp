#include "tools/ppn-ledger/audit_witnesses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "store/key_rotation.hpp"
#include "store/record.hpp"
#include "store/state_directory.hpp"

namespace ppn::tools {

namespace {

/// A state directory, or its witness folder alone.
std::filesystem::path folder_in(const std::string& directory) {
  auto inner = store::StateDirectory{directory}.witness();
  std::error_code unknown;
  return std::filesystem::exists(inner, unknown)
             ? inner
             : std::filesystem::path{directory};
}

void add_finding(store::AuditReport& report, std::string message) {
  report.findings_total += 1;
  if (report.findings.size() < store::max_findings)
    report.findings.push_back(
        {store::Damage::checkpoint, {}, {}, std::move(message)});
}

void report_wrong(const store::WitnessPolicy& policy, const Checkpoints& good,
                  store::AuditReport& report) {
  for (const auto& checkpoint : good)
    for (const auto& witness : policy.judge(checkpoint.note).wrong)
      add_finding(report, fmt::format("the cosignature of {} over the "
                                      "checkpoint of {} entries is wrong",
                                      witness.name, checkpoint.head.size));
}

schema::Json names_to_json(
    const std::vector<store::WitnessPolicy::Witness>& witnesses) {
  auto names = schema::Json::array();
  for (const auto& witness : witnesses) names.push_back(witness.name);
  return names;
}

}  // namespace

store::Result<WitnessFindings> read_witnesses(const VerifyOptions& options) {
  WitnessFindings found;
  for (const auto& directory : options.witnesses) {
    std::error_code unknown;
    if (!std::filesystem::is_directory(directory, unknown))
      return store::Error{store::ErrorCode::not_found,
                          "there is no directory " + directory};
    auto heads = store::WitnessFolder{folder_in(directory)}.heads();
    if (!heads) return heads.error();
    found.remembered.push_back({directory, std::move(*heads)});
  }
  if (!options.policy.file) return found;
  auto policy = read_policy(*options.policy.file);
  if (!policy) return policy.error();
  found.policy = std::move(*policy);
  auto kept = read_kept(options.directory);
  if (!kept) return kept.error();
  found.kept = std::move(*kept);
  return found;
}

FirstLook look_first(store::Backend& backend) {
  FirstLook first;
  auto transaction = backend.read();
  if (!transaction) return first;
  store::LedgerView view{**transaction};
  if (auto note = view.checkpoint_note()) first.newest = std::move(*note);
  auto stored = view.record(0);
  if (!stored) return first;
  store::AlignedBytes aligned;
  if (auto record = store::open_record(*stored, aligned))
    first.node = NodeId{*record->entry->node()};
  return first;
}

namespace {

/// A witness may lie, and its file may be damaged: that says nothing of the
/// ledger.
bool is_signed_by_any(const std::string& note, const NodeId& node,
                      store::Backend& backend) {
  auto checkpoint = store::parse_checkpoint(note);
  auto transaction = backend.read();
  if (!checkpoint || !transaction) return false;
  store::LedgerView view{**transaction};
  auto keys = store::read_key_history(view);
  return keys && std::any_of(keys->begin(), keys->end(), [&](const auto& one) {
           return store::verify_checkpoint(*checkpoint, node, one.key).ok();
         });
}

}  // namespace

store::Result<std::vector<store::AuditOptions::Known>> remembered_checkpoints(
    const WitnessFindings& found, const NodeId& node, store::Backend& backend) {
  std::vector<store::AuditOptions::Known> known;
  for (const auto& [directory, heads] : found.remembered) {
    auto head = heads.find(node);
    if (head == heads.end())
      return store::Error{
          store::ErrorCode::not_found,
          "the witness " + directory + " remembers nothing of " + node.hex()};
    if (!is_signed_by_any(head->second, node, backend))
      return store::Error{store::ErrorCode::bad_input,
                          "what the witness " + directory +
                              " remembers is not signed by any key of this "
                              "ledger"};
    known.push_back(
        {"the checkpoint that the witness " + directory + " remembers",
         head->second});
  }
  return known;
}

store::Result<schema::Json> judge_cosignatures(const PolicyOptions& options,
                                               const WitnessFindings& found,
                                               const FirstLook& first,
                                               store::Backend& backend,
                                               store::AuditReport& report) {
  const auto& policy = *found.policy;
  if (!report.valid() || !first.newest) {
    report.not_checked.emplace_back("cosignatures (the ledger is not valid)");
    return schema::Json{};
  }
  auto transaction = backend.read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  if (auto is_for_it = check_log(policy, view); !is_for_it)
    return is_for_it.error();
  auto known = sort_out(view, *first.newest, found.kept);
  if (!known) return known.error();
  // Which entries of a fork are good is not for this ledger to say.
  if (!known->contradictions.empty()) report.last_good.reset();
  for (auto& contradiction : known->contradictions)
    add_finding(report, std::move(contradiction));
  report_wrong(policy, known->good, report);

  auto chosen = choose(policy, known->good);
  const auto& verdict = chosen.verdict;
  auto size = chosen.checkpoint.head.size;
  auto wanted = verdict.cosigned.size() + verdict.missing.size();
  auto says = fmt::format("{} of {} cosignatures over {} of {} entries",
                          verdict.cosigned.size(), wanted, size,
                          report.head.size);
  if (verdict.holds) {
    report.checked.push_back("checkpoint with " + says);
    if (size < report.head.size)
      report.not_checked.push_back(
          fmt::format("entries from {} on by witnesses", size));
  } else if (options.has_to_hold()) {
    add_finding(report, "there are " + says +
                            ", and the policy wants more: " + in_words(chosen));
  } else {
    report.not_checked.push_back("that enough witnesses vouch for it: " + says +
                                 "; " + in_words(chosen));
  }
  return schema::Json{{"size", size},
                      {"quorum", verdict.holds},
                      {"cosigned", names_to_json(verdict.cosigned)},
                      {"missing", names_to_json(verdict.missing)},
                      {"wrong", names_to_json(verdict.wrong)}};
}

}  // namespace ppn::tools
