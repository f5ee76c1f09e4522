// A state directory with all that a ledger works with, on a real disk.
#pragma once

#include <memory>

#include "store/ledger.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/failure.hpp"

namespace ppn::bench {

struct LedgerHome {
  explicit LedgerHome(const store::StateDirectory& state_directory)
      : directory(state_directory),
        backend(require(store::LmdbBackend::open_for_writing(directory))),
        keys(require(store::FileKeyStore::open(directory.keys()))),
        outside(directory.outside_checkpoint()) {}

  [[nodiscard]] store::LedgerParts parts() {
    return {*backend, *keys, outside};
  }

  /// With that many threads that sign, the caller's included.
  [[nodiscard]] std::unique_ptr<store::Ledger> found_ledger(unsigned signers) {
    store::LedgerOptions options;
    options.extra_signers = signers - 1;
    return require(store::Ledger::found(parts(), {"bench", {}}, read_clock(),
                                        std::move(options)));
  }

  store::StateDirectory directory;
  std::unique_ptr<store::LmdbBackend> backend;
  std::unique_ptr<store::FileKeyStore> keys;
  store::OutsideCheckpointFile outside;
};

}  // namespace ppn::bench
