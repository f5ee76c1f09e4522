// The pairing actor: a node joins a mesh by a code that its operator reads to
// that of the authority, and nothing else lets anybody in.
#include "actors/pairing.hpp"
#include "events/admission.hpp"
#include "store/hash.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using actors::PairingPhase;
using schema::PairingOutcome;
using store::ErrorCode;

namespace {

const store::Principal owner{schema::PrincipalKind::operator_, "uid/1000"};

events::IpAddress at(std::uint8_t number) {
  return *events::IpAddress::parse("192.0.2." + std::to_string(number));
}

/// The authority, a node in no mesh, and a member that may pass on.
struct Ceremony {
  Ceremony() {
    stage.pass(std::chrono::seconds{2});
    authority.found({{at(1), 51'820}});
    authority.admit(relay);
    stage.pass(std::chrono::seconds{2});
  }

  actors::PairingActor pairing(TestNode& node) {
    return node.kept<actors::PairingActor>("pairing");
  }

  actors::PairingStatus status(TestNode& node) {
    return *must(stage.ask<actors::PairingStatusPtr>(
        pairing(node), actors::status_atom::value));
  }

  store::Result<actors::ShownCode> try_to_show(
      actors::PairingOfferWish wish = {}, TestNode* node = nullptr) {
    wish.principal = owner;
    return stage.ask<actors::ShownCode>(
        pairing(node == nullptr ? newcomer : *node), actors::offer_atom::value,
        wish);
  }
  actors::ShownCode show(actors::PairingOfferWish wish = {}) {
    return must(try_to_show(std::move(wish)));
  }

  actors::ShownCode show_by_relay(std::uint32_t seconds = 600) {
    must(stage.ask<bool>(pairing(relay), actors::open_door_atom::value, seconds,
                         std::optional<events::IpAddress>{}));
    actors::PairingOfferWish wish;
    wish.via = events::Endpoint{at(2), 0};
    auto shown = show(wish);
    stage.settle();
    return shown;
  }

  store::Result<Id> try_to_type(const actors::ShortCodePtr& code,
                                std::optional<std::uint32_t> number = {},
                                bool calls = true) {
    actors::PairingApproval approval{code, number, {}, owner};
    if (calls) approval.at = events::Endpoint{at(3), 0};
    return stage.ask<Id>(pairing(authority), actors::approve_atom::value,
                         approval);
  }
  Id type(const actors::ShortCodePtr& code) {
    auto session = must(try_to_type(code));
    stage.settle();
    return session;
  }

  store::Result<bool> decide(const Id& session, bool is_wanted) {
    return stage.ask<bool>(pairing(authority), actors::approve_atom::value,
                           session, is_wanted, owner);
  }

  actors::PairingSessionStatus session_of(TestNode& node, const Id& session) {
    for (const auto& one : status(node).sessions)
      if (one.id == session) return one;
    BOOST_FAIL("there is no such session");
    return {};
  }

  /// From the code that is shown to the newcomer being a member.
  Id hold() {
    auto shown = show();
    auto session = type(shown.code);
    must(decide(session, true));
    stage.settle();
    return shown.session;
  }

  [[nodiscard]] bool is_member(const TestNode& node) const {
    return authority.mesh().find(node.id()) != nullptr;
  }

  static actors::ShortCodePtr another_code() {
    return std::make_shared<const events::ShortCode>(
        events::ShortCode::draw(8, [] { return std::uint8_t{3}; }));
  }

  Stage stage;
  TestNode authority{stage, 1};
  TestNode relay{stage, 2};
  TestNode newcomer{stage, 3};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pairing_actor, Ceremony)

// -- how it goes --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_has_the_code_is_met_and_nothing_more_before_a_word) {
  auto shown = show();
  BOOST_TEST(shown.seconds == 600U);
  auto session = type(shown.code);
  auto there = session_of(authority, session);
  BOOST_TEST((there.phase == PairingPhase::met));
  BOOST_TEST(there.peer->name == "node-3");
  BOOST_TEST((there.peer->key == newcomer.signing_key().public_key()));
  BOOST_TEST(!is_member(newcomer));
  BOOST_TEST(!newcomer.mesh().founded());
}

BOOST_AUTO_TEST_CASE(both_operators_see_the_same_symbols_and_mesh) {
  auto shown = show();
  auto there = session_of(authority, type(shown.code));
  auto here = session_of(newcomer, shown.session);
  BOOST_TEST((here.phase == PairingPhase::met));
  BOOST_TEST(here.symbols.size() == 4U);
  BOOST_TEST(here.symbols == there.symbols);
  BOOST_TEST(here.mesh_name == "home");
  BOOST_TEST(here.peer->name == "node-1");
}

BOOST_AUTO_TEST_CASE(the_newcomer_is_a_member_once_the_operator_says_so) {
  hold();
  BOOST_TEST(is_member(newcomer));
  BOOST_TEST(newcomer.mesh().find(newcomer.id()) != nullptr);
  BOOST_TEST(newcomer.mesh().authority == authority.id());
  BOOST_TEST((authority.mesh().find(newcomer.id())->endpoints ==
              std::vector{events::Endpoint{at(3), 51'820}}));
}

BOOST_AUTO_TEST_CASE(the_two_share_a_key_and_tell_their_devices) {
  hold();
  auto here = newcomer.state().pairing.admissions.at(authority.id());
  auto there = authority.state().pairing.admissions.at(newcomer.id());
  BOOST_TEST((here.preshared == there.preshared));
  stage.pass(std::chrono::seconds{4});
  const auto& key = newcomer.mesh().find(authority.id())->tunnel_key;
  BOOST_TEST((newcomer.device.peer(key).config.preshared == here.preshared));
}

/// Say the thanks got lost: the same steps, with another key.
BOOST_AUTO_TEST_CASE(a_ceremony_can_be_held_once_more_before_they_met) {
  hold();
  auto first = newcomer.state().pairing.admissions.at(authority.id());
  hold();
  auto here = newcomer.state().pairing.admissions.at(authority.id());
  auto there = authority.state().pairing.admissions.at(newcomer.id());
  BOOST_TEST((here.preshared == there.preshared));
  BOOST_TEST((here.preshared != first.preshared));
}

BOOST_AUTO_TEST_CASE(with_the_session_go_its_grant_its_code_and_its_port) {
  hold();
  for (auto* node : {&authority, &newcomer}) {
    BOOST_TEST(node->state().pairing.open.empty());
    for (const auto& [id, grant] : node->state().capabilities.live)
      BOOST_TEST(!events::is_of_session(grant.subject));
  }
  BOOST_TEST(!stage.cables.listening(3).is_everywhere);
  stage.pass(std::chrono::seconds{3});
  BOOST_TEST(stage.cables.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(an_admission_is_one_append_with_what_the_roster_becomes) {
  auto session = type(show().code);
  auto before = authority.entries();
  authority.fate = simulation::CommitFate::failed;
  BOOST_TEST(!decide(session, true).ok());
  BOOST_TEST(authority.entries() == before);
}

BOOST_AUTO_TEST_CASE(the_entries_are_in_the_operators_name) {
  hold();
  auto admitted = authority.stream("roster").back();
  const auto* principal = schema::GetEntry(admitted.data())->principal();
  BOOST_TEST(principal->id()->str() == "uid/1000");
}

// -- who does not have the code -----------------------------------------------

BOOST_AUTO_TEST_CASE(another_code_is_no_use_and_is_counted) {
  auto shown = show();
  auto session = type(another_code());
  BOOST_TEST(
      (session_of(authority, session).outcome == PairingOutcome::wrong_code));
  auto here = session_of(newcomer, shown.session);
  BOOST_TEST(here.answered == 1U);
  BOOST_TEST((here.phase == PairingPhase::waiting));
  BOOST_TEST(!is_member(newcomer));
}

BOOST_AUTO_TEST_CASE(two_guesses_of_one_source_are_answered) {
  auto shown = show();
  for (int i = 0; i < 4; ++i) type(another_code());
  BOOST_TEST(session_of(newcomer, shown.session).answered == 2U);
}

BOOST_AUTO_TEST_CASE(a_code_that_was_guessed_at_five_times_is_burned) {
  auto shown = show_by_relay();
  for (int i = 0; i < 5; ++i) {
    stage.pass(std::chrono::seconds{4});
    must(try_to_type(another_code(), shown.number, false));
    stage.settle();
  }
  auto here = session_of(newcomer, shown.session);
  BOOST_TEST((here.phase == PairingPhase::ended));
  BOOST_TEST((here.outcome == PairingOutcome::burned));
  BOOST_TEST(!newcomer.mesh().founded());
}

BOOST_AUTO_TEST_CASE(a_changed_message_lets_nobody_in) {
  for (std::size_t victim = 0; victim < 8; ++victim) {
    auto shown = show();
    std::size_t number = 0;
    stage.cables.tamper([&](const Bytes& message) {
      auto changed = message;
      constexpr std::size_t what_matters = 20;
      if (number++ == victim)
        for (auto byte = changed.end() - what_matters; byte != changed.end();
             ++byte)
          *byte ^= 1U;
      return changed;
    });
    auto session = try_to_type(shown.code);
    stage.settle();
    if (session.ok()) std::ignore = decide(*session, true);
    stage.settle();
    stage.cables.tamper([](const Bytes& message) { return message; });
    BOOST_TEST(!newcomer.mesh().founded(), "message " << victim);
    for (const auto& one : status(newcomer).sessions)
      if (one.phase != PairingPhase::ended)
        must(stage.ask<bool>(pairing(newcomer), actors::close_atom::value,
                             one.id, owner));
  }
}

BOOST_AUTO_TEST_CASE(the_code_is_in_nothing_that_is_said) {
  auto shown = show();
  auto session = type(shown.code);
  must(decide(session, true));
  stage.settle();
  auto password = shown.code->password();
  std::string code{password.begin(), password.end()};
  for (const auto& message : stage.cables.said()) {
    std::string text{message.begin(), message.end()};
    BOOST_TEST(text.find(code) == std::string::npos);
  }
}

// -- how it ends otherwise ----------------------------------------------------

BOOST_AUTO_TEST_CASE(who_is_refused_is_told_so_and_is_no_member) {
  auto shown = show();
  auto session = type(shown.code);
  must(decide(session, false));
  stage.settle();
  BOOST_TEST(
      (session_of(newcomer, shown.session).outcome == PairingOutcome::refused));
  BOOST_TEST(
      (session_of(authority, session).outcome == PairingOutcome::refused));
  BOOST_TEST(!is_member(newcomer));
}

BOOST_AUTO_TEST_CASE(a_code_is_good_for_ten_minutes) {
  auto shown = show();
  stage.pass(std::chrono::seconds{601});
  auto here = session_of(newcomer, shown.session);
  BOOST_TEST((here.outcome == PairingOutcome::expired));
  BOOST_TEST(!stage.cables.listening(3).is_everywhere);
}

BOOST_AUTO_TEST_CASE(a_restart_of_the_newcomer_ends_its_code) {
  auto shown = show();
  newcomer.restart();
  stage.pass(std::chrono::seconds{2});
  BOOST_TEST(newcomer.state().pairing.open.empty());
  auto session = must(try_to_type(shown.code));
  stage.settle();
  BOOST_TEST(
      (session_of(authority, session).outcome == PairingOutcome::unreachable));
}

BOOST_AUTO_TEST_CASE(a_restart_of_the_authority_leaves_the_code_good) {
  auto shown = show();
  type(shown.code);
  authority.restart();
  stage.pass(std::chrono::seconds{2});
  stage.cables.break_after(0);
  auto session = must(try_to_type(shown.code));
  stage.settle();
  session = must(try_to_type(shown.code));
  stage.settle();
  must(decide(session, true));
  stage.settle();
  BOOST_TEST(newcomer.mesh().founded());
}

/// Whichever message is the last that arrives, the same steps lead on.
BOOST_AUTO_TEST_CASE(a_connection_that_breaks_at_any_message_is_no_loss) {
  for (std::size_t message = 0; message < 9; ++message) {
    auto shown = show();
    stage.cables.break_after(message);
    auto session = type(shown.code);
    std::ignore = decide(session, true);
    stage.settle();
    BOOST_TEST((!newcomer.mesh().founded() || is_member(newcomer)),
               "message " << message);
    if (!newcomer.state().pairing.open.empty()) {
      must(decide(type(shown.code), true));
      stage.settle();
    }
    BOOST_TEST(newcomer.mesh().founded(), "message " << message);
    BOOST_TEST(newcomer.state().pairing.open.empty(), "message " << message);
  }
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_said_before_a_code_is_made) {
  stage.cables.take_port();
  auto before = newcomer.entries();
  auto shown = try_to_show();
  BOOST_TEST(is_error(shown, ErrorCode::io));
  BOOST_TEST(newcomer.entries() == before);
  BOOST_TEST(status(newcomer).sessions.empty());
}

BOOST_AUTO_TEST_CASE(nobody_comes_but_from_where_the_operator_said) {
  actors::PairingOfferWish wish;
  wish.only_from = at(9);
  auto shown = show(wish);
  auto session = type(shown.code);
  BOOST_TEST(
      (session_of(authority, session).outcome == PairingOutcome::unreachable));
  BOOST_TEST(session_of(newcomer, shown.session).answered == 0U);
}

BOOST_AUTO_TEST_CASE(of_a_crowd_that_says_nothing_few_are_let_in) {
  auto shown = show();
  for (std::uint8_t stranger = 100; stranger < 200; ++stranger)
    stage.cables.intrude(3, at(stranger), {});
  stage.settle();
  BOOST_TEST(stage.cables.connections() == actors::door_connections_max);
  // They have to go before long.
  stage.pass(std::chrono::seconds{12});
  BOOST_TEST(stage.cables.connections() == 0U);
  must(decide(type(shown.code), true));
}

BOOST_AUTO_TEST_CASE(one_code_at_a_time_is_shown) {
  show();
  BOOST_TEST(mentions(error_of(try_to_show()).message, "already"));
}

BOOST_AUTO_TEST_CASE(who_is_in_a_mesh_shows_no_code) {
  auto shown = try_to_show({}, &relay);
  BOOST_TEST(mentions(error_of(shown).message, "in the mesh home already"));
}

BOOST_AUTO_TEST_CASE(only_the_authority_takes_codes) {
  auto typed =
      stage.ask<Id>(pairing(relay), actors::approve_atom::value,
                    actors::PairingApproval{another_code(), {}, {}, owner});
  BOOST_TEST(mentions(error_of(typed).message, "on the authority"));
}

// -- who never comes ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_is_not_seen_for_ten_minutes_is_taken_back) {
  hold();
  auto address = authority.mesh().find(newcomer.id())->address;
  stage.pass(std::chrono::seconds{605});
  BOOST_TEST(!is_member(newcomer));
  BOOST_TEST(authority.mesh().former.empty());
  BOOST_TEST(!authority.state().pairing.admissions.contains(newcomer.id()));
  auto free = events::free_address(authority.mesh(),
                                   {stage.clock().utc_ns, 0, true, 1});
  BOOST_TEST((free == address));
}

/// Its own ledger says that it is a member, and that nobody answered.
BOOST_AUTO_TEST_CASE(who_was_taken_back_joins_with_another_code) {
  hold();
  stage.pass(std::chrono::seconds{605});
  hold();
  BOOST_TEST(is_member(newcomer));
}

/// The connection broke as the roster was told.
BOOST_AUTO_TEST_CASE(who_did_not_hear_that_it_is_a_member_hears_it_again) {
  auto shown = show();
  auto session = type(shown.code);
  stage.cables.break_after(0);
  must(decide(session, true));
  stage.settle();
  BOOST_TEST(is_member(newcomer));
  BOOST_TEST(!newcomer.mesh().founded());
  auto version = authority.mesh().version;
  must(decide(type(shown.code), true));
  stage.settle();
  BOOST_TEST(newcomer.mesh().founded());
  BOOST_TEST(authority.mesh().version == version);
  BOOST_TEST(
      (newcomer.state().pairing.admissions.at(authority.id()).preshared ==
       authority.state().pairing.admissions.at(newcomer.id()).preshared));
}

// -- by a member --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_member_passes_on_while_its_operator_says_so) {
  auto shown = show_by_relay();
  BOOST_TEST(stage.cables.listening(2).is_everywhere);
  auto waiting = status(authority).waiting;
  BOOST_REQUIRE(waiting.size() == 1U);
  BOOST_TEST(waiting[0].number == shown.number);
  BOOST_TEST(waiting[0].is_passed_on);
  auto session = must(try_to_type(shown.code, {}, false));
  stage.settle();
  must(decide(session, true));
  stage.settle();
  BOOST_TEST(newcomer.mesh().founded());
}

BOOST_AUTO_TEST_CASE(a_door_shuts_by_itself) {
  auto shown = show_by_relay(30);
  stage.pass(std::chrono::seconds{32});
  BOOST_TEST(!stage.cables.listening(2).is_everywhere);
  BOOST_TEST(status(authority).waiting.empty());
}

BOOST_AUTO_TEST_CASE(a_member_that_did_not_open_passes_nobody_on) {
  actors::PairingOfferWish wish;
  wish.via = events::Endpoint{at(2), 0};
  auto shown = show(wish);
  stage.pass(std::chrono::seconds{1});
  BOOST_TEST((session_of(newcomer, shown.session).outcome ==
              PairingOutcome::unreachable));
}

BOOST_AUTO_TEST_CASE(of_several_that_wait_the_number_must_be_typed) {
  TestNode other{stage, 4};
  stage.pass(std::chrono::seconds{2});
  auto shown = show_by_relay();
  actors::PairingOfferWish wish;
  wish.via = events::Endpoint{at(2), 0};
  must(try_to_show(wish, &other));
  stage.settle();
  BOOST_TEST(status(authority).waiting.size() == 2U);
  auto typed = try_to_type(shown.code, {}, false);
  BOOST_TEST(mentions(error_of(typed).message, "2 sessions wait"));
  must(try_to_type(shown.code, shown.number, false));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
