// A ceremony from the first message to the last, between its two sides.
#include "actors/pairing_talk.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/pairing_parts.hpp"

namespace ppn::tests {

using actors::AuthorityTalk;
using actors::NewcomerTalk;
using actors::PairingStep;
using events::ShortCode;
using schema::PairingOutcome;

namespace {

store::SigningKey authority_key() { return key_of_seed(1); }
store::SigningKey newcomer_key() { return key_of_seed(2); }

Signature signed_by(const store::SigningKey& key,
                    const actors::PairingChannel& channel,
                    actors::CpaceRole role) {
  return key.sign(store::pairing_domain, channel.binding_of(role).view());
}

/// Larger than a message.
std::string long_file() {
  std::string file;
  while (file.size() < 3 * actors::pairing_message_max)
    file += "line " + std::to_string(file.size()) + "\n";
  return file;
}

/// Both sides, what is on its way between them, and what each came to.
struct Ceremony {
  explicit Ceremony(std::uint8_t typed = 3) : typed_code(code_of(typed)) {
    to_newcomer.push_back(authority.hello());
  }

  ShortCode typed_code;
  actors::Entropy entropy = entropy_of(1);
  AuthorityTalk authority{entropy};
  NewcomerTalk newcomer{shared(code_of(3)), 7, 599, entropy};
  std::string introduction = "who I am\n";
  std::deque<Bytes> to_newcomer;
  std::deque<Bytes> to_authority;
  int guesses = 0;
  std::optional<actors::PairingOffered> offered;
  std::optional<actors::PairingMetAuthority> met_authority;
  std::optional<actors::PairingMetNewcomer> met_newcomer;
  std::optional<std::string> file;
  bool is_thanked = false;
  std::optional<actors::PairingBroken> broken;
  /// What becomes of each message on its way.
  std::function<void(Bytes&)> change = [](auto&) {};

  /// Until both have nothing more to say.
  void pass() {
    while (!to_newcomer.empty() || !to_authority.empty()) {
      if (auto message = next(to_newcomer))
        note(newcomer.take(*message, entropy), to_authority);
      if (auto message = next(to_authority))
        note(authority.take(*message), to_newcomer);
    }
  }

  void say_to_newcomer(const std::vector<Bytes>& messages) {
    add(to_newcomer, messages);
    pass();
  }
  void say_to_authority(const Bytes& message) {
    to_authority.push_back(message);
    pass();
  }

  [[nodiscard]] actors::PairingInvitation invitation() const {
    actors::PairingInvitation made;
    made.mesh.bytes.fill(1);
    made.mesh_name = "home";
    made.authority.bytes.fill(2);
    made.authority_name = "cloud";
    made.authority_key = authority_key().public_key();
    made.signature = signed_by(authority_key(), authority.channel(),
                               actors::CpaceRole::initiator);
    return made;
  }

 private:
  static void add(std::deque<Bytes>& all, const std::vector<Bytes>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }

  std::optional<Bytes> next(std::deque<Bytes>& messages) {
    if (messages.empty()) return std::nullopt;
    auto first = std::move(messages.front());
    messages.pop_front();
    change(first);
    return first;
  }

