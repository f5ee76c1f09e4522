// The ceremony as each of its sides records it.
#include "events/pairing.hpp"

#include "events/state.hpp"
#include "store/record.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::Decision;
using events::Moment;
using events::PairingPeer;
using events::State;
using schema::PairingOutcome;
using schema::PairingSide;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t boot = 3;

Id id(std::uint8_t number) {
  Id made;
  made.bytes.fill(number);
  return made;
}

Hash hash(std::uint8_t number) {
  Hash made;
  made.bytes.fill(number);
  return made;
}

const Id session = id(1);
const Id grant = id(2);

/// Seconds after the session opened.
Moment at(std::uint64_t seconds, std::uint64_t in_boot = boot) {
  return {0, (1000 + seconds) * second_ns, false, in_boot};
}

PairingPeer peer(std::uint32_t number) {
  return {node_of(number), "laptop", newcomer(number).key, id(7)};
}

/// A node whose ledger has what was decided.
struct Recorded {
  State state;
  std::uint64_t sequence = 0;

  explicit Recorded(PairingSide side = PairingSide::newcomer) {
    record(events::decide_open(pairing(), {session, grant, side, 7}, at(0)),
           at(0));
  }

  [[nodiscard]] const events::Pairing& pairing() const { return state.pairing; }
  [[nodiscard]] const events::PairingSession& open() const {
    return pairing().open.at(session);
  }
  [[nodiscard]] bool is_granted(const Moment& now) const {
    events::PairingSession any;
    any.grant = grant;
    return events::is_live(state.capabilities,
                           events::pairing_need(session, any), now);
  }

  void record(const Decision& decision, const Moment& now) {
    flatbuffers::FlatBufferBuilder builder;
    for (const auto& draft : drafts_of(decision)) {
      store::Event event;
      event.stream = draft.stream;
      event.payload = draft.payload;
      auto bytes =
          store::build_entry(builder, event, {sequence++, {}, node_of(1), 1},
                             {now.utc_ns, now.since_boot_ns, now.synchronised});
      auto wrong = events::apply(state, *must(store::check_entry(bytes)));
      BOOST_TEST(wrong.value_or("") == "");
    }
  }

  void answer(std::uint64_t seconds = 1) {
    record(events::decide_answer(pairing(), session, {}, at(seconds)),
           at(seconds));
  }
  void prove(std::uint32_t number = 2, std::uint64_t seconds = 2) {
    record(events::decide_proved(pairing(), session, peer(number), at(seconds)),
           at(seconds));
  }
  void admit(std::uint64_t seconds = 3) {
    record(events::decide_admitted(pairing(), session, hash(9)), at(seconds));
  }
  void end(PairingOutcome outcome) {
    record(events::decide_end(pairing(), session, outcome, ""), at(4));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing)

// -- sessions ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_session_opens_with_a_grant_that_ends_with_its_time) {
  Recorded node;
  BOOST_TEST(node.open().number == 7U);
  BOOST_TEST((node.open().side == PairingSide::newcomer));
  BOOST_TEST(node.is_granted(at(0)));
  // Whoever proved the code in time has a minute more for the rest.
  BOOST_TEST(node.is_granted(at(659)));
  BOOST_TEST(!node.is_granted(at(660)));
  BOOST_TEST(!node.is_granted(at(1, boot + 1)));
}

BOOST_AUTO_TEST_CASE(a_node_shows_one_code_at_a_time) {
  Recorded node;
  auto again = [&](const Moment& now) {
    return refusal_of(events::decide_open(
        node.pairing(), {id(3), id(4), PairingSide::newcomer, 8}, now));
  };
  BOOST_TEST(mentions(again(at(1)), "open already"));
  BOOST_TEST(again(at(600)) == "");
  BOOST_TEST(again(at(1, boot + 1)) == "");
  node.end(PairingOutcome::cancelled);
  BOOST_TEST(again(at(1)) == "");
}

BOOST_AUTO_TEST_CASE(an_authority_may_have_several_sessions) {
  Recorded node{PairingSide::authority};
  node.record(
      events::decide_open(node.pairing(),
                          {id(3), id(4), PairingSide::authority, 8}, at(1)),
      at(1));
  BOOST_TEST(node.pairing().open.size() == 2U);
}

