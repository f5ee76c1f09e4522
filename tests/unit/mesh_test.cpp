// The mesh: what its authority may decide, and which addresses it gives.
#include "events/mesh.hpp"

#include <set>

#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"

namespace ppn::tests {

using events::AddMember;
using events::ChangeEndpoints;
using events::Endpoint;
using events::IpAddress;
using events::Member;
using events::Mesh;
using events::MeshCommand;
using events::Moment;
using events::MoveRole;
using events::RemoveMember;
using events::ReplaceMember;
using schema::Role;

namespace {

constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;

Moment hours(std::int64_t count, bool synchronised = true) {
  return {count * hour_ns, 0, synchronised, 1};
}

/// Why the authority of this mesh would refuse.
std::string refused(const Mesh& mesh, const MeshCommand& command,
                    const Moment& now = {}) {
  return refusal_of(events::decide(mesh, mesh.authority, command, now));
}

std::string founding_refused(const events::FoundMesh& command) {
  return refusal_of(
      events::decide(Mesh{}, command.founder.node, command, Moment{}));
}

std::string address_of(const RosterAuthor& author, std::uint32_t number) {
  const auto* member = author.mesh().find(node_of(number));
  return member == nullptr ? "none" : member->address.text();
}

std::string address6_of(const RosterAuthor& author, std::uint32_t number) {
  const auto* member = author.mesh().find(node_of(number));
  BOOST_REQUIRE(member != nullptr && member->address6);
  return member->address6->text();
}

RemoveMember removal(std::uint32_t number) {
  return {node_of(number), "sold", false};
}

std::vector<Endpoint> endpoints(std::size_t count) {
  std::vector<Endpoint> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back({address("192.0.2.1"), static_cast<std::uint16_t>(i + 1)});
  return all;
}

const std::string bad_name = "a name is 1 to 63 of a-z, 0-9 and inner hyphens";
const std::string id_7 = "01000000000000000000000000000007";

}  // namespace

BOOST_AUTO_TEST_SUITE(mesh)

// -- names -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(names_are_as_hosts_have_them) {
  for (const char* name : {"a", "0", "laptop-a", "a--b", "3com"})
    BOOST_TEST(events::is_member_name(name), name);
  BOOST_TEST(events::is_member_name(std::string(63, 'a')));
  BOOST_TEST(!events::is_member_name(std::string(64, 'a')));
  for (const char* name :
       {"", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "a\n", "\xc3\xa4"})
    BOOST_TEST(!events::is_member_name(name), name);
}

// -- founding ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_founder_has_all_roles_and_the_first_address) {
  RosterAuthor author;
  auto command = founding("10.8.0.0/24", "fd00:8::/64");
  command.founder.endpoints = {endpoint("192.0.2.1:51820")};
  BOOST_TEST(author(command) == "");
  const auto& mesh = author.mesh();
  BOOST_TEST(mesh.founded());
  BOOST_TEST(mesh.version == 1U);
  BOOST_TEST(mesh.epoch == 1U);
  BOOST_TEST(mesh.id == command.mesh);
  BOOST_TEST(mesh.name == "home");
  BOOST_TEST(mesh.range.text() == "10.8.0.0/24");
  BOOST_TEST(mesh.range6.value().text() == "fd00:8::/64");
  BOOST_TEST(mesh.recovery_key == command.recovery_key);
  BOOST_TEST((mesh.roles_of(node_of(1)) ==
              (Role::authority | Role::hub | Role::controller)));
  BOOST_TEST((*mesh.find(node_of(1)) ==
              Member{"node-1", signing_key_of(1), tunnel_key_of(1),
                     address("10.8.0.1"), address("fd00:8::1"),
                     command.founder.endpoints}));
  BOOST_TEST(mesh.members.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_node_is_in_one_mesh) {
  BOOST_TEST(refused(mesh_of(1).mesh(), founding()) ==
             "this node is in the mesh home already");
}

BOOST_AUTO_TEST_CASE(a_mesh_has_a_range_of_ipv4) {
  for (const char* right : {"10.0.0.0/8", "10.8.0.0/30", "192.168.4.0/22"})
    BOOST_TEST(founding_refused(founding(right)) == "");
  BOOST_TEST(founding_refused(founding("fd00::/64")) ==
             "the first range must be one of IPv4");
  for (const char* wrong : {"10.0.0.0/7", "0.0.0.0/0", "10.8.0.0/31"})
    BOOST_TEST(founding_refused(founding(wrong)) ==
               "a range of IPv4 has a length of 8 to 30");
  BOOST_TEST(founding_refused(founding("10.8.0.1/24")) ==
             "10.8.0.1/24 is no range: it begins at 10.8.0.0/24");
}

