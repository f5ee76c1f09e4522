// The exchange of a ceremony: two who know a code, and whoever stands between.
#include "actors/pairing_exchange.hpp"

#include <utility>

#include "store/byte_order.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/pairing_parts.hpp"

namespace ppn::tests {

using actors::Entropy;
using actors::PairingAnswer;
using actors::PairingBegin;
using actors::PairingHello;
using actors::PairingInitiator;
using actors::PairingOffer;
using actors::PairingProof;
using actors::PairingResponder;
using events::ShortCode;

namespace {

constexpr std::uint32_t session = 7;
constexpr std::uint32_t left_s = 599;

/// Two with codes of their own, and what each message becomes on its way.
struct Between {
  ShortCode typed = code_of(3);
  ShortCode shown = code_of(3);
  std::function<void(PairingHello&)> hello = [](auto&) {};
  std::function<void(PairingOffer&)> offer = [](auto&) {};
  std::function<void(PairingBegin&)> begin = [](auto&) {};
  std::function<void(PairingAnswer&)> answer = [](auto&) {};
  std::function<void(PairingProof&)> proof = [](auto&) {};
  std::function<void(PairingProof&)> last_proof = [](auto&) {};

  /// The authority's channel and the newcomer's, of those who got that far.
  struct Ends {
    std::optional<actors::PairingChannel> authority;
    std::optional<actors::PairingChannel> newcomer;
  };

  [[nodiscard]] Ends run() const {
    auto of_authority = entropy_of(1);
    auto of_newcomer = entropy_of(2);
    PairingInitiator authority{of_authority};
    PairingResponder newcomer{shared(shown), session, left_s, of_newcomer};
    Ends ends;
    auto said_hello = authority.hello();
    hello(said_hello);
    auto offered = newcomer.take(said_hello);
    if (!offered) return ends;
    offer(*offered);
    if (!authority.take(*offered)) return ends;
    auto began = authority.begin(typed, of_authority);
    if (!began) return ends;
    begin(*began);
    auto answered = newcomer.take(*began, of_newcomer);
    if (!answered) return ends;
    answer(*answered);
    auto proved = authority.take(*answered);
    if (!proved) return ends;
    proof(*proved);
    auto end = newcomer.take(*proved);
    if (!end) return ends;
    ends.newcomer.emplace(std::move(end->channel));
    last_proof(end->proof);
    if (auto channel = authority.take(end->proof))
      ends.authority.emplace(std::move(*channel));
    return ends;
  }
};

/// Neither believes the other.
bool fails(const Between& between) {
  auto ends = between.run();
  return !ends.authority && !ends.newcomer;
}

template <class Array>
std::function<void(Array&)> flip(std::size_t bit) {
  return [bit](Array& array) {
    array.at(bit / 8) ^= static_cast<std::uint8_t>(1U << bit % 8);
  };
}

template <class T>
bool is_refused(const store::Result<T>& result) {
  return !result && result.error().code == store::ErrorCode::bad_input;
}

/// The code was tried, and is another one.
template <class T>
bool is_wrong_code(const store::Result<T>& result) {
  return !result && result.error().code == store::ErrorCode::permission;
}

/// Both, at the start.
struct Pair {
  Entropy entropy = entropy_of(1);
  PairingInitiator authority{entropy};
  PairingResponder newcomer{shared(code_of(3)), session, left_s, entropy};

