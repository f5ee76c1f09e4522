// By how much one amount is above another: 0 if it is not.
#pragma once

namespace ppn::events {

template <class Amount>
constexpr Amount above(Amount amount, Amount other) {
  return amount > other ? amount - other : 0;
}

}  // namespace ppn::events
