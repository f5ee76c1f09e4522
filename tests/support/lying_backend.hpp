// A backend whose commits are durable although they say that they failed.
#pragma once

#include "tests/support/forwarding_backend.hpp"

namespace ppn::tests {

class LyingBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;

  /// The next commit does its work and returns an error.
  void lie_once() { lie_ = true; }

  store::Result<std::unique_ptr<store::WriteTransaction>> write() override {
    auto real = ForwardingBackend::write();
    if (!real) return real.error();
    return std::unique_ptr<store::WriteTransaction>{
        std::make_unique<Transaction>(std::move(*real), lie_)};
  }

 private:
  class Transaction final : public store::WriteTransaction {
   public:
    Transaction(std::unique_ptr<store::WriteTransaction> real, bool& lie)
        : real_(std::move(real)), lie_(lie) {}

    store::Result<ByteView> get(store::Table table, ByteView key) override {
      return real_->get(table, key);
    }
    store::Status scan(
        store::Table table, ByteView from,
        const std::function<bool(const store::KeyValue&)>& visit) override {
      return real_->scan(table, from, visit);
    }
    store::Result<store::KeyValue> last(store::Table table) override {
      return real_->last(table);
    }
    store::Result<store::KeyValue> last_below(store::Table table,
                                              ByteView bound) override {
      return real_->last_below(table, bound);
    }
    store::Result<std::uint64_t> count(store::Table table) override {
      return real_->count(table);
    }
    store::Result<std::uint64_t> count_tables() override {
      return real_->count_tables();
    }
    store::Status append(store::Table table, ByteView key,
                         ByteView value) override {
      return real_->append(table, key, value);
    }
    store::Status insert(store::Table table, ByteView key,
                         ByteView value) override {
      return real_->insert(table, key, value);
    }
    store::Status replace(store::Table table, ByteView key,
                          ByteView value) override {
      return real_->replace(table, key, value);
    }
    store::Status remove(store::Table table, ByteView key) override {
      return real_->remove(table, key);
    }
    store::Status commit() override {
      auto committed = real_->commit();
      if (!std::exchange(lie_, false)) return committed;
      return store::Error{store::ErrorCode::io, "cannot commit: a lie"};
    }

   private:
    std::unique_ptr<store::WriteTransaction> real_;
    bool& lie_;
  };

  bool lie_ = false;
};

}  // namespace ppn::tests
