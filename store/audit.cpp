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
    report_.head.size = *size;
    if (*size == 0) return give_up_empty();
    if (auto format = view.check_format(); !format) {
      if (format.error().code != ErrorCode::too_new)
        return give_up(format.error());
      report_.too_new = format.error().message;
      return false;
    }
    auto note = view.checkpoint_note();
    if (note)
      checkpoint_note_ = *note;
    else
      add({Damage::checkpoint, {}, {}, "there is no checkpoint"});
    check_counts(view);
    candidate_keys_ = keys_by_index(view);
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
      auto count = view.transaction().count(expected.table);
      if (count && *count == expected.count) continue;
      add({expected.damage,
           {},
           {},
           "table " +
               std::string{
                   table_names[static_cast<std::size_t>(expected.table)]} +
               " holds " + (count ? std::to_string(*count) : "?") +
               " records where " + std::to_string(expected.count) +
               " are due"});
    }
  }

  /// The keys by the index of streams, which is not to be trusted: the audit of
  /// the entries shows whether it left one out.
  static KeyHistory keys_by_index(LedgerView& view) {
    KeyHistory keys{{0, PublicKey{}}};
    AlignedBytes aligned;
    auto take = [&](std::uint64_t sequence) {
      auto record = view.record(sequence);
      auto split = record ? split_record(*record) : record.error();
      auto entry = split ? check_entry(aligned.assign(split->entry))
                         : split.error();
      if (!entry) return true;
      if (const auto* identity = identity_of(**entry); sequence == 0)
        keys[0].key = identity != nullptr ? PublicKey{*identity->key()}
                                          : PublicKey{};
      if (const auto* rotated = (*entry)->payload_as_NodeKeyRotated())
        keys.push_back({sequence + 1, PublicKey{*rotated->new_key()}});
      return true;
    };
    // A scan that fails leaves keys out, and the audit finds that.
    (void)view.scan_stream(node_stream, 0, take);
    return keys;
  }

  // -- entries ----------------------------------------------------------------

  void check_entries_and_keys() {
    auto before = report_;
    check_entries();
    if (found_keys_.size() > candidate_keys_.size()) {
      // The index hid a key rotation, which is found by now: the signatures
      // were checked under the wrong keys, so all is done again.
      candidate_keys_ = std::move(found_keys_);
      report_ = std::move(before);
      found_keys_.clear();
      streams_.clear();
      upper_tree_ = {};
      edge_.clear();
      check_entries();
    }
    report_.keys = found_keys_.empty() ? candidate_keys_ : found_keys_;
  }

  void check_entries() {
    ChunkTask whole;
    whole.size = report_.head.size;
    whole.check_signatures = options_.level != AuditLevel::chain;
    whole.keys = &candidate_keys_;
    whole.options = &options_;
    ChunkQueue queue{backend_, whole, std::max(1U, options_.jobs)};
    std::optional<Hash> link = Hash{};
    bool last_is_bad = false;
    for (std::size_t i = 0; i < queue.count(); ++i) {
      auto chunk = queue.take(i);
      if (i == 0) report_.node = chunk.node;
      join(chunk, link, last_is_bad);
      link = chunk.last_link;
      last_is_bad = chunk.last_is_bad;
      if (options_.progress)
        options_.progress(chunk.end, report_.head.size, report_.first_bad);
    }
    if (!tree_whole_) return;
    auto nodes = upper_tree_.nodes();
    nodes.insert(nodes.end(), edge_.begin(), edge_.end());
    report_.head.root = Frontier{report_.head.size, std::move(nodes)}.root();
  }

  void join(const ChunkAudit& chunk, const std::optional<Hash>& link,
            bool last_is_bad) {
    for (const auto& finding : chunk.findings) add(finding);
    report_.signatures_checked += chunk.signatures_checked;
    if (chunk.too_new && !report_.too_new)
      report_.too_new = "entry " + std::to_string(*chunk.too_new) + ": " +
                        chunk.too_new_message;
    if (link && chunk.first_prev && *link != *chunk.first_prev && !last_is_bad)
      add({Damage::hash,
           chunk.begin,
           {},
           "it does not follow from the entry before it"});
    if (chunk.node != report_.node)
      add({Damage::payload, chunk.begin, {}, "it is of another node"});
    for (const auto& [name, run] : chunk.streams)
      join_stream(name, run, chunk.begin);
    found_keys_.insert(found_keys_.end(), chunk.keys.begin(), chunk.keys.end());
    join_tree(chunk);
  }

  void join_stream(const std::string& name, const StreamRun& run,
                   std::uint64_t begin) {
    auto& version = streams_[name];
    if (run.first != version + 1)
      add({Damage::payload,
           begin,
           {},
           "stream " + name + " goes on at version " +
               std::to_string(run.first) + " where " +
               std::to_string(version + 1) + " is due"});
    version = run.first + run.count - 1;
  }

  void join_tree(const ChunkAudit& chunk) {
    // Records that can not be read leave holes; those are findings already.
    tree_whole_ = tree_whole_ && chunk.tree.size() == chunk.end - chunk.begin;
    if (!tree_whole_) return;
    if (chunk.tree.size() != audit_chunk_size) {
      edge_ = chunk.tree.nodes();
      return;
    }
    auto completed = upper_tree_nodes(chunk.end - 1);
    std::size_t level = 0;
    bool equal = true;
    upper_tree_.append(chunk.tree.root(), [&](const Hash& node) {
      equal = equal && level < completed.size() && completed[level] == node;
      ++level;
    });
    if (!equal)
      add({Damage::tree,
           chunk.end - 1,
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
      check_checkpoint("the ledger's checkpoint", *checkpoint_note_, true);
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
    auto verified = verify_checkpoint(*checkpoint, report_.node,
                                      key_at(report_.keys, head.size));
    bool signed_by_unknown = !verified &&
                             verified.error().code == ErrorCode::not_found;
    if (head.size > size && (verified || signed_by_unknown))
      return bad("it is of " + std::to_string(head.size) +
                 " entries and the ledger has only " + std::to_string(size) +
                 ": the ledger was rolled back");
    if (!verified) return bad(verified.error().message);
    if (!tree_whole_) return;
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
    KeyHistory keys = report_.keys;
    std::erase_if(keys, [&](const auto& key) { return key.from > size; });
    auto root = root_at(size);
    if (position.head.size != size || size == 0)
      return bad("it is of another size");
    if (tree_whole_ && (!root || position.head.root != *root))
      return bad("its root is not that of the tree");
    if (position.node != report_.node) return bad("it is of another node");
    if (position.keys != keys) return bad("its keys are not the ledger's");
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
    auto good = report_.first_bad.value_or(report_.head.size);
    if (good > 0) report_.last_good = good - 1;
  }

  void say_what_was_checked() {
    auto& checked = report_.checked;
    auto& missing = report_.not_checked;
    checked = {"chain", "tree", "streams and their index", "checkpoint"};
    for (const auto& known : options_.known_checkpoints)
      checked.push_back(known.name);
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
  KeyHistory candidate_keys_;
  KeyHistory found_keys_;
  StreamHeads streams_;
  /// The tree above the chunks, as if each was a leaf.
  Frontier upper_tree_;
  std::vector<Hash> edge_;
  bool tree_whole_ = true;
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
