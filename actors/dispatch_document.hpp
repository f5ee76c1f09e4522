// What a host is shown of a dispatch: the controller's entry, signed, and that
// it is in the controller's ledger. Knows no CAF.
#pragma once

#include "actors/messages.hpp"
#include "store/record.hpp"

namespace ppn::actors {

/// schema/dispatch.fbs.
Bytes build_document(const EntryProof& proof);

/// A document whose entry is what that node recorded.
struct OpenedDocument {
  /// Good until the aligned bytes are assigned again.
  const schema::Entry* entry = nullptr;
  Id request;
  /// The host that it is for.
  NodeId host;
};

/// `key` is the controller's. damaged if it is no document, a signature is
/// wrong, the entry is not in the tree of the checkpoint, or it dispatches
/// nothing; too_new.
store::Result<OpenedDocument> open_document(ByteView document,
                                            const NodeId& controller,
                                            const PublicKey& key,
                                            store::AlignedBytes& aligned);

}  // namespace ppn::actors
