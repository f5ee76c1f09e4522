// The state of a ledger as of a point, by replay.
#pragma once

#include <optional>
#include <string>

#include "events/state.hpp"
#include "store/audit.hpp"
#include "tools/ppn-ledger/open_ledger.hpp"

namespace ppn::tools {

/// A number of entries: what a point in the ledger comes down to.
using EntryCount = std::uint64_t;

/// Reads a point: `start`, `end`, a sequence (that entry included), or a time
/// (all entries before the first that is later). bad_input says what it may be.
store::Result<EntryCount> parse_point(const std::string& text,
                                      OpenLedger& ledger);

/// Folds entries into a state, for replay and for the audit.
class StateFold final : public store::StateOracle {
 public:
  store::Status apply(const schema::Entry& entry) override;
  store::Status check_snapshot(ByteView state) override;

  [[nodiscard]] const events::State& state() const { return state_; }

 private:
  events::State state_;
};

/// Applies the entries [from, to) to a fold. damaged if one is not readable.
store::Status fold_entries(OpenLedger& ledger, EntryCount from, EntryCount to,
                           StateFold& fold);

}  // namespace ppn::tools