BOOST_AUTO_TEST_CASE(however_a_session_ends_its_grant_ends_with_it) {
  for (auto outcome : schema::EnumValuesPairingOutcome()) {
    if (outcome == PairingOutcome::admitted ||
        outcome == PairingOutcome::unknown)
      continue;
    Recorded node;
    node.end(outcome);
    BOOST_TEST(node.pairing().open.empty());
    BOOST_TEST(node.state.capabilities.live.empty());
    BOOST_TEST(!mentions(events::in_words(outcome), "not known here"));
  }
}

BOOST_AUTO_TEST_CASE(a_session_ends_once) {
  Recorded node;
  node.end(PairingOutcome::cancelled);
  BOOST_TEST(
      mentions(refusal_of(events::decide_end(node.pairing(), session,
                                             PairingOutcome::expired, "")),
               "over"));
}

BOOST_AUTO_TEST_CASE(a_session_past_its_time_is_ended_as_such) {
  Recorded node;
  BOOST_TEST(
      drafts_of(events::decide_overdue(node.pairing(), at(599))).empty());
  auto decision = events::decide_overdue(node.pairing(), at(600));
  BOOST_TEST((drafts_of(decision)[0].payload.AsPairingEnded()->outcome ==
              PairingOutcome::expired));
  node.record(decision, at(600));
  BOOST_TEST(node.pairing().open.empty());
}

BOOST_AUTO_TEST_CASE(a_code_that_was_proved_in_time_has_a_minute_more) {
  Recorded node;
  node.prove(2, 599);
  BOOST_TEST(
      drafts_of(events::decide_overdue(node.pairing(), at(659))).empty());
  BOOST_TEST(
      !drafts_of(events::decide_overdue(node.pairing(), at(660))).empty());
}

/// Whoever held the code is gone, in whatever boot.
BOOST_AUTO_TEST_CASE(a_session_that_was_abandoned_is_ended_as_such) {
  Recorded node;
  auto decision = events::decide_abandoned(node.pairing());
  BOOST_TEST((drafts_of(decision)[0].payload.AsPairingEnded()->outcome ==
              PairingOutcome::restarted));
  node.record(decision, at(1));
  BOOST_TEST(node.pairing().open.empty());
}

BOOST_AUTO_TEST_CASE(a_session_lasts_no_longer_than_the_other_sides) {
  Recorded node{PairingSide::authority};
  events::PairingWish wish{id(3), id(4), PairingSide::authority, 8,
                           30 * second_ns};
  node.record(events::decide_open(node.pairing(), wish, at(1)), at(1));
  node.record(events::decide_overdue(node.pairing(), at(31)), at(31));
  BOOST_TEST(!node.pairing().open.contains(id(3)));
  BOOST_TEST(node.pairing().open.contains(session));
}

BOOST_AUTO_TEST_CASE(a_session_is_one_of_two_sides_and_of_its_own_id) {
  Recorded node{PairingSide::authority};
  auto refused = [&](const Id& which, PairingSide side) {
    return refusal_of(
        events::decide_open(node.pairing(), {which, id(4), side, 8}, at(1)));
  };
  BOOST_TEST(!refused(id(3), PairingSide::unknown).empty());
  BOOST_TEST(!refused(session, PairingSide::authority).empty());
}

BOOST_AUTO_TEST_CASE(a_session_ends_by_an_admission_in_no_other_way) {
  Recorded node;
  for (auto outcome : {PairingOutcome::admitted, PairingOutcome::unknown})
    BOOST_TEST(
        !refusal_of(events::decide_end(node.pairing(), session, outcome, ""))
             .empty());
}

/// The actor that decides knows no more of the grant than that.
BOOST_AUTO_TEST_CASE(a_grant_is_revoked_in_the_second_version_of_its_stream) {
  Recorded node;
  auto decision = events::decide_end(node.pairing(), session,
                                     PairingOutcome::cancelled, "");
  const auto& revoked = drafts_of(decision).at(1);
  BOOST_TEST(revoked.stream == events::capability_stream(grant));
  BOOST_TEST(revoked.follows.value() == 1U);
}