  PairingOffer offered() { return *newcomer.take(authority.hello()); }
  PairingBegin begun() {
    BOOST_REQUIRE(authority.take(offered()).ok());
    return *authority.begin(code_of(3), entropy);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_exchange)

BOOST_AUTO_TEST_CASE(two_who_know_the_code_have_a_channel) {
  auto ends = Between{}.run();
  BOOST_REQUIRE(ends.authority && ends.newcomer);
  BOOST_TEST(ends.authority->symbols() == ends.newcomer->symbols());
  auto opened =
      ends.newcomer->open(ends.authority->seal(store::as_bytes("welcome")));
  BOOST_TEST(opened.ok());
}

BOOST_AUTO_TEST_CASE(another_code_leads_nowhere) {
  Between between;
  between.typed = code_of(4);
  BOOST_TEST(fails(between));
}

/// So an offer that was forged for another session gets no guess at this one.
BOOST_AUTO_TEST_CASE(another_session_leads_nowhere) {
  Between between;
  between.offer = [](PairingOffer& offer) { offer.session += 1; };
  BOOST_TEST(fails(between));
}

BOOST_AUTO_TEST_CASE(who_changes_any_bit_of_a_nonce_or_a_point_stops_it) {
  for (std::size_t bit = 0; bit < 8 * sizeof(actors::PairingNonce); ++bit) {
    auto change = flip<actors::PairingNonce>(bit);
    Between hello;
    hello.hello = [&](PairingHello& message) { change(message.nonce); };
    BOOST_TEST(fails(hello));
    Between offer;
    offer.offer = [&](PairingOffer& message) { change(message.nonce); };
    BOOST_TEST(fails(offer));
    Between begin;
    begin.begin = [&](PairingBegin& message) { change(message.nonce); };
    BOOST_TEST(fails(begin));
  }
  for (std::size_t bit = 0; bit < 8 * sizeof(actors::CpacePoint); ++bit) {
    auto change = flip<actors::CpacePoint>(bit);
    Between begin;
    begin.begin = [&](PairingBegin& message) { change(message.point); };
    BOOST_TEST(fails(begin));
    Between answer;
    answer.answer = [&](PairingAnswer& message) { change(message.point); };
    BOOST_TEST(fails(answer));
  }
}

BOOST_AUTO_TEST_CASE(who_changes_any_bit_of_a_proof_is_not_believed) {
  for (std::size_t bit = 0; bit < 8 * sizeof(actors::CpaceTag); ++bit) {
    auto change = flip<actors::CpaceTag>(bit);
    Between first;
    first.proof = [&](PairingProof& message) { change(message.tag); };
    BOOST_TEST(fails(first));
    Between last;
    last.last_proof = [&](PairingProof& message) { change(message.tag); };
    BOOST_TEST(!last.run().authority.has_value());
  }
}

/// Whoever is in between holds an exchange of its own with each side, with the
/// code that it guesses.
BOOST_FIXTURE_TEST_CASE(
    who_is_in_between_without_the_code_is_believed_by_nobody, Pair) {
  auto guess = code_of(5);
  auto random = entropy_of(9);
  PairingInitiator to_newcomer{random};
  PairingResponder to_authority{shared(guess), session, left_s, random};
  BOOST_REQUIRE(to_newcomer.take(*newcomer.take(to_newcomer.hello())).ok());
  auto answer = newcomer.take(*to_newcomer.begin(guess, random), entropy);
  BOOST_TEST(is_wrong_code(newcomer.take(*to_newcomer.take(*answer))));
  auto offer = to_authority.take(authority.hello());
  BOOST_REQUIRE(authority.take(*offer).ok());
  auto begun = authority.begin(code_of(3), entropy);
  auto proof = authority.take(*to_authority.take(*begun, random));
  BOOST_TEST(is_wrong_code(to_authority.take(*proof)));
  BOOST_TEST(is_wrong_code(authority.take(*proof)));
}

BOOST_AUTO_TEST_CASE(the_authoritys_proof_is_not_the_newcomers) {
  Between between;
  PairingProof of_authority;
  between.proof = [&](PairingProof& message) { of_authority = message; };
  between.last_proof = [&](PairingProof& message) { message = of_authority; };
  BOOST_TEST(!between.run().authority.has_value());
}

BOOST_AUTO_TEST_CASE(a_point_that_comes_back_is_refused) {
  Between between;
  actors::CpacePoint of_authority{};
  between.begin = [&](PairingBegin& message) { of_authority = message.point; };
  between.answer = [&](PairingAnswer& message) {
    message.point = of_authority;
  };
  BOOST_TEST(fails(between));
}

BOOST_FIXTURE_TEST_CASE(an_offer_says_what_session_and_how_long, Pair) {
  auto offer = offered();
  BOOST_TEST(offer.session == session);
  BOOST_TEST(offer.symbols == 8U);
  BOOST_TEST(offer.left_s == left_s);
}

/// Whoever forgot the check symbol may have typed a shorter code.
BOOST_FIXTURE_TEST_CASE(a_code_of_another_length_is_not_spent, Pair) {
  auto offer = offered();
  offer.symbols = 7;
  BOOST_REQUIRE(authority.take(offer).ok());
  BOOST_TEST(is_refused(authority.begin(code_of(3), entropy)));
  auto shown = ShortCode::draw(7, [] { return std::uint8_t{3}; });
  BOOST_TEST(authority.begin(shown, entropy).ok());
}

BOOST_FIXTURE_TEST_CASE(who_has_another_code_is_told_apart, Pair) {
  BOOST_REQUIRE(authority.take(offered()).ok());
  auto answer = newcomer.take(*authority.begin(code_of(4), entropy), entropy);
  auto proof = authority.take(*answer);
  BOOST_TEST(is_wrong_code(newcomer.take(*proof)));
  BOOST_TEST(is_wrong_code(authority.take(PairingProof{})));
}

BOOST_FIXTURE_TEST_CASE(what_comes_out_of_turn_ends_it_for_the_newcomer, Pair) {
  BOOST_TEST(is_refused(newcomer.take(PairingBegin{}, entropy)));
  BOOST_TEST(is_refused(newcomer.take(authority.hello())));
}

BOOST_FIXTURE_TEST_CASE(a_proof_out_of_turn_is_no_wrong_code, Pair) {
  BOOST_TEST(is_refused(newcomer.take(PairingProof{})));
  BOOST_TEST(is_refused(authority.take(PairingProof{})));
}

BOOST_FIXTURE_TEST_CASE(what_comes_out_of_turn_ends_it_for_the_authority,
                        Pair) {
  BOOST_TEST(is_refused(authority.take(PairingAnswer{})));
  BOOST_TEST(is_refused(authority.take(offered())));
}

/// One guess for each: a second point gets no answer.
BOOST_FIXTURE_TEST_CASE(a_newcomer_answers_once, Pair) {
  auto began = begun();
  BOOST_TEST(newcomer.take(began, entropy).ok());
  BOOST_TEST(is_refused(newcomer.take(began, entropy)));
  BOOST_TEST(is_refused(newcomer.take(PairingProof{})));
}

BOOST_FIXTURE_TEST_CASE(a_typed_code_is_tried_once, Pair) {
  auto answer = *newcomer.take(begun(), entropy);
  BOOST_TEST(authority.take(answer).ok());
  BOOST_TEST(is_wrong_code(authority.take(PairingProof{})));
  BOOST_TEST(is_refused(authority.take(answer)));
  BOOST_TEST(is_refused(authority.take(PairingOffer{})));
  BOOST_TEST(is_refused(authority.begin(code_of(3), entropy)));
}

BOOST_FIXTURE_TEST_CASE(a_point_that_is_none_ends_it_for_the_newcomer, Pair) {
  auto began = begun();
  BOOST_TEST(is_refused(newcomer.take(PairingBegin{began.nonce, {}}, entropy)));
  BOOST_TEST(is_refused(newcomer.take(began, entropy)));
}

BOOST_FIXTURE_TEST_CASE(a_point_that_is_none_ends_it_for_the_authority, Pair) {
  auto answer = *newcomer.take(begun(), entropy);
  BOOST_TEST(is_refused(authority.take(PairingAnswer{})));
  BOOST_TEST(is_refused(authority.take(answer)));
}

BOOST_FIXTURE_TEST_CASE(who_does_not_repeat_the_nonce_gets_no_answer, Pair) {
  auto began = begun();
  began.nonce.back() ^= 1U;
  BOOST_TEST(is_refused(newcomer.take(began, entropy)));
}

/// Two answers for one code have nothing in common.
BOOST_FIXTURE_TEST_CASE(nothing_is_used_for_two_runs, Pair) {
  auto first = newcomer.take(begun(), entropy);
  PairingResponder other{shared(code_of(3)), session, left_s, entropy};
  PairingInitiator once_more{entropy};
  auto offer = *other.take(once_more.hello());
  BOOST_REQUIRE(once_more.take(offer).ok());
  auto second = other.take(*once_more.begin(code_of(3), entropy), entropy);
  BOOST_TEST((once_more.hello().nonce != authority.hello().nonce));
  BOOST_TEST((first->point != second->point));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
