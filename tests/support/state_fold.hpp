// Folds the entries of a ledger under audit into a state.
#pragma once

#include "events/state_codec.hpp"
#include "store/audit.hpp"

namespace ppn::tests {

class StateFold final : public store::StateOracle {
 public:
  store::Status apply(const schema::Entry& entry) override {
    if (auto contradiction = events::apply(state_, entry))
      return store::Error{store::ErrorCode::damaged, *contradiction};
    return {};
  }

  store::Status check_snapshot(ByteView state) override {
    if (events::decode(state) == state_) return {};
    return store::Error{store::ErrorCode::damaged, "it is another state"};
  }

 private:
  events::State state_;
};

}  // namespace ppn::tests
