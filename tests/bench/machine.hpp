// The machine that figures come from: no figure means anything without it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ppn::bench {

/// What scratch ledgers live on.
struct ScratchDisk {
  /// Type of the file system.
  std::string file_system;
  bool syncs_are_real = true;
  /// Median time to write 4 KiB to a file and fdatasync it.
  double sync_us = 0;
};

struct Machine {
  std::string processor;
  unsigned cores = 1;
  /// Nothing if no disk is measured.
  std::optional<ScratchDisk> disk;
};

/// How much of the processors' time goes to others than this process.
class OthersLoad {
 public:
  OthersLoad();
  /// Their share since this was made, of all there was.
  [[nodiscard]] double share() const;

 private:
  double busy_before_;
  double total_before_;
  double own_before_;
};

/// All but the disk.
Machine look_at_machine();

/// The disk that `directory` is on.
ScratchDisk look_at_disk(const std::filesystem::path& directory);

}  // namespace ppn::bench
