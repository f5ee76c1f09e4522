#include "store/record_batch.hpp"

#include "store/byte_order.hpp"

namespace ppn::store {

ByteView RecordChunk::record(const PendingRecord& pending) const {
  return ByteView{bytes}.subspan(pending.offset + entry_domain.prefix.size(),
                                 pending.entry_size + Signature::size);
}

void RecordChunk::add(ByteView entry, PendingRecord pending) {
  pending.offset = bytes.size();
  pending.entry_size = entry.size();
  auto prefix = as_bytes(entry_domain.prefix);
  bytes.insert(bytes.end(), prefix.begin(), prefix.end());
  bytes.insert(bytes.end(), entry.begin(), entry.end());
  bytes.resize(bytes.size() + Signature::size);
  records.push_back(pending);
}

void RecordChunk::sign(const SigningKey& key) {
  for (auto& pending : records) {
    auto message_size = entry_domain.prefix.size() + pending.entry_size;
    auto message = ByteView{bytes}.subspan(pending.offset, message_size);
    auto signature = key.sign(message);
    std::copy(signature.bytes.begin(), signature.bytes.end(),
              bytes.begin() +
                  static_cast<std::ptrdiff_t>(pending.offset + message_size));
    pending.leaf = pending.hash.update(signature.view()).finish();
  }
}

SignerPool::SignerPool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this] { work(); });
}

SignerPool::~SignerPool() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  submitted_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void SignerPool::begin(const SigningKey& key) {
  std::lock_guard lock{mutex_};
  key_ = &key;
}

void SignerPool::end() {
  std::unique_lock lock{mutex_};
  jobs_.resize(next_);
  signed_.wait(lock, [this] {
    return std::all_of(jobs_.begin(), jobs_.end(),
                       [](const Job& job) { return job.done; });
  });
  jobs_.clear();
  next_ = 0;
}

void SignerPool::submit(RecordChunk& chunk) {
  {
    std::lock_guard lock{mutex_};
    jobs_.push_back({&chunk, false});
  }
  submitted_.notify_one();
}

void SignerPool::wait(std::size_t n) {
  std::unique_lock lock{mutex_};
  while (!jobs_[n].done)
    if (!sign_next(lock)) signed_.wait(lock);
}

bool SignerPool::sign_next(std::unique_lock<std::mutex>& lock) {
  if (next_ == jobs_.size()) return false;
  auto& job = jobs_[next_++];
  lock.unlock();
  job.chunk->sign(*key_);
  lock.lock();
  job.done = true;
  signed_.notify_all();
  return true;
}

void SignerPool::work() {
  std::unique_lock lock{mutex_};
  while (!stopping_)
    if (!sign_next(lock)) submitted_.wait(lock);
}

}  // namespace ppn::store
