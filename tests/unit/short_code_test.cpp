// The short code of a ceremony: drawn, read aloud, typed, mistyped.
#include "events/short_code.hpp"

#include <string>
#include <utility>

#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::ShortCode;

namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t lengths[] = {6, 7, 8, 9, 10};

std::string password_of(const ShortCode& code) {
  return {code.password().begin(), code.password().end()};
}

/// The code of which the text is read, or nothing.
std::string read(std::string_view typed) {
  auto code = ShortCode::parse(typed);
  return code ? password_of(*code) : std::string{};
}

std::string fault(std::string_view typed) {
  auto code = ShortCode::parse(typed);
  return code ? std::string{} : code.error();
}

ShortCode some_code(Random& random, std::size_t symbols) {
  return ShortCode::draw(
      symbols, [&] { return static_cast<std::uint8_t>(random.below(256)); });
}

/// Symbols and check symbol alone.
std::string bare(const ShortCode& code) {
  auto text = code.text();
  std::erase(text, '-');
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(short_code)

BOOST_AUTO_TEST_CASE(what_is_read_aloud_is_typed_back) {
  auto seed = seed_or(1);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    for (auto symbols : lengths) {
      auto code = some_code(random, symbols);
      BOOST_TEST(code.password().size() == symbols);
      BOOST_TEST(read(code.text()) == password_of(code));
    }
  }
}

/// 0 * 32^7 + ... + 1 = 1, and so on.
BOOST_AUTO_TEST_CASE(a_code_is_shown_in_groups_with_its_check_symbol) {
  auto of_zeros = [](std::uint8_t last) {
    return [last, n = 0]() mutable {
      return ++n % 8 == 0 ? last : std::uint8_t{0};
    };
  };
  BOOST_TEST(ShortCode::draw(8, of_zeros(0)).text() == "0000-0000-0");
  BOOST_TEST(ShortCode::draw(8, of_zeros(31)).text() == "0000-000Z-Z");
}

/// 32 modulo 37 is -5: a code of 1 and 0 has the check value 32, which has no
/// symbol of its own.
BOOST_AUTO_TEST_CASE(a_code_whose_check_symbol_is_hard_to_say_is_not_drawn) {
  std::string bytes{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2};
  std::size_t next = 0;
  auto code = ShortCode::draw(
      6, [&] { return static_cast<std::uint8_t>(bytes.at(next++)); });
  BOOST_TEST(code.text() == "0000-02-2");
  BOOST_TEST(next == bytes.size());
}

BOOST_AUTO_TEST_CASE(case_hyphens_blanks_and_look_alikes_do_not_matter) {
  auto code = ShortCode::draw(8, [n = 0]() mutable {
    constexpr std::uint8_t digits[] = {1, 0, 1, 0, 20, 21, 10, 31};
    return digits[n++ % 8];
  });
  auto password = password_of(code);
  auto check = code.text().back();
  BOOST_TEST(password == "1010MNAZ");
  for (std::string typed : {"1010MNAZ", "1010-mnaz-", "iOlo mnaz ", "Lo1O-MnAz",
                            "1-0-1-0-m-n-a-z", "  LOIOMNAZ"})
    BOOST_TEST(read(typed + check) == password);
}

BOOST_AUTO_TEST_CASE(every_single_wrong_symbol_is_seen) {
  auto seed = seed_or(1);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    for (auto symbols : lengths) {
      auto right = bare(some_code(random, symbols));
      for (std::size_t i = 0; i < right.size(); ++i)
        for (char other : alphabet) {
          auto wrong = right;
          wrong[i] = other;
          BOOST_TEST(read(wrong).empty() == (wrong != right));
        }
    }
  }
}

BOOST_AUTO_TEST_CASE(any_two_symbols_in_each_others_place_are_seen) {
  auto seed = seed_or(1);
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    for (auto symbols : lengths) {
      auto right = bare(some_code(random, symbols));
      for (std::size_t i = 0; i < right.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) {
          auto wrong = right;
          std::swap(wrong[i], wrong[j]);
          BOOST_TEST(read(wrong).empty() == (wrong != right));
        }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_symbol_is_named) {
  BOOST_TEST(fault("0000-00U0-0") == "a code has no 'U': was it V?");
  BOOST_TEST(fault("0000*0000") == "a code has no '*'");
  BOOST_TEST(fault("0000\t0000") == "a code has no such character");
  BOOST_TEST(fault("0000\xc3\x96") == "a code has no such character");
}

BOOST_AUTO_TEST_CASE(a_code_too_short_or_too_long_is_none) {
  BOOST_TEST(mentions(fault(""), "at least"));
  BOOST_TEST(mentions(fault("0000-00"), "at least"));
  BOOST_TEST(fault("0000-00-0").empty());
  BOOST_TEST(fault("0000-0000-00-0").empty());
  BOOST_TEST(mentions(fault("0000-0000-000-0"), "at most"));
}

BOOST_AUTO_TEST_CASE(a_mistyped_code_is_not_repeated) {
  auto message = fault("1234-5678-0");
  BOOST_TEST(mentions(message, "mistyped"));
  BOOST_TEST(!mentions(message, "1234"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
