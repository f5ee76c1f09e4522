// A benchmark that can not go on has nothing to tell: it ends with a message.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "store/result.hpp"

namespace ppn::bench {

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool done, const std::string& what) {
  if (!done) throw Failure{"cannot " + what};
}

/// What a result holds; throws its error.
template <class T>
T require(store::Result<T> result) {
  if (!result) throw Failure{result.error().message};
  return std::move(*result);
}

inline void require(const store::Status& status) {
  if (!status) throw Failure{status.error().message};
}

}  // namespace ppn::bench
