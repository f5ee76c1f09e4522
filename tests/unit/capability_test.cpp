// Who may do what to what, until when, and what a revocation takes along.
#include "events/capability.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "store/record.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::Capabilities;
using events::Decision;
using events::Expiry;
using events::Grant;
using events::Moment;
using schema::Right;

namespace {

Id id(std::uint8_t number) {
  Id made;
  made.bytes.fill(number);
  return made;
}

/// Grant `number`, hanging from `parent` if that is not 0.
void hang(Capabilities& capabilities, std::uint8_t number, std::uint8_t parent,
          Right rights = Right::invoke | Right::grant,
          std::optional<Expiry> expiry = {}) {
  Grant grant{"node/1", "vm/1", rights, expiry, {}, 0};
  if (parent != 0) grant.parent = id(parent);
  capabilities.live[id(number)] = grant;
}

bool may(const Capabilities& capabilities, std::uint8_t number,
         const Moment& now = {}, Right right = Right::invoke) {
  return is_live(capabilities, {id(number), "node/1", "vm/1", right}, now);
}

events::GrantWish wish(std::uint8_t parent) {
  events::GrantWish made{id(99), "node/2", "vm/1", Right::invoke, {}, {}};
  if (parent != 0) made.parent = id(parent);
  return made;
}

bool is_refused(const Decision& decision, std::string_view why) {
  const auto* refusal = std::get_if<events::Refusal>(&decision);
  return refusal != nullptr && mentions(refusal->reason, why);
}

/// The grants that a decision revokes, in its order.
std::vector<Id> revoked_by(const Decision& decision) {
  std::vector<Id> ids;
  for (const auto& draft : std::get<std::vector<events::Draft>>(decision)) {
    Id revoked{*draft.payload.AsCapabilityRevoked()->grant};
    BOOST_TEST(draft.stream == events::capability_stream(revoked));
    ids.push_back(revoked);
  }
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(capability)

// -- is it live --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_grant_allows_what_it_says_and_nothing_else) {
  Capabilities capabilities;
  hang(capabilities, 1, 0, Right::invoke);
  BOOST_TEST(may(capabilities, 1));
  BOOST_TEST(!may(capabilities, 1, {}, Right::write));
  BOOST_TEST(!may(capabilities, 2));
  for (const char* other : {"node/2", ""})
    BOOST_TEST(
        !is_live(capabilities, {id(1), other, "vm/1", Right::invoke}, {}));
  BOOST_TEST(
      !is_live(capabilities, {id(1), "node/1", "vm/2", Right::invoke}, {}));
}

BOOST_AUTO_TEST_CASE(a_grant_with_a_boot_ends_with_it_or_with_its_time) {
  Capabilities capabilities;
  hang(capabilities, 1, 0, Right::invoke, Expiry{0, 7, 100});
  BOOST_TEST(may(capabilities, 1, {0, 99, false, 7}));
  BOOST_TEST(!may(capabilities, 1, {0, 100, false, 7}));
  BOOST_TEST(!may(capabilities, 1, {0, 99, false, 8}));
}

BOOST_AUTO_TEST_CASE(only_a_synchronised_clock_ends_a_grant_by_its_date) {
  Capabilities capabilities;
  hang(capabilities, 1, 0, Right::invoke, Expiry{1'000, 0, 0});
  BOOST_TEST(may(capabilities, 1, {999, 0, true, 1}));
  BOOST_TEST(!may(capabilities, 1, {1'000, 0, true, 1}));
  BOOST_TEST(may(capabilities, 1, {1'000, 0, false, 1}));
}

BOOST_AUTO_TEST_CASE(a_grant_is_not_live_when_one_that_it_hangs_from_is_over) {
  Capabilities capabilities;
  hang(capabilities, 1, 0, Right::invoke | Right::grant, Expiry{0, 7, 100});
  hang(capabilities, 2, 1);
  hang(capabilities, 3, 2);
  BOOST_TEST(may(capabilities, 3, {0, 99, false, 7}));
  BOOST_TEST(!may(capabilities, 3, {0, 100, false, 7}));
  capabilities.live.erase(id(1));
  BOOST_TEST(!may(capabilities, 3, {0, 99, false, 7}));
}

// -- granting ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_grant_says_all_that_was_wished) {
  Capabilities capabilities;
  hang(capabilities, 1, 0, Right::invoke | Right::grant, Expiry{50, 3, 60});
  auto wanted = wish(1);
  wanted.expiry = Expiry{50, 3, 60};
  auto decision = decide_grant(capabilities, wanted, {0, 0, true, 3});
  const auto& drafts = std::get<std::vector<events::Draft>>(decision);
  BOOST_REQUIRE(drafts.size() == 1U);
  const auto* granted = drafts[0].payload.AsCapabilityGranted();
  BOOST_TEST(drafts[0].stream == events::capability_stream(id(99)));
  BOOST_TEST((Id{*granted->grant} == id(99)));
  BOOST_TEST(granted->subject == "node/2");
  BOOST_TEST(granted->resource == "vm/1");
  BOOST_TEST((granted->rights == Right::invoke));
  BOOST_TEST((Id{*granted->parent} == id(1)));
  BOOST_TEST(granted->expiry->utc_ns == 50);
  BOOST_TEST(granted->expiry->boot == 3U);
  BOOST_TEST(granted->expiry->since_boot_ns == 60U);
}

BOOST_AUTO_TEST_CASE(nothing_hangs_from_a_grant_that_does_not_let_it) {
  Capabilities capabilities;
  hang(capabilities, 1, 0, Right::invoke);
  hang(capabilities, 2, 0, Right::read | Right::grant);
  hang(capabilities, 3, 0, Right::invoke | Right::grant, Expiry{0, 1, 100});
  const Moment now{0, 50, true, 1};
  BOOST_TEST(is_refused(decide_grant(capabilities, wish(9), now), "not live"));
  BOOST_TEST(is_refused(decide_grant(capabilities, wish(1), now),
                        "nothing may be granted"));
  BOOST_TEST(
      is_refused(decide_grant(capabilities, wish(2), now), "allow more"));
  BOOST_TEST(is_refused(decide_grant(capabilities, wish(3), now), "outlast"));
  BOOST_TEST(is_refused(decide_grant(capabilities, wish(3), {0, 100, true, 1}),
                        "time is over"));
}

BOOST_AUTO_TEST_CASE(a_grant_covers_its_resource_and_what_is_below) {
  Capabilities capabilities;
  hang(capabilities, 1, 0);
  auto may_hang = [&](const char* resource) {
    auto wanted = wish(1);
    wanted.resource = resource;
    return !is_refused(decide_grant(capabilities, wanted, {}), "is for vm/1");
  };
  BOOST_TEST(may_hang("vm/1"));
  BOOST_TEST(may_hang("vm/1/disk"));
  BOOST_TEST(!may_hang("vm/11"));
  BOOST_TEST(!may_hang("vm/2"));
  BOOST_TEST(!may_hang("vm"));
}

BOOST_AUTO_TEST_CASE(a_grant_of_nothing_is_refused) {
  Capabilities capabilities;
  auto nothing = wish(0);
  nothing.rights = Right{};
  BOOST_TEST(is_refused(decide_grant(capabilities, nothing, {}), "rights"));
  auto nobody = wish(0);
  nobody.subject = "";
  BOOST_TEST(is_refused(decide_grant(capabilities, nobody, {}), "subject"));
  hang(capabilities, 99, 0);
  BOOST_TEST(is_refused(decide_grant(capabilities, wish(0), {}), "of this id"));
}

// -- revoking ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_revocation_takes_along_all_that_hangs_from_it) {
  Capabilities capabilities;
  hang(capabilities, 1, 0);
  hang(capabilities, 2, 1);
  hang(capabilities, 3, 2);
  hang(capabilities, 4, 1);
  hang(capabilities, 5, 0);
  auto ids = revoked_by(decide_revoke(capabilities, id(1), "enough"));
  BOOST_TEST(ids.size() == 4U);
  BOOST_TEST(std::count(ids.begin(), ids.end(), id(5)) == 0);
  // What hangs goes first, so that nothing ever hangs from a dead one.
  auto place = [&](std::uint8_t number) {
    return std::find(ids.begin(), ids.end(), id(number)) - ids.begin();
  };
  BOOST_TEST(place(3) < place(2));
  BOOST_TEST(place(2) < place(1));
  BOOST_TEST(place(4) < place(1));
}

BOOST_AUTO_TEST_CASE(what_is_not_live_can_not_be_revoked) {
  BOOST_TEST(
      is_refused(events::decide_revoke({}, id(1), "enough"), "no live grant"));
}

BOOST_AUTO_TEST_CASE(what_is_past_its_time_is_revoked_once_with_what_hangs) {
  Capabilities capabilities;
  const Expiry end{0, 1, 100};
  hang(capabilities, 1, 0, Right::invoke | Right::grant, end);
  hang(capabilities, 2, 1, Right::invoke, end);
  hang(capabilities, 3, 1, Right::invoke, Expiry{0, 1, 50});
  hang(capabilities, 4, 0);
  BOOST_TEST(revoked_by(decide_expiry(capabilities, {0, 10, true, 1})).empty());
  BOOST_TEST((revoked_by(decide_expiry(capabilities, {0, 60, true, 1})) ==
              std::vector{id(3)}));
  auto all = revoked_by(decide_expiry(capabilities, {0, 100, true, 1}));
  BOOST_TEST(all.size() == 3U);
  BOOST_TEST((all.back() == id(1)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
