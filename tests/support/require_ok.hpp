// A test goes on only if this succeeded, and else says why it did not.
#pragma once

#include <boost/test/unit_test.hpp>

#include "store/result.hpp"

namespace ppn::tests {

template <class T>
void require_ok(const store::Result<T>& result) {
  if (!result) BOOST_FAIL(result.error().message);
}

}  // namespace ppn::tests
