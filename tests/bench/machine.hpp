// The machine that figures come from: no figure means anything without it.
#pragma once

#include <filesystem>
#include <string>

namespace ppn::bench {

struct Machine {
  std::string processor;
  unsigned cores = 1;
  /// Type of the file system that the scratch ledgers live on.
  std::string file_system;
  bool syncs_are_real = true;
  /// Median time to write 4 KiB to a file and fdatasync it.
  double sync_us = 0;
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

/// Looks at the machine and at the file system of `directory`.
Machine look_at_machine(const std::filesystem::path& directory);

}  // namespace ppn::bench
