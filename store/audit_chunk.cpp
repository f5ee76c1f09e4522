#include "store/audit_chunk.hpp"

#include "store/byte_order.hpp"
#include "store/key_rotation.hpp"

namespace ppn::store {

namespace {

class ChunkAuditor {
 public:
  ChunkAuditor(LedgerView& view, const ChunkTask& task)
      : view_(view), task_(task) {
    audit_.begin = task.begin;
    audit_.end = task.end;
  }

  ChunkAudit run() && {
    auto next = task_.begin;
    auto scanned =
        view_.scan_records(task_.begin, [&](const StoredRecord& stored) {
          if (stored.sequence == task_.end) return false;
          next = stored.sequence + 1;
          check(stored);
          return true;
        });
    if (!scanned)
      report(Damage::storage, next, {}, scanned.error().message);
    else if (next != task_.end)
      report(Damage::storage, next, {}, "the record is missing");
    settle_suspect();
    return std::move(audit_);
  }

 private:
  void check(const StoredRecord& stored) {
    auto sequence = stored.sequence;
    auto split = split_record(stored.record);
    if (!split) {
      lose_link(stored, Damage::payload, split.error().message);
      return;
    }
    auto hashes = hash_record(*split);
    bool leaf_matches = check_nodes(sequence, hashes.leaf);
    auto entry = check_entry(aligned_.assign(split->entry));
    bool signed_well = true;
    if (task_.check_signatures || !entry || !leaf_matches) {
      audit_.signatures_checked += 1;
      signed_well = verify(key_at(*task_.keys, sequence), entry_domain,
                           split->entry, split->signature);
    }
    bool readable = entry.ok() && (*entry)->sequence() == sequence;
    check_link(stored, readable ? *entry : nullptr);
    if (!entry && signed_well) {
      report_unreadable(stored, entry.error());
    } else if (entry && !readable) {
      lose_link(
          stored, Damage::hash,
          "it says that it is entry " + std::to_string((*entry)->sequence()));
      return;
    } else if (!signed_well) {
      suspect(stored, *split);
    } else if (!leaf_matches) {
      report(Damage::tree, sequence, stored.record,
             "the tree does not match the record");
    }
    if (readable) check_content(stored, **entry);
    audit_.last_link = hashes.link;
  }

  // -- chain ------------------------------------------------------------------

  /// The prev of this entry tells whether the one before is as it was when this
  /// one was signed.
  void check_link(const StoredRecord& stored, const schema::Entry* entry) {
    std::optional<Hash> prev;
    if (entry != nullptr) prev = Hash{*entry->prev()};
    if (stored.sequence == task_.begin) {
      audit_.first_prev = prev;
      if (entry != nullptr) audit_.node = NodeId{*entry->node()};
    }
    const auto& link = audit_.last_link;
    bool follows = !link || !prev || *prev == *link;
    settle_suspect_with(prev);
    if (!follows && !audit_.last_is_bad)
      report(Damage::hash, stored.sequence, stored.record,
             "it does not follow from the entry before it");
    audit_.last_is_bad = false;
  }

  void lose_link(const StoredRecord& stored, Damage damage,
                 std::string message) {
    settle_suspect_with({});
    report(damage, stored.sequence, stored.record, std::move(message));
    audit_.last_link.reset();
    audit_.last_is_bad = true;
  }

  // -- signatures -------------------------------------------------------------

  struct Suspect {
    std::uint64_t sequence = 0;
    std::optional<std::uint64_t> offset;
    Hash link;
    bool other_key = false;
  };

  /// A signature is wrong. Whether it or the entry was changed shows when the
  /// next entry is seen, which carries the entry's hash.
  void suspect(const StoredRecord& stored, const RecordView& record) {
    Suspect found{stored.sequence, offset_of(stored.record),
                  hash_record(record).link, false};
    for (const auto& period : *task_.keys)
      found.other_key =
          found.other_key ||
          verify(period.key, entry_domain, record.entry, record.signature);
    suspect_ = found;
    audit_.last_is_bad = true;
  }

  void settle_suspect_with(const std::optional<Hash>& next_prev) {
    if (!suspect_) return;
    auto found = *suspect_;
    suspect_.reset();
    Finding finding{Damage::signature, found.sequence, found.offset,
                    "the signature is wrong"};
    if (found.other_key)
      finding = {Damage::key, found.sequence, found.offset,
                 "it is signed by a key that is not in force there"};
    else if (!next_prev || *next_prev != found.link)
      finding = {Damage::payload, found.sequence, found.offset,
                 "its bytes are not those that were signed"};
    audit_.findings.push_back(std::move(finding));
    audit_.last_is_bad = true;
  }

