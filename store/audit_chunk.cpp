#include "store/audit_chunk.hpp"

#include "store/byte_order.hpp"
#include "store/key_rotation.hpp"

namespace ppn::store {

namespace {

enum class SignatureCheck : std::uint8_t { good, bad, left_out };

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
    settle_suspect(next < task_.size ? prev_of(next) : std::nullopt);
    if (next != task_.end) {
      audit_.last_link.reset();
      audit_.lost_entries = true;
      report(Damage::storage, next, {},
             scanned ? "the record is missing" : scanned.error().message);
    }
    return std::move(audit_);
  }

 private:
  /// A record whose bytes can be told apart.
  struct Opened {
    std::uint64_t sequence;
    ByteView record;
    RecordView halves;
    RecordHashes hashes;
    Result<const schema::Entry*> entry;

    [[nodiscard]] bool in_place() const {
      return entry.ok() && (*entry)->sequence() == sequence;
    }
  };

  void check(const StoredRecord& stored) {
    auto nodes = view_.nodes_of(stored.sequence);
    nodes_ = nodes ? *nodes : ByteView{};
    auto split = split_record(stored.record);
    if (!split) {
      settle_suspect({});
      grow_tree(stored.sequence, std::nullopt);
      lose(Damage::payload, stored, split.error().message);
      return;
    }
    Opened opened{stored.sequence, stored.record, *split, hash_record(*split),
                  check_entry(aligned_.assign(split->entry))};
    settle_suspect(opened.in_place()
                       ? std::optional{Hash{*(*opened.entry)->prev()}}
                       : std::nullopt);
    bool in_tree = stored_leaf() == opened.hashes.leaf;
    auto signature = check_signature(opened, in_tree);
    bool sound = signature == SignatureCheck::good ||
                 (signature == SignatureCheck::left_out && in_tree);
    bool misplaced = opened.entry.ok() && !opened.in_place();
    grow_tree(stored.sequence, sound && !misplaced
                                   ? std::optional{opened.hashes.leaf}
                                   : std::nullopt);
    if (!sound)
      suspect(opened);
    else if (misplaced)
      lose(Damage::hash, stored, says_that_it_is(**opened.entry));
    else
      check_sound(opened, in_tree, signature == SignatureCheck::good);
  }

  void check_sound(const Opened& opened, bool in_tree, bool is_signed) {
    if (!opened.entry)
      report_unreadable(opened, opened.entry.error(), is_signed);
    else
      check_link(opened, Hash{*(*opened.entry)->prev()});
    if (!in_tree && !tree_reported_)
      report(Damage::tree, opened.sequence, opened.record,
             "the tree does not match the record");
    if (opened.entry) check_content(opened, **opened.entry);
    audit_.last_link = opened.hashes.link;
  }

  /// Nothing that the record says is believed, and the next one's prev can not
  /// be compared with it.
  void lose(Damage damage, const StoredRecord& stored, std::string message) {
    report(damage, stored.sequence, stored.record, std::move(message));
    audit_.last_link.reset();
    audit_.lost_entries = true;
  }

  static std::string says_that_it_is(const schema::Entry& entry) {
    return "it says that it is entry " + std::to_string(entry.sequence());
  }

  // -- chain ------------------------------------------------------------------

  void check_link(const Opened& opened, const Hash& prev) {
    if (opened.sequence == task_.begin) audit_.first_prev = prev;
    if (audit_.last_link && *audit_.last_link != prev)
      report(Damage::hash, opened.sequence, opened.record,
             "it does not follow from the entry before it");
  }

  // -- signatures -------------------------------------------------------------

  SignatureCheck check_signature(const Opened& opened, bool in_tree) {
    bool may_be_left_out = !task_.check_signatures && in_tree && opened.entry &&
                           !says_who_signs(opened);
    if (may_be_left_out) return SignatureCheck::left_out;
    const auto& key = task_.keys->at(opened.sequence);
    if (!key) {
      audit_.signatures_without_key += 1;
      return SignatureCheck::left_out;
    }
    audit_.signatures_checked += 1;
    return verify(*key, entry_domain, opened.halves.entry,
                  opened.halves.signature)
               ? SignatureCheck::good
               : SignatureCheck::bad;
  }

