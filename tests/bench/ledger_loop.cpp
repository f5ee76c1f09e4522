// The ledger as a node runs it: what waits is appended at once, and the
// checkpoint outside is renewed when its time has come.
#include "tests/bench/contender.hpp"
#include "tests/bench/ledger_home.hpp"

namespace ppn::bench {

namespace {

class LedgerLoop final : public Contender {
 public:
  explicit LedgerLoop(const LoopOptions& options)
      : waiting_(options.waiting),
        home_({options.directory}),
        ledger_(home_.found_ledger(options.signers)) {}

  [[nodiscard]] std::string name() const override { return "ledger"; }

  Round run(std::span<const store::AppendRequest> requests) override {
    return run_batches(requests, waiting_, [&](auto batch) {
      auto clock = read_clock();
      for (const auto& answer : ledger_->append(batch, clock))
        if (!answer) throw Failure{answer.error().message};
      require(ledger_->publish(clock.since_boot_ns));
    });
  }

 private:
  std::size_t waiting_;
  LedgerHome home_;
  std::unique_ptr<store::Ledger> ledger_;
};

}  // namespace

std::unique_ptr<Contender> make_ledger_loop(const LoopOptions& options) {
  return std::make_unique<LedgerLoop>(options);
}

}  // namespace ppn::bench