BOOST_AUTO_TEST_CASE(a_mesh_may_have_a_range_of_ipv6) {
  for (const char* right : {"fd00:8::/32", "fd00:8::/64", "fd00:8::/96"})
    BOOST_TEST(founding_refused(founding("10.8.0.0/24", right)) == "");
  BOOST_TEST(founding_refused(founding("10.8.0.0/24", "10.9.0.0/24")) ==
             "the second range must be one of IPv6");
  // ::/0 would draw all that the host sends into the mesh.
  for (const char* wrong : {"fd00::1/64", "fd00::/97", "fd00::/31", "::/0"})
    BOOST_TEST(founding_refused(founding("10.8.0.0/24", wrong)) ==
               "a range of IPv6 begins at its first address, and has a length "
               "of 32 to 96");
}

BOOST_AUTO_TEST_CASE(mesh_and_founder_have_names) {
  auto command = founding();
  command.name = "Home";
  BOOST_TEST(founding_refused(command) ==
             "the name of a mesh is 1 to 63 of "
             "a-z, 0-9 and inner hyphens");
  command = founding();
  command.founder.name = "";
  BOOST_TEST(founding_refused(command) == bad_name);
}

BOOST_AUTO_TEST_CASE(a_founder_has_few_endpoints) {
  auto command = founding();
  command.founder.endpoints = endpoints(events::endpoints_max + 1);
  BOOST_TEST(founding_refused(command) == "a member has at most 4 endpoints");
}

// -- who decides -------------------------------------------------------------

