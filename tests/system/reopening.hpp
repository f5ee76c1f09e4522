// What must hold of a ledger however its writer ended.
#pragma once

#include <cstdint>
#include <filesystem>

namespace ppn::tests {

/// Events in every request of the crashing writers.
inline constexpr std::uint64_t events_per_request = 3;

/// Opens the ledger and checks that nothing which was acknowledged is lost,
/// that no request is there in part, and that it takes appends again.
/// `acknowledged` is the size of the ledger that the writer was last told.
/// Returns the size.
std::uint64_t check_after_crash(const std::filesystem::path& path,
                                std::uint64_t acknowledged);

/// A full audit finds nothing.
void check_by_audit(const std::filesystem::path& path);

}  // namespace ppn::tests
