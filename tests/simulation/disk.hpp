// The disk of a simulated host: what was committed to it stays, and all else is
// gone after a crash. Faults are asked of whoever simulates them.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "store/ledger.hpp"
#include "store/witness_memory.hpp"

namespace ppn::simulation {

/// What stays when a process dies.
struct Disk {
  using Pairs = std::map<Bytes, Bytes>;

  std::array<Pairs, store::table_names.size()> tables;
  std::optional<std::string> outside_checkpoint;
  std::vector<std::array<std::uint8_t, store::SigningKey::seed_size>> keys;
  store::WitnessMemory::Notes heads;
  store::WitnessMemory::Notes cosigned;

  [[nodiscard]] Pairs& of(store::Table table) {
    return tables[static_cast<std::size_t>(table)];
  }
  [[nodiscard]] const Pairs& of(store::Table table) const {
    return tables[static_cast<std::size_t>(table)];
  }
  [[nodiscard]] std::uint64_t entries() const {
    return of(store::Table::entries).size();
  }
};

enum class CommitFate : std::uint8_t { done, failed, done_but_failed };

/// What goes wrong with a disk, asked each time.
struct DiskFaults {
  std::function<CommitFate()> commit;
  std::function<bool()> is_full;
  std::function<bool()> map_is_full;
  std::function<bool()> outside_fails;
};

/// All goes well.
DiskFaults no_faults();

/// Whether its ledger had this head at some time.
bool has_head(Disk& disk, const store::TreeHead& head);

/// A process's view of its disk, with all that store/ asks of it. Once the
/// process is dead nothing that it does reaches the disk.
class OpenDisk {
 public:
  OpenDisk(Disk& disk, DiskFaults faults,
           std::function<std::uint64_t()> random);
  ~OpenDisk();
  OpenDisk(const OpenDisk&) = delete;
  OpenDisk& operator=(const OpenDisk&) = delete;

  [[nodiscard]] store::LedgerParts parts();
  /// Of the ledgers of others.
  [[nodiscard]] std::shared_ptr<store::WitnessMemory> memory();
  void die();

 private:
  class Store;
  class Keys;
  class Outside;
  class Memory;

  std::unique_ptr<Store> store_;
  std::unique_ptr<Keys> keys_;
  std::unique_ptr<Outside> outside_;
  std::shared_ptr<Memory> memory_;
};

}  // namespace ppn::simulation
