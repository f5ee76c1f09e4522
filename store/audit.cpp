#include "store/audit.hpp"

#include <algorithm>
#include <new>

#include "store/audit_chunk.hpp"
#include "store/audit_queue.hpp"
#include "store/audit_replay.hpp"
#include "store/byte_order.hpp"
#include "store/key_rotation.hpp"

namespace ppn::store {

namespace {

constexpr auto own_checkpoint = "the ledger's checkpoint";

/// LMDB keeps a count beside the pairs, and damage may touch only one of
/// them.
struct PairCount {
  std::uint64_t pairs = 0;
  bool ended_well = false;
};

PairCount count_pairs(ReadTransaction& transaction, Table table) {
  PairCount count;
  auto scanned = transaction.scan(table, {}, [&](const KeyValue&) {
    ++count.pairs;
    return true;
  });
  count.ended_well = scanned.ok();
  return count;
}

class Auditor {
 public:
  Auditor(Backend& backend, const AuditOptions& options)
      : backend_(backend), options_(options) {}

  AuditReport run() && {
    if (look_at_head()) {
      check_entries_and_keys();
      check_checkpoints();
      check_snapshots();
      say_what_was_checked();
    } else {
      report_.not_checked = {"everything else"};
    }
    settle();
    return std::move(report_);
  }

 private:
  // -- head -------------------------------------------------------------------

  bool look_at_head() {
    auto transaction = begin_reading(backend_);
    LedgerView view{*transaction};
    auto size = view.size();
    if (!size) return give_up(size.error());
    if (*size == 0) return give_up_empty();
    if (auto format = view.check_format(); !format) {
      if (format.error().code != ErrorCode::too_new)
        return give_up(format.error());
      report_.too_new = format.error().message;
      return false;
    }
    auto entries = count_pairs(*transaction, Table::entries);
    // The first hole is among as many places as there are entries; a last entry
    // far out must not make the audit look at all the places before it.
    report_.head.size = std::min(*size, entries.pairs + 1);
    auto note = view.checkpoint_note();
    if (note)
      checkpoint_note_ = *note;
    else
      add({Damage::checkpoint, {}, {}, "there is no checkpoint"});
    check_counts(*transaction, entries);
    list_snapshots(*transaction);
    if (options_.level == AuditLevel::replay)
      replay_.emplace(*options_.oracle, snapshot_sizes_);
    keys_ = AuditKeys::by_index(view, report_.head.size);
    return true;
  }

  bool give_up(const Error& error) {
    add({Damage::storage, {}, {}, error.message});
    return false;
  }

  bool give_up_empty() {
    for (const auto& known : options_.known_checkpoints) {
      auto checkpoint = parse_checkpoint(known.note);
      if (checkpoint && checkpoint->head.size > 0)
        add({Damage::checkpoint,
             {},
             {},
             known.name + ": it is of " +
                 std::to_string(checkpoint->head.size) +
                 " entries and the ledger is empty: it was rolled back"});
    }
    return give_up({ErrorCode::not_found,
                    "the ledger is empty: no commit ever succeeded"});
  }

  void check_counts(ReadTransaction& transaction, const PairCount& entries) {
    struct Expected {
      Table table = Table::entries;
      PairCount seen;
      std::uint64_t count = 0;
      Damage damage = Damage::storage;
    };
    auto seen_in = [&](Table table) { return count_pairs(transaction, table); };
    auto size = report_.head.size;
    const Expected all[] = {
        {Table::entries, entries, size, Damage::storage},
        {Table::tree, seen_in(Table::tree), size, Damage::tree},
        {Table::streams, seen_in(Table::streams), size, Damage::index},
        {Table::meta, seen_in(Table::meta), 2, Damage::index}};
    for (const auto& expected : all) {
      auto said = transaction.count(expected.table);
      auto seen = expected.seen.pairs;
      bool as_due = said && *said == expected.count && seen == expected.count;
      if (as_due && expected.seen.ended_well) continue;
      add({expected.damage,
           {},
           {},
           "table " +
               std::string{
                   table_names[static_cast<std::size_t>(expected.table)]} +
               " holds " + std::to_string(seen) + " records and says " +
               (said ? std::to_string(*said) : "nothing") + " where " +
               std::to_string(expected.count) + " are due"});
    }
    auto tables = transaction.count_tables();
    if (!tables || *tables != table_names.size())
      add({Damage::index,
           {},
           {},
           "the database holds " + (tables ? std::to_string(*tables) : "?") +
               " tables where " + std::to_string(table_names.size()) +
               " are due"});
  }

