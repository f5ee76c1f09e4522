// Entries out of an input, as hostile as FlatBuffers let them be.
#pragma once

#include "store/record.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

/// Calls `visit` with the bytes and the table of each entry that stands, behind
/// its length as u16, in the input and passes the check.
template <class Visit>
void for_each_entry(ByteView input, Visit visit) {
  Input parts{input};
  store::AlignedBytes aligned;
  while (!parts.empty()) {
    auto bytes = aligned.assign(parts.sized_bytes());
    if (auto entry = store::check_entry(bytes)) visit(bytes, **entry);
  }
}

}  // namespace ppn::fuzz
