// bench_pairing: what a ceremony costs each of its sides to compute, beside
// what the curve alone costs; and between real nodes, which live in namespaces
// of their own, how soon a newcomer is in, and what a flood does.
#include <sodium.h>

#include <chrono>
#include <thread>

#include "actors/pairing_talk.hpp"
#include "store/signing.hpp"
#include "tests/bench/bench_app.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/own_namespaces.hpp"
#include "tests/bench/pairing_lab_part.hpp"
#include "tests/bench/progress.hpp"

namespace {

using namespace ppn;
using namespace ppn::bench;

constexpr double side_limit_ms = 1;
constexpr std::size_t rounds = 501;

const std::string sides_part = "sides";
const std::string join_part = "join";
const std::string flood_part = "flood";

constexpr Quantity side_ms{"ms", "ms", 3};
constexpr Quantity of_curve{"of_curve", "of the curve", 2};

void entropy(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
}

/// The steps of both sides of one ceremony, each side's time apart: until both
/// know who the other is.
class Ceremony {
  template <class Work>
  static auto timed(double& seconds, Work work) {
    auto before = cpu_seconds();
    auto result = work();
    seconds += cpu_seconds() - before;
    return result;
  }
  template <class Work>
  auto at_authority(Work work) {
    return timed(authority_seconds, work);
  }
  template <class Work>
  auto at_newcomer(Work work) {
    return timed(newcomer_seconds, work);
  }

 public:
  Ceremony() {
    auto random_byte = [] {
      return static_cast<std::uint8_t>(randombytes_uniform(256));
    };
    auto shown =
        events::ShortCode::draw(events::ShortCode::symbols_usual, random_byte);
    code_ = std::make_shared<const events::ShortCode>(shown);
  }

  void run() {
    auto authority =
        at_authority([] { return actors::AuthorityTalk{entropy}; });
    auto newcomer = at_newcomer([&] {
      return actors::NewcomerTalk{code_, 7, 600, entropy};
    });
    auto offer = at_newcomer(
        [&] { return said(newcomer.take(authority.hello(), entropy)); });
    auto begin = at_authority([&] {
      require(std::holds_alternative<actors::PairingOffered>(
                  authority.take(offer.at(0))),
              "offer a session");
      return require(authority.begin(*code_, entropy));
    });
    auto answer = at_newcomer([&] {
      return std::get<actors::PairingAnswerGuess>(newcomer.take(begin, entropy))
          .message;
    });
    auto proof = at_authority([&] { return said(authority.take(answer)); });
    auto introduction = at_newcomer([&] { return introduce(newcomer, proof); });
    auto invitation =
        at_authority([&] { return invite(authority, introduction); });
    at_newcomer([&] {
      require(std::holds_alternative<actors::PairingMetAuthority>(
                  newcomer.take(invitation, entropy)),
              "invite the newcomer");
      return 0;
    });
  }

  double authority_seconds = 0;
  double newcomer_seconds = 0;

 private:
  static std::vector<Bytes> said(const actors::PairingStep& step) {
    return std::get<actors::PairingSay>(step).messages;
  }

  std::vector<Bytes> introduce(actors::NewcomerTalk& newcomer,
                               const std::vector<Bytes>& proof) {
    auto step = newcomer.take(proof.at(0), entropy);
    std::vector<Bytes> all{std::get<actors::PairingProved>(step).message};
    const auto& bound =
        newcomer.channel().binding_of(actors::CpaceRole::responder);
    auto signature = newcomer_key_.sign(store::pairing_domain, bound.view());
    for (auto& part : newcomer.introduce("who I am\n", signature))
      all.push_back(std::move(part));
    return all;
  }

  Bytes invite(actors::AuthorityTalk& authority,
               const std::vector<Bytes>& introduction) {
    authority.take(introduction.at(0));
    auto step = authority.take(introduction.at(1));
    const auto& met = std::get<actors::PairingMetNewcomer>(step);
    require(actors::is_at(authority.channel(), actors::CpaceRole::responder,
                          newcomer_key_.public_key(), met.signature),
            "believe the newcomer");
    actors::PairingInvitation invitation;
    invitation.mesh_name = "home";
    invitation.authority_name = "cloud";
    invitation.authority_key = authority_key_.public_key();
    invitation.signature = authority_key_.sign(
        store::pairing_domain,
        authority.channel().binding_of(actors::CpaceRole::initiator).view());
    return authority.invite(invitation);
  }

