#include "tests/bench/verify_rate.hpp"

#include <fmt/format.h>

#include <thread>

#include "store/byte_order.hpp"
#include "store/domains.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/parts.hpp"
#include "tests/bench/progress.hpp"

namespace ppn::bench {

namespace {

constexpr std::size_t distinct_messages = 1'000;
constexpr Quantity signatures_per_s{"signatures_per_s", "signatures/s", 0};

Row row_of(const std::string& name, double rate) {
  return {"libsodium", name, {{signatures_per_s, rate}}, {}, {}};
}

}  // namespace

VerifyRate::VerifyRate() {
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key{};
  crypto_sign_keypair(public_key_.data(), secret_key.data());
  auto prefix = store::as_bytes(store::entry_domain.prefix);
  for (const auto& record : records_like(Events{}.next(distinct_messages))) {
    auto& message = messages_.emplace_back(prefix.begin(), prefix.end());
    message.insert(message.end(), record.begin(),
                   record.end() - Signature::size);
    crypto_sign_detached(signatures_.emplace_back().bytes.data(), nullptr,
                         message.data(), message.size(), secret_key.data());
  }
}

double VerifyRate::measure(unsigned threads, std::size_t count) const {
  auto share = count / threads;
  Stopwatch watch;
  {
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads; ++i)
      helpers.emplace_back([this, share] { verify(share); });
    verify(share);
  }
  return static_cast<double>(share * threads) / watch.seconds();
}

double VerifyRate::message_size() const { return mean_size(messages_); }

void VerifyRate::verify(std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    const auto& message = messages_[i % messages_.size()];
    const auto& signature = signatures_[i % messages_.size()];
    bool valid = crypto_sign_verify_detached(signature.bytes.data(),
                                             message.data(), message.size(),
                                             public_key_.data()) == 0;
    require(valid, "verify what was just signed");
  }
}

Part bench_verify_rate(const Setup& setup) {
  VerifyRate rate;
  std::size_t rounds = setup.quick ? 1 : 7;
  std::size_t count = setup.quick ? 2'000 : 20'000;
  std::vector<double> one;
  std::vector<double> all;
  for (std::size_t round = 0; round < rounds; ++round) {
    show_progress("verify_rate, round {} of {}", round + 1, rounds);
    one.push_back(rate.measure(1, count));
    all.push_back(rate.measure(setup.cores, count * setup.cores));
  }
  Part part;
  part.name = "verify_rate";
  part.title =
      fmt::format("crypto_sign_verify_detached, messages of {:.0f} bytes",
                  rate.message_size());
  part.rows = {row_of("1 thread", median(one)),
               row_of(fmt::format("{} threads", setup.cores), median(all))};
  part.rows[1].judgement = {"all / one", median_ratio(all, one), {}, {}};
  return part;
}

}  // namespace ppn::bench
