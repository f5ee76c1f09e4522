// Ed25519: one rule for what is valid, and no signature with two meanings.
#include "store/signing.hpp"

#include "store/checkpoint.hpp"
#include "store/hash.hpp"
#include "store/statements.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/vectors.hpp"

namespace ppn::tests {

using store::as_bytes;
using store::signature_domains;
using store::SigningKey;
using store::verify;

namespace {

SigningKey key_of_hex(std::string_view seed) {
  auto bytes = bytes_of_hex(seed);
  return SigningKey::from_seed(ByteView{bytes}.first<SigningKey::seed_size>());
}

SigningKey some_key() {
  return key_of_hex(
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(signing)

BOOST_AUTO_TEST_CASE(edge_cases_are_judged_as_by_libsodium) {
  int number = 0;
  for (const auto& edge : vectors::ed25519_edge_cases) {
    BOOST_TEST_INFO("case " << number++);
    BOOST_TEST(verify(of_hex<PublicKey>(edge.key), bytes_of_hex(edge.message),
                      of_hex<Signature>(edge.signature)) == edge.valid);
  }
  BOOST_TEST(number == 12);
}

// RFC 8032 section 7.1, tests 1 and 2.
BOOST_AUTO_TEST_CASE(keys_and_signatures_are_those_of_rfc_8032) {
  auto first = key_of_hex(
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  BOOST_TEST(
      first.public_key().hex() ==
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  BOOST_TEST(
      first.sign({}).hex() ==
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  auto second = key_of_hex(
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  BOOST_TEST(
      second.sign(as_bytes("r")).hex() ==
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

BOOST_AUTO_TEST_CASE(a_seed_comes_back_out_of_its_key) {
  auto seed = some_key().with_seed([](auto bytes) { return to_hex(bytes); });
  BOOST_TEST(
      seed ==
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

BOOST_AUTO_TEST_CASE(new_keys_differ_and_sign) {
  auto one = SigningKey::generate();
  auto other = SigningKey::generate();
  BOOST_TEST(one.public_key() != other.public_key());
  auto signature = one.sign(as_bytes("message"));
  BOOST_TEST(verify(one.public_key(), as_bytes("message"), signature));
  BOOST_TEST(!verify(other.public_key(), as_bytes("message"), signature));
}

BOOST_AUTO_TEST_CASE(no_bit_of_signature_message_or_key_can_change) {
  auto key = some_key();
  Bytes message(20, 1);
  auto signature = key.sign(message);
  for (std::size_t bit = 0; bit < Signature::size * 8; ++bit)
    BOOST_TEST(
        !verify(key.public_key(), message, with_bit_flipped(signature, bit)));
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit)
    BOOST_TEST(
        !verify(key.public_key(), with_bit_flipped(message, bit), signature));
  for (std::size_t bit = 0; bit < PublicKey::size * 8; ++bit)
    BOOST_TEST(
        !verify(with_bit_flipped(key.public_key(), bit), message, signature));
}

// -- domains -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(no_domain_is_the_beginning_of_another) {
  for (std::size_t i = 0; i < signature_domains.size(); ++i) {
    BOOST_TEST(!signature_domains[i].prefix.empty());
    for (std::size_t j = 0; j < signature_domains.size(); ++j) {
      if (i == j) continue;
      BOOST_TEST(
          !signature_domains[i].prefix.starts_with(signature_domains[j].prefix),
          signature_domains[j].purpose << " begins "
                                       << signature_domains[i].purpose);
      BOOST_TEST(signature_domains[i].purpose != signature_domains[j].purpose);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_signature_of_one_domain_is_worth_nothing_in_another) {
  auto key = some_key();
  auto body = as_bytes("the same body");
  for (const auto& made : signature_domains) {
    auto signature = key.sign(made, body);
    BOOST_TEST(!verify(key.public_key(), body, signature));
    for (const auto& used : signature_domains)
      BOOST_TEST(verify(key.public_key(), used, body, signature) ==
                     (made.prefix == used.prefix),
                 made.purpose << " as " << used.purpose);
  }
}

BOOST_AUTO_TEST_CASE(a_domain_stands_before_what_is_signed) {
  auto key = some_key();
  for (const auto& domain : signature_domains) {
    auto whole = std::string{domain.prefix} + "body";
    BOOST_TEST(verify(key.public_key(), as_bytes(whole),
                      key.sign(domain, as_bytes("body"))));
  }
}

BOOST_AUTO_TEST_CASE(checkpoints_begin_with_their_domain) {
  BOOST_TEST(store::checkpoint_origin(NodeId{}).starts_with(
      store::checkpoint_domain.prefix));
}

BOOST_AUTO_TEST_CASE(cosignatures_begin_with_their_domain) {
  BOOST_TEST(store::cosignature_statement(5, "text\n") ==
             std::string{store::cosignature_domain.prefix} + "time 5\ntext\n");
}

// -- statements and names ----------------------------------------------------

BOOST_AUTO_TEST_CASE(a_rotation_states_node_place_and_key) {
  auto node = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");
  auto prev = store::sha256(as_bytes("prev"));
  auto key = some_key().public_key();
  BOOST_TEST(to_hex(store::key_rotation_statement(node, 0x0123456789abcdef,
                                                  prev, key)) ==
             node.hex() + "0123456789abcdef" + prev.hex() + key.hex());
}

BOOST_AUTO_TEST_CASE(a_node_is_named_after_its_first_key) {
  auto key = some_key().public_key();
  auto hashed = to_hex(as_bytes("ppn-node-id-v1\n")) + key.hex();
  BOOST_TEST(store::node_id_of(key).hex() ==
             store::sha256(bytes_of_hex(hashed)).hex().substr(0, 32));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
