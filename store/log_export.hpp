// A ledger as a tlog-tiles log in a directory, and back. The files are what a
// stranger's tools can verify; they are read-only and never change, but for the
// checkpoint.
#pragma once

#include <filesystem>
#include <functional>

#include "store/backend.hpp"

namespace ppn::store {

/// Entries done of all; false stops the work.
using ExportProgress =
    std::function<bool(std::uint64_t done, std::uint64_t total)>;

struct ExportSummary {
  std::uint64_t entries = 0;
  std::uint64_t files_added = 0;
  std::uint64_t files_kept = 0;
};

/// Writes what `directory` lacks of the ledger's log: bundles and tiles first,
/// the checkpoint last. Cosignatures that stand in a checkpoint of the same
/// text there are kept. forked if it holds another history, io, bad_input if
/// `progress` stopped it.
Result<ExportSummary> export_log(Backend& backend,
                                 const std::filesystem::path& directory,
                                 const ExportProgress& progress);

/// The same with that checkpoint of the ledger, which may be older than the
/// newest and have cosignatures. bad_input also if `directory` has more
/// entries.
Result<ExportSummary> export_log(Backend& backend, const std::string& note,
                                 const std::filesystem::path& directory,
                                 const ExportProgress& progress);

/// Fills an empty ledger with the records of an exported log and returns its
/// checkpoint. damaged if the records do not make the tree it is of.
Result<std::string> restore_log(const std::filesystem::path& directory,
                                Backend& target,
                                const ExportProgress& progress);

}  // namespace ppn::store
