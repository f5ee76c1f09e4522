#include "tests/support/state_follower.hpp"

#include "store/ledger_view.hpp"
#include "store/record.hpp"

namespace ppn::tests {

store::Result<events::State> StateFollower::catch_up() {
  auto transaction = backend_.read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  store::AlignedBytes aligned;
  std::optional<store::Error> error;
  auto scanned = view.scan_records(applied_, [&](const auto& stored) {
    auto record = store::split_record(stored.record);
    auto entry = record ? store::check_entry(aligned.assign(record->entry))
                        : record.error();
    if (!entry) {
      error = entry.error();
    } else if (auto refused = events::apply(state_, **entry)) {
      error = store::Error{
          store::ErrorCode::damaged,
          "entry " + std::to_string(stored.sequence) + ": " + *refused};
    }
    applied_ = stored.sequence + 1;
    return !error;
  });
  if (!scanned) return scanned.error();
  if (error) return *error;
  return state_;
}

}  // namespace ppn::tests