  /// Those that are written while the audit runs are left out.
  void list_snapshots(ReadTransaction& transaction) {
    auto bad = [&](const std::string& which, const std::string& why) {
      add({Damage::snapshot, {}, {}, "the snapshot" + which + ": " + why});
    };
    auto scanned =
        transaction.scan(Table::snapshots, {}, [&](const KeyValue& pair) {
          if (pair.key.size() != sizeof(std::uint64_t)) {
            bad("", "its key is no number of entries");
            return true;
          }
          auto size = from_big_endian(pair.key);
          if (size > report_.head.size)
            bad(" at " + std::to_string(size),
                "there are only " + std::to_string(report_.head.size) +
                    " entries");
          else if (!transaction.get(Table::snapshots, pair.key))
            bad(" at " + std::to_string(size),
                "it is listed and can not be found");
          else
            snapshot_sizes_.push_back(size);
          return true;
        });
    if (!scanned) add({Damage::snapshot, {}, {}, scanned.error().message});
  }

  // -- entries ----------------------------------------------------------------

  void check_entries_and_keys() {
    auto before = report_;
    check_entries();
    // What the keys by the index do not explain, the keys by the entries may.
    bool keys_in_doubt =
        joined_.lost_entries ||
        std::any_of(joined_.keys.begin(), joined_.keys.end(),
                    [&](const auto& found) { return !keys_.knows(found); });
    if (keys_in_doubt && read_all_keys()) {
      // Signatures were checked under the wrong keys, so all is done again.
      report_ = std::move(before);
      joined_ = {};
      if (replay_) replay_->stop();
      check_entries();
    }
    report_.keys = keys_.known();
    // What nobody's key vouches for never passes.
    bool vouched_for = keys_.complete_to(report_.head.size);
    if (!vouched_for && report_.findings_total == 0 && !report_.too_new)
      add({Damage::key, {}, {}, "the entries do not tell who signed them"});
  }

  /// Whether they are others than the index tells.
  bool read_all_keys() {
    auto transaction = begin_reading(backend_);
    LedgerView view{*transaction};
    auto keys = AuditKeys::by_entries(view, report_.head.size);
    return std::exchange(keys_, keys) != keys;
  }

  void check_entries() {
    if (keys_.first()) node_ = node_id_of(*keys_.first());
    if (node_) report_.node = *node_;
    ChunkTask whole;
    whole.size = report_.head.size;
    whole.check_signatures = options_.level != AuditLevel::chain;
    whole.node = node_;
    whole.keys = &keys_;
    whole.options = &options_;
    ChunkQueue queue{backend_, whole,
                     std::clamp(options_.jobs, 1U, audit_jobs_max)};
    for (std::size_t i = 0; i < queue.count(); ++i) {
      auto chunk = queue.take(i);
      join(chunk);
      if (replay_) replay_to(chunk.end);
      if (options_.progress)
        options_.progress(chunk.end, report_.head.size, report_.first_bad);
    }
    if (!joined_.tree_whole) return;
    auto nodes = joined_.upper_tree.nodes();
    nodes.insert(nodes.end(), joined_.edge.begin(), joined_.edge.end());
    report_.head.root = Frontier{report_.head.size, std::move(nodes)}.root();
  }

