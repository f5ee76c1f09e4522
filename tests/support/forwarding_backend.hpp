// A backend that passes everything on, for those that do one thing otherwise.
#pragma once

#include "store/backend.hpp"

namespace ppn::tests {

class ForwardingBackend : public store::Backend {
 public:
  explicit ForwardingBackend(store::Backend& real) : real_(real) {}

  store::Result<std::unique_ptr<store::ReadTransaction>> read() override {
    return real_.read();
  }
  store::Result<std::unique_ptr<store::WriteTransaction>> write() override {
    return real_.write();
  }
  store::Status grow() override { return real_.grow(); }
  store::Status check_room(std::uint64_t bytes) override {
    return real_.check_room(bytes);
  }
  void release_reserve() override { real_.release_reserve(); }
  void clear_stale_readers() override { real_.clear_stale_readers(); }

 private:
  store::Backend& real_;
};

}  // namespace ppn::tests
