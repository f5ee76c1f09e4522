#include "tests/simulation/disk.hpp"

#include <algorithm>

#include "store/ledger_view.hpp"

namespace ppn::simulation {

namespace {

using store::Error;
using store::ErrorCode;
using store::KeyValue;
using store::Result;
using store::Status;
using store::Table;

Error missing() { return {ErrorCode::not_found, "there is no such pair"}; }
Error dead() { return {ErrorCode::io, "the process is dead"}; }

Bytes own(ByteView view) { return {view.begin(), view.end()}; }

/// Changes are kept aside until the commit; nobody reads his own.
class Transaction final : public store::WriteTransaction {
 public:
  Transaction(Disk& disk, const DiskFaults& faults, const bool& alive)
      : disk_(disk), faults_(faults), alive_(alive) {}

  Result<ByteView> get(Table table, ByteView key) override {
    auto found = disk_.of(table).find(own(key));
    if (found == disk_.of(table).end()) return missing();
    return ByteView{found->second};
  }

  Status scan(Table table, ByteView from,
              const std::function<bool(const KeyValue&)>& visit) override {
    const auto& pairs = disk_.of(table);
    for (auto pair = pairs.lower_bound(own(from)); pair != pairs.end(); ++pair)
      if (!visit({pair->first, pair->second})) break;
    return {};
  }

  Result<KeyValue> last(Table table) override {
    return before(disk_.of(table), disk_.of(table).end());
  }

  Result<KeyValue> last_below(Table table, ByteView bound) override {
    return before(disk_.of(table), disk_.of(table).lower_bound(own(bound)));
  }

  Result<std::uint64_t> count(Table table) override {
    return std::uint64_t{disk_.of(table).size()};
  }

  Result<std::uint64_t> count_tables() override {
    return std::uint64_t{store::table_names.size()};
  }

  Status append(Table table, ByteView key, ByteView value) override {
    auto& highest = highest_[static_cast<std::size_t>(table)];
    if (highest.empty() && !disk_.of(table).empty())
      highest = disk_.of(table).rbegin()->first;
    auto wanted = own(key);
    if (!highest.empty() && wanted <= highest)
      return Error{ErrorCode::damaged, "an append that does not rise"};
    highest = wanted;
    return write(table, std::move(wanted), value);
  }

  Status insert(Table table, ByteView key, ByteView value) override {
    auto wanted = own(key);
    bool there = disk_.of(table).contains(wanted) ||
                 std::any_of(writes_.begin(), writes_.end(), [&](auto& write) {
                   return write.table == table && write.key == wanted;
                 });
    if (there) return Error{ErrorCode::damaged, "it is there already"};
    return write(table, std::move(wanted), value);
  }

  Status replace(Table table, ByteView key, ByteView value) override {
    return write(table, own(key), value);
  }

  Status remove(Table table, ByteView key) override {
    return disk_.of(table).erase(own(key)) == 0 ? Status{missing()} : Status{};
  }

  Status commit() override {
    if (!alive_) return dead();
    auto fate = faults_.commit();
    if (fate != CommitFate::failed)
      for (auto& write : writes_)
        disk_.of(write.table)[std::move(write.key)] = std::move(write.value);
    if (fate == CommitFate::done) return {};
    return Error{ErrorCode::io, "the disk says input/output error"};
  }

 private:
  struct Write {
    Table table;
    Bytes key;
    Bytes value;
  };

  Status write(Table table, Bytes key, ByteView value) {
    if (faults_.map_is_full())
      return Error{ErrorCode::map_full, "the map is full"};
    writes_.push_back({table, std::move(key), own(value)});
    return {};
  }

  static Result<KeyValue> before(const Disk::Pairs& pairs,
                                 Disk::Pairs::const_iterator end) {
    if (end == pairs.begin()) return missing();
    --end;
    return KeyValue{end->first, end->second};
  }

  Disk& disk_;
  const DiskFaults& faults_;
  const bool& alive_;
  std::vector<Write> writes_;
  std::array<Bytes, store::table_names.size()> highest_;
};

}  // namespace

class OpenDisk::Store final : public store::Backend {
 public:
  Store(Disk& disk, DiskFaults faults)
      : disk_(disk), faults_(std::move(faults)) {}

  Result<std::unique_ptr<store::ReadTransaction>> read() override {
    if (!alive_) return dead();
    return std::unique_ptr<store::ReadTransaction>{
        std::make_unique<Transaction>(disk_, faults_, alive_)};
  }
  Result<std::unique_ptr<store::WriteTransaction>> write() override {
    if (!alive_) return dead();
    return std::unique_ptr<store::WriteTransaction>{
        std::make_unique<Transaction>(disk_, faults_, alive_)};
  }
  Status grow() override { return {}; }
  Status check_room(std::uint64_t /*bytes*/) override {
    if (faults_.is_full() && !in_reserve_)
      return Error{ErrorCode::disk_full, "the disk is full"};
    return {};
  }
  void release_reserve() override { in_reserve_ = true; }
  void clear_stale_readers() override {}

