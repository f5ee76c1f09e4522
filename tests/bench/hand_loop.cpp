// The limit: the same entries chained, signed on as many threads and put into
// LMDB, by hand. What it leaves out is what a ledger is: the tree, the index of
// streams, versions checked, entries checked, checkpoints inside and outside,
// and the care for a full disk.
#include <lmdb.h>
#include <sodium.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "store/byte_order.hpp"
#include "store/domains.hpp"
#include "store/hash.hpp"
#include "tests/bench/contender.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

constexpr std::size_t map_bytes = std::size_t{8} << 30U;
constexpr std::size_t chunk_records_max = 64;
constexpr std::size_t few_records = 4;

void must(int code, const char* what) {
  if (code != 0) throw Failure{std::string{what} + ": " + mdb_strerror(code)};
}

/// Records one after another, each behind the prefix that its signature covers.
struct Chunk {
  Bytes bytes;
  std::vector<std::size_t> ends;
  std::atomic<bool> is_signed = false;
};

class HandLoop final : public Contender {
 public:
  explicit HandLoop(const LoopOptions& options)
      : waiting_(options.waiting),
        threads_wanted_(options.signers),
        chunks_(options.waiting) {
    crypto_sign_keypair(public_key_.data(), secret_key_.data());
    must(mdb_env_create(&environment_), "create the environment");
    must(mdb_env_set_mapsize(environment_, map_bytes), "set the map size");
    must(mdb_env_open(environment_, options.directory.c_str(), MDB_NOTLS, 0600),
         "open the environment");
    MDB_txn* transaction = nullptr;
    must(mdb_txn_begin(environment_, nullptr, 0, &transaction), "begin");
    must(mdb_dbi_open(transaction, nullptr, 0, &records_), "open the table");
    must(mdb_txn_commit(transaction), "commit");
    for (unsigned i = 1; i < threads_wanted_; ++i)
      threads_.emplace_back([this] { sign_until_stopped(); });
  }

  ~HandLoop() override {
    stopping_ = true;
    chained_ += 1;
    chained_.notify_all();
    for (auto& thread : threads_) thread.join();
    mdb_env_close(environment_);
  }

  [[nodiscard]] std::string name() const override {
    return "LMDB and libsodium by hand";
  }

  Round run(std::span<const store::AppendRequest> requests) override {
    return run_batches(requests, waiting_, [&](auto batch) { append(batch); });
  }

 private:
  void append(std::span<const store::AppendRequest> batch) {
    auto chunk_records =
        std::clamp(batch.size() / (std::size_t{4} * threads_wanted_),
                   few_records, chunk_records_max);
    batch_begin_ = chained_;
    auto clock = read_clock();
    std::size_t chunks = 0;
    while (!batch.empty()) {
      auto part = batch.first(std::min(chunk_records, batch.size()));
      chain(part, clock, chunks_[chunks++]);
      batch = batch.subspan(part.size());
      chained_ += 1;
      if (chunks > 1 || !batch.empty()) chained_.notify_all();
    }
    put_and_commit(chunks);
  }

  void chain(std::span<const store::AppendRequest> requests,
             const store::ClockReading& clock, Chunk& chunk) {
    chunk.bytes.clear();
    chunk.ends.clear();
    chunk.is_signed = false;
    auto prefix = store::as_bytes(store::entry_domain.prefix);
    for (const auto& request : requests)
      for (const auto& event : request) {
        auto entry = store::build_entry(
            builder_, event,
            {sequence_++, prev_, node_, event.expected_version + 1}, clock);
        prev_ = store::leaf_hash(entry);
        chunk.bytes.insert(chunk.bytes.end(), prefix.begin(), prefix.end());
        chunk.bytes.insert(chunk.bytes.end(), entry.begin(), entry.end());
        chunk.bytes.resize(chunk.bytes.size() + Signature::size);
        chunk.ends.push_back(chunk.bytes.size());
      }
  }

  void put_and_commit(std::size_t chunks) {
    MDB_txn* transaction = nullptr;
    MDB_cursor* cursor = nullptr;
    must(mdb_txn_begin(environment_, nullptr, 0, &transaction), "begin");
    must(mdb_cursor_open(transaction, records_, &cursor), "open a cursor");
    for (std::size_t i = 0; i < chunks; ++i) {
      while (!chunks_[i].is_signed)
        if (!sign_next()) chunks_[i].is_signed.wait(false);
      put(cursor, chunks_[i]);
    }
    mdb_cursor_close(cursor);
    must(mdb_txn_commit(transaction), "commit");
  }

  void put(MDB_cursor* cursor, Chunk& chunk) {
    std::size_t begin = 0;
    for (auto end : chunk.ends) {
      begin += store::entry_domain.prefix.size();
      auto name = store::big_endian(stored_++);
      MDB_val key{name.size(), name.data()};
      MDB_val value{end - begin, chunk.bytes.data() + begin};
      must(mdb_cursor_put(cursor, &key, &value, MDB_APPEND), "put a record");
      begin = end;
    }
  }

  /// Signs the next chunk that is chained and that nobody took; false if there
  /// is none.
  bool sign_next() {
    auto next = taken_.load();
    do {
      if (next == chained_) return false;
    } while (!taken_.compare_exchange_weak(next, next + 1));
    auto& chunk = chunks_[next - batch_begin_];
    std::size_t begin = 0;
    for (auto end : chunk.ends) {
      auto signature = end - Signature::size;
      crypto_sign_detached(chunk.bytes.data() + signature, nullptr,
                           chunk.bytes.data() + begin, signature - begin,
                           secret_key_.data());
      begin = end;
    }
    chunk.is_signed = true;
    chunk.is_signed.notify_one();
    return true;
  }

  void sign_until_stopped() {
    for (;;) {
      auto seen = chained_.load();
      if (stopping_) return;
      if (!sign_next()) chained_.wait(seen);
    }
  }

  std::size_t waiting_;
  unsigned threads_wanted_;
  MDB_env* environment_ = nullptr;
  MDB_dbi records_ = 0;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key_{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key_{};
  flatbuffers::FlatBufferBuilder builder_;
  std::uint64_t sequence_ = 0;
  std::uint64_t stored_ = 0;
  Hash prev_;
  NodeId node_;

  // Chunks are numbered through all batches; those of the current one stand in
  // chunks_ from batch_begin_ on.
  std::vector<Chunk> chunks_;
  std::size_t batch_begin_ = 0;
  std::atomic<std::size_t> chained_ = 0;
  std::atomic<std::size_t> taken_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Contender> make_hand_loop(const LoopOptions& options) {
  return std::make_unique<HandLoop>(options);
}

}  // namespace ppn::bench