namespace {

/// One that the authority of mesh_of(2) would carry out, of each kind.
std::vector<MeshCommand> some_commands() {
  return {AddMember{newcomer(7)}, ReplaceMember{node_of(2), newcomer(7)},
          removal(2), MoveRole{Role::hub, node_of(2)},
          ChangeEndpoints{node_of(2), endpoints(1)}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_the_authority_decides) {
  auto author = mesh_of(2);
  for (const auto& command : some_commands()) {
    const auto& mesh = author.mesh();
    BOOST_TEST(refused(mesh, command) == "");
    for (std::uint32_t other : {2U, 3U})
      BOOST_TEST(
          refusal_of(events::decide(mesh, node_of(other), command, {})) ==
          "only the authority changes the mesh: do this on node-1");
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_decided_without_a_mesh) {
  for (const auto& command : some_commands())
    for (auto self : {NodeId{}, node_of(1)})
      BOOST_TEST(refusal_of(events::decide(Mesh{}, self, command, {})) ==
                 "this node is in no mesh: found one with `ppnctl mesh init`, "
                 "or import the roster of one");
}

BOOST_AUTO_TEST_CASE(who_was_the_authority_decides_nothing_any_more) {
  auto author = mesh_of(2);
  BOOST_TEST(author(MoveRole{Role::authority, node_of(2)}) == "");
  const AddMember command{newcomer(3)};
  BOOST_TEST(
      refusal_of(events::decide(author.mesh(), node_of(1), command, {})) ==
      "only the authority changes the mesh: do this on node-2");
  BOOST_TEST(author(command) == "");
  BOOST_TEST(author.mesh().members.size() == 3U);
}

// -- adding ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_member_has_what_it_brought) {
  auto author = mesh_of(1);
  BOOST_TEST(author(AddMember{newcomer(2, endpoints(4))}) == "");
  BOOST_TEST((*author.mesh().find(node_of(2)) == Member{"node-2",
                                                        signing_key_of(2),
                                                        tunnel_key_of(2),
                                                        address("10.8.0.2"),
                                                        {},
                                                        endpoints(4)}));
  BOOST_TEST(author.mesh().version == 2U);
  BOOST_TEST(author.mesh().epoch == 1U);
  BOOST_TEST((author.mesh().roles_of(node_of(2)) == Role{}));
  BOOST_TEST((author.mesh().named("node-2") == node_of(2)));
  BOOST_TEST(!author.mesh().named("node-3"));
}

BOOST_AUTO_TEST_CASE(a_newcomer_is_checked) {
  auto mesh = mesh_of(2).mesh();
  AddMember command{newcomer(3)};
  command.newcomer.name = "-";
  BOOST_TEST(refused(mesh, command) == bad_name);
  command = {newcomer(3, endpoints(5))};
  BOOST_TEST(refused(mesh, command) == "a member has at most 4 endpoints");
  command = {newcomer(3, {{address("192.0.2.1"), 0}})};
  BOOST_TEST(refused(mesh, command) == "an endpoint needs a port");
  command = {newcomer(3)};
  command.newcomer.node = NodeId{};
  BOOST_TEST(refused(mesh, command) == "a node id of zeros is none");
}

BOOST_AUTO_TEST_CASE(what_a_member_has_no_other_may_have) {
  auto mesh = mesh_of(2).mesh();
  AddMember command{newcomer(3)};
  command.newcomer.node = node_of(2);
  BOOST_TEST(refused(mesh, command) ==
             node_of(2).hex() + " is a member already");
  command = {newcomer(3)};
  command.newcomer.name = "node-2";
  BOOST_TEST(refused(mesh, command) == "there is a member of the name node-2");
  command = {newcomer(3)};
  command.newcomer.key = signing_key_of(2);
  BOOST_TEST(refused(mesh, command) == "node-2 has the same key");
  command = {newcomer(3)};
  command.newcomer.tunnel_key = tunnel_key_of(1);
  BOOST_TEST(refused(mesh, command) == "node-1 has the same key");
}

BOOST_AUTO_TEST_CASE(who_was_removed_does_not_come_back) {
  auto author = mesh_of(2);
  BOOST_TEST(author(removal(2)) == "");
  AddMember command{newcomer(3)};
  command.newcomer.node = node_of(2);
  BOOST_TEST(author(command) == node_of(2).hex() +
                                    " was removed, and does not come back "
                                    "under that identity: give it a new state "
                                    "directory");
  const std::string its_key = "its key is that of node-2, which was removed";
  command = {newcomer(3)};
  command.newcomer.key = signing_key_of(2);
  BOOST_TEST(author(command) == its_key);
  command = {newcomer(3)};
  command.newcomer.tunnel_key = tunnel_key_of(2);
  BOOST_TEST(author(command) == its_key);
  // The name is free again.
  command = {newcomer(3)};
  command.newcomer.name = "node-2";
  BOOST_TEST(author(command) == "");
}

// -- addresses ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_lowest_free_address_is_given) {
  auto author = mesh_of(4);
  for (std::uint32_t number = 1; number <= 4; ++number)
    BOOST_TEST(address_of(author, number) ==
               "10.8.0." + std::to_string(number));
  BOOST_TEST(author(removal(2), hours(0)) == "");
  BOOST_TEST(author(removal(3), hours(0)) == "");
  BOOST_TEST(author(AddMember{newcomer(5)}, hours(1)) == "");
  BOOST_TEST(address_of(author, 5) == "10.8.0.5");
  BOOST_TEST(author(AddMember{newcomer(6)}, hours(24)) == "");
  BOOST_TEST(address_of(author, 6) == "10.8.0.2");
}

BOOST_AUTO_TEST_CASE(an_address_rests_for_24_hours) {
  auto author = mesh_of(2);
  BOOST_TEST(author(removal(2), hours(100)) == "");
  auto free_at = [&](const Moment& now) {
    return events::free_address(author.mesh(), now).value().text();
  };
  auto rested = hours(124);
  BOOST_TEST(free_at(rested) == "10.8.0.2");
  rested.utc_ns -= 1;
  BOOST_TEST(free_at(rested) == "10.8.0.3");
  // A clock that went back, or that nobody synchronised, ends nothing.
  BOOST_TEST(free_at(hours(-1'000)) == "10.8.0.3");
  BOOST_TEST(free_at(hours(200, false)) == "10.8.0.3");
}

BOOST_AUTO_TEST_CASE(a_removal_at_the_end_of_time_rests_for_ever) {
  auto author = mesh_of(2);
  BOOST_TEST(author(removal(2),
                    {std::numeric_limits<std::int64_t>::max(), 0, true}) == "");
  BOOST_TEST(events::free_address(author.mesh(), hours(0)).value().text() ==
             "10.8.0.3");
}

BOOST_AUTO_TEST_CASE(first_and_last_of_a_range_are_nobodys) {
  auto author = mesh_of(2, "10.8.0.0/30");
  BOOST_TEST(address_of(author, 1) == "10.8.0.1");
  BOOST_TEST(address_of(author, 2) == "10.8.0.2");
  const std::string full =
      "the range 10.8.0.0/30 is full: no address is free, and those of removed "
      "members rest for 24 hours, by a clock that is synchronised";
  BOOST_TEST(author(AddMember{newcomer(3)}, hours(0)) == full);
  BOOST_TEST(author(removal(2), hours(0)) == "");
  BOOST_TEST(author(AddMember{newcomer(3)}, hours(23)) == full);
  BOOST_TEST(author(AddMember{newcomer(3)}, hours(25, false)) == full);
  BOOST_TEST(author(AddMember{newcomer(3)}, hours(24)) == "");
  BOOST_TEST(address_of(author, 3) == "10.8.0.2");
}

BOOST_AUTO_TEST_CASE(addresses_go_on_where_a_byte_is_full) {
  auto author = mesh_of(257, "10.8.252.0/22", "fd00:8::/96");
  BOOST_TEST(address_of(author, 255) == "10.8.252.255");
  BOOST_TEST(address_of(author, 256) == "10.8.253.0");
  BOOST_TEST(address_of(author, 257) == "10.8.253.1");
  BOOST_TEST(address6_of(author, 255) == "fd00:8::ff");
  BOOST_TEST(address6_of(author, 257) == "fd00:8::101");
}

BOOST_AUTO_TEST_CASE(an_address_of_ipv6_goes_with_that_of_ipv4) {
  auto author = mesh_of(3, "10.8.0.0/24", "fd00:8::/64");
  BOOST_TEST(address6_of(author, 3) == "fd00:8::3");
  BOOST_TEST(author(removal(2), hours(0)) == "");
  BOOST_TEST(author(AddMember{newcomer(4)}, hours(24)) == "");
  BOOST_TEST(address_of(author, 4) == "10.8.0.2");
  BOOST_TEST(address6_of(author, 4) == "fd00:8::2");
}

// -- removing ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_removed_member_is_kept_in_mind) {
  auto author = mesh_of(2);
  BOOST_TEST(author(removal(2), hours(5)) == "");
  BOOST_TEST(author.mesh().find(node_of(2)) == nullptr);
  BOOST_TEST(
      (author.mesh().former.at(node_of(2)) ==
       events::FormerMember{"node-2", signing_key_of(2), tunnel_key_of(2),
                            address("10.8.0.2"), 5 * hour_ns, false}));
  BOOST_TEST(author(removal(2)) == node_of(2).hex() + " is not a member");
}

BOOST_AUTO_TEST_CASE(a_reason_is_short) {
  auto mesh = mesh_of(2).mesh();
  auto command = removal(2);
  command.reason = std::string(events::reason_max, 'r');
  BOOST_TEST(refused(mesh, command) == "");
  command.reason += 'r';
  BOOST_TEST(refused(mesh, command) == "the reason is longer than 120 bytes");
}

BOOST_AUTO_TEST_CASE(who_is_no_member_is_not_removed) {
  BOOST_TEST(refused(mesh_of(2).mesh(), removal(7)) ==
             id_7 + " is not a member");
}

BOOST_AUTO_TEST_CASE(a_role_is_taken_along_by_force_only) {
  auto author = mesh_of(3);
  BOOST_TEST(author(MoveRole{Role::hub, node_of(2)}) == "");
  BOOST_TEST(author(removal(2)) ==
             "it is the hub: move that to another member first, or force it "
             "and members that can not reach each other directly lose each "
             "other");
  BOOST_TEST(author(MoveRole{Role::controller, node_of(2)}) == "");
  BOOST_TEST(mentions(author(removal(2)), "it is the hub, controller: "));
  BOOST_TEST(mentions(author(removal(2)), "; no guest is placed on any node"));
  auto command = removal(2);
  command.force = true;
  BOOST_TEST(author(command) == "");
  BOOST_TEST(author.mesh().hub == NodeId{});
  BOOST_TEST(author.mesh().controller == NodeId{});
  BOOST_TEST(author.mesh().authority == node_of(1));
  BOOST_TEST(author(MoveRole{Role::hub, node_of(3)}) == "");
  BOOST_TEST(author.mesh().hub == node_of(3));
}

BOOST_AUTO_TEST_CASE(the_authority_stays) {
  auto mesh = mesh_of(2).mesh();
  const std::string stays =
      "the authority can not remove itself: move that role to another member "
      "first";
  auto command = removal(1);
  BOOST_TEST(refused(mesh, command) == stays);
  command.force = true;
  BOOST_TEST(refused(mesh, command) == stays);
  BOOST_TEST(refused(mesh, ReplaceMember{node_of(1), newcomer(7)}) == stays);
}

// -- replacing ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(who_takes_a_place_has_all_that_belongs_to_it) {
  auto author = mesh_of(3, "10.8.0.0/24", "fd00:8::/64");
  BOOST_TEST(author(MoveRole{Role::hub, node_of(2)}) == "");
  BOOST_TEST(author(MoveRole{Role::controller, node_of(2)}) == "");
  BOOST_TEST(author(ReplaceMember{node_of(2), newcomer(7, endpoints(2))},
                    hours(5)) == "");
  const auto& mesh = author.mesh();
  BOOST_TEST((*mesh.find(node_of(7)) ==
              Member{"node-2", signing_key_of(7), tunnel_key_of(7),
                     address("10.8.0.2"), address("fd00:8::2"), endpoints(2)}));
  BOOST_TEST((mesh.roles_of(node_of(7)) == (Role::hub | Role::controller)));
  BOOST_TEST(mesh.find(node_of(2)) == nullptr);
  BOOST_TEST(mesh.former.at(node_of(2)).replaced);
  BOOST_TEST(mesh.former.at(node_of(2)).removed_ns == 5 * hour_ns);
}

BOOST_AUTO_TEST_CASE(who_takes_a_place_is_reached_there_unless_elsewhere) {
  auto author = mesh_of(2);
  BOOST_TEST(author(ChangeEndpoints{node_of(2), endpoints(2)}) == "");
  BOOST_TEST(author(ReplaceMember{node_of(2), newcomer(7)}) == "");
  BOOST_TEST((author.mesh().find(node_of(7))->endpoints == endpoints(2)));
  BOOST_TEST(author(ReplaceMember{node_of(7), newcomer(8, endpoints(1))}) ==
             "");
  BOOST_TEST((author.mesh().find(node_of(8))->endpoints == endpoints(1)));
}

BOOST_AUTO_TEST_CASE(the_address_of_a_replaced_member_rests_after_the_last) {
  auto author = mesh_of(2);
  BOOST_TEST(author(ReplaceMember{node_of(2), newcomer(7)}, hours(0)) == "");
  BOOST_TEST(events::free_address(author.mesh(), hours(100)).value().text() ==
             "10.8.0.3");
  BOOST_TEST(author(removal(7), hours(100)) == "");
  BOOST_TEST(events::free_address(author.mesh(), hours(101)).value().text() ==
             "10.8.0.3");
  BOOST_TEST(events::free_address(author.mesh(), hours(124)).value().text() ==
             "10.8.0.2");
}

BOOST_AUTO_TEST_CASE(who_takes_a_place_is_new) {
  auto author = mesh_of(4);
  BOOST_TEST(author(removal(4)) == "");
  auto refused_for = [&](const events::Newcomer& newcomer) {
    return refused(author.mesh(), ReplaceMember{node_of(2), newcomer});
  };
  BOOST_TEST(mentions(refused_for(newcomer(3)), "00003 is a member already"));
  BOOST_TEST(mentions(refused_for(newcomer(2)), "00002 was removed"));
  BOOST_TEST(mentions(refused_for(newcomer(4)), "00004 was removed"));
  auto same_key = newcomer(7);
  same_key.key = signing_key_of(2);
  BOOST_TEST(refused_for(same_key) ==
             "its key is that of node-2, which was removed");
  same_key = newcomer(7);
  same_key.tunnel_key = tunnel_key_of(3);
  BOOST_TEST(refused_for(same_key) == "node-3 has the same key");
  BOOST_TEST(refused_for(newcomer(7, endpoints(5))) ==
             "a member has at most 4 endpoints");
  BOOST_TEST(refused(author.mesh(), ReplaceMember{node_of(7), newcomer(8)}) ==
             id_7 + " is not a member");
}

// -- roles -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(one_role_goes_to_one_member) {
  auto author = mesh_of(2);
  for (auto role : {Role::hub, Role::controller, Role::authority}) {
    BOOST_TEST(author(MoveRole{role, node_of(2)}) == "");
    BOOST_TEST(author(MoveRole{role, node_of(2)}) ==
               "it is the " + events::in_words(role) + " already");
  }
  BOOST_TEST((author.mesh().roles_of(node_of(1)) == Role{}));
  BOOST_TEST(author.mesh().epoch == 1U);
  BOOST_TEST(author(MoveRole{Role::hub, node_of(7)}) ==
             id_7 + " is not a member");
  for (auto none : {Role{}, Role::hub | Role::controller, Role{8}})
    BOOST_TEST(author(MoveRole{none, node_of(1)}) == "there is no such role");
}

BOOST_AUTO_TEST_CASE(where_the_controller_changed_is_known_and_who_it_was) {
  auto author = mesh_of(3);
  auto is_noted = [&](const NodeId& former, std::uint64_t version) {
    const auto& mesh = author.mesh();
    return mesh.former_controller == former && mesh.controller_epoch == 1 &&
           mesh.controller_version == version;
  };
  BOOST_TEST(is_noted(NodeId{}, 1));
  BOOST_TEST(author(MoveRole{Role::hub, node_of(2)}) == "");
  BOOST_TEST(is_noted(NodeId{}, 1));
  BOOST_TEST(author(MoveRole{Role::controller, node_of(2)}) == "");
  BOOST_TEST(is_noted(node_of(1), 5));
  BOOST_TEST(author(MoveRole{Role::controller, node_of(3)}) == "");
  BOOST_TEST(is_noted(node_of(2), 6));
  BOOST_TEST(author(ReplaceMember{node_of(3), newcomer(7)}) == "");
  BOOST_TEST(is_noted(node_of(3), 7));
  BOOST_TEST(author(RemoveMember{node_of(7), "sold", true}) == "");
  BOOST_TEST(is_noted(node_of(7), 8));
  // Nobody was it in between.
  BOOST_TEST(author(MoveRole{Role::controller, node_of(1)}) == "");
  BOOST_TEST(is_noted(node_of(7), 9));
}

// -- endpoints ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(endpoints_change) {
  auto author = mesh_of(2);
  for (const auto& now : {endpoints(4), endpoints(1), endpoints(0)}) {
    BOOST_TEST(author(ChangeEndpoints{node_of(2), now}) == "");
    BOOST_TEST((author.mesh().find(node_of(2))->endpoints == now));
    BOOST_TEST(author(ChangeEndpoints{node_of(2), now}) ==
               "these are its endpoints already");
  }
  auto refused_with = [&](const std::vector<Endpoint>& wrong) {
    return author(ChangeEndpoints{node_of(2), wrong});
  };
  BOOST_TEST(refused_with(endpoints(5)) == "a member has at most 4 endpoints");
  BOOST_TEST(refused_with({{address("::1"), 0}}) == "an endpoint needs a port");
  BOOST_TEST(author(ChangeEndpoints{node_of(7), {}}) ==
             id_7 + " is not a member");
}

