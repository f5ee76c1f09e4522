#include "store/audit_keys.hpp"

#include <algorithm>

#include "store/key_rotation.hpp"

namespace ppn::store {

namespace {

/// What an entry claims about the key that signs from the next one on.
struct Claim {
  /// It is whole: signed by the key before it, and the new key agreed.
  bool clean = false;
  std::optional<PublicKey> key;
};

bool is_signed_by(LedgerView& view, std::uint64_t sequence,
                  const PublicKey& key) {
  auto record = view.record(sequence);
  auto split = record ? split_record(*record) : record.error();
  return split && verify(key, entry_domain, split->entry, split->signature);
}

/// Nothing if the entry has nothing to say about keys.
std::optional<Claim> claim_of(LedgerView& view, std::uint64_t sequence,
                              const std::optional<PublicKey>& before) {
  auto record = view.record(sequence);
  auto split = record ? split_record(*record) : record.error();
  AlignedBytes aligned;
  auto entry = split ? check_entry(aligned.assign(split->entry))
                     : split.error();
  if (!entry) return Claim{};
  bool in_place = (*entry)->sequence() == sequence;
  if (sequence == 0) {
    const auto* identity = identity_of(**entry);
    if (identity == nullptr) return Claim{};
    // The node is named after it, so it is the key to check signatures with,
    // also where that shows that entry 0 is not signed.
    return Claim{in_place && first_key(**entry).ok(),
                 PublicKey{*identity->key()}};
  }
  const auto* rotated = (*entry)->payload_as_NodeKeyRotated();
  if (rotated == nullptr) return std::nullopt;
  bool clean = in_place && before && rotated_key(**entry).ok() &&
               is_signed_by(view, sequence, *before);
  return Claim{clean, PublicKey{*rotated->new_key()}};
}

}  // namespace

AuditKeys AuditKeys::by_index(LedgerView& view, std::uint64_t size) {
  std::vector<std::uint64_t> places{0};
  // A scan that fails leaves keys out, and the audit of the entries finds that.
  (void)view.scan_stream(node_stream, 0, [&](std::uint64_t sequence) {
    if (sequence < size) places.push_back(sequence);
    return true;
  });
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  AuditKeys keys;
  for (auto place : places) keys.follow(view, place);
  return keys;
}

AuditKeys AuditKeys::by_entries(LedgerView& view, std::uint64_t size) {
  AuditKeys keys;
  for (std::uint64_t place = 0; place < size; ++place) keys.follow(view, place);
  return keys;
}

/// An entry that is damaged may be a key rotation. Which of the keys that are
/// at hand signs on shows in the entry after it.
void AuditKeys::follow(LedgerView& view, std::uint64_t sequence) {
  auto before = periods_.back().key;
  auto claim = claim_of(view, sequence, before);
  if (!claim) return;
  auto next = claim->key;
  bool is_next = claim->clean ||
                 (next && is_signed_by(view, sequence + 1, *next));
  if (sequence == 0) {
    if (is_next) periods_.front().key = next;
    return;
  }
  if (!is_next && before && is_signed_by(view, sequence + 1, *before)) return;
  if (!is_next) next.reset();
  periods_.push_back({sequence + 1, next});
}

const std::optional<PublicKey>& AuditKeys::at(std::uint64_t sequence) const {
  auto period = periods_.rbegin();
  while (period->from > sequence) ++period;
  return period->key;
}

KeyHistory AuditKeys::known() const {
  KeyHistory keys;
  for (const auto& period : periods_)
    if (period.key) keys.push_back({period.from, *period.key});
  return keys;
}

bool AuditKeys::knows(const KeyPeriod& wanted) const {
  return std::any_of(periods_.begin(), periods_.end(), [&](const auto& period) {
    return period.from == wanted.from && period.key == wanted.key;
  });
}

bool AuditKeys::complete_to(std::uint64_t sequence) const {
  return std::all_of(periods_.begin(), periods_.end(), [&](const auto& period) {
    return period.from > sequence || period.key.has_value();
  });
}

}  // namespace ppn::store
