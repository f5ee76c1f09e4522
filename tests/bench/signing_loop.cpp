// The ceiling: what libsodium signs on as many threads when nothing else is
// done, no matter how many requests wait.
#include <sodium.h>

#include <array>
#include <thread>

#include "tests/bench/contender.hpp"
#include "tests/bench/events.hpp"

namespace ppn::bench {

namespace {

class SigningLoop final : public Contender {
 public:
  explicit SigningLoop(const LoopOptions& options) : signers_(options.signers) {
    crypto_sign_keypair(public_key_.data(), secret_key_.data());
  }

  [[nodiscard]] std::string name() const override {
    return "libsodium, signing alone";
  }

  Round run(std::span<const store::AppendRequest> requests) override {
    auto records = records_like(requests);
    auto cpu_before = cpu_seconds();
    Stopwatch whole;
    {
      std::vector<std::jthread> helpers;
      for (unsigned i = 1; i < signers_; ++i)
        helpers.emplace_back([&, i] { sign_share(records, i); });
      sign_share(records, 0);
    }
    return {whole.seconds(), cpu_seconds() - cpu_before, {}};
  }

 private:
  void sign_share(std::vector<Bytes>& records, std::size_t first) const {
    for (auto i = first; i < records.size(); i += signers_) {
      auto& record = records[i];
      auto message_size = record.size() - Signature::size;
      crypto_sign_detached(record.data() + message_size, nullptr, record.data(),
                           message_size, secret_key_.data());
    }
  }

  unsigned signers_;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key_{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key_{};
};

}  // namespace

std::unique_ptr<Contender> make_signing_loop(const LoopOptions& options) {
  return std::make_unique<SigningLoop>(options);
}

}  // namespace ppn::bench
