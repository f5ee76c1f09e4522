// Snapshots: where opening and replay may begin. What is stored is the bytes of
// a schema::Snapshot and a signature over "ppn-ledger-snapshot-v1\n" and them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/snapshot_generated.h"
#include "store/result.hpp"
#include "store/signing.hpp"
#include "store/tree.hpp"

namespace ppn::store {

/// Which key signs from which entry on, in the order of the entries.
struct KeyPeriod {
  std::uint64_t from = 0;
  PublicKey key;

  bool operator==(const KeyPeriod&) const = default;
};
using KeyHistory = std::vector<KeyPeriod>;

/// The key in force for entry `sequence`; the history is not empty.
const PublicKey& key_at(const KeyHistory& keys, std::uint64_t sequence);

/// Number of events in each stream.
using StreamHeads = std::map<std::string, std::uint64_t, std::less<>>;

/// All that the next entry depends on.
struct LedgerPosition {
  TreeHead head;
  /// Hash of the last entry: the prev of the next one.
  Hash link;
  NodeId node;
  KeyHistory keys;
  StreamHeads streams;

  bool operator==(const LedgerPosition&) const = default;
};

struct Snapshot {
  LedgerPosition position;
  /// What the owner of the state gave to be kept; opaque here.
  Bytes state;
};

/// The bytes to be stored, signed by the key in force.
Bytes encode_snapshot(const Snapshot& snapshot, const SigningKey& key);

/// Checks structure, state hash and the signature by the key that it says is
/// in force. Whether that key is right is for the caller to see. damaged,
/// too_new.
Result<Snapshot> decode_snapshot(ByteView stored);

}  // namespace ppn::store