  /// On these rest the checkpoints, and with them all else.
  static bool says_who_signs(const Opened& opened) {
    return opened.sequence == 0 ||
           (*opened.entry)->payload_type() == schema::Event::NodeKeyRotated;
  }

  [[nodiscard]] bool is_signed_by_another_key(const Opened& opened) const {
    for (const auto& period : task_.keys->around(opened.sequence))
      if (verify(period.key, entry_domain, opened.halves.entry,
                 opened.halves.signature))
        return true;
    return false;
  }

  struct Suspect {
    std::uint64_t sequence = 0;
    std::optional<std::uint64_t> offset;
    Hash link;
  };

  /// The signature does not fit the entry. Which of them was changed shows when
  /// the next entry is seen, which carries the entry's hash.
  void suspect(const Opened& opened) {
    audit_.last_link.reset();
    audit_.lost_entries = true;
    if (!is_signed_by_another_key(opened))
      suspect_ = {opened.sequence, offset_of(opened.record),
                  opened.hashes.link};
    else if (opened.entry && !opened.in_place())
      report(Damage::hash, opened.sequence, opened.record,
             says_that_it_is(**opened.entry));
    else
      report(Damage::key, opened.sequence, opened.record,
             "it is signed by a key that is not in force there");
  }

  void settle_suspect(const std::optional<Hash>& next_prev) {
    if (!suspect_) return;
    auto found = *std::exchange(suspect_, std::nullopt);
    bool entry_is_whole = next_prev && *next_prev == found.link;
    if (entry_is_whole)
      add({Damage::signature, found.sequence, found.offset,
           "the signature is wrong"});
    else
      add({Damage::payload, found.sequence, found.offset,
           "its bytes are not those that were signed"});
  }

  /// The prev of an entry that another chunk audits.
  std::optional<Hash> prev_of(std::uint64_t sequence) {
    auto stored = view_.record(sequence);
    auto record = stored ? open_record(*stored, aligned_) : stored.error();
    if (!record || record->entry->sequence() != sequence) return std::nullopt;
    return Hash{*record->entry->prev()};
  }

  void report_unreadable(const Opened& opened, const Error& error,
                         bool is_signed) {
    audit_.lost_entries = true;
    if (error.code != ErrorCode::too_new) {
      report(Damage::schema, opened.sequence, opened.record, error.message);
    } else if (!audit_.too_new) {
      audit_.too_new = opened.sequence;
      audit_.too_new_message = error.message;
      audit_.too_new_is_signed = is_signed;
    }
  }

  // -- tree -------------------------------------------------------------------

  [[nodiscard]] std::optional<Hash> stored_leaf() const {
    if (nodes_.size() < Hash::size) return std::nullopt;
    return Hash{nodes_.first<Hash::size>()};
  }

  /// Compares the nodes that this leaf completes, as far up as the chunk goes.
  /// Without a `leaf` that can be believed the stored one stands in, so that
  /// a damaged record is not laid to the tree.
  void grow_tree(std::uint64_t sequence, const std::optional<Hash>& leaf) {
    auto stored = stored_leaf();
    if (!stored || (leaf && *leaf != *stored))
      audit_.last_strange_leaf = sequence;
    bool match = nodes_.size() == nodes_completed_by(sequence) * Hash::size;
    std::size_t level = 0;
    auto grown = leaf ? *leaf : stored.value_or(Hash{});
    audit_.tree.append(grown, [&](const Hash& node) {
      auto offset = level * Hash::size;
      bool equal =
          nodes_.size() >= offset + Hash::size &&
          std::equal(node.bytes.begin(), node.bytes.end(),
                     nodes_.begin() + static_cast<std::ptrdiff_t>(offset));
      if (!covers(audit_.last_strange_leaf, sequence, level))
        match = match && equal;
      ++level;
    });
    tree_reported_ = !match;
    if (!match)
      report(Damage::tree, sequence, nodes_,
             "the nodes of the tree do not match those below them");
  }

