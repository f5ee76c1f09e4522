// The messages of a ceremony as bytes.
#include "actors/pairing_message.hpp"

#include <numeric>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::PairingMessage;

namespace {

/// Bytes that are all different.
template <class Array>
Array counting(std::uint8_t first) {
  Array array{};
  std::iota(array.begin(), array.end(), first);
  return array;
}

const auto nonce = counting<actors::PairingNonce>(1);
const auto point = counting<actors::CpacePoint>(2);
const auto tag = counting<actors::CpaceTag>(3);

const std::vector<PairingMessage> one_of_each{
    actors::PairingHello{nonce},
    actors::PairingOffer{7, nonce, 8, 599},
    actors::PairingBegin{nonce, point},
    actors::PairingAnswer{point},
    actors::PairingProof{tag},
    actors::PairingSealed{{1, 2, 3}},
    actors::PairingOver{schema::PairingOutcome::expired}};

PairingMessage read(ByteView bytes) {
  auto message = actors::read_message(bytes);
  BOOST_REQUIRE(message.ok());
  return *message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_message)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  for (const auto& message : one_of_each) {
    auto bytes = actors::write_message(message);
    auto back = read(bytes);
    BOOST_TEST(back.index() == message.index());
    BOOST_TEST((actors::write_message(back) == bytes));
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_a_message_is_lost) {
  auto begin = std::get<actors::PairingBegin>(
      read(actors::write_message(actors::PairingBegin{nonce, point})));
  BOOST_TEST((begin.nonce == nonce));
  BOOST_TEST((begin.point == point));
  auto offer = std::get<actors::PairingOffer>(
      read(actors::write_message(actors::PairingOffer{7, nonce, 8, 599})));
  BOOST_TEST(offer.session == 7U);
  BOOST_TEST((offer.nonce == nonce));
  BOOST_TEST(offer.symbols == 8U);
  BOOST_TEST(offer.left_s == 599U);
  auto proof = std::get<actors::PairingProof>(
      read(actors::write_message(actors::PairingProof{tag})));
  BOOST_TEST((proof.tag == tag));
}

BOOST_AUTO_TEST_CASE(a_message_cut_before_its_padding_is_refused) {
  for (const auto& message : one_of_each) {
    auto bytes = actors::write_message(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      auto cut = actors::read_message(ByteView{bytes}.first(size));
      if (cut) BOOST_TEST(size + 4 > bytes.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
  for (const auto& bytes : {Bytes{}, Bytes(8), Bytes(200, 0xff),
                            Bytes(actors::pairing_message_max + 1)})
    BOOST_TEST(!actors::read_message(bytes));
}

BOOST_AUTO_TEST_CASE(a_message_that_is_too_long_is_refused) {
  Bytes content(actors::pairing_message_max - 100);
  auto longest = actors::write_message(actors::PairingSealed{content});
  BOOST_TEST(actors::read_message(longest).ok());
  content.resize(actors::pairing_message_max);
  auto longer = actors::write_message(actors::PairingSealed{content});
  BOOST_TEST(!actors::read_message(longer));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
