#include "tools/ppn-ledger/cosigned.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schema/plain_text.hpp"
#include "store/cosignature.hpp"
#include "store/files.hpp"
#include "store/key_rotation.hpp"
#include "store/state_directory.hpp"
#include "store/witness_memory.hpp"

namespace ppn::tools {

namespace {

std::string names_of(const std::vector<store::WitnessPolicy::Witness>& all) {
  std::string names;
  for (const auto& witness : all)
    names += (names.empty() ? "" : ", ") + witness.name;
  return names;
}

/// Without lines that would condemn all of the note.
void drop_wrong(store::Note& note,
                const std::vector<store::WitnessPolicy::Witness>& wrong) {
  std::erase_if(note.signatures, [&](const auto& line) {
    return std::any_of(wrong.begin(), wrong.end(), [&](const auto& witness) {
      return witness.key.name() == line.name && witness.key.id() == line.key_id;
    });
  });
}

/// Holds checkpoints against one ledger.
class Sorter {
 public:
  Sorter(store::LedgerView& view, store::KeyHistory keys, std::uint64_t size)
      : view_(view),
        keys_(std::move(keys)),
        node_(store::node_id_of(keys_.front().key)),
        size_(size) {}

  [[nodiscard]] store::Status check_signed(
      const store::Checkpoint& checkpoint) const {
    return store::verify_checkpoint(checkpoint, node_,
                                    store::key_at(keys_, checkpoint.head.size));
  }

  /// rolled_back or forked if it is not of this ledger.
  store::Status check_head(const store::TreeHead& head) {
    auto of =
        fmt::format("a checkpoint of {} entries, which is kept, ", head.size);
    if (head.size > size_)
      return store::Error{store::ErrorCode::rolled_back,
                          of + fmt::format("is of more than the {} that there "
                                           "are: the ledger was rolled back",
                                           size_)};
    auto root = store::tree_root(head.size, view_.nodes());
    if (!root) return root.error();
    if (*root == head.root) return {};
    return store::Error{store::ErrorCode::forked,
                        of + "is not of these entries: the ledger was forked"};
  }

