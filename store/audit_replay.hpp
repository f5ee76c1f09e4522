// The part of an audit that folds the entries into a state, in order, while
// other threads check signatures further on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/audit.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"

namespace ppn::store {

/// What the fold says of a snapshot that it came by.
struct SnapshotComparison {
  std::vector<std::string> complaints;
  /// Its state is in a layout that can not be compared.
  bool too_new = false;
};

class AuditReplay {
 public:
  /// Compares the snapshots of these sizes, in rising order, on its way.
  AuditReplay(StateOracle& oracle, std::vector<std::uint64_t> snapshot_sizes)
      : oracle_(oracle), snapshot_sizes_(std::move(snapshot_sizes)) {}

  /// Folds the entries up to `end`, unless it was stopped. A finding, if one of
  /// them contradicts the state, stops it.
  std::optional<Finding> go_on(LedgerView& view, std::uint64_t end);

  /// Folds no more: there are entries that can not be believed.
  void stop() { stopped_ = true; }

  [[nodiscard]] bool stopped() const { return stopped_; }

  /// Nothing if the fold did not come as far.
  [[nodiscard]] const SnapshotComparison* comparison(std::uint64_t size) const;

 private:
  Status fold(LedgerView& view, const StoredRecord& stored);
  void advance_stream(std::string_view name, std::uint64_t version);
  void compare_snapshot(LedgerView& view, std::uint64_t size, const Hash& link);

  StateOracle& oracle_;
  std::vector<std::uint64_t> snapshot_sizes_;
  std::size_t next_snapshot_ = 0;
  std::map<std::uint64_t, SnapshotComparison> compared_;
  StreamHeads streams_;
  AlignedBytes aligned_;
  std::uint64_t next_ = 0;
  bool stopped_ = false;
};

}  // namespace ppn::store
