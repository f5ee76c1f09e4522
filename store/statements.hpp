// What keys say of themselves, as bytes.
#pragma once

#include "schema/fixed_bytes.hpp"

namespace ppn::store {

/// What a new key signs to take over from the old one at `sequence`.
Bytes key_rotation_statement(const NodeId& node, std::uint64_t sequence,
                             const Hash& prev, const PublicKey& new_key);

/// The name that a first key gives its node.
NodeId node_id_of(const PublicKey& first_key);

}  // namespace ppn::store
