// That a node signed what can not all be true of one ledger that only grows
// (schema/fork.fbs). Whoever has the node's key can check it.
#pragma once

#include <string>

#include "store/checkpoint.hpp"

namespace ppn::store {

struct ForkEvidence {
  NodeId node;
  /// Notes.
  std::string first;
  std::string second;
  /// Of a second one that is larger: its root at the size of the first, and the
  /// proof.
  Hash root;
  Proof proof;
  /// Of a second one that is smaller: by a frame of that mesh its author says
  /// that it has no more.
  Id mesh;
  Bytes frame;
};

Bytes encode(const ForkEvidence& evidence);
/// damaged if it is none.
Result<ForkEvidence> decode_fork_evidence(ByteView bytes);

/// Whether the evidence proves a fork or a rollback of the node whose key that
/// is; damaged says what is wrong with it.
Status verify_fork_evidence(const ForkEvidence& evidence, const PublicKey& key);

}  // namespace ppn::store
