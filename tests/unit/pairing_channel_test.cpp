// The channel of a ceremony, between two sides that came to one key.
#include "actors/pairing_channel.hpp"

#include <utility>

#include "store/byte_order.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::CpaceKeys;
using actors::CpaceRole;
using actors::CpaceRun;
using actors::PairingChannel;
using store::as_bytes;

namespace {

CpaceRun begin(CpaceRole role, std::string_view password, std::uint8_t random) {
  Bytes entropy(CpaceRun::entropy_size, random);
  return {role,
          {as_bytes(password), as_bytes("two"), as_bytes("once")},
          {},
          CpaceRun::Entropy{entropy}};
}

/// Both ends of the channel of two who know the password.
struct Ends {
  explicit Ends(std::string_view password = "code")
      : Ends(begin(CpaceRole::initiator, password, 1),
             begin(CpaceRole::responder, password, 2)) {}

  PairingChannel initiator;
  PairingChannel responder;

 private:
  Ends(CpaceRun one, CpaceRun other)
      : Ends(one.message(), other.message(), std::move(one), std::move(other)) {
  }
  Ends(const actors::CpaceMessage& said, const actors::CpaceMessage& answered,
       CpaceRun one, CpaceRun other)
      : initiator(CpaceRole::initiator, *std::move(one).finish(answered)),
        responder(CpaceRole::responder, *std::move(other).finish(said)) {}
};

std::string text_of(store::Result<Bytes> opened) {
  return opened ? std::string{opened->begin(), opened->end()} : "refused";
}

std::string preshared_key_of(const PairingChannel& channel) {
  return channel.with_preshared_key([](auto key) { return to_hex(key); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_channel)

BOOST_FIXTURE_TEST_CASE(what_one_end_says_the_other_hears, Ends) {
  for (std::string said : {"first", "second", ""}) {
    BOOST_TEST(text_of(responder.open(initiator.seal(as_bytes(said)))) == said);
    BOOST_TEST(text_of(initiator.open(responder.seal(as_bytes(said)))) == said);
  }
}

BOOST_FIXTURE_TEST_CASE(nobody_in_between_reads_it, Ends) {
  auto sealed = initiator.seal(as_bytes("a secret of twenty"));
  std::string seen{sealed.begin(), sealed.end()};
  BOOST_TEST(seen.find("secret") == std::string::npos);
  BOOST_TEST(sealed.size() == 18 + actors::pairing_seal_size);
  // The same is another one the next time.
  BOOST_TEST((initiator.seal(as_bytes("a secret of twenty")) != sealed));
}

BOOST_FIXTURE_TEST_CASE(a_change_of_any_bit_is_seen, Ends) {
  auto sealed = initiator.seal(as_bytes("to be changed"));
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    auto changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    BOOST_TEST(!responder.open(changed));
  }
  BOOST_TEST(text_of(responder.open(sealed)) == "to be changed");
}

BOOST_FIXTURE_TEST_CASE(a_message_cut_anywhere_is_refused, Ends) {
  auto sealed = initiator.seal(as_bytes("to be cut"));
  for (std::size_t size = 0; size < sealed.size(); ++size)
    BOOST_TEST(!responder.open(ByteView{sealed}.first(size)));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_heard_twice_or_out_of_order, Ends) {
  auto first = initiator.seal(as_bytes("first"));
  auto second = initiator.seal(as_bytes("second"));
  BOOST_TEST(!responder.open(second));
  BOOST_TEST(text_of(responder.open(first)) == "first");
  BOOST_TEST(!responder.open(first));
  BOOST_TEST(text_of(responder.open(second)) == "second");
}

BOOST_FIXTURE_TEST_CASE(what_comes_back_is_refused, Ends) {
  BOOST_TEST(!initiator.open(initiator.seal(as_bytes("back"))));
}

BOOST_FIXTURE_TEST_CASE(both_ends_show_the_same_symbols_and_have_one_key,
                        Ends) {
  BOOST_TEST(initiator.symbols() == responder.symbols());
  BOOST_TEST(initiator.symbols().size() == 4U);
  BOOST_TEST(preshared_key_of(initiator) == preshared_key_of(responder));
}

BOOST_FIXTURE_TEST_CASE(each_end_has_something_of_its_own_to_sign, Ends) {
  auto of_initiator = initiator.binding_of(CpaceRole::initiator);
  BOOST_TEST((responder.binding_of(CpaceRole::initiator) == of_initiator));
  BOOST_TEST((responder.binding_of(CpaceRole::responder) != of_initiator));
  BOOST_TEST((Ends{"other"}.initiator.binding_of(CpaceRole::initiator) !=
              of_initiator));
}

BOOST_AUTO_TEST_CASE(another_code_leads_to_another_channel) {
  Ends one{"one"};
  Ends other{"other"};
  BOOST_TEST(one.initiator.symbols() != other.initiator.symbols());
  BOOST_TEST(preshared_key_of(one.initiator) !=
             preshared_key_of(other.initiator));
  BOOST_TEST(!other.responder.open(one.initiator.seal(as_bytes("whom?"))));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
