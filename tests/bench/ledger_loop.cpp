// The ledger as a node runs it: what waits is appended at once, and the
// checkpoint outside is renewed when its time has come.
#include "store/lmdb_backend.hpp"
#include "tests/bench/contender.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

class LedgerLoop final : public Contender {
 public:
  explicit LedgerLoop(const LoopOptions& options)
      : waiting_(options.waiting),
        directory_{options.directory},
        backend_(require(store::LmdbBackend::open_for_writing(directory_))),
        keys_(require(store::FileKeyStore::open(directory_.keys()))),
        outside_(directory_.outside_checkpoint()) {
    store::LedgerOptions ledger_options;
    ledger_options.extra_signers = options.signers - 1;
    ledger_ = require(store::Ledger::found({*backend_, *keys_, outside_},
                                           {"bench", {}}, read_clock(),
                                           std::move(ledger_options)));
  }

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
  store::StateDirectory directory_;
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::FileKeyStore> keys_;
  store::OutsideCheckpointFile outside_;
  std::unique_ptr<store::Ledger> ledger_;
};

}  // namespace

std::unique_ptr<Contender> make_ledger_loop(const LoopOptions& options) {
  return std::make_unique<LedgerLoop>(options);
}

}  // namespace ppn::bench
