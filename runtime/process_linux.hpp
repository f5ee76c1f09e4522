// This process, as Linux sees it.
#pragma once

#include <cstdint>

namespace ppn::runtime {

/// Keeps memory from core files and from other processes of this user; see
/// prctl(2), PR_SET_DUMPABLE.
void hide_memory();

/// Before there are threads: they share what is free, which few of them need at
/// a time.
void share_free_memory();

std::uint64_t resident_bytes();

}  // namespace ppn::runtime