// -- guesses -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(five_guesses_are_answered_and_no_more) {
  Recorded node;
  for (std::uint32_t i = 0; i < events::pairing_guesses_max; ++i) node.answer();
  BOOST_TEST(node.open().answered == 5U);
  BOOST_TEST(mentions(
      refusal_of(events::decide_answer(node.pairing(), session, {}, at(1))),
      "all guesses"));
}

BOOST_AUTO_TEST_CASE(no_guess_is_answered_when_the_window_is_over) {
  Recorded node;
  auto refused = [&](const Moment& now) {
    return refusal_of(events::decide_answer(node.pairing(), session, {}, now));
  };
  BOOST_TEST(refused(at(599)) == "");
  BOOST_TEST(mentions(refused(at(600)), "over"));
  BOOST_TEST(mentions(refused(at(1, boot + 1)), "over"));
  node.end(PairingOutcome::cancelled);
  BOOST_TEST(mentions(refused(at(5)), "over"));
}

BOOST_AUTO_TEST_CASE(who_shows_no_code_answers_no_guess) {
  Recorded node{PairingSide::authority};
  BOOST_TEST(
      !refusal_of(events::decide_answer(node.pairing(), session, {}, at(1)))
           .empty());
}

BOOST_AUTO_TEST_CASE(where_a_guess_came_from_is_recorded) {
  Recorded node;
  auto decision = events::decide_answer(node.pairing(), session,
                                        endpoint("192.0.2.1:40000"), at(1));
  const auto& from =
      drafts_of(decision)[0].payload.AsPairingGuessAnswered()->from;
  BOOST_REQUIRE(from);
  BOOST_TEST(from->port == 40'000U);
}

// -- admission ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_proved_the_code_is_admitted_and_the_session_over) {
  Recorded node{PairingSide::authority};
  node.prove();
  BOOST_TEST((node.open().peer == peer(2)));
  node.admit();
  BOOST_TEST(node.pairing().open.empty());
  BOOST_TEST(node.state.capabilities.live.empty());
  const auto& admission = node.pairing().admissions.at(node_of(2));
  BOOST_TEST((admission.session == session));
  BOOST_TEST((admission.preshared == hash(9)));
  BOOST_TEST(!admission.is_active);
}

BOOST_AUTO_TEST_CASE(nobody_is_admitted_who_did_not_prove_the_code) {
  Recorded node;
  BOOST_TEST(
      !refusal_of(events::decide_admitted(node.pairing(), session, hash(9)))
           .empty());
}

BOOST_AUTO_TEST_CASE(one_session_admits_one) {
  Recorded node{PairingSide::authority};
  node.prove();
  BOOST_TEST(mentions(refusal_of(events::decide_proved(node.pairing(), session,
                                                       peer(3), at(2))),
                      "already"));
  node.admit();
  BOOST_TEST(
      !refusal_of(events::decide_admitted(node.pairing(), session, hash(9)))
           .empty());
}

BOOST_AUTO_TEST_CASE(a_node_without_a_name_proves_nothing) {
  Recorded node;
  auto nameless = peer(2);
  nameless.name = "\x1b[2J";
  BOOST_TEST(!refusal_of(events::decide_proved(node.pairing(), session,
                                               nameless, at(2)))
                  .empty());
}

BOOST_AUTO_TEST_CASE(a_newcomer_does_not_wait_for_its_authority) {
  Recorded node;
  node.prove();
  node.admit(3);
  BOOST_TEST(
      events::lapsed(node.pairing(), at(0).since_boot_ns, at(9999)).empty());
}

BOOST_AUTO_TEST_CASE(who_left_is_admitted_anew) {
  Recorded node{PairingSide::authority};
  node.prove();
  node.admit();
  node.record(events::decide_active(node.pairing(), node_of(2)), at(5));
  node.record(
      events::decide_open(node.pairing(),
                          {session, grant, PairingSide::authority, 8}, at(6)),
      at(6));
  node.prove(2, 7);
  node.admit(8);
  BOOST_TEST(!node.pairing().admissions.at(node_of(2)).is_active);
}

BOOST_AUTO_TEST_CASE(a_code_is_not_proved_when_the_window_is_over) {
  Recorded node;
  BOOST_TEST(mentions(refusal_of(events::decide_proved(node.pairing(), session,
                                                       peer(2), at(600))),
                      "over"));
}

