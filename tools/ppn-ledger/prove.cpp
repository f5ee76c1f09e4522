// ppn-ledger prove: proofs that fit in a file, and their check.
#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <map>

#include "events/clash.hpp"
#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/hash.hpp"
#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/entry_reader.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/fork_json.hpp"
#include "tools/ppn-ledger/proof_json.hpp"

namespace ppn::tools {

namespace {

constexpr std::size_t max_proof_file = std::size_t{1} << 20U;

struct Head {
  std::string note;
  store::TreeHead head;
};

store::Result<Head> read_head(store::LedgerView& view) {
  auto note = view.checkpoint_note();
  if (!note) return note.error();
  auto checkpoint = store::parse_checkpoint(*note);
  if (!checkpoint) return checkpoint.error();
  return Head{*note, checkpoint->head};
}

store::Result<InclusionProof> make_inclusion(store::LedgerView& view,
                                             std::uint64_t sequence) {
  auto head = read_head(view);
  if (!head) return head.error();
  auto record = view.record(sequence);
  if (!record) return record.error();
  auto proof = store::prove_inclusion(sequence, head->head.size, view.nodes());
  if (!proof) return proof.error();
  return InclusionProof{
      sequence, {record->begin(), record->end()}, *proof, head->note};
}

store::Result<store::Proof> prove_growth(std::uint64_t before,
                                         std::uint64_t after,
                                         store::LedgerView& view) {
  if (before == 0) return store::Proof{};
  return store::prove_consistency(before, after, view.nodes());
}

store::Result<ConsistencyProof> make_consistency(store::LedgerView& view,
                                                 std::uint64_t before,
                                                 std::uint64_t after) {
  auto head = read_head(view);
  if (!head) return head.error();
  if (before > after || after > head->head.size)
    return store::Error{store::ErrorCode::bad_input,
                        fmt::format("sizes must rise: 0 <= A <= B <= {}, the "
                                    "size of the ledger",
                                    head->head.size)};
  ConsistencyProof proof;
  proof.checkpoint = head->note;
  auto nodes = view.nodes();
  auto root_before = store::tree_root(before, nodes);
  if (!root_before) return root_before.error();
  auto root_after = store::tree_root(after, nodes);
  if (!root_after) return root_after.error();
  proof.before = {before, *root_before};
  proof.after = {after, *root_after};
  auto growth = prove_growth(before, after, view);
  if (!growth) return growth.error();
  proof.proof = std::move(*growth);
  auto rest = prove_growth(after, head->head.size, view);
  if (!rest) return rest.error();
  proof.head_proof = std::move(*rest);
  return proof;
}

/// The newest evidence of a fork or a rollback of each node whose id begins so.
using Evidence = std::map<NodeId, Bytes>;

store::Result<Evidence> read_evidence(OpenLedger& ledger,
                                      const std::string& begins) {
  Evidence evidence;
  auto visit = [&](const ReadEntry& read) {
    const auto* seen = read.entry->payload_as_ClashSeen();
    if (seen == nullptr || (seen->clash() != schema::Clash::fork &&
                            seen->clash() != schema::Clash::rollback))
      return true;
    NodeId node{*seen->node()};
    if (node.hex().starts_with(begins))
      evidence[node] = {seen->evidence()->begin(), seen->evidence()->end()};
    return true;
  };
  auto scanned = read_stream(ledger, events::clash_stream, 0, visit);
  if (!scanned) return scanned.error();
  return evidence;
}

/// That of the one node which is meant.
store::Result<store::ForkEvidence> find_fork(OpenLedger& ledger,
                                             const std::string& begins) {
  auto evidence = read_evidence(ledger, begins);
  if (!evidence) return evidence.error();
  if (evidence->empty())
    return store::Error{store::ErrorCode::not_found,
                        "nothing is recorded here that proves a fork or a "
                        "rollback of " +
                            begins};
  if (evidence->size() > 1)
    return store::Error{store::ErrorCode::bad_input,
                        std::to_string(evidence->size()) +
                            " nodes begin with " + begins +
                            " of which something is recorded; say more of it"};
  const auto& [node, bytes] = *evidence->begin();
  auto decoded = store::decode_fork_evidence(bytes);
  if (!decoded) return decoded;
  bool is_whole = decoded->node == node &&
                  store::parse_checkpoint(decoded->first) &&
                  store::parse_checkpoint(decoded->second);
  if (!is_whole)
    return store::Error{
        store::ErrorCode::damaged,
        "what is recorded of " + node.hex() + " has no two checkpoints of it"};
  return decoded;
}

store::Result<std::string> read_input(const std::string& file) {
  if (file != "-") return store::read_file(file, max_proof_file);
  return std::string{std::istreambuf_iterator<char>{std::cin}, {}};
}

/// A verifier key as it is, or in a file.
store::Result<store::VerifierKey> read_key(const std::string& text) {
  auto key = store::VerifierKey::parse(text);
  if (key) return key;
  auto content = store::read_file(text, store::max_note_size);
  if (!content) return key;
  return store::VerifierKey::parse(content->substr(0, content->find('\n')));
}

const char* word_for(ProofVerdict::Kind kind) {
  switch (kind) {
    case ProofVerdict::Kind::proved:
      return "proved";
    case ProofVerdict::Kind::refuted:
      return "refuted";
    case ProofVerdict::Kind::vacuous:
      return "vacuous";
  }
  return "refuted";
}

int exit_code_of(ProofVerdict::Kind kind) {
  switch (kind) {
    case ProofVerdict::Kind::proved:
      return exit_ok;
    case ProofVerdict::Kind::refuted:
      return exit_ledger_invalid;
    case ProofVerdict::Kind::vacuous:
      return exit_failed;
  }
  return exit_ledger_invalid;
}

}  // namespace

int prove_inclusion(const ProveInclusionOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto view = ledger->view();
  auto proof = make_inclusion(view, options.sequence);
  if (!proof) return fail(proof.error());
  fmt::print("{}\n", to_json(*proof).dump(2));
  return exit_ok;
}

int prove_consistency(const ProveConsistencyOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto view = ledger->view();
  auto proof = make_consistency(view, options.before, options.after);
  if (!proof) return fail(proof.error());
  fmt::print("{}\n", to_json(*proof).dump(2));
  return exit_ok;
}

int prove_fork(const ProveForkOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto evidence = find_fork(*ledger, options.node);
  if (!evidence) return fail(evidence.error());
  fmt::print("{}\n", to_json(*evidence).dump(2));
  return exit_ok;
}

int prove_check(const ProveCheckOptions& options) {
  auto key = read_key(options.key);
  if (!key)
    return fail_usage("--key: " + key.error().message +
                      "; 'ppn-ledger key DIR' prints it");
  auto text = read_input(options.file);
  if (!text) return fail(text.error());
  auto verdict = check_proof(*text, *key);
  if (!verdict) return fail(verdict.error());
  if (options.json)
    fmt::print("{}\n", schema::compact(
                           schema::Json{{"schema", "ppn-ledger.proof-check.v1"},
                                        {"verdict", word_for(verdict->kind)},
                                        {"message", verdict->message},
                                        {"key", key->text()}}));
  else
    fmt::print("{}: {}\n", word_for(verdict->kind), verdict->message);
  return exit_code_of(verdict->kind);
}

}  // namespace ppn::tools
