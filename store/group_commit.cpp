#include "store/group_commit.hpp"

#include <utility>

namespace ppn::store {

namespace {

/// Those that are admitted, up to the first whose admission depends on them.
std::vector<WaitingRequest> take_batch(std::deque<WaitingRequest>& waiting) {
  std::vector<WaitingRequest> batch;
  bool admission_changes = false;
  while (!waiting.empty()) {
    if (waiting.front().admit && admission_changes) break;
    auto taken = std::move(waiting.front());
    waiting.pop_front();
    if (auto admitted = taken.admit ? taken.admit() : Status{}; !admitted) {
      taken.answer(admitted.error());
      continue;
    }
    admission_changes = admission_changes || taken.changes_admission;
    batch.push_back(std::move(taken));
  }
  return batch;
}

}  // namespace

void GroupCommit::submit(WaitingRequest request, std::uint64_t since_boot_ns) {
  if (waiting_.empty()) first_at_ns_ = since_boot_ns;
  events_ += request.request.size();
  waiting_.push_back(std::move(request));
}

bool GroupCommit::due(bool more_is_coming, std::uint64_t since_boot_ns) const {
  if (waiting_.empty()) return false;
  return !more_is_coming || events_ >= limits_.events ||
         since_boot_ns >= first_at_ns_ + limits_.delay_ns;
}

Status GroupCommit::flush(const ClockReading& clock) {
  // What is submitted by an answer waits for the next flush.
  auto waiting = std::exchange(waiting_, {});
  events_ = 0;
  while (!waiting.empty()) {
    auto batch = take_batch(waiting);
    std::vector<AppendRequest> requests;
    requests.reserve(batch.size());
    for (auto& taken : batch) requests.push_back(std::move(taken.request));
    auto answers = ledger_.append(requests, clock);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].answer(answers[i]);
  }
  return ledger_.publish(clock.since_boot_ns);
}

}  // namespace ppn::store