BOOST_AUTO_TEST_CASE(who_was_admitted_is_seen_once) {
  Recorded node{PairingSide::authority};
  node.prove();
  node.admit();
  node.record(events::decide_active(node.pairing(), node_of(2)), at(5));
  BOOST_TEST(node.pairing().admissions.at(node_of(2)).is_active);
  for (std::uint32_t number : {2U, 3U})
    BOOST_TEST(
        !refusal_of(events::decide_active(node.pairing(), node_of(number)))
             .empty());
}

BOOST_AUTO_TEST_CASE(who_is_never_seen_lapses_after_600_seconds) {
  Recorded node{PairingSide::authority};
  node.prove();
  node.admit(3);
  auto began = at(0).since_boot_ns;
  BOOST_TEST(events::lapsed(node.pairing(), began, at(602)).empty());
  BOOST_TEST((events::lapsed(node.pairing(), began, at(603)) ==
              std::vector{node_of(2)}));
  node.record(events::decide_lapsed(node.pairing(), node_of(2)), at(603));
  BOOST_TEST(node.pairing().admissions.empty());
}

/// The node could see nobody while it did not run.
BOOST_AUTO_TEST_CASE(a_start_begins_the_wait_anew) {
  Recorded node{PairingSide::authority};
  node.prove();
  node.admit(3);
  auto began = at(500).since_boot_ns;
  BOOST_TEST(events::lapsed(node.pairing(), began, at(1099, boot + 1)).empty());
  BOOST_TEST((events::lapsed(node.pairing(), began, at(1100, boot + 1)) ==
              std::vector{node_of(2)}));
}

BOOST_AUTO_TEST_CASE(who_was_seen_does_not_lapse) {
  Recorded node{PairingSide::authority};
  node.prove();
  node.admit();
  node.record(events::decide_active(node.pairing(), node_of(2)), at(5));
  BOOST_TEST(
      events::lapsed(node.pairing(), at(0).since_boot_ns, at(9999)).empty());
}

/// One of the two may have lost it, and can not say so by a tunnel that needs
/// it.
BOOST_AUTO_TEST_CASE(who_is_never_heard_is_tried_without_the_key_in_turn) {
  constexpr std::uint64_t begins = 303;
  for (auto [side, turn] : {std::pair{PairingSide::authority, 60U},
                            std::pair{PairingSide::newcomer, 120U}}) {
    Recorded node{side};
    node.prove();
    node.admit(3);
    auto is_tried = [&node](std::uint64_t seconds) {
      return events::tried_without(node.pairing(), at(0).since_boot_ns,
                                   at(seconds))
          .contains(node_of(2));
    };
    BOOST_TEST(!is_tried(begins - 1));
    BOOST_TEST(is_tried(begins));
    BOOST_TEST(is_tried(begins + turn - 1));
    BOOST_TEST(!is_tried(begins + turn));
    BOOST_TEST(is_tried(begins + 2 * turn));
  }
}

BOOST_AUTO_TEST_CASE(who_was_heard_to_have_the_key_is_not_tried_without) {
  Recorded node{PairingSide::authority};
  node.prove();
  node.admit();
  node.record(events::decide_active(node.pairing(), node_of(2)), at(5));
  BOOST_TEST(
      events::tried_without(node.pairing(), at(0).since_boot_ns, at(9999))
          .empty());
}

BOOST_AUTO_TEST_CASE(who_is_tried_without_its_key_keeps_it) {
  events::SharedKeys shared{{{node_of(2), hash(9)}, {node_of(3), hash(8)}},
                            {node_of(2)}};
  BOOST_TEST((shared.in_use() == events::PresharedKeys{{node_of(3), hash(8)}}));
  BOOST_TEST(shared.keys.size() == 2U);
}

/// It has another key than the one that came with its admission.
BOOST_AUTO_TEST_CASE(an_admission_can_lapse_once) {
  Recorded node{PairingSide::authority};
  node.prove(2, 2);
  node.admit(3);
  node.record(events::decide_active(node.pairing(), node_of(2)), at(4));
  node.record(events::decide_lapsed(node.pairing(), node_of(2)), at(5));
  BOOST_TEST(node.pairing().admissions.empty());
  BOOST_TEST(
      !refusal_of(events::decide_lapsed(node.pairing(), node_of(2))).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
