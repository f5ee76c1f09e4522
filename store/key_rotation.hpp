// Which key signs from where: the two events that say so, checked.
#pragma once

#include "store/record.hpp"
#include "store/signing.hpp"

namespace ppn::store {

/// The key that entry 0 founds its node with. damaged if it founds none, or if
/// the key is not the one that the node is named after.
Result<PublicKey> first_key(const schema::Entry& entry);

/// The key that a NodeKeyRotated brings in; damaged if that key did not agree
/// to take over at this place.
Result<PublicKey> rotated_key(const schema::Entry& entry);

}  // namespace ppn::store