  void note(PairingStep step, std::deque<Bytes>& answers) {
    if (auto* say = std::get_if<actors::PairingSay>(&step))
      add(answers, say->messages);
    if (auto* offer = std::get_if<actors::PairingOffered>(&step)) {
      offered = *offer;
      if (auto begun = authority.begin(typed_code, entropy))
        answers.push_back(*begun);
    }
    if (auto* guess = std::get_if<actors::PairingAnswerGuess>(&step)) {
      guesses += 1;
      answers.push_back(guess->message);
    }
    if (auto* proved = std::get_if<actors::PairingProved>(&step)) {
      answers.push_back(proved->message);
      add(answers,
          newcomer.introduce(introduction,
                             signed_by(newcomer_key(), newcomer.channel(),
                                       actors::CpaceRole::responder)));
    }
    if (auto* met = std::get_if<actors::PairingMetAuthority>(&step))
      met_authority = *met;
    if (auto* met = std::get_if<actors::PairingMetNewcomer>(&step))
      met_newcomer = *met;
    if (auto* welcomed = std::get_if<actors::PairingWelcomed>(&step))
      file = welcomed->file;
    is_thanked |= std::holds_alternative<actors::PairingThanked>(step);
    if (auto* end = std::get_if<actors::PairingBroken>(&step)) broken = *end;
  }
};

/// Both know each other.
struct Met : Ceremony {
  Met() {
    pass();
    BOOST_REQUIRE(met_newcomer.has_value());
    say_to_newcomer({authority.invite(invitation())});
    BOOST_REQUIRE(met_authority.has_value());
  }
};

bool is_broken(const PairingStep& step) {
  return std::holds_alternative<actors::PairingBroken>(step);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_talk)

BOOST_FIXTURE_TEST_CASE(a_ceremony_goes_to_its_end, Met) {
  say_to_newcomer(authority.welcome(long_file()));
  BOOST_TEST((file == long_file()));
  say_to_authority(newcomer.thanks());
  BOOST_TEST(is_thanked);
  BOOST_TEST(!broken.has_value());
}

BOOST_FIXTURE_TEST_CASE(each_learns_who_the_other_is, Met) {
  BOOST_TEST(met_newcomer->introduction == "who I am\n");
  BOOST_TEST((met_authority->invitation == invitation()));
}

BOOST_FIXTURE_TEST_CASE(both_operators_see_the_same_symbols, Met) {
  BOOST_TEST(met_newcomer->symbols == met_authority->symbols);
  BOOST_TEST(met_newcomer->symbols.size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_guess_is_answered_once) {
  Ceremony ceremony;
  ceremony.pass();
  BOOST_TEST(ceremony.guesses == 1);
}

BOOST_AUTO_TEST_CASE(another_code_is_seen_by_the_newcomer_first) {
  Ceremony ceremony{4};
  ceremony.pass();
  BOOST_TEST(ceremony.guesses == 1);
  BOOST_REQUIRE(ceremony.broken.has_value());
  BOOST_TEST((ceremony.broken->outcome == PairingOutcome::wrong_code));
  BOOST_TEST(!ceremony.met_newcomer.has_value());
}

/// Names and keys are for those who know the code.
BOOST_AUTO_TEST_CASE(nothing_of_either_is_said_in_the_clear) {
  Ceremony ceremony;
  std::string heard;
  ceremony.change = [&](Bytes& message) {
    heard.append(message.begin(), message.end());
  };
  ceremony.pass();
  ceremony.say_to_newcomer({ceremony.authority.invite(ceremony.invitation())});
  ceremony.say_to_newcomer(ceremony.authority.welcome("the roster"));
  BOOST_TEST(ceremony.file.has_value());
  const auto shown = authority_key().public_key();
  auto key = shown.view();
  for (const auto& secret :
       {std::string{"who I am"}, std::string{"home"}, std::string{"cloud"},
        std::string{"roster"}, std::string{key.begin(), key.end()},
        std::string{"33333333"}})
    BOOST_TEST(heard.find(secret) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_session_is_offered_before_a_code_is_spent) {
  Ceremony ceremony;
  ceremony.typed_code = ShortCode::draw(6, [] { return std::uint8_t{1}; });
  ceremony.pass();
  BOOST_REQUIRE(ceremony.offered.has_value());
  BOOST_TEST(ceremony.offered->session == 7U);
  BOOST_TEST(ceremony.offered->left_s == 599U);
  BOOST_TEST(ceremony.guesses == 0);
}

BOOST_AUTO_TEST_CASE(a_long_introduction_comes_in_parts) {
  Ceremony ceremony;
  ceremony.introduction = long_file();
  ceremony.pass();
  BOOST_REQUIRE(ceremony.met_newcomer.has_value());
  BOOST_TEST((ceremony.met_newcomer->introduction == long_file()));
}

BOOST_FIXTURE_TEST_CASE(each_shows_that_it_has_its_key, Met) {
  auto is_newcomer = [&](const store::SigningKey& key) {
    return actors::is_at(authority.channel(), actors::CpaceRole::responder,
                         key.public_key(), met_newcomer->signature);
  };
  BOOST_TEST(is_newcomer(newcomer_key()));
  BOOST_TEST(!is_newcomer(authority_key()));
}

/// What was signed at another channel, or by the other side, is worth nothing.
BOOST_AUTO_TEST_CASE(an_authority_without_its_key_is_no_authority) {
  Met other;
  Ceremony ceremony;
  ceremony.entropy = entropy_of(5);
  ceremony.authority = AuthorityTalk{ceremony.entropy};
  ceremony.to_newcomer = {ceremony.authority.hello()};
  ceremony.pass();
  auto invitation = ceremony.invitation();
  invitation.signature = other.invitation().signature;
  ceremony.say_to_newcomer({ceremony.authority.invite(invitation)});
  BOOST_TEST(!ceremony.met_authority.has_value());
  BOOST_TEST(ceremony.broken.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_refusal_is_told_with_its_reason, Met) {
  say_to_newcomer(
      {authority.refuse({PairingOutcome::name_taken, "laptop is taken"})});
  BOOST_REQUIRE(broken.has_value());
  BOOST_TEST((broken->outcome == PairingOutcome::name_taken));
  BOOST_TEST(broken->detail == "laptop is taken");
}

BOOST_FIXTURE_TEST_CASE(a_newcomer_may_refuse_too, Met) {
  say_to_authority(newcomer.refuse({PairingOutcome::cancelled, "not mine"}));
  BOOST_REQUIRE(broken.has_value());
  BOOST_TEST((broken->outcome == PairingOutcome::cancelled));
  BOOST_TEST(broken->detail == "not mine");
}

BOOST_FIXTURE_TEST_CASE(nothing_follows_a_refusal, Met) {
  auto refusal = authority.refuse({PairingOutcome::refused, ""});
  auto welcome = authority.welcome("the roster");
  say_to_newcomer({refusal, welcome[0]});
  BOOST_TEST(!file.has_value());
}

BOOST_AUTO_TEST_CASE(no_roster_is_taken_of_who_did_not_say_who_it_is) {
  Ceremony ceremony;
  ceremony.pass();
  ceremony.say_to_newcomer(ceremony.authority.welcome("the roster"));
  BOOST_TEST(!ceremony.file.has_value());
  BOOST_TEST(ceremony.broken.has_value());
}

BOOST_FIXTURE_TEST_CASE(thanks_that_come_too_early_are_none, Met) {
  say_to_authority(newcomer.thanks());
  BOOST_TEST(!is_thanked);
  BOOST_TEST(broken.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_roster_that_is_too_large_is_not_kept, Met) {
  say_to_newcomer(authority.welcome(std::string(actors::welcome_max + 1, 'x')));
  BOOST_TEST(!file.has_value());
  BOOST_TEST(broken.has_value());
}

BOOST_AUTO_TEST_CASE(an_introduction_that_is_too_large_is_not_kept) {
  Ceremony ceremony;
  ceremony.introduction = std::string(actors::introduction_max + 1, 'x');
  ceremony.pass();
  BOOST_TEST(!ceremony.met_newcomer.has_value());
  BOOST_TEST(ceremony.broken.has_value());
}

/// By whoever is in between: in the midst of it, and near its end.
BOOST_AUTO_TEST_CASE(a_message_that_was_changed_leads_to_no_invitation) {
  for (std::size_t number = 0; number < 8; ++number)
    for (std::size_t back : {9U, 13U}) {
      Ceremony ceremony;
      ceremony.change = [&, count = std::size_t{0}](Bytes& message) mutable {
        if (count++ == number) message[message.size() - back] ^= 1U;
      };
      ceremony.pass();
      if (ceremony.met_newcomer)
        ceremony.say_to_newcomer(
            {ceremony.authority.invite(ceremony.invitation())});
      BOOST_TEST_CONTEXT("message " << number << ", byte " << back)
      BOOST_TEST(!ceremony.met_authority.has_value());
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_heard_after_the_end) {
  Ceremony ceremony;
  BOOST_TEST(
      is_broken(ceremony.newcomer.take(Bytes(100, 7), ceremony.entropy)));
  for (const auto& message : {ceremony.authority.hello(), Bytes(100, 7)})
    BOOST_TEST(std::holds_alternative<actors::PairingWait>(
        ceremony.newcomer.take(message, ceremony.entropy)));
}

/// A newcomer hears no words of a newcomer, nor an authority those of one.
BOOST_AUTO_TEST_CASE(what_the_other_side_would_say_ends_it) {
  Ceremony ceremony;
  BOOST_TEST(is_broken(ceremony.authority.take(ceremony.authority.hello())));
  BOOST_TEST(is_broken(ceremony.newcomer.take(
      actors::write_message(actors::PairingOffer{}), ceremony.entropy)));
}

BOOST_AUTO_TEST_CASE(who_answers_no_more_says_why) {
  Ceremony ceremony;
  auto step = ceremony.authority.take(
      actors::write_message(actors::PairingOver{PairingOutcome::burned}));
  BOOST_REQUIRE(is_broken(step));
  BOOST_TEST((std::get<actors::PairingBroken>(step).outcome ==
              PairingOutcome::burned));
}

/// Whoever is in between may say it, too.
BOOST_AUTO_TEST_CASE(what_only_the_authority_knows_is_not_believed_of_others) {
  for (auto outcome : {PairingOutcome::admitted, PairingOutcome::name_taken}) {
    Ceremony ceremony;
    auto step = ceremony.authority.take(
        actors::write_message(actors::PairingOver{outcome}));
    BOOST_REQUIRE(is_broken(step));
    BOOST_TEST((std::get<actors::PairingBroken>(step).outcome ==
                PairingOutcome::broken));
  }
}

BOOST_FIXTURE_TEST_CASE(nothing_is_believed_in_the_clear_any_more, Met) {
  auto step = authority.take(
      actors::write_message(actors::PairingOver{PairingOutcome::expired}));
  BOOST_REQUIRE(is_broken(step));
  BOOST_TEST((std::get<actors::PairingBroken>(step).outcome ==
              PairingOutcome::broken));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
