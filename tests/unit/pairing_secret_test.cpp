// What the sides of a ceremony say inside their channel.
#include "actors/pairing_secret.hpp"

#include "events/mesh.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::PairingInvitation;
using actors::PairingRefusal;
using actors::PairingSecret;
using schema::PairingOutcome;

namespace {

Signature some_signature() {
  Signature signature;
  signature.bytes.fill(4);
  return signature;
}

PairingInvitation some_invitation() {
  PairingInvitation invitation;
  invitation.mesh.bytes.fill(1);
  invitation.mesh_name = "home";
  invitation.authority.bytes.fill(2);
  invitation.authority_name = "cloud";
  invitation.authority_key.bytes.fill(3);
  invitation.signature = some_signature();
  return invitation;
}

const actors::PairingPlace some_place{{endpoint("192.0.2.7:4000")}, 51'820};

const std::vector<PairingSecret> one_of_each{
    actors::PairingIntroduction{"who I", false, {}},
    actors::PairingIntroduction{" am\n", true, some_signature(), some_place},
    some_invitation(),
    actors::PairingWelcome{"a part\n", true, "a note\n"},
    actors::PairingThanks{},
    PairingRefusal{PairingOutcome::name_taken, "laptop is taken"}};

template <class T>
T there_and_back(const T& secret) {
  auto read = actors::read_secret(actors::write_secret(secret));
  BOOST_REQUIRE(read.ok());
  return std::get<T>(*read);
}

bool is_refused(const PairingSecret& secret) {
  return !actors::read_secret(actors::write_secret(secret));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_secret)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  for (const auto& secret : one_of_each) {
    auto bytes = actors::write_secret(secret);
    auto read = actors::read_secret(bytes);
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->index() == secret.index());
    BOOST_TEST((actors::write_secret(*read) == bytes));
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_it_is_lost) {
  BOOST_TEST((there_and_back(some_invitation()) == some_invitation()));
  auto last = there_and_back(
      actors::PairingIntroduction{" am\n", true, some_signature(), some_place});
  BOOST_TEST((last.place == some_place));
  BOOST_TEST(last.part == " am\n");
  BOOST_TEST((last.signature == some_signature()));
  auto welcome =
      there_and_back(actors::PairingWelcome{"a part\n", true, "a note\n"});
  BOOST_TEST(welcome.checkpoint == "a note\n");
  BOOST_TEST(welcome.part == "a part\n");
  BOOST_TEST(welcome.is_last);
  auto refusal =
      there_and_back(PairingRefusal{PairingOutcome::range_full, "no room"});
  BOOST_TEST((refusal.outcome == PairingOutcome::range_full));
  BOOST_TEST(refusal.detail == "no room");
}

BOOST_AUTO_TEST_CASE(what_is_cut_before_its_padding_is_refused) {
  for (const auto& secret : one_of_each) {
    auto bytes = actors::write_secret(secret);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      auto cut = actors::read_secret(ByteView{bytes}.first(size));
      if (cut) BOOST_TEST(size + 4 > bytes.size());
    }
  }
}

/// An operator is shown them before anything is known of who says so.
BOOST_AUTO_TEST_CASE(an_invitation_with_a_name_that_is_none_is_refused) {
  for (const char* name : {"", "Home", "a b", "\x1b[2J", "-"}) {
    auto of_mesh = some_invitation();
    of_mesh.mesh_name = name;
    BOOST_TEST(is_refused(of_mesh));
    auto of_authority = some_invitation();
    of_authority.authority_name = name;
    BOOST_TEST(is_refused(of_authority));
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_of_a_kind_or_length_unheard_of_is_refused) {
  for (auto outcome :
       {PairingOutcome::unknown, PairingOutcome::admitted,
        PairingOutcome::wrong_code, static_cast<PairingOutcome>(200)})
    BOOST_TEST(is_refused(PairingRefusal{outcome, ""}));
  BOOST_TEST(is_refused(PairingRefusal{PairingOutcome::refused, "\x1b[2J"}));
  BOOST_TEST(!is_refused(PairingRefusal{PairingOutcome::refused,
                                        std::string(events::reason_max, 'x')}));
  BOOST_TEST(is_refused(PairingRefusal{
      PairingOutcome::refused, std::string(events::reason_max + 1, 'x')}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
