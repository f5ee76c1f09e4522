// Expected failures are values: a Result is what was asked for, or an Error
// that says what went wrong and what to do about it.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ppn::store {

enum class ErrorCode : std::uint8_t {
  /// Bytes or arguments from outside that break a rule.
  bad_input,
  /// What was asked for is not there.
  not_found,
  /// The stream moved on since the caller looked.
  version_conflict,
  /// A record would be larger than max_record_size.
  oversized,
  /// The grant that it calls upon is not live.
  not_granted,
  /// The ledger takes no appends any more in this process.
  read_only,
  /// There is not enough room on the file system.
  disk_full,
  /// The LMDB map is full and may not grow.
  map_full,
  /// Another process writes this ledger.
  locked,
  /// The operating system or LMDB refused.
  io,
  /// Data contradicts its own hashes or signatures.
  damaged,
  /// Data was written by a newer version of this program.
  too_new,
  /// The ledger is shorter than a checkpoint that it once signed.
  rolled_back,
  /// The ledger is another one than a checkpoint that it once signed.
  forked,
  /// The checkpoint kept outside the database is missing or invalid.
  no_outside_checkpoint,
  /// A key file is missing, unreadable or open to others.
  key,
  /// This user may not do it.
  permission,
};

struct Error {
  ErrorCode code;
  std::string message;
};

/// Either a T or an Error.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a Result is returned as a T
  Result(T value) : content_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): or as an Error
  Result(Error error) : content_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() { return *value(); }
  const T& operator*() const { return *value(); }
  T* operator->() { return value(); }
  const T* operator->() const { return value(); }

  [[nodiscard]] const Error& error() const {
    const auto* error = std::get_if<Error>(&content_);
    assert(error != nullptr);
    return *error;
  }

 private:
  T* value() {
    auto* value = std::get_if<T>(&content_);
    assert(value != nullptr);
    return value;
  }
  const T* value() const {
    const auto* value = std::get_if<T>(&content_);
    assert(value != nullptr);
    return value;
  }

  std::variant<T, Error> content_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): see above
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] const Error& error() const {
    assert(error_);
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace ppn::store
