// Group commit: many requests share one durable commit. While nothing else is
// on its way, what waits is committed at once; while more is coming, it waits
// for company, up to a number of events or a few milliseconds.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "store/ledger.hpp"

namespace ppn::store {

struct GroupCommitLimits {
  /// Events that wait at most.
  std::size_t events = 1024;
  /// How long the first of them waits at most.
  std::uint64_t delay_ns = 2'000'000;
};

/// A request on its way into the ledger.
struct WaitingRequest {
  AppendRequest request;
  /// Called by a later flush().
  std::function<void(const Result<Appended>&)> answer;
  /// If set: an error keeps the request out. Asked when all before it is in the
  /// ledger that could change the answer.
  std::function<Status()> admit;
  /// Whether it could change what others' `admit` answers.
  bool changes_admission = false;
};

/// The queue before a ledger. Has no threads and no clock of its own: its owner
/// asks due() after each submit and when delay_ns have passed.
class GroupCommit {
 public:
  explicit GroupCommit(Ledger& ledger, const GroupCommitLimits& limits = {})
      : ledger_(ledger), limits_(limits) {}

  void submit(WaitingRequest request, std::uint64_t since_boot_ns);

  /// Whether it is time to flush.
  [[nodiscard]] bool due(bool more_is_coming,
                         std::uint64_t since_boot_ns) const;

  [[nodiscard]] std::size_t waiting_events() const { return events_; }

  /// Commits all that waits, answers it in its order, and then renews the
  /// checkpoint outside if its time has come, which is where an error comes
  /// from.
  Status flush(const ClockReading& clock);

 private:
  Ledger& ledger_;
  GroupCommitLimits limits_;
  std::deque<WaitingRequest> waiting_;
  std::size_t events_ = 0;
  std::uint64_t first_at_ns_ = 0;
};

}  // namespace ppn::store
