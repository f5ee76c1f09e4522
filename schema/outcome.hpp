// Expected failures are values: an Outcome is what was asked for, or what kept
// it from coming.
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

namespace ppn {

/// Either a T, or the E that kept it from coming.
template <class T, class E>
class [[nodiscard]] Outcome {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): an Outcome is returned as a T
  Outcome(T value) : content_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): or as an E
  Outcome(E error) : content_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() { return *value(); }
  const T& operator*() const { return *value(); }
  T* operator->() { return value(); }
  const T* operator->() const { return value(); }

  [[nodiscard]] const E& error() const {
    const auto* error = std::get_if<E>(&content_);
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

  std::variant<T, E> content_;
};

/// Success, or an E.
template <class E>
class [[nodiscard]] Outcome<void, E> {
 public:
  Outcome() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): see above
  Outcome(E error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] const E& error() const {
    assert(error_);
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace ppn
