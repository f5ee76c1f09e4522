// Whom a member tells news of the roster.
#include "events/gossip.hpp"

#include <bit>
#include <iostream>

#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::Mesh;
using Nodes = std::set<NodeId>;

namespace {

/// Number 1 has all roles.
Mesh large_mesh(std::uint32_t count) {
  return mesh_of(count, "10.8.0.0/16").mesh();
}

/// Whom news reach that `first` has, in so many steps, where nobody tells them
/// who is `silent`.
struct Spread {
  Nodes reached;
  int steps = 0;
};

Spread spread_from(const Mesh& mesh, const NodeId& first, const Nodes& silent) {
  Spread spread{{first}, 0};
  for (Nodes newest{first}; !newest.empty(); ++spread.steps) {
    Nodes next;
    for (const auto& node : newest)
      if (!silent.contains(node) || node == first)
        for (const auto& told : events::told_of_news(mesh, node))
          if (spread.reached.insert(told).second) next.insert(told);
    newest = std::move(next);
  }
  return spread;
}

Nodes ordinary_members(const Mesh& mesh) {
  Nodes nodes;
  for (const auto& [node, member] : mesh.members)
    if (node != mesh.authority) nodes.insert(node);
  return nodes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gossip)

BOOST_AUTO_TEST_CASE(who_has_a_role_tells_all_others) {
  auto mesh = large_mesh(9);
  BOOST_TEST(
      (events::told_of_news(mesh, mesh.authority) == ordinary_members(mesh)));
}

BOOST_AUTO_TEST_CASE(anybody_else_tells_few_of_many) {
  auto mesh = large_mesh(300);
  for (const auto& node : ordinary_members(mesh))
    BOOST_TEST(events::told_of_news(mesh, node).size() <= 10U);
}

BOOST_AUTO_TEST_CASE(those_with_roles_are_told_by_all) {
  RosterAuthor author = mesh_of(40);
  for (auto [role, number] : {std::pair{schema::Role::hub, 20U},
                              std::pair{schema::Role::controller, 30U}})
    BOOST_TEST(author(events::MoveRole{role, node_of(number)}) == "");
  for (const auto& node : ordinary_members(author.mesh())) {
    auto told = events::told_of_news(author.mesh(), node);
    for (auto number : {1U, 20U, 30U})
      BOOST_TEST((node == node_of(number) || told.contains(node_of(number))));
  }
}

BOOST_AUTO_TEST_CASE(who_is_none_is_not_told) {
  auto author = mesh_of(3);
  BOOST_TEST(author(events::MoveRole{schema::Role::hub, node_of(2)}) == "");
  BOOST_TEST(author(events::RemoveMember{node_of(2), "lost", true}) == "");
  BOOST_TEST(
      (events::told_of_news(author.mesh(), node_of(3)) == Nodes{node_of(1)}));
}

BOOST_AUTO_TEST_CASE(nobody_else_is_told_by_many) {
  auto mesh = large_mesh(300);
  std::map<NodeId, int> tellers;
  for (const auto& node : ordinary_members(mesh))
    for (const auto& told : events::told_of_news(mesh, node)) ++tellers[told];
  tellers.erase(mesh.authority);
  for (const auto& [node, count] : tellers) BOOST_TEST(count <= 9);
}

BOOST_AUTO_TEST_CASE(alone_it_tells_nobody) {
  auto mesh = large_mesh(1);
  BOOST_TEST(events::told_of_news(mesh, mesh.authority).empty());
}

BOOST_AUTO_TEST_CASE(of_two_each_tells_the_other) {
  auto mesh = large_mesh(2);
  BOOST_TEST((events::told_of_news(mesh, node_of(2)) == Nodes{mesh.authority}));
}

BOOST_AUTO_TEST_CASE(news_reach_all_in_few_steps_though_no_role_tells_them) {
  for (std::uint32_t count : {3U, 4U, 5U, 16U, 17U, 64U, 300U}) {
    auto mesh = large_mesh(count);
    auto spread = spread_from(mesh, node_of(2), {mesh.authority});
    BOOST_TEST(spread.reached.size() == count);
    BOOST_TEST(spread.steps <= std::bit_width(count) + 2);
  }
}

BOOST_AUTO_TEST_CASE(a_third_that_keeps_them_back_keeps_them_from_few) {
  auto mesh = large_mesh(300);
  auto seed = seed_or(1);
  std::cout << "PPN_TEST_SEED=" << seed << '\n';
  Random random{seed};
  Nodes silent{mesh.authority};
  for (const auto& node : ordinary_members(mesh))
    if (random.below(3) == 0) silent.insert(node);
  auto spread = spread_from(mesh, node_of(2), silent);
  BOOST_TEST(spread.reached.size() >= 297U);
}

BOOST_AUTO_TEST_CASE(the_member_behind_the_last_is_the_first) {
  auto mesh = large_mesh(3);
  auto first = mesh.members.begin()->first;
  auto last = mesh.members.rbegin()->first;
  BOOST_TEST((events::member_behind(mesh, last, 1) == first));
  BOOST_TEST((events::member_behind(mesh, first, 5) == last));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