 private:
  store::LedgerView& view_;
  store::KeyHistory keys_;
  NodeId node_;
  std::uint64_t size_;
};

}  // namespace

store::Result<Checkpoints> read_kept(const std::string& directory) {
  store::WitnessFolder folder{store::StateDirectory{directory}.witness()};
  auto notes = folder.cosigned();
  if (!notes) return notes.error();
  Checkpoints kept;
  for (const auto& [witness, note] : *notes) {
    auto checkpoint = store::parse_checkpoint(note);
    if (!checkpoint) continue;
    auto allowed = {checkpoint->origin, store::witness_name(witness)};
    std::erase_if(checkpoint->note.signatures, [&](const auto& line) {
      return std::find(allowed.begin(), allowed.end(), line.name) ==
             allowed.end();
    });
    kept.push_back(std::move(*checkpoint));
  }
  return kept;
}

store::Result<store::Checkpoint> with_cosignatures(const std::string& note,
                                                   const Checkpoints& kept) {
  auto checkpoint = store::parse_checkpoint(note);
  if (!checkpoint) return checkpoint;
  for (const auto& other : kept)
    if (other.note.text == checkpoint->note.text)
      store::add_cosignatures(checkpoint->note, other.note.signatures);
  return checkpoint;
}

store::Result<KnownCheckpoints> sort_out(store::LedgerView& view,
                                         const std::string& newest,
                                         const Checkpoints& kept) {
  auto keys = store::read_key_history(view);
  if (!keys) return keys.error();
  auto first = with_cosignatures(newest, kept);
  if (!first) return first.error();
  Sorter sorter{view, std::move(*keys), first->head.size};
  if (auto is_signed = sorter.check_signed(*first); !is_signed)
    return store::Error{store::ErrorCode::damaged,
                        "the newest checkpoint: " + is_signed.error().message};
  if (auto is_of_it = sorter.check_head(first->head); !is_of_it)
    return is_of_it.error();
  KnownCheckpoints known;
  std::set<std::string> texts{first->note.text};
  known.good.push_back(std::move(*first));
  for (const auto& one : kept) {
    if (!texts.insert(one.note.text).second) continue;
    auto whole = with_cosignatures(store::format_note(one.note), kept);
    if (!whole || !sorter.check_signed(*whole)) continue;
    if (auto is_of_it = sorter.check_head(whole->head); is_of_it)
      known.good.push_back(std::move(*whole));
    else
      known.contradictions.push_back(is_of_it.error().message);
  }
  std::stable_sort(
      known.good.begin(), known.good.end(),
      [](const auto& a, const auto& b) { return a.head.size > b.head.size; });
  return known;
}

store::Result<store::WitnessPolicy> read_policy(const std::string& file) {
  auto text = store::read_file(file, store::max_policy_size);
  if (!text) return text.error();
  auto policy = store::WitnessPolicy::parse(*text);
  if (policy) return policy;
  return store::Error{policy.error().code,
                      file + ": " + policy.error().message};
}

store::Status check_log(const store::WitnessPolicy& policy,
                        store::LedgerView& view) {
  auto keys = store::read_key_history(view);
  if (!keys) return keys.error();
  auto origin = store::checkpoint_origin(store::node_id_of(keys->front().key));
  auto log = store::VerifierKey::make(origin, store::NoteAlgorithm::ed25519,
                                      keys->back().key);
  if (!log) return log.error();
  if (policy.accepts_log(*log)) return {};
  return store::Error{
      store::ErrorCode::bad_input,
      "the policy is for other logs; this one is " + log->text()};
}

ChosenCheckpoint choose(const store::WitnessPolicy& policy,
                        const Checkpoints& good) {
  for (const auto& checkpoint : good)
    if (auto verdict = policy.judge(checkpoint.note); verdict.holds)
      return {checkpoint, std::move(verdict)};
  ChosenCheckpoint newest{good.front(), policy.judge(good.front().note)};
  drop_wrong(newest.checkpoint.note, newest.verdict.wrong);
  return newest;
}

std::string in_words(const ChosenCheckpoint& lacking) {
  const auto& verdict = lacking.verdict;
  auto text =
      fmt::format("the newest, of {} entries,", lacking.checkpoint.head.size);
  if (!verdict.missing.empty())
    text += " is without " + names_of(verdict.missing);
  if (!verdict.missing.empty() && !verdict.wrong.empty()) text += ", and";
  if (!verdict.wrong.empty())
    text += " has a line of " + names_of(verdict.wrong) + " that is wrong";
  return text;
}

store::Result<store::Checkpoint> pick_checkpoint(const PolicyOptions& options,
                                                 store::LedgerView& view,
                                                 const Checkpoints& kept) {
  auto newest = view.checkpoint_note();
  if (!newest) return newest.error();
  if (!options.file) return with_cosignatures(*newest, kept);
  auto policy = read_policy(*options.file);
  if (!policy) return policy.error();
  if (auto is_for_it = check_log(*policy, view); !is_for_it)
    return is_for_it.error();
  auto known = sort_out(view, *newest, kept);
  if (!known) return known.error();
  for (const auto& contradiction : known->contradictions)
    fmt::print(stderr, "ppn-ledger: {}\n", contradiction);
  auto chosen = choose(*policy, known->good);
  if (chosen.verdict.holds) return chosen.checkpoint;
  store::Error lacking{store::ErrorCode::damaged,
                       "no checkpoint has the cosignatures that the policy "
                       "wants; " +
                           in_words(chosen)};
  if (options.has_to_hold()) return lacking;
  fmt::print(stderr, "ppn-ledger: {}\n", schema::printable(lacking.message));
  return chosen.checkpoint;
}

}  // namespace ppn::tools
