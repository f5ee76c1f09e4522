// Entries of the roster: which one may follow, who may write it, and that each
// fits a frame.
#include "events/roster.hpp"

#include "events/stored_address.hpp"
#include "events/stored_member.hpp"
#include "tests/support/random.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"

namespace ppn::tests {

using events::Mesh;
using schema::Role;

namespace {

const NodeId follower = node_of(99);

/// A mesh as another member has it after so many of the entries.
Mesh after(const RosterAuthor& author, std::size_t count) {
  Mesh mesh;
  for (std::size_t i = 0; i < count; ++i)
    BOOST_TEST_REQUIRE(
        apply_to(mesh, taken(author.entries()[i], {follower, i + 1})) == "");
  return mesh;
}

/// Why the entry can not follow where it stands in a member's ledger as in its
/// author's. What is refused leaves no trace.
std::string refused(const Mesh& mesh, const Bytes& entry,
                    std::uint64_t version) {
  auto own = mesh;
  auto why = apply_to(own, entry);
  BOOST_TEST((own == mesh) == !why.empty());
  auto other = mesh;
  BOOST_TEST(apply_to(other, taken(entry, {follower, version})) == why);
  BOOST_TEST((other == own));
  return why;
}

schema::MemberAddedT added(std::uint32_t number, const char* at) {
  schema::MemberAddedT event;
  event.member =
      events::stored(node_of(number), {"node-" + std::to_string(number),
                                       signing_key_of(number),
                                       tunnel_key_of(number),
                                       address(at),
                                       {},
                                       {}});
  return event;
}

schema::MemberRemovedT removed(std::uint32_t number) {
  schema::MemberRemovedT event;
  event.node = std::make_unique<schema::NodeId>(node_of(number).stored());
  return event;
}

schema::RoleMovedT role_moved(Role role, std::uint32_t to) {
  schema::RoleMovedT event;
  event.role = role;
  event.to = std::make_unique<schema::NodeId>(node_of(to).stored());
  return event;
}

schema::MeshFoundedT founded() {
  auto command = founding();
  schema::MeshFoundedT event;
  event.mesh = std::make_unique<schema::Id>(command.mesh.stored());
  event.name = command.name;
  event.range = events::stored(command.range);
  event.recovery_key =
      std::make_unique<schema::PublicKey>(command.recovery_key.stored());
  event.founder = std::move(added(1, "10.8.0.1").member);
  return event;
}

const std::string no_address =
    "it has an address that is none, or more than a member may have";

}  // namespace

BOOST_AUTO_TEST_SUITE(roster)

// -- versions ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_the_next_version_follows) {
  auto author = mesh_of(4);
  for (std::size_t have = 1; have <= 4; ++have) {
    auto mesh = after(author, have);
    BOOST_TEST(mesh.version == have);
    for (std::size_t version = 1; version <= 4; ++version) {
      auto why = refused(mesh, author.entries()[version - 1], version);
      if (version == have + 1)
        BOOST_TEST(why == "");
      else
        BOOST_TEST(why == "it is version " + std::to_string(version) +
                              " of the roster, and version " +
                              std::to_string(have + 1) + " is next");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_roster_begins_with_a_founding) {
  BOOST_TEST(refused(Mesh{}, entry_at({node_of(1), 1}, founded()), 1) == "");
  BOOST_TEST(refused(Mesh{}, entry_at({node_of(1), 2}, founded()), 2) ==
             "it is version 2 of the roster, and version 1 is next");
  auto first = [](auto event) {
    return refused(Mesh{}, entry_at({node_of(1), 1}, std::move(event)), 1);
  };
  const std::string begins = "a roster begins with the founding of its mesh";
  BOOST_TEST(first(added(1, "10.8.0.1")) == begins);
  BOOST_TEST(first(added(1, "255.255.255.255")) == begins);
  BOOST_TEST(first(removed(1)) == begins);
  BOOST_TEST(first(role_moved(Role::hub, 1)) == begins);
  BOOST_TEST(first(founded()) == "");
}

BOOST_AUTO_TEST_CASE(a_mesh_is_founded_once) {
  auto mesh = mesh_of(1).mesh();
  BOOST_TEST(refused(mesh, entry_at({node_of(1), 2}, founded()), 2) ==
             "the mesh is founded already");
}

BOOST_AUTO_TEST_CASE(an_entry_of_another_stream_is_none_of_the_roster) {
  auto mesh = mesh_of(1).mesh();
  auto stray = entry_at({node_of(1), 2, 0, "node"}, added(2, "10.8.0.2"));
  BOOST_TEST(refused(mesh, stray, 2) == "it is of another stream");
}

BOOST_AUTO_TEST_CASE(another_event_is_none_of_the_roster) {
  auto mesh = mesh_of(1).mesh();
  schema::NotedT noted;
  BOOST_TEST(refused(mesh, entry_at({node_of(1), 2}, noted), 2) ==
             "it is no event of a roster");
}

// -- authors -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_the_authority_writes_the_roster) {
  auto mesh = mesh_of(2).mesh();
  for (std::uint32_t other : {2U, 3U})
    BOOST_TEST(refused(mesh,
                       entry_at({node_of(other), 3}, added(3, "10.8.0.3")),
                       3) == "its author is not the authority");
  BOOST_TEST(
      refused(mesh, entry_at({node_of(1), 3}, added(3, "10.8.0.3")), 3) == "");
}

BOOST_AUTO_TEST_CASE(a_founder_founds_for_itself) {
  BOOST_TEST(refused(Mesh{}, entry_at({node_of(2), 1}, founded()), 1) ==
             "a mesh is founded by its founder");
}

BOOST_AUTO_TEST_CASE(with_the_authority_goes_who_may_write) {
  auto author = mesh_of(2);
  BOOST_TEST(author(events::MoveRole{Role::authority, node_of(2)}) == "");
  auto mesh = after(author, 3);
  auto by = [](std::uint32_t number) {
    return entry_at({node_of(number), 4}, added(3, "10.8.0.3"));
  };
  BOOST_TEST(refused(mesh, by(1), 4) == "its author is not the authority");
  BOOST_TEST(refused(mesh, by(2), 4) == "");
}

BOOST_AUTO_TEST_CASE(the_authority_of_the_moment_signs) {
  auto author = mesh_of(2);
  BOOST_TEST(author(events::MoveRole{Role::authority, node_of(2)}) == "");
  BOOST_TEST(author(events::AddMember{newcomer(3)}) == "");
  for (std::size_t i = 0; i < author.entries().size(); ++i) {
    store::AlignedBytes aligned;
    const auto* entry =
        must(store::check_entry(aligned.assign(author.entries()[i])));
    BOOST_TEST((events::expected_signer(after(author, i), *entry) ==
                signing_key_of(i == 3 ? 2 : 1)));
    // Only a founding names its signer itself.
    BOOST_TEST(events::expected_signer(Mesh{}, *entry).has_value() == (i == 0));
  }
}

// -- entries that were taken -------------------------------------------------

BOOST_AUTO_TEST_CASE(an_entry_holds_the_one_that_was_signed) {
  auto author = mesh_of(1);
  const auto& signed_one = author.entries()[0];
  store::AlignedBytes aligned;
  auto holder = taken(signed_one, {follower, 1});
  const auto* entry = must(store::check_entry(aligned.assign(holder)));
  auto held = events::roster_entry(*entry);
  BOOST_REQUIRE(held.entry != nullptr);
  BOOST_TEST(NodeId{*held.entry->node()} == node_of(1));
  BOOST_TEST((held.entry->payload_type() == schema::Event::MeshFounded));

  const auto* bare = must(store::check_entry(aligned.assign(signed_one)));
  BOOST_TEST(events::roster_entry(*bare).entry == bare);
}

BOOST_AUTO_TEST_CASE(what_holds_an_entry_stands_where_that_one_stood) {
  auto author = mesh_of(1);
  const auto& entry = author.entries()[0];
  Mesh mesh;
  BOOST_TEST(apply_to(mesh, taken(entry, {follower, 2})) ==
             "it has another version than the entry that it holds");
  BOOST_TEST(apply_to(mesh, taken(entry, {follower, 1, 0, "node"})) ==
             "it is of another stream");
  BOOST_TEST(apply_to(mesh, taken(entry, {follower, 1})) == "");
}

BOOST_AUTO_TEST_CASE(what_was_taken_is_not_taken_from_a_member) {
  auto author = mesh_of(2);
  auto mesh = after(author, 1);
  auto second_hand = taken(author.entries()[1], {node_of(1), 2});
  BOOST_TEST(apply_to(mesh, taken(second_hand, {follower, 2})) ==
             "it is no event of a roster");
  BOOST_TEST(mesh.version == 1U);
}

BOOST_AUTO_TEST_CASE(what_holds_no_entry_is_refused) {
  const auto good = mesh_of(1).entries()[0];
  const std::string nothing = "it holds what is no entry that is known here";
  auto refused_with = [](const Bytes& bytes) {
    Mesh mesh;
    auto why = apply_to(mesh, taken(bytes, {follower, 1}));
    BOOST_TEST((mesh == Mesh{}));
    return why;
  };
  BOOST_TEST(refused_with({}) == nothing);
  BOOST_TEST(refused_with(Bytes(7)) == nothing);
  BOOST_TEST(refused_with(Bytes(600, 0xff)) == nothing);
  for (std::size_t size = 0; size < good.size(); size += 5) {
    auto head = ByteView{good}.first(size);
    BOOST_TEST(refused_with({head.begin(), head.end()}) != "");
  }
  auto other_file = good;
  other_file[4] = 'Q';
  BOOST_TEST(refused_with(other_file) == nothing);
}

// Only signed bytes reach the ledger; what remains readable must be survived.
BOOST_AUTO_TEST_CASE(damaged_entries_are_read_within_their_bounds) {
  Random random{seed_or(20260402)};
  auto author = mesh_of(2, "10.8.0.0/24", "fd00:8::/64");
  auto mesh = after(author, 1);
  std::size_t refusals = 0;
  for (int round = 0; round < 3'000; ++round) {
    auto damaged = author.entries()[1];
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      damaged[random.below(damaged.size())] =
          static_cast<std::uint8_t>(random.below(256));
    auto copy = mesh;
    bool is_refused = !apply_to(copy, taken(damaged, {follower, 2})).empty();
    BOOST_TEST((copy == mesh) == is_refused);
    refusals += is_refused ? 1U : 0U;
  }
  BOOST_TEST(refusals > 0U);
}

// -- what would not be a mesh ------------------------------------------------

BOOST_AUTO_TEST_CASE(a_member_has_an_address_of_the_range) {
  auto mesh = mesh_of(2).mesh();
  auto with = [&](const char* at) {
    return refused(mesh, entry_at({node_of(1), 3}, added(3, at)), 3);
  };
  for (const char* wrong : {"10.8.0.0", "10.8.0.255", "10.8.1.7", "10.7.0.7"})
    BOOST_TEST(with(wrong) == std::string{wrong} +
                                  " is no address of the mesh's range "
                                  "10.8.0.0/24");
  BOOST_TEST(with("10.8.0.2") == "node-2 has the address 10.8.0.2");
  BOOST_TEST(with("10.8.0.254") == "");
}

BOOST_AUTO_TEST_CASE(the_address_of_ipv6_is_the_one_that_goes_with_it) {
  auto with = [&](const Mesh& mesh, const char* at6) {
    auto event = added(3, "10.8.0.3");
    if (at6 != nullptr) event.member->address6 = events::stored(address(at6));
    return refused(mesh, entry_at({node_of(1), 3}, std::move(event)), 3);
  };
  const std::string wrong =
      "the address of IPv6 must be the one that goes with 10.8.0.3";
  auto mesh = mesh_of(2, "10.8.0.0/24", "fd00:8::/64").mesh();
  for (const char* other : {"fd00:8::4", "fd00:9::3", "fd00:8::1:0:0:3"})
    BOOST_TEST(with(mesh, other) == wrong);
  BOOST_TEST(with(mesh, nullptr) == wrong);
  BOOST_TEST(with(mesh, "fd00:8::3") == "");
  BOOST_TEST(with(mesh_of(2).mesh(), "fd00:8::3") == wrong);
}

BOOST_AUTO_TEST_CASE(addresses_are_of_their_length) {
  auto mesh = mesh_of(2, "10.8.0.0/24", "fd00:8::/64").mesh();
  auto with = [&](const auto& change) {
    auto event = added(3, "10.8.0.3");
    event.member->address6 = events::stored(address("fd00:8::3"));
    change(*event.member);
    return refused(mesh, entry_at({node_of(1), 3}, std::move(event)), 3);
  };
  BOOST_TEST(with([](auto&) {}) == "");
  for (std::size_t size : {0U, 3U, 5U, 16U, 17U})
    BOOST_TEST(with([&](auto& member) { member.address = Bytes(size, 10); }) ==
               no_address);
  for (std::size_t size : {1U, 4U, 15U, 17U})
    BOOST_TEST(with([&](auto& member) { member.address6 = Bytes(size, 10); }) ==
               no_address);
  auto with_endpoint = [&](std::size_t size, std::uint16_t port) {
    return with([&](auto& member) {
      auto& one =
          member.endpoints.emplace_back(std::make_unique<schema::EndpointT>());
      one->address = Bytes(size, 10);
      one->port = port;
    });
  };
  BOOST_TEST(with_endpoint(4, 1) == "");
  BOOST_TEST(with_endpoint(16, 1) == "");
  BOOST_TEST(with_endpoint(5, 1) == no_address);
  BOOST_TEST(with_endpoint(4, 0) == "an endpoint needs a port");
  BOOST_TEST(with([](auto& member) {
               for (int i = 0; i < 5; ++i)
                 member.endpoints.push_back(
                     events::stored(endpoint("192.0.2.1:1")));
             }) == no_address);
  BOOST_TEST(with([](auto& member) { member.name = std::string(64, 'a'); }) ==
             no_address);
  BOOST_TEST(mentions(with([](auto& member) { member.name = "A"; }),
                      "a name is 1 to 63"));
}

BOOST_AUTO_TEST_CASE(a_founding_has_ranges) {
  auto with = [](const auto& change) {
    auto event = founded();
    change(event);
    return refused(Mesh{}, entry_at({node_of(1), 1}, std::move(event)), 1);
  };
  BOOST_TEST(with([](auto& event) { event.range->length = 33; }) == no_address);
  BOOST_TEST(with([](auto& event) { event.range->address.pop_back(); }) ==
             no_address);
  BOOST_TEST(with([](auto& event) { event.range->length = 0; }) ==
             "a range of IPv4 has a length of 8 to 30");
  BOOST_TEST(with([](auto& event) {
               event.range6 = events::stored(range("fd00::/64"));
               event.range6->length = 129;
             }) == no_address);
  BOOST_TEST(with([](auto& event) {
               event.founder->address = events::stored(address("10.9.0.1"));
             }) == "10.9.0.1 is no address of the mesh's range 10.8.0.0/24");
}

BOOST_AUTO_TEST_CASE(who_takes_a_place_keeps_its_name_and_address) {
  auto mesh = mesh_of(2).mesh();
  auto with = [&](const char* name, const char* at) {
    schema::MemberReplacedT event;
    event.old = std::make_unique<schema::NodeId>(node_of(2).stored());
    event.member = std::move(added(3, at).member);
    event.member->name = name;
    return refused(mesh, entry_at({node_of(1), 3}, std::move(event)), 3);
  };
  const std::string keeps =
      "who takes a member's place takes its name and its address";
  BOOST_TEST(with("node-3", "10.8.0.2") == keeps);
  BOOST_TEST(with("node-2", "10.8.0.3") == keeps);
  BOOST_TEST(with("node-2", "10.8.0.2") == "");
}

// -- size --------------------------------------------------------------------

namespace {

/// An entry with its signature and all of it as large as it gets.
std::size_t largest_size(const store::Causation& causation,
                         const std::vector<events::Draft>& drafts) {
  BOOST_REQUIRE(drafts.size() == 1U);
  store::Event event;
  event.stream = drafts[0].stream;
  event.principal = {schema::PrincipalKind::operator_, "uid/4294967295"};
  event.causation = causation;
  event.payload = drafts[0].payload;
  constexpr auto largest = ~std::uint64_t{0};
  flatbuffers::FlatBufferBuilder builder;
  return store::build_entry(
             builder, event, {largest, {}, node_of(1), largest},
             {std::numeric_limits<std::int64_t>::min(), largest, true})
             .size() +
         Signature::size;
}

events::Newcomer largest_newcomer(std::uint32_t number) {
  auto made = newcomer(number);
  made.name =
      std::string(events::name_max - 2, 'n') + std::to_string(10 + number);
  for (std::size_t i = 0; i < events::endpoints_max; ++i)
    made.endpoints.push_back({address("2001:db8:1:2:3:4:5:6"),
                              static_cast<std::uint16_t>(60'000 + i)});
  return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_largest_entry_of_each_kind_fits_a_frame) {
  auto found = founding("10.0.0.0/8", "fd00:8::/96");
  found.name = std::string(events::name_max, 'm');
  found.founder = largest_newcomer(1);
  RosterAuthor author;
  BOOST_REQUIRE(author(found).empty());
  BOOST_REQUIRE(author(events::AddMember{largest_newcomer(2)}).empty());
  auto newer = largest_newcomer(3);
  std::vector<std::pair<Mesh, events::MeshCommand>> decisions{
      {Mesh{}, found},
      {author.mesh(), events::AddMember{newer}},
      {author.mesh(), events::ReplaceMember{node_of(2), newer}},
      {author.mesh(),
       events::RemoveMember{node_of(2), std::string(events::reason_max, 'r'),
                            true}},
      {author.mesh(), events::MoveRole{Role::controller, node_of(2)}},
      {author.mesh(),
       events::ChangeEndpoints{
           node_of(1), {newer.endpoints.rbegin(), newer.endpoints.rend()}}}};
  const store::Causation request{schema::CausationKind::request, {}, 0, {}};
  for (const auto& [mesh, command] : decisions) {
    BOOST_TEST_CONTEXT("command " << command.index()) {
      auto decision = events::decide(mesh, node_of(1), command, {});
      BOOST_TEST(largest_size(request, drafts_of(decision)) <=
                 events::roster_entry_max);
    }
  }
  auto announced = events::decide_key_news(author.mesh(), node_of(1),
                                           node_of(2), {tunnel_key_of(9)}, {});
  BOOST_TEST(largest_size(request, drafts_of(announced)) <=
             events::roster_entry_max);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
