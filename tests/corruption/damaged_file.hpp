// A database file that is damaged, judged and mended again, many times over.
#pragma once

#include "store/audit.hpp"
#include "store/files.hpp"
#include "store/state_directory.hpp"
#include "tests/corruption/raw_tables.hpp"
#include "tests/corruption/trials.hpp"

namespace ppn::tests {

/// What a database file holds, and the checkpoint that was kept of it.
struct OriginalFile {
  Bytes bytes;
  std::string outside_checkpoint;
  RawContent content;

  /// A compact copy of a ledger, or the file as it is.
  static OriginalFile compacted(const store::StateDirectory& directory);
  static OriginalFile as_it_is(const store::StateDirectory& directory);
};

/// A worker's own copy. Opened by one process only.
class DamagedFile {
 public:
  /// Makes the copy in a state directory at `path`, or makes it anew.
  DamagedFile(const OriginalFile& original, const std::filesystem::path& path);

  void flip_bit(std::uint64_t bit);
  /// Cuts the file to so many bytes.
  void cut_to(std::uint64_t size);
  /// Makes it whole again.
  void restore();

  /// Audits it at `level`; if that finds nothing, compares the content with the
  /// original's.
  [[nodiscard]] Outcome judge(store::AuditLevel level,
                              const NoteOutcome& note) const;

 private:
  [[nodiscard]] Outcome audit(store::AuditLevel level) const;
  [[nodiscard]] Outcome compare() const;

  const OriginalFile& original_;
  store::StateDirectory directory_;
  store::FileHandle file_;
  std::vector<std::uint64_t> flipped_;
  bool cut_ = false;
};

}  // namespace ppn::tests
