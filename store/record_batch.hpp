// A batch on its way into the ledger: records are chained in order, signed on
// all cores, and collected in order again.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "store/record.hpp"
#include "store/signing.hpp"

namespace ppn::store {

/// An entry that has its place; signature and leaf come later.
struct PendingRecord {
  /// The name as the ledger's stream heads hold it.
  std::string_view stream;
  std::uint64_t stream_version = 0;
  /// Where its domain prefix begins in the chunk; the entry follows, then the
  /// signature.
  std::size_t offset = 0;
  std::size_t entry_size = 0;
  /// Has taken in 0x00 and the entry; the signature completes the leaf.
  Sha256 hash;
  Hash leaf;
};

/// Some records that are signed together.
struct RecordChunk {
  Bytes bytes;
  std::vector<PendingRecord> records;

  /// The record as it is stored, once it is signed.
  [[nodiscard]] ByteView record(const PendingRecord& pending) const;

  /// Appends an entry and room for its signature.
  void add(ByteView entry, PendingRecord pending);

  void sign(const SigningKey& key);
};

/// Signs chunks on threads of its own and on the caller's. With no threads, all
/// work is done by wait(): nothing runs unless the caller does.
class SignerPool {
 public:
  explicit SignerPool(unsigned threads);
  ~SignerPool();
  SignerPool(const SignerPool&) = delete;
  SignerPool& operator=(const SignerPool&) = delete;

  [[nodiscard]] unsigned signers() const {
    return static_cast<unsigned>(threads_.size()) + 1;
  }

  /// Begins a batch; chunks that are submitted are signed with `key`, which
  /// must outlive the batch.
  void begin(const SigningKey& key);

  /// Ends a batch: drops what nobody has begun to sign, waits for the rest.
  void end();

  /// The chunk must stay where it is until wait() returned for it.
  void submit(RecordChunk& chunk);

  /// Returns once the n-th submitted chunk is signed; lends a hand meanwhile.
  void wait(std::size_t n);

 private:
  struct Job {
    RecordChunk* chunk = nullptr;
    bool done = false;
  };

  void work();
  bool sign_next(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable signed_;
  std::deque<Job> jobs_;
  std::size_t next_ = 0;
  const SigningKey* key_ = nullptr;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ppn::store
