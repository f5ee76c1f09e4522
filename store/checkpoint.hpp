// C2SP tlog-checkpoint: size and root of a ledger's tree as a signed note.
//
//   ppn.internal/<node id>
//   <decimal size>
//   <base64 root>
#pragma once

#include <string>
#include <string_view>

#include "store/note.hpp"
#include "store/tree.hpp"

namespace ppn::store {

/// The name of a node's ledger in the world of transparency logs; also the name
/// of the key that signs its checkpoints.
std::string checkpoint_origin(const NodeId& node);

/// A checkpoint as read: its signatures are not checked yet.
struct Checkpoint {
  std::string origin;
  TreeHead head;
  Note note;
};

/// Reads the note and its three lines; extension lines are allowed and ignored.
Result<Checkpoint> parse_checkpoint(std::string_view bytes);

/// The note for `head`, signed by the node's key.
Result<std::string> sign_checkpoint(const NodeId& node, const TreeHead& head,
                                    const SigningKey& key);

/// Whether `checkpoint` is about `node` and signed by `key`, the one in force
/// for the entry that follows its tree.
Status verify_checkpoint(const Checkpoint& checkpoint, const NodeId& node,
                         const PublicKey& key);

}  // namespace ppn::store