  actors::ShortCodePtr code_;
  store::SigningKey authority_key_ = store::SigningKey::generate();
  store::SigningKey newcomer_key_ = store::SigningKey::generate();
};

/// What neither side can do without: a point of a hash, and two products.
double curve_seconds() {
  std::array<std::uint8_t, crypto_core_ristretto255_HASHBYTES> hash{};
  std::array<std::uint8_t, crypto_core_ristretto255_SCALARBYTES> scalar{};
  std::array<std::uint8_t, crypto_core_ristretto255_BYTES> point{};
  entropy(hash);
  crypto_core_ristretto255_scalar_random(scalar.data());
  auto before = cpu_seconds();
  crypto_core_ristretto255_from_hash(point.data(), hash.data());
  bool good = true;
  for (int product = 0; product < 2; ++product)
    good &= crypto_scalarmult_ristretto255(point.data(), scalar.data(),
                                           point.data()) == 0;
  auto seconds = cpu_seconds() - before;
  require(good, "multiply a point");
  return seconds;
}

Row row_of(std::string name, const std::vector<double>& seconds,
           const std::vector<double>& curve) {
  Row row;
  row.group = "sides";
  row.name = std::move(name);
  auto ms = median(seconds) * 1e3;
  row.figures = {{side_ms, ms}, {of_curve, median_ratio(seconds, curve)}};
  row.judgement = {"ms of a side", ms, std::nullopt, side_limit_ms};
  return row;
}

Part bench_sides(bool quick) {
  std::vector<double> authority;
  std::vector<double> newcomer;
  std::vector<double> curve;
  for (std::size_t round = 0; round < (quick ? 1 : rounds); ++round) {
    Ceremony ceremony;
    ceremony.run();
    authority.push_back(ceremony.authority_seconds);
    newcomer.push_back(ceremony.newcomer_seconds);
    curve.push_back(curve_seconds());
  }
  Part part;
  part.name = "sides";
  part.title = "what each side computes until it knows the other";
  part.notes = {
      "Medians of whole exchanges, in processor time of one core. the curve: "
      "one "
      "point of a hash and two products, by libsodium alone."};
  part.rows = {row_of("authority", authority, curve),
               row_of("newcomer", newcomer, curve)};
  return part;
}

void run_lab(const std::string& what, const std::filesystem::path& scratch,
             bool quick) {
  LabRun lab{PPN_PAIRING_LAB, what, scratch, quick};
  Stopwatch watch;
  while (lab.running()) {
    show_progress("real nodes, {}: {:.0f} s of some {}", what, watch.seconds(),
                  what == join_part ? (quick ? 10 : 30) : (quick ? 40 : 110));
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  static_cast<void>(found_by_lab(what, scratch));
}

/// One after the other: each would be in the other's times.
int run_labs(const Wishes& wishes, const std::filesystem::path& scratch) try {
  // What the labs write is gone when this is, whatever ends it.
  ::setenv("TMPDIR", scratch.c_str(), 1);
  for (const auto& what : {join_part, flood_part})
    if (wishes.has(what)) run_lab(what, scratch, wishes.quick);
  reap_all();
  end_progress();
  return 0;
} catch (const std::exception& error) {
  end_progress();
  fmt::print(stderr, "bench_pairing: {}\n", error.what());
  return 1;
}

/// Why the labs can not run here, if they can not.
std::string run_labs_apart(const Wishes& wishes,
                           const std::filesystem::path& scratch) try {
  int status = in_own_namespaces([&] { return run_labs(wishes, scratch); });
  if (status != 0) throw std::runtime_error{"the labs failed"};
  return {};
} catch (const Failure& failure) {
  return failure.what();
}

void add_labs(const Wishes& wishes, const std::filesystem::path& scratch,
              std::vector<Part>& parts) {
  if (!wishes.has(join_part) && !wishes.has(flood_part)) return;
  auto why_not = run_labs_apart(wishes, scratch);
  auto found = [&](const std::string& what) {
    return PairingFound{why_not.empty() ? found_by_lab(what, scratch) : "",
                        why_not};
  };
  if (wishes.has(join_part)) parts.push_back(bench_join(found(join_part)));
  if (wishes.has(flood_part))
    for (auto& part : bench_flood(found(flood_part)))
      parts.push_back(std::move(part));
}

void measure(const Wishes& wishes, const std::filesystem::path& scratch,
             Report& report) {
  require(sodium_init() >= 0, "get randomness from the system");
  if (wishes.has(sides_part)) report.parts = {bench_sides(wishes.quick)};
  add_labs(wishes, scratch, report.parts);
}

}  // namespace

int main(int argc, char** argv) {
  return run_bench(
      argc, argv,
      {"pairing",
       "Measures what a ceremony costs each of its sides to compute; and "
       "between real nodes, on hosts in namespaces of its own, how long it "
       "is from a code that is typed to the first ping, and what a flood of "
       "handshakes that nobody finishes does. Takes some 3 minutes. What is "
       "between real nodes needs root. Exits with 0 also where a budget is "
       "missed.",
       "one ceremony, a short flood: shows that it works, not how well",
       {sides_part, join_part, flood_part}},
      measure);
}
