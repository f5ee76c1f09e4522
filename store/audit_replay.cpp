#include "store/audit_replay.hpp"

#include "store/byte_order.hpp"

namespace ppn::store {

std::optional<Finding> AuditReplay::go_on(LedgerView& view, std::uint64_t end) {
  if (stopped_) return std::nullopt;
  Status folded;
  auto scanned = view.scan_records(next_, [&](const StoredRecord& stored) {
    if (stored.sequence == end) return false;
    folded = fold(view, stored);
    return folded.ok();
  });
  if (folded && scanned && next_ == end) return std::nullopt;
  stopped_ = true;
  if (!folded)
    return Finding{Damage::payload, next_, {}, folded.error().message};
  return Finding{
      Damage::storage,
      next_,
      {},
      scanned ? "the record can not be read again" : scanned.error().message};
}

Status AuditReplay::fold(LedgerView& view, const StoredRecord& stored) {
  auto opened = open_record(stored.record, aligned_);
  if (!opened) return opened.error();
  const auto& entry = *opened->entry;
  if (auto applied = oracle_.apply(entry); !applied) return applied;
  advance_stream(entry.stream()->string_view(), entry.stream_version());
  ++next_;
  bool at_snapshot = next_snapshot_ < snapshot_sizes_.size() &&
                     snapshot_sizes_[next_snapshot_] == next_;
  if (at_snapshot) {
    ++next_snapshot_;
    compare_snapshot(view, next_, hash_record(opened->halves).link);
  }
  return {};
}

void AuditReplay::advance_stream(std::string_view name, std::uint64_t version) {
  auto stream = streams_.find(name);
  if (stream == streams_.end())
    streams_.emplace(name, version);
  else
    stream->second = version;
}

void AuditReplay::compare_snapshot(LedgerView& view, std::uint64_t size,
                                   const Hash& link) {
  auto stored = view.transaction().get(Table::snapshots, big_endian(size));
  auto snapshot = stored ? decode_snapshot(*stored) : stored.error();
  // One that is damaged or too new is reported where all of them are checked.
  if (!snapshot) return;
  auto& comparison = compared_[size];
  const auto& position = snapshot->position;
  if (position.link != link)
    comparison.complaints.emplace_back("its link is not the last entry's hash");
  if (position.streams != streams_)
    comparison.complaints.emplace_back(
        "its streams are not those of the entries");
  auto same = oracle_.check_snapshot(snapshot->state);
  comparison.too_new = !same && same.error().code == ErrorCode::too_new;
  if (!same && !comparison.too_new)
    comparison.complaints.push_back(same.error().message);
}

const SnapshotComparison* AuditReplay::comparison(std::uint64_t size) const {
  auto found = compared_.find(size);
  return found == compared_.end() ? nullptr : &found->second;
}

}  // namespace ppn::store