  /// At the end of the chunk the next entry is the first of another one.
  void settle_suspect() {
    if (!suspect_) return;
    std::optional<Hash> prev;
    if (task_.end < task_.size) {
      auto record = view_.record(task_.end);
      auto split = record ? split_record(*record) : record.error();
      auto entry = split ? check_entry(aligned_.assign(split->entry))
                         : split.error();
      if (entry) prev = Hash{*(*entry)->prev()};
    }
    settle_suspect_with(prev);
  }

  void report_unreadable(const StoredRecord& stored, const Error& error) {
    if (error.code != ErrorCode::too_new) {
      report(Damage::schema, stored.sequence, stored.record, error.message);
    } else if (!audit_.too_new) {
      audit_.too_new = stored.sequence;
      audit_.too_new_message = error.message;
    }
  }

  // -- tree -------------------------------------------------------------------

  /// Compares the nodes that this leaf completes, as far up as the chunk goes.
  /// False if the leaf itself differs; nodes above it are reported here.
  bool check_nodes(std::uint64_t sequence, const Hash& leaf) {
    auto nodes = view_.nodes_of(sequence);
    bool whole = nodes.ok() &&
                 nodes->size() == nodes_completed_by(sequence) * Hash::size;
    bool leaf_matches = false;
    bool inner_match = whole;
    std::size_t level = 0;
    audit_.tree.append(leaf, [&](const Hash& node) {
      bool equal = whole &&
                   std::equal(node.bytes.begin(), node.bytes.end(),
                              nodes->begin() + static_cast<std::ptrdiff_t>(
                                                   level * Hash::size));
      if (level++ == 0) {
        leaf_matches = equal;
      } else {
        inner_match = inner_match && equal;
      }
    });
    // A damaged record damages the nodes above it too; that is one finding.
    if (!leaf_matches) tree_differs_ = true;
    if (!inner_match && !tree_differs_)
      report(Damage::tree, sequence, nodes.ok() ? *nodes : ByteView{},
             "a node of the tree does not match those below it");
    return leaf_matches;
  }

  // -- content ----------------------------------------------------------------

  void check_content(const StoredRecord& stored, const schema::Entry& entry) {
    auto sequence = stored.sequence;
    if (NodeId{*entry.node()} != audit_.node)
      report(Damage::payload, sequence, stored.record, "it is of another node");
    check_stream(stored, entry);
    if (sequence != 0 && identity_of(entry) != nullptr)
      report(Damage::key, sequence, stored.record,
             "only entry 0 may found a node");
    if (sequence == 0)
      take_key(stored, first_key(entry), 0);
    else if (entry.payload_type() == schema::Event::NodeKeyRotated)
      take_key(stored, rotated_key(entry), sequence + 1);
  }

  void take_key(const StoredRecord& stored, const Result<PublicKey>& key,
                std::uint64_t from) {
    if (key)
      audit_.keys.push_back({from, *key});
    else
      report(Damage::key, stored.sequence, stored.record, key.error().message);
  }

  void check_stream(const StoredRecord& stored, const schema::Entry& entry) {
    auto name = entry.stream()->string_view();
    auto version = entry.stream_version();
    auto run = audit_.streams.find(name);
    if (run == audit_.streams.end())
      run = audit_.streams.emplace(name, StreamRun{version, 0}).first;
    if (run->second.first + run->second.count != version)
      report(Damage::payload, stored.sequence, stored.record,
             "its stream version is " + std::to_string(version) + " where " +
                 std::to_string(run->second.first + run->second.count) +
                 " is due");
    run->second.count += 1;

    auto indexed =
        view_.transaction().get(Table::streams, stream_key(name, version));
    bool listed = indexed.ok() && indexed->size() == sizeof(std::uint64_t) &&
                  from_big_endian(*indexed) == stored.sequence;
    if (!listed)
      report(Damage::index, stored.sequence, stored.record,
             "the index of streams does not list it");
  }

  // -- findings ---------------------------------------------------------------

  [[nodiscard]] std::optional<std::uint64_t> offset_of(ByteView bytes) const {
    if (bytes.empty() || !task_.options->offset_of) return std::nullopt;
    return task_.options->offset_of(bytes);
  }

  void report(Damage damage, std::uint64_t sequence, ByteView where,
              std::string message) {
    audit_.findings.push_back(
        {damage, sequence, offset_of(where), std::move(message)});
  }

  LedgerView& view_;
  const ChunkTask& task_;
  ChunkAudit audit_;
  AlignedBytes aligned_;
  std::optional<Suspect> suspect_;
  bool tree_differs_ = false;
};

}  // namespace

ChunkAudit audit_chunk(LedgerView& view, const ChunkTask& task) {
  return ChunkAuditor{view, task}.run();
}

}  // namespace ppn::store
