// The ledger's tables in an LMDB environment, always with full synchronisation.
#pragma once

#include <filesystem>
#include <optional>

#include "store/backend.hpp"
#include "store/state_directory.hpp"

namespace ppn::store {

struct LmdbOptions {
  /// Address space to begin with; it doubles when it is full.
  std::uint64_t map_bytes = std::uint64_t{64} << 20U;
  /// Where the doubling ends.
  std::uint64_t map_bytes_max = std::uint64_t{1} << 40U;
  /// Room on the file system that appends leave alone.
  std::uint64_t margin_bytes = std::uint64_t{16} << 20U;
  /// Size of the file that is given up for an orderly stop.
  std::uint64_t reserve_bytes = std::uint64_t{4} << 20U;
};

struct MapUse {
  std::uint64_t used_bytes = 0;
  std::uint64_t map_bytes = 0;
  std::uint32_t readers = 0;
};

class LmdbBackend : public Backend {
 public:
  /// Creates what is missing. locked if another process writes it, io.
  static Result<std::unique_ptr<LmdbBackend>> open_for_writing(
      const StateDirectory& directory, const LmdbOptions& options = {});

  /// Beside a live writer or without one, on a copy or a read-only file system;
  /// writes nothing but, beside a writer, its place in the reader table.
  /// not_found if there is no ledger, damaged if LMDB can not make sense of it.
  static Result<std::unique_ptr<LmdbBackend>> open_for_reading(
      const StateDirectory& directory);

  /// A consistent copy of the database as of now, without free pages, into a
  /// new file. Writers may go on meanwhile. io.
  virtual Status copy_to(const std::filesystem::path& file) = 0;

  [[nodiscard]] virtual MapUse map_use() const = 0;

  /// Where bytes that a transaction returned stand in the database file.
  [[nodiscard]] virtual std::optional<std::uint64_t> file_offset(
      ByteView bytes) const = 0;
};

}  // namespace ppn::store
