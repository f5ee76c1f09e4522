// The state of a ledger, kept up with what is appended to it.
#pragma once

#include "events/state.hpp"
#include "store/backend.hpp"

namespace ppn::tests {

class StateFollower {
 public:
  explicit StateFollower(store::Backend& backend) : backend_(backend) {}

  /// Applies what was appended since the last call.
  store::Result<events::State> catch_up();

 private:
  store::Backend& backend_;
  events::State state_;
  std::uint64_t applied_ = 0;
};

}  // namespace ppn::tests
