// What a guest said on its serial console, as QEMU keeps it.
#pragma once

#include "runtime/api_vm.hpp"
#include "runtime/guest_files.hpp"

namespace ppn::runtime {

/// All of it, to be read. not_found: it said nothing yet, or is not there; io.
store::Result<store::FileHandle> open_console_log(
    const std::filesystem::path& guest_dir, const Id& vm);

/// At most `limit` bytes from a place on; none if it said nothing yet. io.
store::Result<ConsolePart> read_console_log(
    const std::filesystem::path& guest_dir, const Id& vm, std::uint64_t from,
    std::uint64_t limit);

}  // namespace ppn::runtime
