// A flipped bit anywhere in the database file is found, or changes nothing that
// the ledger says. Nothing in between.
#include <boost/test/unit_test.hpp>

#include "tests/corruption/damaged_file.hpp"
#include "tests/corruption/specimen.hpp"
#include "tests/support/random.hpp"

namespace ppn::tests {

using store::AuditLevel;

namespace {

constexpr unsigned workers = 2;
constexpr std::size_t listed_max = 20;
constexpr std::uint64_t page_size = 4096;

/// Five entries, one of them on pages of its own, a key rotation and a
/// snapshot.
const Specimen& small_ledger() {
  static const auto specimen = [] {
    auto made = std::make_unique<Specimen>();
    made->append(1);
    store::Event event;
    event.stream = "capability/large";
    schema::CapabilityGrantedT granted;
    granted.grant = std::make_unique<schema::Id>();
    granted.subject = "node/1";
    granted.resource = std::string(2500, 'r');
    event.payload.Set(std::move(granted));
    made->append(std::move(event), {1, 1, true});
    made->rotate_key();
    made->write_snapshot();
    made->append(1);
    made->close();
    return made;
  }();
  return *specimen;
}

/// 20,001 entries with a key rotation and snapshots.
const Specimen& large_ledger() {
  static const auto specimen = [] {
    auto made = std::make_unique<Specimen>();
    for (int batch = 0; batch < 20; ++batch) {
      made->append(batch == 12 ? 999 : 1000);
      if (batch == 12) made->rotate_key();
      if (batch % 8 == 7) made->write_snapshot();
    }
    made->close();
    return made;
  }();
  return *specimen;
}

/// Judges one file once for each trial, damaged by `damage`.
template <class Damage>
std::vector<Outcome> judge_all(const OriginalFile& original, std::size_t count,
                               AuditLevel level, const Damage& damage) {
  ScratchDirectory scratch;
  return run_trials(count, workers, [&](unsigned worker) -> Trial {
    auto file = std::make_shared<DamagedFile>(original,
                                              scratch / std::to_string(worker));
    return [file, level, &damage](std::size_t n, const NoteOutcome& note) {
      file->restore();
      damage(*file, n);
      return file->judge(level, note);
    };
  });
}

/// The file as it was made passes for what it is.
void require_sound(const OriginalFile& original) {
  auto outcomes = judge_all(original, 1, AuditLevel::replay,
                            [](DamagedFile&, std::size_t) {});
  BOOST_REQUIRE(outcomes.front() == Outcome::harmless);
}

/// Says what was found, and fails for each outcome that is a failure.
template <class Describe>
void report(const std::vector<Outcome>& outcomes, const Describe& describe) {
  std::string counts;
  for (const auto& [outcome, count] : tally(outcomes))
    counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " +
              name_of(outcome);
  BOOST_TEST_MESSAGE(outcomes.size() << " trials: " << counts);
  std::size_t failures = 0;
  for (std::size_t n = 0; n < outcomes.size(); ++n)
    if (is_failure(outcomes[n]) && ++failures <= listed_max)
      BOOST_ERROR(name_of(outcomes[n]) << ": " << describe(n));
  BOOST_TEST(failures == 0U, failures << " failures in all; " << counts);
}

std::string bit_in_words(std::uint64_t bit) {
  auto byte = bit / 8;
  return "bit " + std::to_string(bit % 8) + " of byte " + std::to_string(byte) +
         " (page " + std::to_string(byte / page_size) + ", byte " +
         std::to_string(byte % page_size) + " in it)";
}

/// `bit_of` says which bit is flipped in trial number n.
template <class BitOf>
void flip_in_small_ledger(std::size_t trials_per_byte, const BitOf& bit_of) {
  auto original = OriginalFile::compacted(small_ledger().directory());
  require_sound(original);
  auto outcomes = judge_all(
      original, original.bytes.size() * trials_per_byte, AuditLevel::chain,
      [&](DamagedFile& file, std::size_t n) { file.flip_bit(bit_of(n)); });
  report(outcomes, [&](std::size_t n) { return bit_in_words(bit_of(n)); });
  auto counts = tally(outcomes);
  BOOST_TEST(counts[Outcome::found] > 1'000U * trials_per_byte);
  BOOST_TEST(counts[Outcome::harmless] > 1'000U * trials_per_byte);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bit_flips)

BOOST_AUTO_TEST_CASE(
    a_flipped_bit_of_each_byte_of_a_small_ledger_is_found_or_harmless) {
  auto seed = seed_or(20'261'124);
  BOOST_TEST_MESSAGE("PPN_TEST_SEED=" << seed);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    // 5 is odd: bytes beside each other are flipped in different bits.
    flip_in_small_ledger(1, [seed](std::size_t n) {
      return n * 8 + (n * 5 + n / 8 + seed) % 8;
    });
  }
}

BOOST_AUTO_TEST_CASE(
    thousands_of_bit_flips_of_a_large_ledger_are_found_or_harmless) {
  auto seed = seed_or(20'261'124);
  BOOST_TEST_MESSAGE("PPN_TEST_SEED=" << seed);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    auto original = OriginalFile::as_it_is(large_ledger().directory());
    require_sound(original);
    Random random{seed};
    std::vector<std::uint64_t> bits(3000);
    for (auto& bit : bits) bit = random.below(original.bytes.size() * 8);
    auto outcomes = judge_all(
        original, bits.size(), AuditLevel::chain,
        [&](DamagedFile& file, std::size_t n) { file.flip_bit(bits[n]); });
    report(outcomes, [&](std::size_t n) { return bit_in_words(bits[n]); });
    auto counts = tally(outcomes);
    BOOST_TEST(counts[Outcome::found] > 1000U);
    BOOST_TEST(counts[Outcome::harmless] > 100U);
  }
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_is_found_or_harmless) {
  auto seed = seed_or(20'261'124);
  BOOST_TEST_MESSAGE("PPN_TEST_SEED=" << seed);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    auto original = OriginalFile::compacted(small_ledger().directory());
    Random random{seed};
    std::vector<std::uint64_t> sizes;
    for (std::uint64_t size = 0; size < original.bytes.size();
         size += page_size)
      sizes.push_back(size);
    for (int i = 0; i < 50; ++i)
      sizes.push_back(random.below(original.bytes.size()));
    auto outcomes = judge_all(
        original, sizes.size(), AuditLevel::replay,
        [&](DamagedFile& file, std::size_t n) { file.cut_to(sizes[n]); });
    report(outcomes, [&](std::size_t n) {
      return "cut to " + std::to_string(sizes[n]) + " bytes";
    });
    auto counts = tally(outcomes);
    BOOST_TEST(counts[Outcome::crashed] > 0U);
    BOOST_TEST(counts[Outcome::refused] > 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

// It takes minutes, so it is the tier "bits".
BOOST_AUTO_TEST_SUITE(every_bit)

BOOST_AUTO_TEST_CASE(
    every_single_bit_flip_of_a_small_ledger_is_found_or_harmless) {
  flip_in_small_ledger(8, [](std::size_t n) { return n; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
