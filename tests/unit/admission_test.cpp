// What a ceremony makes of a roster.
#include "events/admission.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::Admitted;
using events::Newcomer;
using events::Unwanted;
using schema::PairingOutcome;

namespace {

const events::Moment now{1'000'000'000'000'000'000, 0, true, 1};

/// Of 1 to 3 number 1 is the authority; 3 was admitted and did not come yet.
struct Home {
  auto decide(const Newcomer& wanted) const {
    return events::decide_admission(author.mesh(), node_of(1),
                                    {wanted, {node_of(3)}}, now);
  }
  [[nodiscard]] PairingOutcome outcome(const Newcomer& wanted) const {
    auto decided = decide(wanted);
    BOOST_REQUIRE(std::holds_alternative<Unwanted>(decided));
    BOOST_TEST(!std::get<Unwanted>(decided).why.empty());
    return std::get<Unwanted>(decided).outcome;
  }
  [[nodiscard]] Admitted admitted(const Newcomer& wanted) const {
    auto decided = decide(wanted);
    BOOST_REQUIRE(std::holds_alternative<Admitted>(decided));
    return std::get<Admitted>(decided);
  }

  RosterAuthor author = mesh_of(3, "10.8.0.0/29");
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(admission, Home)

BOOST_AUTO_TEST_CASE(a_newcomer_is_added) {
  auto decided = admitted(newcomer(4));
  BOOST_REQUIRE(decided.drafts.size() == 1U);
  BOOST_TEST(decided.drafts[0].payload.AsMemberAdded() != nullptr);
  BOOST_TEST(decided.superseded.empty());
}

BOOST_AUTO_TEST_CASE(a_member_is_one_already) {
  BOOST_TEST((outcome(newcomer(2)) == PairingOutcome::already_member));
}

BOOST_AUTO_TEST_CASE(the_name_of_a_member_is_taken) {
  auto wanted = newcomer(4);
  wanted.name = "node-2";
  BOOST_TEST((outcome(wanted) == PairingOutcome::name_taken));
}

BOOST_AUTO_TEST_CASE(a_range_without_a_free_address_is_full) {
  for (std::uint32_t number : {4U, 5U, 6U})
    BOOST_REQUIRE(author(events::AddMember{newcomer(number)}).empty());
  BOOST_TEST((outcome(newcomer(7)) == PairingOutcome::range_full));
}

BOOST_AUTO_TEST_CASE(a_key_that_was_removed_stays_out) {
  BOOST_REQUIRE(author(events::RemoveMember{node_of(2), "lost"}).empty());
  BOOST_TEST((outcome(newcomer(2)) == PairingOutcome::refused));
}

BOOST_AUTO_TEST_CASE(nobody_but_the_authority_admits) {
  auto decided = events::decide_admission(author.mesh(), node_of(2),
                                          {newcomer(4), {}}, now);
  BOOST_TEST(std::holds_alternative<Unwanted>(decided));
}

BOOST_AUTO_TEST_CASE(one_that_is_awaited_needs_no_more_than_to_hear_of_it) {
  auto decided = admitted(newcomer(3));
  BOOST_TEST(decided.drafts.empty());
  BOOST_TEST(decided.superseded.empty());
}

BOOST_AUTO_TEST_CASE(one_that_is_awaited_yields_to_another_of_its_name) {
  auto wanted = newcomer(4);
  wanted.name = "node-3";
  auto decided = admitted(wanted);
  BOOST_TEST((decided.superseded == std::set{node_of(3)}));
  BOOST_REQUIRE(decided.drafts.size() == 2U);
  BOOST_TEST(decided.drafts[0].payload.AsMemberRemoved()->never_came);
  // It gets the address that is free again.
  auto added = decided.drafts[1].payload.AsMemberAdded()->member->address;
  BOOST_TEST(added.back() == 3);
}

BOOST_AUTO_TEST_CASE(one_that_is_awaited_may_come_with_other_keys) {
  auto wanted = newcomer(3);
  wanted.tunnel_key = tunnel_key_of(9);
  BOOST_TEST((admitted(wanted).superseded == std::set{node_of(3)}));
}

BOOST_AUTO_TEST_CASE(whoever_never_came_leaves_nothing_behind) {
  auto before = mesh_of(2, "10.8.0.0/29").mesh();
  BOOST_REQUIRE(author(events::TakeBack{node_of(3)}).empty());
  auto after = author.mesh();
  after.version = before.version;
  BOOST_TEST((after == before));
}

BOOST_AUTO_TEST_CASE(whoever_has_a_role_came) {
  BOOST_REQUIRE(
      author(events::MoveRole{schema::Role::hub, node_of(3)}).empty());
  BOOST_TEST(!author(events::TakeBack{node_of(3)}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
