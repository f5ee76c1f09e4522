#include "tools/ppn-ledger/state_reader.hpp"

#include <charconv>

#include "events/roster.hpp"
#include "events/state_codec.hpp"
#include "schema/time_text.hpp"
#include "store/record.hpp"
#include "store/recovery.hpp"
#include "store/signing.hpp"
#include "tools/ppn-ledger/entry_reader.hpp"

namespace ppn::tools {

namespace {

std::optional<std::uint64_t> parse_sequence(const std::string& text) {
  std::uint64_t sequence = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, sequence);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return sequence;
}

store::Result<EntryCount> entries_until(std::int64_t utc_ns,
                                        OpenLedger& ledger) {
  EntryCount count = 0;
  auto read = read_entries(ledger, 0, [&](const ReadEntry& entry) {
    if (entry.entry->clock()->utc_ns() > utc_ns) return false;
    count = entry.sequence + 1;
    return true;
  });
  if (!read) return read.error();
  return count;
}

/// What a member took from the authority has the authority's own signature, and
/// a recovery that of the recovery key.
store::Status check_authority(const events::Mesh& mesh,
                              const schema::Entry& entry) {
  const auto* taken = entry.payload_as_RosterEntryTaken();
  auto held = events::roster_entry(entry);
  if (held.entry == nullptr) return {};  // Folding it says why.
  if (const auto* recovered = held.entry->payload_as_AuthorityRecovered())
    if (auto wanted = store::check_recovery(mesh.recovery_key, *recovered);
        !wanted)
      return store::Error{store::ErrorCode::damaged, wanted.error().message};
  if (taken == nullptr) return {};
  auto key = events::expected_signer(mesh, *held.entry);
  ByteView bytes{taken->entry()->data(), taken->entry()->size()};
  if (key && store::verify(*key, store::entry_domain, bytes,
                           Signature{*taken->signature()}))
    return {};
  return store::Error{store::ErrorCode::damaged,
                      "the authority did not sign the entry of the roster that "
                      "it holds"};
}

}  // namespace

store::Result<EntryCount> parse_point(const std::string& text,
                                      OpenLedger& ledger) {
  auto size = ledger.view().size();
  if (!size) return size.error();
  if (text == "start") return EntryCount{0};
  if (text == "end") return *size;
  if (auto sequence = parse_sequence(text)) {
    if (*sequence < *size) return *sequence + 1;
    return store::Error{store::ErrorCode::bad_input,
                        "there is no entry " + text + "; the last one is " +
                            std::to_string(*size - 1)};
  }
  if (auto time = schema::parse_time(text)) return entries_until(*time, ledger);
  return store::Error{store::ErrorCode::bad_input,
                      "'" + text +
                          "' is neither a sequence nor a UTC time like "
                          "2026-11-23T10:00:00Z, nor 'start' or 'end'"};
}

store::Status StateFold::apply(const schema::Entry& entry) {
  if (auto signed_by = check_authority(state_.mesh, entry); !signed_by)
    return signed_by;
  if (auto refused = events::apply(state_, entry))
    return store::Error{store::ErrorCode::damaged, *refused};
  return {};
}

store::Status StateFold::check_snapshot(ByteView state) {
  auto decoded = events::decode(state);
  if (!decoded)
    return store::Error{store::ErrorCode::damaged,
                        "its state can not be decoded"};
  if (*decoded != state_)
    return store::Error{store::ErrorCode::damaged,
                        "its state is not what the entries make"};
  return {};
}

store::Status fold_entries(OpenLedger& ledger, EntryCount from, EntryCount to,
                           StateFold& fold) {
  store::Status folded;
  if (from == to) return {};
  auto read = read_entries(ledger, from, [&](const ReadEntry& entry) {
    folded = fold.apply(*entry.entry);
    if (!folded)
      folded = store::Error{folded.error().code,
                            "entry " + std::to_string(entry.sequence) + ": " +
                                folded.error().message};
    return folded.ok() && entry.sequence + 1 < to;
  });
  if (!folded) return folded;
  return read;
}

}  // namespace ppn::tools
