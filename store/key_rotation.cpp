#include "store/key_rotation.hpp"

namespace ppn::store {

namespace {

/// Who signs is told in the stream of the node, where everyone looks for it.
Status check_stream(const schema::Entry& entry) {
  if (entry.stream()->string_view() == node_stream) return {};
  return Error{ErrorCode::damaged,
               "it says who signs, but not in the stream \"" +
                   std::string{node_stream} + "\""};
}

}  // namespace

Result<PublicKey> first_key(const schema::Entry& entry) {
  const auto* identity = identity_of(entry);
  if (identity == nullptr)
    return Error{ErrorCode::damaged, "entry 0 does not found a node"};
  if (auto placed = check_stream(entry); !placed) return placed.error();
  PublicKey key{*identity->key()};
  if (node_id_of(key) != NodeId{*entry.node()})
    return Error{ErrorCode::damaged, "the node is not named after its key"};
  return key;
}

Result<PublicKey> rotated_key(const schema::Entry& entry) {
  if (auto placed = check_stream(entry); !placed) return placed.error();
  const auto* rotated = entry.payload_as_NodeKeyRotated();
  PublicKey key{*rotated->new_key()};
  auto statement = key_rotation_statement(
      NodeId{*entry.node()}, entry.sequence(), Hash{*entry.prev()}, key);
  if (!verify(key, key_rotation_domain, statement,
              Signature{*rotated->new_key_signature()}))
    return Error{ErrorCode::damaged, "the new key did not sign its rotation"};
  return key;
}

Result<PublicKey> handed_over_key(const OpenedRecord& record,
                                  const PublicKey& before) {
  auto key = rotated_key(*record.entry);
  if (!key) return key;
  if (!verify(before, entry_domain, record.halves.entry,
              record.halves.signature))
    return Error{ErrorCode::damaged,
                 "the key rotation is not signed by the key in force"};
  return key;
}

namespace {

/// The key of entry 0, which signs that entry too.
Result<PublicKey> founding_key(const OpenedRecord& record) {
  auto key = first_key(*record.entry);
  if (!key) return key;
  if (!verify(*key, entry_domain, record.halves.entry, record.halves.signature))
    return Error{ErrorCode::damaged,
                 "entry 0 is not signed by the key that it names"};
  return key;
}

/// Adds the key that an entry of the node's stream brings in, if it does.
Status follow_key(LedgerView& view, std::uint64_t sequence, KeyHistory& keys) {
  auto stored = view.record(sequence);
  if (!stored) return stored.error();
  AlignedBytes aligned;
  auto record = open_record(*stored, aligned);
  if (!record) return record.error();
  if (sequence == 0) {
    auto first = founding_key(*record);
    if (!first) return first.error();
    keys = {{0, *first}};
    return {};
  }
  if (record->entry->payload_as_NodeKeyRotated() == nullptr) return {};
  if (keys.empty())
    return Error{ErrorCode::damaged, "a key rotation comes before entry 0"};
  auto next = handed_over_key(*record, keys.back().key);
  if (!next) return next.error();
  keys.push_back({sequence + 1, *next});
  return {};
}

}  // namespace

Result<KeyHistory> read_key_history(LedgerView& view) {
  KeyHistory keys;
  Status followed;
  auto scanned = view.scan_stream(node_stream, 0, [&](std::uint64_t sequence) {
    followed = follow_key(view, sequence, keys);
    return followed.ok();
  });
  if (!scanned) return scanned.error();
  if (!followed) return followed.error();
  if (keys.empty())
    return Error{ErrorCode::damaged, "the ledger founds no node"};
  return keys;
}

}  // namespace ppn::store
