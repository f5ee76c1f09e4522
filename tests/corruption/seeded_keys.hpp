// Private keys that grow from a number and are never forgotten, so that a test
// can sign what a thief of an old key would.
#pragma once

#include <vector>

#include "store/key_store.hpp"

namespace ppn::tests {

/// Key `number` of node `node`, the same in every run.
inline store::SigningKey seeded_key(std::uint8_t node, std::size_t number) {
  std::array<std::uint8_t, store::SigningKey::seed_size> seed{};
  seed[0] = node;
  seed[1] = static_cast<std::uint8_t>(number);
  return store::SigningKey::from_seed(seed);
}

class SeededKeys final : public store::KeyStore {
 public:
  explicit SeededKeys(std::uint8_t node) : node_(node) {}

  store::Result<store::SigningKey> create() override {
    return seeded_key(node_, made_++);
  }

  store::Result<store::SigningKey> load(const PublicKey& wanted) override {
    for (std::size_t number = 0; number < made_; ++number)
      if (auto key = seeded_key(node_, number); key.public_key() == wanted)
        return key;
    return store::Error{store::ErrorCode::key, "there is no such key"};
  }

  store::Status retire_all_but(const PublicKey& /*current*/) override {
    return {};
  }

 private:
  std::uint8_t node_;
  std::size_t made_ = 0;
};

}  // namespace ppn::tests
