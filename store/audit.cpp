#include "store/audit.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/audit_chunk.hpp"
#include "store/byte_order.hpp"
#include "store/key_rotation.hpp"

namespace ppn::store {

namespace {

/// A reading transaction that lives too long makes the file grow.
constexpr std::uint64_t replay_entries_per_transaction = 16'384;

constexpr auto own_checkpoint = "the ledger's checkpoint";

/// Chunks done by many threads, taken in order by one.
class ChunkQueue {
 public:
  ChunkQueue(Backend& backend, const ChunkTask& whole, unsigned jobs)
      : backend_(backend),
        whole_(whole),
        results_((whole.size + audit_chunk_size - 1) / audit_chunk_size) {
    for (unsigned i = 0; i < jobs; ++i)
      threads_.emplace_back([this] { work(); });
  }

  ChunkQueue(const ChunkQueue&) = delete;
  ChunkQueue& operator=(const ChunkQueue&) = delete;

  ~ChunkQueue() {
    for (auto& thread : threads_) thread.join();
  }

  [[nodiscard]] std::size_t count() const { return results_.size(); }

  ChunkAudit take(std::size_t n) {
    std::unique_lock lock{mutex_};
    done_.wait(lock, [&] { return results_[n].has_value(); });
    auto result = std::move(*results_[n]);
    results_[n].reset();
    return result;
  }

 private:
  void work() {
    for (;;) {
      std::size_t mine = 0;
      {
        std::lock_guard lock{mutex_};
        if (next_ == results_.size()) return;
        mine = next_++;
      }
      auto result = audit_one(mine);
      {
        std::lock_guard lock{mutex_};
        results_[mine] = std::move(result);
      }
      done_.notify_one();
    }
  }

  ChunkAudit audit_one(std::size_t n) {
    ChunkTask task = whole_;
    task.begin = n * audit_chunk_size;
    task.end = std::min(task.begin + audit_chunk_size, task.size);
    auto transaction = backend_.read();
    if (transaction) {
      LedgerView view{**transaction};
      return audit_chunk(view, task);
    }
    ChunkAudit failed;
    failed.begin = task.begin;
    failed.end = task.end;
    failed.findings.push_back(
        {Damage::storage, task.begin, {}, transaction.error().message});
    return failed;
  }

  Backend& backend_;
  ChunkTask whole_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t next_ = 0;
  std::vector<std::optional<ChunkAudit>> results_;
  std::vector<std::thread> threads_;
};

class Auditor {
 public:
  Auditor(Backend& backend, const AuditOptions& options)
      : backend_(backend), options_(options) {}