  void join(const ChunkAudit& chunk) {
    if (chunk.too_new && !joined_.too_new_at) {
      joined_.too_new_at = chunk.too_new;
      report_.too_new = "entry " + std::to_string(*chunk.too_new) + ": " +
                        chunk.too_new_message;
      report_.too_new_is_signed = chunk.too_new_is_signed;
    }
    for (const auto& finding : chunk.findings) add(finding);
    report_.signatures_checked += chunk.signatures_checked;
    joined_.signatures_without_key += chunk.signatures_without_key;
    bool follows = !joined_.link || !chunk.first_prev ||
                   *joined_.link == *chunk.first_prev;
    if (!follows)
      add({Damage::hash,
           chunk.begin,
           {},
           "it does not follow from the entry before it"});
    joined_.link = chunk.last_link;
    joined_.lost_entries = joined_.lost_entries || chunk.lost_entries;
    for (const auto& [name, run] : chunk.streams) join_stream(name, run);
    joined_.keys.insert(joined_.keys.end(), chunk.keys.begin(),
                        chunk.keys.end());
    join_tree(chunk);
  }

  void replay_to(std::uint64_t end) {
    if (report_.too_new || report_.first_bad || !storage_is_whole())
      replay_->stop();
    auto transaction = begin_reading(backend_);
    LedgerView view{*transaction};
    if (auto finding = replay_->go_on(view, end)) add(std::move(*finding));
  }

  void join_stream(const std::string& name, const StreamRun& run) {
    auto& version = joined_.streams[name];
    if (!may_follow(version, run.first, joined_.lost_entries))
      add({Damage::payload,
           run.first_at,
           {},
           skips_version(name, version, run.first)});
    version = run.last;
  }

  void join_tree(const ChunkAudit& chunk) {
    // Records that are missing leave holes; those are findings already.
    joined_.tree_whole = joined_.tree_whole &&
                         chunk.tree.size() == chunk.end - chunk.begin;
    if (!joined_.tree_whole) return;
    if (chunk.last_strange_leaf)
      joined_.last_strange_leaf = chunk.last_strange_leaf;
    if (chunk.tree.size() != audit_chunk_size) {
      joined_.edge = chunk.tree.nodes();
      return;
    }
    auto last = chunk.end - 1;
    auto completed = upper_tree_nodes(last);
    std::size_t level = 0;
    bool match = true;
    joined_.upper_tree.append(chunk.tree.root(), [&](const Hash& node) {
      // The chunk itself compared its root.
      bool compared = level == 0 || covers(joined_.last_strange_leaf, last,
                                           audit_chunk_level + level);
      bool equal = level < completed.size() && completed[level] == node;
      match = match && (compared || equal);
      ++level;
    });
    if (!match)
      add({Damage::tree,
           last,
           {},
           "a node of the tree does not match those below it"});
  }

  /// The stored nodes above chunks that `leaf` completes.
  std::vector<Hash> upper_tree_nodes(std::uint64_t leaf) {
    std::vector<Hash> nodes;
    auto transaction = begin_reading(backend_);
    auto stored = LedgerView{*transaction}.nodes_of(leaf);
    if (!stored) return nodes;
    for (auto offset = audit_chunk_level * Hash::size;
         offset + Hash::size <= stored->size(); offset += Hash::size)
      nodes.emplace_back(stored->subspan(offset).first<Hash::size>());
    return nodes;
  }

  // -- checkpoints ------------------------------------------------------------

  void check_checkpoints() {
    if (checkpoint_note_)
      check_checkpoint(own_checkpoint, *checkpoint_note_, true);
    for (const auto& known : options_.known_checkpoints)
      check_checkpoint(known.name, known.note, false);
  }

