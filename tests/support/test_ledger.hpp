// A ledger on a real disk with everything it needs, for tests.
#pragma once

#include <filesystem>
#include <memory>

#include "store/ledger.hpp"
#include "store/lmdb_backend.hpp"

namespace ppn::tests {

class TestLedger {
 public:
  struct Options {
    store::LmdbOptions lmdb{.margin_bytes = 0, .reserve_bytes = 0};
    store::LedgerOptions ledger;
  };

  static store::Result<TestLedger> found(const std::filesystem::path& path) {
    return found(path, Options{});
  }
  static store::Result<TestLedger> found(const std::filesystem::path& path,
                                         Options options);
  static store::Result<TestLedger> open(const std::filesystem::path& path) {
    return open(path, Options{});
  }
  static store::Result<TestLedger> open(const std::filesystem::path& path,
                                        Options options);

  store::Ledger* operator->() { return ledger_.get(); }
  store::Ledger& operator*() { return *ledger_; }
  [[nodiscard]] store::LmdbBackend& backend() { return *backend_; }

 private:
  static store::Result<TestLedger> parts(const std::filesystem::path& path,
                                         const store::LmdbOptions& options);

  [[nodiscard]] store::LedgerParts ledger_parts() const {
    return {*backend_, *keys_, *outside_};
  }

  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::KeyStore> keys_;
  std::unique_ptr<store::OutsideCheckpoint> outside_;
  std::unique_ptr<store::Ledger> ledger_;
};

/// The same reading of the clock every time.
inline constexpr store::ClockReading test_clock{1'767'225'600'000'000'000,
                                                1'000'000'000, true};

/// A request of `count` events that say which request of which entry they are,
/// decided on the ledger as it is.
store::AppendRequest numbered_request(const store::Ledger& ledger,
                                      std::size_t count);

/// The text that numbered_request gave entry `sequence`, read back.
store::Result<std::string> text_of_entry(store::Backend& backend,
                                         std::uint64_t sequence);

/// And what it should be.
std::string numbered_text(std::uint64_t sequence);

}  // namespace ppn::tests
