// Many small trials on damaged databases, carried out by child processes that
// may crash or hang: LMDB takes what it reads for granted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace ppn::tests {

/// What a trial came to.
enum class Outcome : std::uint8_t {
  not_run,
  /// The database can not even be opened.
  refused,
  /// The audit has findings, or calls the ledger too new.
  found,
  /// The audit crashed, which ppn-ledger reports as damage.
  crashed,
  /// The content is what it was before.
  harmless,
  /// A snapshot is gone, and all else as before: a cache may be lost.
  snapshot_lost,
  /// The audit passed a content that is not the original's.
  undetected,
  /// The audit passed a database that crashes who reads all of it.
  unreadable,
  /// The audit or what it stands on threw an exception: it never should.
  threw,
  /// It did not end.
  stuck,
};

const char* name_of(Outcome outcome);

/// Whether the outcome shows a fault of what judges databases.
bool is_failure(Outcome outcome);

/// Where a worker notes what its trial comes to if it does not survive it.
using NoteOutcome = std::function<void(Outcome)>;

/// One worker's way to carry out trial number n.
using Trial = std::function<Outcome(std::size_t n, const NoteOutcome& note)>;

/// Makes a worker ready, in its own process, each time one begins.
using Prepare = std::function<Trial(unsigned worker)>;

/// Carries out the trials 0 to count - 1 in `workers` processes. A worker that
/// dies is replaced, and the next trial follows.
std::vector<Outcome> run_trials(std::size_t count, unsigned workers,
                                const Prepare& prepare);

std::map<Outcome, std::size_t> tally(const std::vector<Outcome>& outcomes);

}  // namespace ppn::tests