  void check_checkpoint(const std::string& name, const std::string& note,
                        bool is_newest) {
    auto bad = [&](const std::string& why) {
      add({Damage::checkpoint, {}, {}, name + ": " + why});
    };
    auto checkpoint = parse_checkpoint(note);
    if (!checkpoint) return bad(checkpoint.error().message);
    const auto& head = checkpoint->head;
    auto size = report_.head.size;
    const auto& key = keys_.at(head.size);
    if (!joined_.tree_whole || !key) return unjudged_.push_back(name);
    auto verified = verify_checkpoint(*checkpoint, report_.node, *key);
    bool signed_by_unknown = !verified &&
                             verified.error().code == ErrorCode::not_found;
    if (head.size > size && (verified || signed_by_unknown))
      return bad("it is of " + std::to_string(head.size) +
                 " entries and the ledger has only " + std::to_string(size) +
                 ": the ledger was rolled back");
    if (!verified && joined_.too_new_at) return unjudged_.push_back(name);
    if (!verified) return bad(verified.error().message);
    if (is_newest && head.size != size)
      return bad("it is of " + std::to_string(head.size) + " entries, not of " +
                 std::to_string(size));
    auto root = root_at(head.size);
    if (!root) return bad(root.error().message);
    if (*root == head.root) return;
    forked_ = true;
    bad("the first " + std::to_string(head.size) +
        " entries are not those that it was signed for: the ledger was forked");
  }

  Result<Hash> root_at(std::uint64_t size) {
    if (size == report_.head.size) return report_.head.root;
    auto transaction = begin_reading(backend_);
    LedgerView view{*transaction};
    return tree_root(size, view.nodes());
  }

  // -- snapshots --------------------------------------------------------------

  void check_snapshots() {
    for (auto size : snapshot_sizes_) {
      auto transaction = begin_reading(backend_);
      auto stored = transaction->get(Table::snapshots, big_endian(size));
      if (stored) check_snapshot(size, *stored);
    }
  }

  void check_snapshot(std::uint64_t size, ByteView stored) {
    auto bad = [&](const std::string& why) {
      auto offset = options_.offset_of ? options_.offset_of(stored)
                                       : std::nullopt;
      add({Damage::snapshot,
           {},
           offset,
           "the snapshot at " + std::to_string(size) + ": " + why});
    };
    report_.snapshots_checked += 1;
    auto snapshot = decode_snapshot(stored);
    if (!snapshot && snapshot.error().code == ErrorCode::too_new) {
      snapshots_too_new_ += 1;
      return;
    }
    if (!snapshot) return bad(snapshot.error().message);
    const auto& position = snapshot->position;
    if (position.head.size != size || size == 0)
      return bad("it is of another size");
    auto root = root_at(size);
    if (joined_.tree_whole && (!root || position.head.root != *root))
      return bad("its root is not that of the tree");
    if (node_ && position.node != *node_) return bad("it is of another node");
    KeyHistory keys = keys_.known();
    std::erase_if(keys, [&](const auto& known) { return known.from > size; });
    if (keys_.complete_to(size) && position.keys != keys)
      return bad("its keys are not the ledger's");
    const auto* comparison = replay_ ? replay_->comparison(size) : nullptr;
    if (comparison == nullptr) return;
    if (comparison->too_new) snapshots_too_new_ += 1;
    for (const auto& complaint : comparison->complaints) bad(complaint);
  }

  // -- findings ---------------------------------------------------------------

  void add(Finding finding) {
    if (joined_.too_new_at && finding.sequence > joined_.too_new_at) return;
    report_.findings_total += 1;
    if (finding.sequence &&
        (!report_.first_bad || *finding.sequence < *report_.first_bad))
      report_.first_bad = finding.sequence;
    if (report_.findings.size() < max_findings)
      report_.findings.push_back(std::move(finding));
  }

  [[nodiscard]] bool storage_is_whole() const {
    return std::none_of(report_.findings.begin(), report_.findings.end(),
                        [](const Finding& finding) {
                          return finding.damage == Damage::storage;
                        });
  }

  void settle() {
    std::stable_sort(report_.findings.begin(), report_.findings.end(),
                     [](const Finding& a, const Finding& b) {
                       auto place = [](const Finding& finding) {
                         return finding.sequence.value_or(
                             std::numeric_limits<std::uint64_t>::max());
                       };
                       return place(a) < place(b);
                     });
    // Which entries of a fork are good is not for this ledger to say.
    if ((!storage_is_whole() || forked_) && !report_.first_bad) return;
    auto good = std::min(report_.first_bad.value_or(report_.head.size),
                         joined_.too_new_at.value_or(report_.head.size));
    if (good > 0) report_.last_good = good - 1;
  }

