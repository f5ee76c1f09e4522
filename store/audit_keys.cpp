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

bool is_signed_by(ByteView record, const PublicKey& key) {
  auto split = split_record(record);
  return split && verify(key, entry_domain, split->entry, split->signature);
}

/// Nothing if the entry has nothing to say about keys.
std::optional<Claim> claim_of(LedgerView& view, std::uint64_t sequence,
                              const std::optional<PublicKey>& before) {
  auto stored = view.record(sequence);
  AlignedBytes aligned;
  auto record = stored ? open_record(*stored, aligned) : stored.error();
  if (!record) return Claim{};
  bool in_place = record->entry->sequence() == sequence;
  if (sequence == 0) {
    const auto* identity = identity_of(*record->entry);
    if (identity == nullptr) return Claim{};
    // The node is named after it, so it is the key to check signatures with,
    // also where that shows that entry 0 is not signed.
    return Claim{in_place && first_key(*record->entry).ok(),
                 PublicKey{*identity->key()}};
  }
  const auto* rotated = record->entry->payload_as_NodeKeyRotated();
  if (rotated == nullptr) return std::nullopt;
  bool clean = in_place && before && handed_over_key(*record, *before).ok();
  return Claim{clean, PublicKey{*rotated->new_key()}};
}

/// What the entries after a place show; more than one, for they may be damaged
/// too.
struct Successors {
  /// The first of the keys asked for that signed one of them.
  std::optional<PublicKey> signer;
  bool any = false;
};

Successors look_after(LedgerView& view, std::uint64_t sequence,
                      const std::optional<PublicKey>& next,
                      const std::optional<PublicKey>& before) {
  constexpr std::uint64_t entries_to_look_at = 8;
  Successors successors;
  AlignedBytes aligned;
  for (std::uint64_t i = 1; i <= entries_to_look_at; ++i) {
    auto stored = view.record(sequence + i);
    if (!stored) continue;
    for (const auto& key : {next, before})
      if (key && is_signed_by(*stored, *key)) return {key, true};
    successors.any = successors.any || open_record(*stored, aligned).ok();
  }
  return successors;
}

/// Where the index says that a node speaks of itself, in order.
std::vector<std::uint64_t> listed_places(LedgerView& view, std::uint64_t size) {
  std::vector<std::uint64_t> places{0};
  // A scan that fails leaves keys out, and the audit of the entries finds that.
  (void)view.scan_stream(node_stream, 0, [&](std::uint64_t sequence) {
    if (sequence < size) places.push_back(sequence);
    return true;
  });
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace

AuditKeys AuditKeys::by_index(LedgerView& view, std::uint64_t size) {
  AuditKeys keys;
  for (auto place : listed_places(view, size)) keys.follow(view, place, true);
  return keys;
}

AuditKeys AuditKeys::by_entries(LedgerView& view, std::uint64_t size) {
  auto listed = listed_places(view, size);
  AuditKeys keys;
  auto next_listed = listed.begin();
  for (std::uint64_t place = 0; place < size; ++place) {
    bool is_listed = next_listed != listed.end() && *next_listed == place;
    if (is_listed) ++next_listed;
    keys.follow(view, place, is_listed);
  }
  return keys;
}

/// An entry that is damaged may be a key rotation.
void AuditKeys::follow(LedgerView& view, std::uint64_t sequence,
                       bool is_listed) {
  auto before = periods_.back().key;
  auto claim = claim_of(view, sequence, before);
  if (!claim) return;
  auto next = claim->key;
  if (!claim->clean) {
    auto after = look_after(view, sequence, next, before);
    // Without a sign of a rotation there was none.
    if (after.signer == before && before) return;
    if (!after.any && !is_listed) return;
    next = after.signer;
  }
  if (sequence == 0)
    periods_.front().key = next;
  else
    periods_.push_back({sequence + 1, next});
}

std::size_t AuditKeys::period_at(std::uint64_t sequence) const {
  auto after = std::upper_bound(
      periods_.begin(), periods_.end(), sequence,
      [](std::uint64_t at, const Period& period) { return at < period.from; });
  return static_cast<std::size_t>(after - periods_.begin()) - 1;
}

const std::optional<PublicKey>& AuditKeys::at(std::uint64_t sequence) const {
  return periods_[period_at(sequence)].key;
}

KeyHistory AuditKeys::around(std::uint64_t sequence) const {
  constexpr std::size_t reach = 4;
  auto middle = period_at(sequence);
  auto end = std::min(middle + reach + 1, periods_.size());
  KeyHistory keys;
  for (auto i = middle - std::min(middle, reach); i < end; ++i)
    if (periods_[i].key) keys.push_back({periods_[i].from, *periods_[i].key});
  return keys;
}

KeyHistory AuditKeys::known() const {
  KeyHistory keys;
  for (const auto& period : periods_)
    if (period.key) keys.push_back({period.from, *period.key});
  return keys;
}

bool AuditKeys::knows(const KeyPeriod& wanted) const {
  const auto& period = periods_[period_at(wanted.from)];
  return period.from == wanted.from && period.key == wanted.key;
}

bool AuditKeys::complete_to(std::uint64_t sequence) const {
  return std::all_of(periods_.begin(), periods_.end(), [&](const auto& period) {
    return period.from > sequence || period.key.has_value();
  });
}

}  // namespace ppn::store
