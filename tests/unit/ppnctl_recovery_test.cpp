// The recovery key of a mesh, and the words that it is written down as.
#include <boost/test/unit_test.hpp>
#include <sodium.h>

#include <array>

#include "store/recovery.hpp"
#include "tests/unit/expect.hpp"
#include "tools/ppnctl/recovery_key.hpp"
#include "tools/ppnctl/recovery_words.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

using Seed = std::array<std::uint8_t, recovery_seed_size>;

/// The examples of the proquint proposal, which are addresses of IPv4.
constexpr Seed known_seed{127, 0,   0,   1,   63,  84, 220, 193, 63,  118, 7,
                          35,  140, 98,  193, 141, 64, 255, 6,   200, 128, 30,
                          52,  45,  147, 67,  119, 2,  212, 58,  253, 68};
const std::string known_words =
    "  lusab babad gutih tugad\n"
    "  gutuk bisog mudof sakat\n"
    "  haguz biram mabiv gibot\n"
    "  natag lisaf tibup zujah\n"
    "  vulus\n";

/// What is wrong with the words.
std::string fault_of(const std::string& words) {
  Seed seed{};
  auto fault = decode_recovery_words(words, seed);
  BOOST_REQUIRE_MESSAGE(fault, words);
  BOOST_TEST(fault->code == exit_usage);
  return fault->what;
}

std::string with(std::string words, const std::string& old,
                 const std::string& other) {
  return words.replace(words.find(old), old.size(), other);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_recovery)

BOOST_AUTO_TEST_CASE(known_bytes_have_known_words) {
  BOOST_TEST(recovery_words_text(encode_recovery_words(known_seed)) ==
             known_words);
}

BOOST_AUTO_TEST_CASE(words_are_read_however_they_are_written) {
  for (const auto& words :
       {known_words, with(known_words, "lusab babad", "LUSAB-babad"),
        with(known_words, "\n  ", "\r\n\t")}) {
    Seed seed{};
    auto fault = decode_recovery_words(words, seed);
    BOOST_REQUIRE_MESSAGE(!fault, fault->what);
    BOOST_TEST((seed == known_seed));
  }
}

BOOST_AUTO_TEST_CASE(every_seed_comes_back) {
  for (int i = 0; i < 1000; ++i) {
    Seed seed{};
    randombytes_buf(seed.data(), seed.size());
    Seed read{};
    auto fault = decode_recovery_words(
        recovery_words_text(encode_recovery_words(seed)), read);
    BOOST_REQUIRE(!fault);
    BOOST_REQUIRE((read == seed));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_word_is_named) {
  for (const char* wrong : {"mudoc", "mudo", "mudoff", "mudef", "amudo"})
    BOOST_TEST(fault_of(with(known_words, "mudof", wrong)) ==
               "word 7, '" + std::string{wrong} +
                   "', is none of a recovery key");
}

BOOST_AUTO_TEST_CASE(each_word_is_needed) {
  BOOST_TEST(fault_of("") == "a recovery key has 17 words, and these are 0");
  BOOST_TEST(fault_of(with(known_words, "mudof", "")) ==
             "a recovery key has 17 words, and these are 16");
  BOOST_TEST(fault_of(known_words + "lusab") ==
             "a recovery key has 17 words, and these are 18");
}

BOOST_AUTO_TEST_CASE(the_last_word_tells_a_slip_of_the_pen) {
  BOOST_TEST(fault_of(with(known_words, "mudof", "mudog"))
                 .starts_with("the last word does not fit"));
  BOOST_TEST(fault_of(with(known_words, "lusab babad", "babad lusab"))
                 .starts_with("the last word does not fit"));
  BOOST_TEST(fault_of(with(known_words, "vulus", "vuluz"))
                 .starts_with("the last word does not fit"));
}

BOOST_AUTO_TEST_CASE(the_words_are_of_the_private_half) {
  auto key = RecoveryKey::make();
  BOOST_REQUIRE(key);
  Seed seed{};
  BOOST_REQUIRE(
      !decode_recovery_words(recovery_words_text(key->words()), seed));
  PublicKey half;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(half.bytes.data(), secret.data(), seed.data());
  BOOST_TEST(half == key->public_half());
  auto other = RecoveryKey::make();
  BOOST_REQUIRE(other);
  BOOST_TEST(half != other->public_half());
}

BOOST_AUTO_TEST_CASE(a_key_comes_back_from_its_words) {
  auto key = RecoveryKey::make();
  BOOST_REQUIRE(key);
  auto again = RecoveryKey::of_words(recovery_words_text(key->words()));
  BOOST_REQUIRE(again);
  BOOST_TEST(again->public_half() == key->public_half());
  auto wrong = RecoveryKey::of_words("lusab");
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().what ==
             "a recovery key has 17 words, and these are 1");
}

/// What is signed here is checked by the nodes, who share only the statement.
BOOST_AUTO_TEST_CASE(a_node_takes_what_the_key_signs) {
  auto key = RecoveryKey::of_words(known_words);
  BOOST_REQUIRE(key);
  schema::RecoveryStatement statement;
  statement.epoch = 2;
  statement.mesh.bytes.fill(1);
  auto signature = key->sign(statement);
  BOOST_TEST(store::is_wanted(key->public_half(), statement, signature));
  statement.epoch = 3;
  BOOST_TEST(!store::is_wanted(key->public_half(), statement, signature));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
