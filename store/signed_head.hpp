// What a checkpoint of this project says, without the text around it: a node,
// the size and root of its ledger's tree, and the node's signature.
#pragma once

#include <string>

#include "store/checkpoint.hpp"

namespace ppn::store {

struct SignedHead {
  TreeHead head;
  /// By the node's key, over the text of the checkpoint.
  Signature signature;

  bool operator==(const SignedHead&) const = default;
};

/// The text that a checkpoint of that head has.
std::string checkpoint_text(const NodeId& node, const TreeHead& head);

/// What a checkpoint says, if it is of that node and signed by that key, the
/// one in force; damaged, bad_input, not_found otherwise.
Result<SignedHead> read_signed_head(std::string_view note, const NodeId& node,
                                    const PublicKey& key);

bool is_signed(const SignedHead& head, const NodeId& node,
               const PublicKey& key);

/// The checkpoint as a note.
Note note_of(const SignedHead& head, const NodeId& node, const PublicKey& key);

}  // namespace ppn::store
