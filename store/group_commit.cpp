#include "store/group_commit.hpp"

#include <utility>

namespace ppn::store {

void GroupCommit::submit(AppendRequest request, Answer answer,
                         std::uint64_t since_boot_ns) {
  if (requests_.empty()) first_at_ns_ = since_boot_ns;
  events_ += request.size();
  requests_.push_back(std::move(request));
  answers_.push_back(std::move(answer));
}

bool GroupCommit::due(bool more_is_coming, std::uint64_t since_boot_ns) const {
  if (requests_.empty()) return false;
  return !more_is_coming || events_ >= limits_.events ||
         since_boot_ns >= first_at_ns_ + limits_.delay_ns;
}

Status GroupCommit::flush(const ClockReading& clock) {
  auto requests = std::exchange(requests_, {});
  auto answers = std::exchange(answers_, {});
  events_ = 0;
  auto results = ledger_.append(requests, clock);
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i](results[i]);
  return ledger_.publish(clock.since_boot_ns);
}

}  // namespace ppn::store
