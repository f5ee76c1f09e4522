// A record: what one place of the ledger holds.
//
//   0                                   n                n + 64
//   | Entry, a FlatBuffer of n bytes    | Ed25519        |
//
// The signature is over "ppn-ledger-entry-v1\n" and the entry. The link, which
// the next entry carries as its prev, is SHA-256(0x00 || entry); the leaf of
// the tree is SHA-256(0x00 || entry || signature). One pass makes both.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <string_view>

#include "schema/entry_generated.h"
#include "schema/fixed_bytes.hpp"
#include "store/hash.hpp"
#include "store/result.hpp"

namespace ppn::store {

/// The largest record, so that it fits an entry bundle of tlog-tiles.
inline constexpr std::size_t max_record_size = 65'535;
inline constexpr std::size_t max_entry_size = max_record_size - Signature::size;
inline constexpr std::size_t max_stream_name = 128;

/// On whose behalf an event is written.
struct Principal {
  schema::PrincipalKind kind = schema::PrincipalKind::node;
  std::string id;
};

/// What led to an entry.
struct Causation {
  schema::CausationKind kind = schema::CausationKind::unknown;
  NodeId node;
  std::uint64_t sequence = 0;
  Id request;
};

/// An event that asks for its place in the ledger.
struct Event {
  std::string stream;
  /// Version of the stream that the event was decided on: the number of events
  /// it had.
  std::uint64_t expected_version = 0;
  Principal principal;
  std::optional<Causation> causation;
  schema::EventUnion payload;
};

/// The clock as read; see schema/entry.fbs.
struct ClockReading {
  std::int64_t utc_ns = 0;
  std::uint64_t since_boot_ns = 0;
  bool synchronised = false;
};

/// Where an entry stands.
struct Place {
  std::uint64_t sequence = 0;
  Hash prev;
  NodeId node;
  std::uint64_t stream_version = 0;
};

/// Whether a stream may be called that: 1 to 128 of a-z 0-9 . _ - /.
bool is_stream_name(std::string_view name);

/// Builds the entry's bytes in `builder`, which is cleared first. The view is
/// good until the builder is used again.
ByteView build_entry(flatbuffers::FlatBufferBuilder& builder,
                     const Event& event, const Place& place,
                     const ClockReading& clock);

/// The two halves of a record.
struct RecordView {
  ByteView entry;
  Signature signature;
};

/// bad_input if the record is too short or too long to be one.
Result<RecordView> split_record(ByteView record);

/// Link and leaf of a record.
struct RecordHashes {
  Hash link;
  Hash leaf;
};

RecordHashes hash_record(const RecordView& record);

/// The link of the record with that entry.
Hash link_of(ByteView entry);

/// Bytes at an address fit for FlatBuffers, whatever the address they were
/// read from.
class AlignedBytes {
 public:
  ByteView assign(ByteView bytes);

 private:
  std::vector<std::uint64_t> words_;
};

/// Checks bytes from outside before anything of them is used: the structure,
/// the names, and that the entry asks for no newer program than this one.
/// `bytes` must be aligned to 8. damaged or too_new.
Result<const schema::Entry*> check_entry(ByteView bytes);

/// A record taken apart, its entry checked.
struct OpenedRecord {
  RecordView halves;
  /// Good until `aligned` is assigned again.
  const schema::Entry* entry = nullptr;
};

/// As split_record() and check_entry(), which say what may be wrong.
Result<OpenedRecord> open_record(ByteView record, AlignedBytes& aligned);

/// The key that the first entry of a ledger names, if it is one.
const schema::Identity* identity_of(const schema::Entry& entry);

}  // namespace ppn::store
