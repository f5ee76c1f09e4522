// One process writes a ledger at a time; the lock says which one.
#pragma once

#include <filesystem>

#include "store/files.hpp"

namespace ppn::store {

/// Held for as long as it lives; the kernel frees it with the process.
class WriterLock {
 public:
  /// locked, with the pid of the holder in the message; io.
  static Result<WriterLock> acquire(const std::filesystem::path& path);

  /// Keeps writers out while a reader works that LMDB's own reader table can
  /// not protect. A missing file means that no writer ever came. locked, io.
  static Result<WriterLock> keep_writers_out(const std::filesystem::path& path);

  WriterLock(WriterLock&&) = default;
  WriterLock& operator=(WriterLock&&) = default;
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  /// A writer that ends in order takes its pid along.
  ~WriterLock();

 private:
  enum class Holder : bool { reader, writer };

  WriterLock(FileHandle file, Holder holder)
      : file_(std::move(file)), holder_(holder) {}

  FileHandle file_;
  Holder holder_;
};

}  // namespace ppn::store
