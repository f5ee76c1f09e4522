#include "tests/bench/sample_ledgers.hpp"

#include <algorithm>

#include "events/state_codec.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/ledger_home.hpp"
#include "tests/bench/progress.hpp"
#include "tests/support/state_follower.hpp"

namespace ppn::bench {

namespace {

/// Events in a commit: what a node's group commit takes at most.
constexpr std::uint64_t batch_events = 1'024;
/// A node keeps a snapshot now and then; this much has come since the last one,
/// as a share of the whole ledger.
constexpr std::uint64_t tail_share = 40;

/// Appends up to `entries` in all; the size of the records.
std::uint64_t append_until(std::uint64_t entries, store::Ledger& ledger,
                           Events& events) {
  std::uint64_t bytes = 0;
  for (auto size = ledger.position().head.size; size < entries;
       size = ledger.position().head.size) {
    auto requests = events.next(std::min(batch_events, entries - size));
    for (const auto& answer : ledger.append(requests, read_clock()))
      if (!answer) throw Failure{answer.error().message};
    for (const auto& record : records_like(requests)) bytes += record.size();
    show_progress("making a ledger, {} of {} entries", size, entries);
  }
  return bytes;
}

SampleLedger make_ledger(const std::filesystem::path& path,
                         std::uint64_t entries, unsigned signers) {
  SampleLedger sample{{path}, entries, entries - entries / tail_share, 0};
  LedgerHome home{sample.directory};
  auto ledger = home.found_ledger(signers);
  Events events;
  sample.record_bytes = append_until(sample.snapshot_at, *ledger, events);
  auto state = require(tests::StateFollower{*home.backend}.catch_up());
  require(ledger->write_snapshot(events::encode(state)));
  sample.record_bytes += append_until(entries, *ledger, events);
  require(ledger->publish());
  return sample;
}

}  // namespace

const SampleLedger& SampleLedgers::of(std::uint64_t entries) {
  auto& made = made_[entries];
  if (!made) {
    made = std::make_unique<Made>(scratch_);
    made->ledger = make_ledger(made->scratch.path(), entries, signers_);
  }
  return made->ledger;
}

}  // namespace ppn::bench
