// Those who append events and answer once they are durable: the ledger, and
// what it is measured against. All run the same closed loop: as many requests
// wait as `waiting` says, and each that is answered is replaced by a new one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/ledger.hpp"
#include "tests/bench/measure.hpp"

namespace ppn::bench {

/// How appending some events went.
struct Round {
  double seconds = 0;
  double cpu_seconds = 0;
  /// Times from submission to answer. Where requests are answered together,
  /// one stands for all of them; where nobody waits, there are none.
  std::vector<double> answer_ms;
};

class Contender {
 public:
  Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;

  [[nodiscard]] virtual std::string name() const = 0;

  /// Appends the events of all requests, which follow those of the rounds
  /// before.
  virtual Round run(std::span<const store::AppendRequest> requests) = 0;
};

struct LoopOptions {
  /// Where the contender may write.
  std::filesystem::path directory;
  std::size_t waiting = 1;
  /// Threads that sign, the caller's included.
  unsigned signers = 1;
};

std::unique_ptr<Contender> make_ledger_loop(const LoopOptions& options);
std::unique_ptr<Contender> make_hand_loop(const LoopOptions& options);
std::unique_ptr<Contender> make_signing_loop(const LoopOptions& options);
std::unique_ptr<Contender> make_sqlite_loop(const LoopOptions& options);
std::unique_ptr<Contender> make_redis_loop(const LoopOptions& options);

/// Why Redis can not be measured with that many waiting; empty if it can.
std::string why_no_redis(std::size_t waiting);

/// The closed loop of those who answer all that wait with one commit.
template <class Append>
Round run_batches(std::span<const store::AppendRequest> requests,
                  std::size_t waiting, Append&& append) {
  Round round;
  auto cpu_before = cpu_seconds();
  Stopwatch whole;
  while (!requests.empty()) {
    auto batch = requests.first(std::min(waiting, requests.size()));
    Stopwatch watch;
    append(batch);
    round.answer_ms.push_back(watch.seconds() * 1e3);
    requests = requests.subspan(batch.size());
  }
  round.seconds = whole.seconds();
  round.cpu_seconds = cpu_seconds() - cpu_before;
  return round;
}

}  // namespace ppn::bench