// -- in words ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_command_is_said_in_words) {
  auto author = mesh_of(2);
  auto words = [&](const MeshCommand& command) {
    std::string all;
    for (const auto& line : events::in_words(author.mesh(), command, Moment{}))
      all += line + "\n";
    return all;
  };
  BOOST_TEST(words(founding("10.8.0.0/24", "fd00:8::/64")) ==
             "found the mesh home with the addresses 10.8.0.0/24 and "
             "fd00:8::/64\nnode-1 is its authority, hub and controller, at "
             "10.8.0.1, reached at no endpoint\n");
  BOOST_TEST(words(AddMember{newcomer(7)}) ==
             "add node-7 to the mesh home at 10.8.0.3\nits node id is " + id_7 +
                 ", its signing key " + signing_key_of(7).hex() + "\n");
  BOOST_TEST(words(ReplaceMember{node_of(2), newcomer(7)}) ==
             "replace node-2 by the node " + id_7 +
                 ", which gets its name, its address and its roles\n"
                 "it is reached at no endpoint\n"
                 "no member will speak to the old one any more\n");
  BOOST_TEST(words(removal(2)) == "remove node-2 from the mesh home: sold\n");
  BOOST_TEST(words(MoveRole{Role::hub, node_of(2)}) ==
             "make node-2 the hub\nwhat can not go directly goes by node-2\n");
  BOOST_TEST(words(MoveRole{Role::authority, node_of(2)}) ==
             "make node-2 the authority\nfrom then on only the operator of "
             "node-2 admits and removes members\n");
  BOOST_TEST(words(ChangeEndpoints{node_of(2), endpoints(2)}) ==
             "node-2 is reached at 192.0.2.1:1, 192.0.2.1:2\n");
  BOOST_TEST(words(ChangeEndpoints{node_of(7), {}}) ==
             id_7 + " is reached at no endpoint\n");
  BOOST_TEST(author(MoveRole{Role::controller, node_of(2)}) == "");
  BOOST_TEST(
      mentions(words(removal(2)), "sold\nno guest is placed on any node\n"));
}

