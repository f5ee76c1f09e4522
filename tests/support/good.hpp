// What a result holds; its error becomes an exception, which ends a test.
#pragma once

#include <stdexcept>
#include <utility>

#include "store/result.hpp"

namespace ppn::tests {

template <class T>
T good(store::Result<T> result) {
  if (!result) throw std::runtime_error{result.error().message};
  return std::move(*result);
}

inline void good(const store::Status& status) {
  if (!status) throw std::runtime_error{status.error().message};
}

}  // namespace ppn::tests
