// Who may do what over the control API.
#include "runtime/access.hpp"

#include <boost/test/unit_test.hpp>

namespace ppn::tests {

using runtime::Access;
using runtime::access_of;
using runtime::AccessRules;

namespace {

constexpr uid_t own = 107;
constexpr uid_t other = 1000;
constexpr gid_t committing = 27;
constexpr gid_t reading = 28;
const AccessRules rules{own, committing, reading};

}  // namespace

BOOST_AUTO_TEST_SUITE(access)

BOOST_AUTO_TEST_CASE(root_and_the_user_that_ppnd_runs_as_may_do_everything) {
  BOOST_TEST((access_of({0, {}}, rules) == Access::commit));
  BOOST_TEST((access_of({own, {}}, rules) == Access::commit));
  BOOST_TEST((access_of({0, {}}, {own, {}, {}}) == Access::commit));
}

BOOST_AUTO_TEST_CASE(anybody_else_may_do_nothing) {
  BOOST_TEST((access_of({other, {}}, rules) == Access::none));
  BOOST_TEST((access_of({other, {1, 2, 100}}, rules) == Access::none));
}

BOOST_AUTO_TEST_CASE(members_of_the_groups_may_do_what_the_group_may) {
  BOOST_TEST((access_of({other, {1, committing}}, rules) == Access::commit));
  BOOST_TEST((access_of({other, {reading}}, rules) == Access::read));
}

BOOST_AUTO_TEST_CASE(who_is_in_both_may_do_the_more) {
  BOOST_TEST(
      (access_of({other, {reading, committing}}, rules) == Access::commit));
  BOOST_TEST((access_of({other, {reading}}, {own, reading, reading}) ==
              Access::commit));
}

/// The group of root is no group unless it is named.
BOOST_AUTO_TEST_CASE(a_group_that_is_not_set_lets_nobody_in) {
  BOOST_TEST((access_of({other, {0, committing, reading}}, {own, {}, {}}) ==
              Access::none));
  BOOST_TEST(
      (access_of({other, {committing}}, {own, {}, reading}) == Access::none));
}

BOOST_AUTO_TEST_CASE(more_access_is_more) {
  BOOST_TEST((Access::none < Access::read));
  BOOST_TEST((Access::read < Access::commit));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