  void die() { alive_ = false; }
  [[nodiscard]] const bool& alive() const { return alive_; }
  [[nodiscard]] const DiskFaults& faults() const { return faults_; }

 private:
  Disk& disk_;
  DiskFaults faults_;
  bool alive_ = true;
  bool in_reserve_ = false;
};

class OpenDisk::Keys final : public store::KeyStore {
 public:
  Keys(Disk& disk, const bool& alive, std::function<std::uint64_t()> random)
      : disk_(disk), alive_(alive), random_(std::move(random)) {}

  Result<store::SigningKey> create() override {
    if (!alive_) return dead();
    std::array<std::uint8_t, store::SigningKey::seed_size> seed{};
    for (auto& byte : seed) byte = static_cast<std::uint8_t>(random_());
    disk_.keys.push_back(seed);
    return store::SigningKey::from_seed(seed);
  }

  Result<store::SigningKey> load(const PublicKey& wanted) override {
    for (const auto& seed : disk_.keys)
      if (auto key = store::SigningKey::from_seed(seed);
          key.public_key() == wanted)
        return key;
    return Error{ErrorCode::key, "there is no such key"};
  }

  Status retire_all_but(const PublicKey& current) override {
    if (!alive_) return dead();
    std::erase_if(disk_.keys, [&](const auto& seed) {
      return store::SigningKey::from_seed(seed).public_key() != current;
    });
    return {};
  }

 private:
  Disk& disk_;
  const bool& alive_;
  std::function<std::uint64_t()> random_;
};

class OpenDisk::Outside final : public store::OutsideCheckpoint {
 public:
  Outside(Disk& disk, const Store& opened) : disk_(disk), opened_(opened) {}

  Result<std::string> read() override {
    if (!disk_.outside_checkpoint) return missing();
    return *disk_.outside_checkpoint;
  }

  Status write(const std::string& note) override {
    if (!opened_.alive()) return dead();
    if (opened_.faults().outside_fails())
      return Error{ErrorCode::io, "the disk says input/output error"};
    disk_.outside_checkpoint = note;
    return {};
  }

 private:
  Disk& disk_;
  const Store& opened_;
};

class OpenDisk::Memory final : public store::WitnessMemory {
 public:
  Memory(Disk& disk, const Store& opened) : disk_(disk), opened_(opened) {}

  Result<Notes> heads() override { return disk_.heads; }
  Status keep_head(const NodeId& node, const std::string& note) override {
    return keep(disk_.heads, node, note);
  }
  Status forget_head(const NodeId& node) override {
    if (opened_.alive()) disk_.heads.erase(node);
    return {};
  }
  Result<Notes> cosigned() override { return disk_.cosigned; }
  Status keep_cosigned(const NodeId& witness,
                       const std::string& note) override {
    return keep(disk_.cosigned, witness, note);
  }
  Status forget_cosigned(const NodeId& witness) override {
    if (opened_.alive()) disk_.cosigned.erase(witness);
    return {};
  }

 private:
  /// An error does not tell whether it was kept.
  Status keep(Notes& notes, const NodeId& node, const std::string& note) {
    if (!opened_.alive()) return dead();
    bool fails = opened_.faults().outside_fails();
    if (!fails || opened_.faults().outside_fails()) notes[node] = note;
    if (fails) return Error{ErrorCode::io, "the disk says input/output error"};
    return {};
  }

  Disk& disk_;
  const Store& opened_;
};

DiskFaults no_faults() {
  return {[] { return CommitFate::done; }, [] { return false; },
          [] { return false; }, [] { return false; }};
}

bool has_head(Disk& disk, const store::TreeHead& head) {
  if (head.size > disk.entries()) return false;
  OpenDisk opened{disk, no_faults(), [] { return std::uint64_t{0}; }};
  auto transaction = opened.parts().backend.read();
  store::LedgerView view{**transaction};
  auto root = store::tree_root(head.size, view.nodes());
  return root && *root == head.root;
}

OpenDisk::OpenDisk(Disk& disk, DiskFaults faults,
                   std::function<std::uint64_t()> random)
    : store_(std::make_unique<Store>(disk, std::move(faults))),
      keys_(std::make_unique<Keys>(disk, store_->alive(), std::move(random))),
      outside_(std::make_unique<Outside>(disk, *store_)),
      memory_(std::make_shared<Memory>(disk, *store_)) {}

OpenDisk::~OpenDisk() = default;

store::LedgerParts OpenDisk::parts() { return {*store_, *keys_, *outside_}; }

std::shared_ptr<store::WitnessMemory> OpenDisk::memory() { return memory_; }

void OpenDisk::die() { store_->die(); }

}  // namespace ppn::simulation