  // -- content ----------------------------------------------------------------

  void check_content(const Opened& opened, const schema::Entry& entry) {
    auto complain = [&](Damage damage, std::string message) {
      report(damage, opened.sequence, opened.record, std::move(message));
    };
    if (task_.node && NodeId{*entry.node()} != *task_.node)
      complain(Damage::payload, "it is of another node");
    check_stream(opened, entry);
    if (opened.sequence != 0 && identity_of(entry) != nullptr)
      complain(Damage::key, "only entry 0 may found a node");
    if (opened.sequence == 0)
      take_key(opened, first_key(entry), 0);
    else if (entry.payload_type() == schema::Event::NodeKeyRotated)
      take_key(opened, rotated_key(entry), opened.sequence + 1);
  }

  void take_key(const Opened& opened, const Result<PublicKey>& key,
                std::uint64_t from) {
    if (key)
      audit_.keys.push_back({from, *key});
    else
      report(Damage::key, opened.sequence, opened.record, key.error().message);
  }

  void check_stream(const Opened& opened, const schema::Entry& entry) {
    auto name = entry.stream()->string_view();
    auto version = entry.stream_version();
    auto run = audit_.streams.find(name);
    if (run == audit_.streams.end()) {
      audit_.streams.emplace(name,
                             StreamRun{version, opened.sequence, version});
    } else {
      if (!may_follow(run->second.last, version, audit_.lost_entries))
        report(Damage::payload, opened.sequence, opened.record,
               skips_version(name, run->second.last, version));
      run->second.last = version;
    }
    auto indexed = view_.transaction().get(
        Table::streams, stream_key(opened.sequence, name, version));
    bool listed = indexed.ok() && indexed->size() == sizeof(std::uint64_t) &&
                  from_big_endian(*indexed) == opened.sequence;
    if (!listed)
      report(Damage::index, opened.sequence, opened.record,
             "the index of streams does not list it");
  }

  // -- findings ---------------------------------------------------------------

  [[nodiscard]] std::optional<std::uint64_t> offset_of(ByteView bytes) const {
    if (bytes.empty() || !task_.options->offset_of) return std::nullopt;
    return task_.options->offset_of(bytes);
  }

  void report(Damage damage, std::uint64_t sequence, ByteView where,
              std::string message) {
    add({damage, sequence, offset_of(where), std::move(message)});
  }

  void add(Finding finding) {
    if (audit_.too_new && finding.sequence > audit_.too_new) return;
    audit_.findings.push_back(std::move(finding));
  }

  LedgerView& view_;
  const ChunkTask& task_;
  ChunkAudit audit_;
  AlignedBytes aligned_;
  std::optional<Suspect> suspect_;
  /// The stored nodes of the leaf at hand, and whether they were reported.
  ByteView nodes_;
  bool tree_reported_ = false;
};

}  // namespace

bool may_follow(std::uint64_t before, std::uint64_t version,
                bool lost_entries) {
  return lost_entries ? version > before : version == before + 1;
}

std::string skips_version(std::string_view stream, std::uint64_t before,
                          std::uint64_t version) {
  return "stream " + std::string{stream} + " goes on at version " +
         std::to_string(version) + " where " + std::to_string(before + 1) +
         " is due";
}

bool covers(const std::optional<std::uint64_t>& leaf, std::uint64_t last,
            std::size_t level) {
  return leaf && last - *leaf < std::uint64_t{1} << level;
}

ChunkAudit audit_chunk(LedgerView& view, const ChunkTask& task) {
  return ChunkAuditor{view, task}.run();
}

}  // namespace ppn::store