// -- any history -------------------------------------------------------------

namespace {

/// A command that may well be refused.
MeshCommand some_command(Random& random) {
  auto someone = [&] {
    return static_cast<std::uint32_t>(1 + random.below(40));
  };
  switch (random.below(7)) {
    case 0:
      return ReplaceMember{node_of(someone()), newcomer(someone())};
    case 1:
      return RemoveMember{node_of(someone()), "", random.below(2) == 0};
    case 2:
      return MoveRole{static_cast<Role>(random.below(6)), node_of(someone())};
    case 3:
      return ChangeEndpoints{node_of(someone()), endpoints(random.below(6))};
    default:
      return AddMember{newcomer(someone(), endpoints(random.below(6)))};
  }
}

/// The address that a newcomer is due, found in the simplest way.
std::string address_due(const Mesh& mesh, const Moment& now) {
  for (int last = 1; last <= 14; ++last) {
    auto candidate = "10.8.0." + std::to_string(last);
    bool is_free = true;
    for (const auto& [node, member] : mesh.members)
      is_free = is_free && member.address.text() != candidate;
    for (const auto& [node, gone] : mesh.former)
      if (gone.address.text() == candidate)
        is_free = is_free && now.synchronised &&
                  now.utc_ns - gone.removed_ns >= 24 * hour_ns;
    if (is_free) return candidate;
  }
  return "none";
}

void check_invariants(const Mesh& mesh) {
  std::set<IpAddress> addresses;
  std::set<std::string> names;
  for (const auto& [node, member] : mesh.members) {
    BOOST_TEST(addresses.insert(member.address).second);
    BOOST_TEST(names.insert(member.name).second);
    BOOST_TEST(mesh.range.contains(member.address));
    BOOST_TEST(!mesh.former.contains(node));
  }
  BOOST_TEST((mesh.find(mesh.authority) != nullptr));
  for (const auto& holder : {mesh.hub, mesh.controller})
    BOOST_TEST((holder == NodeId{} || mesh.find(holder) != nullptr));
}

}  // namespace

