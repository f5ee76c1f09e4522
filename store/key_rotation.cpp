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

namespace {

/// Adds the key that an entry of the node's stream brings in, if it does.
Status follow_key(LedgerView& view, std::uint64_t sequence, KeyHistory& keys) {
  auto record = view.record(sequence);
  if (!record) return record.error();
  auto split = split_record(*record);
  if (!split) return split.error();
  AlignedBytes aligned;
  auto entry = check_entry(aligned.assign(split->entry));
  if (!entry) return entry.error();
  bool is_first = sequence == 0;
  if (!is_first && !(*entry)->payload_as_NodeKeyRotated()) return {};
  auto key = is_first ? first_key(**entry) : rotated_key(**entry);
  if (!key) return key.error();
  if (is_first) keys = {{0, *key}};
  if (keys.empty() ||
      !verify(keys.back().key, entry_domain, split->entry, split->signature))
    return Error{ErrorCode::damaged,
                 "entry " + std::to_string(sequence) +
                     ", which says who signs, is not signed by the key in "
                     "force"};
  if (!is_first) keys.push_back({sequence + 1, *key});
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
