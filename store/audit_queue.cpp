#include "store/audit_queue.hpp"

#include <algorithm>
#include <system_error>

namespace ppn::store {

std::unique_ptr<ReadTransaction> begin_reading(Backend& backend) {
  auto transaction = backend.read();
  if (!transaction) throw AuditInterrupted{transaction.error()};
  return std::move(*transaction);
}

ChunkQueue::ChunkQueue(Backend& backend, const ChunkTask& whole, unsigned jobs)
    : backend_(backend),
      whole_(whole),
      results_(whole.size / audit_chunk_size +
               (whole.size % audit_chunk_size != 0 ? 1 : 0)) {
  threads_.reserve(jobs);
  try {
    for (unsigned i = 0; i < jobs; ++i)
      threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // Those that were started do it all; without one, whoever takes does.
    if (threads_.empty()) work();
  }
}

ChunkQueue::~ChunkQueue() {
  {
    std::lock_guard lock{mutex_};
    next_ = results_.size();
  }
  for (auto& thread : threads_) thread.join();
}

ChunkAudit ChunkQueue::take(std::size_t n) {
  std::unique_lock lock{mutex_};
  done_.wait(lock, [&] { return results_[n].has_value() || failure_; });
  if (failure_) std::rethrow_exception(failure_);
  auto result = std::move(*results_[n]);
  results_[n].reset();
  return result;
}

void ChunkQueue::work() {
  for (;;) {
    std::size_t mine = 0;
    {
      std::lock_guard lock{mutex_};
      if (next_ == results_.size() || failure_) return;
      mine = next_++;
    }
    std::optional<ChunkAudit> result;
    std::exception_ptr failure;
    try {
      result = audit_one(mine);
    } catch (...) {
      failure = std::current_exception();
    }
    {
      std::lock_guard lock{mutex_};
      results_[mine] = std::move(result);
      if (failure) failure_ = failure;
    }
    done_.notify_one();
  }
}

ChunkAudit ChunkQueue::audit_one(std::size_t n) const {
  ChunkTask task = whole_;
  task.begin = n * audit_chunk_size;
  task.end = std::min(task.begin + audit_chunk_size, task.size);
  auto transaction = begin_reading(backend_);
  LedgerView view{*transaction};
  return audit_chunk(view, task);
}

}  // namespace ppn::store