BOOST_AUTO_TEST_CASE(after_any_history_it_is_a_mesh) {
  auto first = seed_or(20260401);
  std::size_t recorded = 0;
  std::size_t refusals = 0;
  for (auto seed = first; seed < first + 20; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      Random random{seed};
      auto author = mesh_of(1, "10.8.0.0/28");
      std::int64_t hour = 1'000;
      for (int step = 0; step < 150; ++step) {
        hour += static_cast<std::int64_t>(random.below(9)) - 1;
        auto now = hours(hour, random.below(4) != 0);
        auto before = author.mesh();
        BOOST_TEST(
            events::free_address(before, now).value_or(IpAddress{}).text() ==
            (address_due(before, now) == "none" ? "0.0.0.0"
                                                : address_due(before, now)));
        if (!author(some_command(random), now).empty()) {
          BOOST_TEST((author.mesh() == before));
          ++refusals;
        }
        BOOST_TEST(author.mesh().version == author.entries().size());
        check_invariants(author.mesh());
      }
      recorded += author.entries().size();
      // Every member makes the same of the same entries.
      Mesh follower;
      for (const auto& entry : author.entries())
        BOOST_TEST_REQUIRE(
            apply_to(follower,
                     taken(entry, {node_of(99), follower.version + 1})) == "");
      BOOST_TEST((follower == author.mesh()));
    }
  }
  BOOST_TEST(recorded > 200U);
  BOOST_TEST(refusals > 200U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