  AuditReport run() && {
    if (look_at_head()) {
      check_entries_and_keys();
      check_checkpoints();
      check_snapshots();
      if (options_.level == AuditLevel::replay) replay();
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
    auto transaction = backend_.read();
    if (!transaction) return give_up(transaction.error());
    LedgerView view{**transaction};
    auto size = view.size();
    if (!size) return give_up(size.error());
    if (*size == 0) return give_up_empty();
    if (auto format = view.check_format(); !format) {
      if (format.error().code != ErrorCode::too_new)
        return give_up(format.error());
      report_.too_new = format.error().message;
      return false;
    }
    report_.head.size = size_to_audit(view, *size);
    auto note = view.checkpoint_note();
    if (note)
      checkpoint_note_ = *note;
    else
      add({Damage::checkpoint, {}, {}, "there is no checkpoint"});
    check_counts(view);
    check_snapshot_places(view);
    keys_ = AuditKeys::by_index(view, report_.head.size);
    return true;
  }

  /// A last entry far out must not make the audit look at all the places before
  /// it: the first hole is among as many as there are entries.
  static std::uint64_t size_to_audit(LedgerView& view, std::uint64_t size) {
    auto count = view.transaction().count(Table::entries);
    return count && *count < size ? *count + 1 : size;
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

  void check_counts(LedgerView& view) {
    struct Expected {
      Table table;
      std::uint64_t count;
      Damage damage;
    };
    const Expected all[] = {
        {Table::entries, report_.head.size, Damage::storage},
        {Table::tree, report_.head.size, Damage::tree},
        {Table::streams, report_.head.size, Damage::index},
        {Table::meta, 2, Damage::index}};
    for (const auto& expected : all) {
      auto said = view.transaction().count(expected.table);
      auto seen = count_pairs(view.transaction(), expected.table);
      if (said && *said == expected.count && seen == expected.count) continue;
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
    auto tables = view.transaction().count_tables();
    if (!tables || *tables != table_names.size())
      add({Damage::index,
           {},
           {},
           "the database holds " + (tables ? std::to_string(*tables) : "?") +
               " tables where " + std::to_string(table_names.size()) +
               " are due"});
  }

  /// LMDB keeps a count beside the pairs, and damage may touch only one of
  /// them.
  static std::uint64_t count_pairs(ReadTransaction& transaction, Table table) {
    std::uint64_t pairs = 0;
    // A scan that fails has counted too few.
    (void)transaction.scan(table, {}, [&](const KeyValue&) {
      ++pairs;
      return true;
    });
    return pairs;
  }

  /// Those that are written while the audit runs are in no transaction as old
  /// as this one.
  void check_snapshot_places(LedgerView& view) {
    auto last = view.transaction().last(Table::snapshots);
    if (last && last->key.size() == sizeof(std::uint64_t) &&
        from_big_endian(last->key) > report_.head.size)
      add({Damage::snapshot,
           {},
           {},
           "the snapshot at " + std::to_string(from_big_endian(last->key)) +
               ": there are only " + std::to_string(report_.head.size) +
               " entries"});
  }

  // -- entries ----------------------------------------------------------------

  void check_entries_and_keys() {
    auto before = report_;
    check_entries();
    bool index_hid_one =
        std::any_of(found_keys_.begin(), found_keys_.end(),
                    [&](const auto& found) { return !keys_.knows(found); });
    if (index_hid_one && read_all_keys()) {
      // Signatures were checked under the wrong keys, so all is done again.
      report_ = std::move(before);
      joined_ = {};
      check_entries();
    }
    report_.keys = keys_.known();
    // What nobody's key vouches for never passes.
    bool vouched_for = keys_.complete_to(report_.head.size);
    if (!vouched_for && report_.findings_total == 0 && !report_.too_new)
      add({Damage::key, {}, {}, "the entries do not tell who signed them"});
  }

  bool read_all_keys() {
    auto transaction = backend_.read();
    if (!transaction) return false;
    LedgerView view{**transaction};
    keys_ = AuditKeys::by_entries(view, report_.head.size);
    return true;
  }

  void check_entries() {
    if (keys_.first()) node_ = node_id_of(*keys_.first());
    if (node_) report_.node = *node_;
    found_keys_.clear();
    ChunkTask whole;
    whole.size = report_.head.size;
    whole.check_signatures = options_.level != AuditLevel::chain;
    whole.node = node_;
    whole.keys = &keys_;
    whole.options = &options_;
    ChunkQueue queue{backend_, whole, std::max(1U, options_.jobs)};
    for (std::size_t i = 0; i < queue.count(); ++i) {
      auto chunk = queue.take(i);
      join(chunk);
      if (options_.progress)
        options_.progress(chunk.end, report_.head.size, report_.first_bad);
    }
    if (!joined_.tree_whole) return;
    auto nodes = joined_.upper_tree.nodes();
    nodes.insert(nodes.end(), joined_.edge.begin(), joined_.edge.end());
    report_.head.root = Frontier{report_.head.size, std::move(nodes)}.root();
  }

  void join(const ChunkAudit& chunk) {
    for (const auto& finding : chunk.findings) add(finding);
    report_.signatures_checked += chunk.signatures_checked;
    signatures_without_key_ += chunk.signatures_without_key;
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
    found_keys_.insert(found_keys_.end(), chunk.keys.begin(), chunk.keys.end());
    join_tree(chunk);
    if (chunk.too_new && !too_new_at_) {
      too_new_at_ = chunk.too_new;
      report_.too_new = "entry " + std::to_string(*chunk.too_new) + ": " +
                        chunk.too_new_message;
    }
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
    auto transaction = backend_.read();
    if (!transaction) return nodes;
    auto stored = LedgerView{**transaction}.nodes_of(leaf);
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
    if (!verified && too_new_at_) return unjudged_.push_back(name);
    if (!verified) return bad(verified.error().message);
    if (is_newest && head.size != size)
      return bad("it is of " + std::to_string(head.size) + " entries, not of " +
                 std::to_string(size));
    auto root = root_at(head.size);
    if (!root) return bad(root.error().message);
    if (*root != head.root)
      bad("the first " + std::to_string(head.size) +
          " entries are not those that it was signed for: the ledger was "
          "forked");
  }

  Result<Hash> root_at(std::uint64_t size) {
    if (size == report_.head.size) return report_.head.root;
    auto transaction = backend_.read();
    if (!transaction) return transaction.error();
    LedgerView view{**transaction};
    return tree_root(size, view.nodes());
  }

  // -- snapshots --------------------------------------------------------------

  void check_snapshots() {
    auto transaction = backend_.read();
    if (!transaction) return;
    auto scanned =
        (*transaction)->scan(Table::snapshots, {}, [&](const KeyValue& pair) {
          check_snapshot(pair);
          return true;
        });
    if (!scanned) add({Damage::snapshot, {}, {}, scanned.error().message});
  }

  void check_snapshot(const KeyValue& pair) {
    auto size = from_big_endian(pair.key);
    if (pair.key.size() == sizeof size && size > report_.head.size)
      return;  // written while the audit runs
    auto bad = [&](const std::string& why) {
      auto offset = options_.offset_of ? options_.offset_of(pair.value)
                                       : std::nullopt;
      add({Damage::snapshot,
           {},
           offset,
           "the snapshot at " + std::to_string(size) + ": " + why});
    };
    report_.snapshots_checked += 1;
    auto snapshot = decode_snapshot(pair.value);
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
    snapshots_.push_back(std::move(*snapshot));
  }

  // -- replay -----------------------------------------------------------------

  void replay() {
    StreamHeads streams;
    AlignedBytes aligned;
    std::uint64_t next = 0;
    auto snapshot = snapshots_.begin();
    bool going = !report_.too_new && !report_.first_bad && findings_ok();
    replayed_ = going;
    auto apply = [&](const StoredRecord& stored) {
      if (stored.sequence == report_.head.size) return false;
      auto split = split_record(stored.record);
      auto entry = split ? check_entry(aligned.assign(split->entry))
                         : split.error();
      auto applied = entry ? options_.oracle->apply(**entry) : entry.error();
      if (!applied) {
        add({Damage::payload, stored.sequence, {}, applied.error().message});
        going = false;
        return false;
      }
      streams[(*entry)->stream()->str()] = (*entry)->stream_version();
      next = stored.sequence + 1;
      if (snapshot != snapshots_.end() && snapshot->position.head.size == next)
        compare(*snapshot++, streams, hash_record(*split).link);
      return next % replay_entries_per_transaction != 0;
    };
    while (going && next < report_.head.size) {
      auto transaction = backend_.read();
      if (!transaction) return;
      auto scanned = LedgerView{**transaction}.scan_records(next, apply);
      if (!scanned) {
        add({Damage::storage, next, {}, scanned.error().message});
        return;
      }
    }
  }

  void compare(const Snapshot& snapshot, const StreamHeads& streams,
               const Hash& link) {
    const auto& position = snapshot.position;
    auto bad = [&](const std::string& why) {
      add({Damage::snapshot,
           {},
           {},
           "the snapshot at " + std::to_string(position.head.size) + ": " +
               why});
    };
    if (position.link != link) bad("its link is not the last entry's hash");
    if (position.streams != streams)
      bad("its streams are not those of the entries");
    auto same = options_.oracle->check_snapshot(snapshot.state);
    if (!same && same.error().code == ErrorCode::too_new)
      snapshots_too_new_ += 1;
    else if (!same)
      bad(same.error().message);
  }

  // -- findings ---------------------------------------------------------------

  void add(Finding finding) {
    if (too_new_at_ && finding.sequence > too_new_at_) return;
    report_.findings_total += 1;
    if (finding.sequence &&
        (!report_.first_bad || *finding.sequence < *report_.first_bad))
      report_.first_bad = finding.sequence;
    if (report_.findings.size() < max_findings)
      report_.findings.push_back(std::move(finding));
  }

  [[nodiscard]] bool findings_ok() const {
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
    if (!findings_ok() && !report_.first_bad) return;
    auto good = std::min(report_.first_bad.value_or(report_.head.size),
                         too_new_at_.value_or(report_.head.size));
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
      missing.emplace_back("signatures of the entries (level chain)");
    else
      checked.emplace_back("signatures of the entries");
    checked.emplace_back("signatures and roots of snapshots");
    if (options_.level != AuditLevel::replay)
      missing.emplace_back(
          "state, and the states and streams in snapshots (below level "
          "replay)");
    else if (replayed_)
      checked.emplace_back("state, and the states in snapshots");
    else
      missing.emplace_back(
          "state, and the states in snapshots (entries are bad or too new)");
    if (snapshots_too_new_ > 0)
      missing.push_back(std::to_string(snapshots_too_new_) +
                        " snapshots in a layout that this program does not "
                        "know");
    if (too_new_at_)
      missing.push_back("entries after " + std::to_string(*too_new_at_) +
                        ", which needs a newer program");
    if (signatures_without_key_ > 0)
      missing.push_back(std::to_string(signatures_without_key_) +
                        " signatures by keys that damaged entries brought in");
    for (const auto& name : unjudged_)
      missing.push_back(name + " (the entries do not tell enough)");
    if (options_.known_checkpoints.empty())
      missing.emplace_back(
          "whether newer entries were removed (no checkpoint from elsewhere; "
          "give one with --against)");
    missing.emplace_back(
        "operator signatures (entries of this level carry none)");
  }

  Backend& backend_;
  const AuditOptions& options_;
  AuditReport report_;
  std::optional<std::string> checkpoint_note_;
  AuditKeys keys_;
  KeyHistory found_keys_;
  std::optional<NodeId> node_;
  /// What is known once the chunks so far were put together.
  struct Joined {
    std::optional<Hash> link = Hash{};
    StreamHeads streams;
    bool lost_entries = false;
    /// The tree above the chunks, as if each was a leaf.
    Frontier upper_tree;
    std::vector<Hash> edge;
    bool tree_whole = true;
    std::optional<std::uint64_t> last_strange_leaf;
  };
  Joined joined_;
  std::optional<std::uint64_t> too_new_at_;
  std::uint64_t signatures_without_key_ = 0;
  /// Checkpoints that nothing could be said about.
  std::vector<std::string> unjudged_;
  std::vector<Snapshot> snapshots_;
  std::uint64_t snapshots_too_new_ = 0;
  bool replayed_ = false;
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

AuditReport audit(Backend& backend, const AuditOptions& options) {
  return Auditor{backend, options}.run();
}

}  // namespace ppn::store
