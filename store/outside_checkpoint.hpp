// The newest checkpoint, kept outside the database: nothing inside a database
// can show that all of it was rolled back.
#pragma once

#include <filesystem>
#include <string>

#include "store/result.hpp"

namespace ppn::store {

class OutsideCheckpoint {
 public:
  OutsideCheckpoint() = default;
  OutsideCheckpoint(const OutsideCheckpoint&) = delete;
  OutsideCheckpoint& operator=(const OutsideCheckpoint&) = delete;
  virtual ~OutsideCheckpoint() = default;

  /// The note as it was last written; not_found, io.
  virtual Result<std::string> read() = 0;

  /// Durable, and whole or not at all. io.
  virtual Status write(const std::string& note) = 0;
};

/// Kept in a file of the state directory.
class OutsideCheckpointFile final : public OutsideCheckpoint {
 public:
  explicit OutsideCheckpointFile(std::filesystem::path path)
      : path_(std::move(path)) {}

  Result<std::string> read() override;
  Status write(const std::string& note) override;

 private:
  std::filesystem::path path_;
};

}  // namespace ppn::store
