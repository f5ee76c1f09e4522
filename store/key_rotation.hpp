// Which key signs from where: the two events that say so, checked.
#pragma once

#include "store/ledger_view.hpp"
#include "store/record.hpp"
#include "store/snapshot.hpp"
#include "store/statements.hpp"

namespace ppn::store {

/// The stream of a node's own life, in which it also says who signs.
inline constexpr std::string_view node_stream = "node";

/// The key that entry 0 founds its node with. damaged if it founds none, or if
/// the key is not the one that the node is named after.
Result<PublicKey> first_key(const schema::Entry& entry);

/// The key that a NodeKeyRotated brings in; damaged if that key did not agree
/// to take over at this place.
Result<PublicKey> rotated_key(const schema::Entry& entry);

/// The key that a NodeKeyRotated brings in, if `before`, the key in force,
/// signed it too. damaged otherwise.
Result<PublicKey> handed_over_key(const OpenedRecord& record,
                                  const PublicKey& before);

/// Every key of a ledger and from where it signs, each handed on by the one
/// before. Reads only the entries that say so. damaged if one is not signed.
Result<KeyHistory> read_key_history(LedgerView& view);

}  // namespace ppn::store