  void say_what_was_checked() {
    auto& checked = report_.checked;
    auto& missing = report_.not_checked;
    checked = {"chain", "tree", "streams and their index"};
    std::vector<std::string> checkpoints{own_checkpoint};
    for (const auto& known : options_.known_checkpoints)
      checkpoints.push_back(known.name);
    for (auto& name : checkpoints)
      if (std::find(unjudged_.begin(), unjudged_.end(), name) ==
          unjudged_.end())
        checked.push_back(std::move(name));
    if (options_.level == AuditLevel::chain)
      missing.emplace_back(
          "signatures of the entries, but for those that say who signs (level "
          "chain)");
    else
      checked.emplace_back("signatures of the entries");
    checked.emplace_back("signatures and roots of snapshots");
    if (options_.level != AuditLevel::replay)
      missing.emplace_back(
          "state, and the states and streams in snapshots (below level "
          "replay)");
    else if (!replay_->stopped())
      checked.emplace_back("state, and the states in snapshots");
    else
      missing.emplace_back(
          "state, and the states in snapshots (entries are bad or too new)");
    if (snapshots_too_new_ > 0)
      missing.push_back(std::to_string(snapshots_too_new_) +
                        " snapshots in a layout that this program does not "
                        "know");
    if (joined_.too_new_at)
      missing.push_back("entries after " + std::to_string(*joined_.too_new_at) +
                        ", which needs a newer program");
    if (joined_.signatures_without_key > 0)
      missing.push_back(std::to_string(joined_.signatures_without_key) +
                        " signatures after entries that may have changed the "
                        "key and can not be read");
    for (const auto& name : unjudged_)
      missing.push_back(name + " (the entries do not tell enough)");
    bool any_from_elsewhere = std::any_of(
        options_.known_checkpoints.begin(), options_.known_checkpoints.end(),
        [](const auto& known) { return known.from_elsewhere; });
    if (!any_from_elsewhere)
      missing.emplace_back(
          "whether newer entries were removed, and whether this is the node "
          "that you mean (give a checkpoint from elsewhere with --against)");
    missing.emplace_back(
        "operator signatures (entries of this level carry none)");
  }

  Backend& backend_;
  const AuditOptions& options_;
  AuditReport report_;
  std::optional<std::string> checkpoint_note_;
  AuditKeys keys_;
  std::optional<NodeId> node_;
  /// What is known once the chunks so far were put together.
  struct Joined {
    std::optional<Hash> link = Hash{};
    StreamHeads streams;
    bool lost_entries = false;
    /// Those that the entries bring in.
    KeyHistory keys;
    std::uint64_t signatures_without_key = 0;
    std::optional<std::uint64_t> too_new_at;
    /// The tree above the chunks, as if each was a leaf.
    Frontier upper_tree;
    std::vector<Hash> edge;
    bool tree_whole = true;
    std::optional<std::uint64_t> last_strange_leaf;
  };
  Joined joined_;
  bool forked_ = false;
  /// Checkpoints that nothing could be said about.
  std::vector<std::string> unjudged_;
  std::vector<std::uint64_t> snapshot_sizes_;
  std::uint64_t snapshots_too_new_ = 0;
  /// At level replay.
  std::optional<AuditReplay> replay_;
};

}  // namespace

std::string_view name_of(Damage damage) {
  switch (damage) {
    case Damage::payload:
      return "payload";
    case Damage::signature:
      return "signature";
    case Damage::key:
      return "key";
    case Damage::hash:
      return "hash";
    case Damage::tree:
      return "tree";
    case Damage::checkpoint:
      return "checkpoint";
    case Damage::snapshot:
      return "snapshot";
    case Damage::schema:
      return "schema";
    case Damage::index:
      return "index";
    case Damage::storage:
      return "storage";
  }
  return "unknown";
}

Result<AuditReport> audit(Backend& backend, const AuditOptions& options) {
  try {
    return Auditor{backend, options}.run();
  } catch (const AuditInterrupted& interrupted) {
    return interrupted.error;
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::io, "there is not enough memory for the audit"};
  }
}

}  // namespace ppn::store
