// This process, as Linux sees it.
#pragma once

#include <cstdint>
#include <filesystem>

namespace ppn::runtime {

/// Keeps memory from core files and from other processes of this user; see
/// prctl(2), PR_SET_DUMPABLE.
void hide_memory();

/// Before there are threads: they share what is free, which few of them need at
/// a time.
void share_free_memory();

std::uint64_t resident_bytes();

/// Of the host, as far as its kernel gives it away.
std::uint64_t host_memory_mb();
/// So much of it could be given to programs now; see proc(5), MemAvailable.
std::uint64_t available_memory_mb();

/// The program ppn-keeper, which is where this one is, or where its package
/// puts it.
std::filesystem::path keeper_beside_this_program();

}  // namespace ppn::runtime
