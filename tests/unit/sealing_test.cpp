#include "store/sealing.hpp"

#include <boost/test/unit_test.hpp>
#include <sodium.h>

#include <algorithm>
#include <string_view>

#include "tests/support/good.hpp"

namespace ppn::tests {

using store::SigningKey;

namespace {

constexpr std::string_view text = "#cloud-config\npassword: correct horse\n";

ByteView secret() {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::array<std::uint8_t, 32> entropy(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(number);
  return bytes;
}

SigningKey key(std::uint8_t number) {
  auto seed = entropy(number);
  return SigningKey::from_seed(seed);
}

Bytes sealed_for(const SigningKey& recipient) {
  return *store::seal(secret(), recipient.public_key(), entropy(9));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sealing)

BOOST_AUTO_TEST_CASE(whom_it_was_sealed_for_opens_it) {
  auto node = key(1);
  auto sealed = sealed_for(node);
  BOOST_TEST(sealed.size() == text.size() + store::seal_size);
  auto opened = store::unseal(sealed, node);
  BOOST_REQUIRE(opened.ok());
  BOOST_TEST((std::equal(opened->view().begin(), opened->view().end(),
                         secret().begin(), secret().end())));
}

BOOST_AUTO_TEST_CASE(nobody_else_does) {
  BOOST_TEST((store::unseal(sealed_for(key(1)), key(2)).error().code ==
              store::ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(each_bit_of_it_counts) {
  auto node = key(1);
  auto sealed = sealed_for(node);
  for (std::size_t place = 0; place < sealed.size(); ++place) {
    auto other = sealed;
    other[place] ^= 1U;
    BOOST_TEST(!store::unseal(other, node).ok(), "byte " << place);
  }
  sealed.resize(store::seal_size - 1);
  BOOST_TEST(!store::unseal(sealed, node).ok());
}

BOOST_AUTO_TEST_CASE(an_empty_secret_can_be_sealed) {
  auto node = key(1);
  auto sealed = *store::seal({}, node.public_key(), entropy(9));
  BOOST_TEST(store::unseal(sealed, node)->size == 0U);
}

BOOST_AUTO_TEST_CASE(libsodium_opens_it_and_seals_what_is_opened_here) {
  auto node = key(1);
  std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES> to{};
  BOOST_REQUIRE(crypto_sign_ed25519_pk_to_curve25519(
                    to.data(), node.public_key().bytes.data()) == 0);
  Bytes sealed(text.size() + store::seal_size);
  crypto_box_seal(sealed.data(), secret().data(), secret().size(), to.data());
  auto opened = store::unseal(sealed, node);
  BOOST_REQUIRE(opened.ok());
  BOOST_TEST(opened->size == text.size());
}

BOOST_AUTO_TEST_CASE(for_a_key_that_is_none_nothing_is_sealed) {
  BOOST_TEST((store::seal(secret(), PublicKey{}, entropy(9)).error().code ==
              store::ErrorCode::key));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
