// Inclusion proofs of entries here and there, beside the bare reads of the
// nodes that they are made of.
#include <fmt/format.h>

#include "store/byte_order.hpp"
#include "store/ledger_view.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/parts.hpp"
#include "tests/bench/progress.hpp"
#include "tests/support/random.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity p50_us{"p50_us", "p50 us", 2};
constexpr Quantity p99_us{"p99_us", "p99 us", 2};
constexpr std::size_t proofs = 20'000;

/// Times of many, in microseconds.
using Times = std::vector<double>;

class Prover {
 public:
  explicit Prover(const SampleLedger& sample)
      : sample_(sample),
        backend_(
            require(store::LmdbBackend::open_for_reading(sample.directory))) {
    auto transaction = require(backend_->read());
    root_ = require(store::tree_root(sample_.entries,
                                     store::LedgerView{*transaction}.nodes()));
  }

  /// A proof as someone asks for it: in a transaction of its own.
  void prove(std::uint64_t index, Times& proving, Times& verifying) {
    Stopwatch watch;
    auto transaction = require(backend_->read());
    store::LedgerView view{*transaction};
    auto proof =
        require(store::prove_inclusion(index, sample_.entries, view.nodes()));
    proving.push_back(watch.seconds() * 1e6);
    auto leaf = require(view.nodes()({0, index}));
    Stopwatch again;
    bool good =
        store::verify_inclusion(leaf, index, {sample_.entries, root_}, proof);
    verifying.push_back(again.seconds() * 1e6);
    require(good, "verify a proof");
  }

  /// The nodes that a proof reads.
  std::vector<store::NodeAddress> nodes_of_proof(std::uint64_t index) {
    std::vector<store::NodeAddress> addresses;
    auto transaction = require(backend_->read());
    store::LedgerView view{*transaction};
    auto reader = view.nodes();
    require(store::prove_inclusion(index, sample_.entries,
                                   [&](const store::NodeAddress& address) {
                                     addresses.push_back(address);
                                     return reader(address);
                                   }));
    return addresses;
  }

  /// The limit: the same transaction and the same reads.
  void read_bare(const std::vector<store::NodeAddress>& addresses,
                 Times& times) {
    Stopwatch watch;
    auto transaction = require(backend_->read());
    for (const auto& address : addresses)
      require(
          transaction->get(store::Table::tree,
                           store::big_endian(store::completing_leaf(address))));
    times.push_back(watch.seconds() * 1e6);
  }

 private:
  const SampleLedger& sample_;
  std::unique_ptr<store::LmdbBackend> backend_;
  Hash root_;
};

Row row_of(const std::string& name, const Times& times) {
  return {"inclusion",
          name,
          {{p50_us, median(times)}, {p99_us, quantile(times, 0.99)}},
          {},
          {}};
}

}  // namespace

Part bench_proof(const Setup& setup) {
  const auto& sample = setup.big_ledger();
  Prover prover{sample};
  tests::Random random{tests::seed_or(1)};
  Times proving;
  Times verifying;
  Times reading;
  show_progress("proof");
  for (std::size_t i = 0; i < (setup.quick ? proofs / 20 : proofs); ++i) {
    auto index = random.below(sample.entries);
    auto addresses = prover.nodes_of_proof(index);
    prover.prove(index, proving, verifying);
    prover.read_bare(addresses, reading);
  }
  Part part;
  part.name = "proof";
  part.title =
      fmt::format("inclusion of one entry in {}, each asked for on its own",
                  sample.entries);
  part.rows = {row_of("prove", proving),
               row_of("its nodes read, nothing else", reading),
               row_of("verify", verifying)};
  part.rows[1].judgement = {
      "prove / this", median_ratio(proving, reading), {}, {}};
  return part;
}

}  // namespace ppn::bench
