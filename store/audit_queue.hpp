// The chunks of an audit, done by many threads and taken in order by one.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/audit_chunk.hpp"
#include "store/backend.hpp"

namespace ppn::store {

/// The machine, not the ledger, keeps the audit from going on.
struct AuditInterrupted {
  Error error;
};

/// Throws AuditInterrupted if there can be no transaction now.
std::unique_ptr<ReadTransaction> begin_reading(Backend& backend);

class ChunkQueue {
 public:
  /// Starts up to `jobs` threads on the chunks of [0, whole.size).
  ChunkQueue(Backend& backend, const ChunkTask& whole, unsigned jobs);
  ~ChunkQueue();
  ChunkQueue(const ChunkQueue&) = delete;
  ChunkQueue& operator=(const ChunkQueue&) = delete;

  [[nodiscard]] std::size_t count() const { return results_.size(); }

  /// The n-th chunk, once it is done. Throws AuditInterrupted, or whatever else
  /// a thread came to grief by.
  ChunkAudit take(std::size_t n);

 private:
  void work();
  [[nodiscard]] ChunkAudit audit_one(std::size_t n) const;

  Backend& backend_;
  ChunkTask whole_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t next_ = 0;
  std::vector<std::optional<ChunkAudit>> results_;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace ppn::store
