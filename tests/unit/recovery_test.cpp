// A mesh whose authority is lost: another one in another epoch, what it says
// again of the members, and what is refused from then on.
#include "events/recovery.hpp"

#include "actors/roster_record.hpp"
#include "events/roster.hpp"
#include "events/state_codec.hpp"
#include "events/stored_member.hpp"
#include "store/recovery.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"
#include "tests/unit/keys.hpp"
#include "tools/ppn-ledger/state_reader.hpp"

namespace ppn::tests {

using events::AddMember;
using events::Mesh;
using events::MoveRole;
using events::RecoverMesh;
using events::RemoveMember;
using schema::Role;

namespace {

/// Numbers 1 to 4, of whom number 4 was removed; number 1 has all roles.
RosterAuthor some_mesh() {
  auto author = mesh_of(4, "10.8.0.0/24", "fd00:8::/64");
  BOOST_TEST_REQUIRE(author(RemoveMember{node_of(4), "sold"}) == "");
  return author;
}

RecoverMesh by(std::uint32_t number, std::uint64_t epoch = 2) {
  return {node_of(number), epoch, {}};
}

/// The entries by which a member recovers the mesh, as it knows it.
std::vector<Bytes> recovery_entries(const RosterAuthor& before,
                                    const RecoverMesh& command) {
  auto author = before;
  BOOST_TEST_REQUIRE(author(command) == "");
  return {author.entries().begin() +
              static_cast<std::ptrdiff_t>(before.entries().size()),
          author.entries().end()};
}

std::string stream_by(std::uint32_t number, std::uint64_t epoch = 2) {
  return events::roster_stream_of(epoch, node_of(number));
}

schema::EndpointsChangedT some_change() {
  schema::EndpointsChangedT event;
  event.node = std::make_unique<schema::NodeId>(node_of(3).stored());
  event.endpoints = events::stored(std::vector{endpoint("192.0.2.9:1")});
  return event;
}

/// Why an entry can not follow; it leaves no trace then.
std::string refused(const Mesh& before, const Bytes& entry) {
  auto mesh = before;
  auto wrong = apply_to(mesh, entry);
  if (!wrong.empty()) BOOST_TEST((mesh == before), wrong);
  return wrong;
}

/// The first entry of a recovery by number 2, changed.
Bytes changed_recovery(
    const std::function<void(schema::AuthorityRecoveredT&)>& change,
    std::uint32_t author = 2) {
  auto decision = events::decide_recovery(some_mesh().mesh(), by(2));
  auto event = *drafts_of(decision).front().payload.AsAuthorityRecovered();
  change(event);
  return entry_at({node_of(author), 1, 0,
                   events::roster_stream_of(event.epoch, node_of(2))},
                  std::move(event));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// -- streams -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_recovery_has_a_stream_of_its_own) {
  BOOST_TEST(stream_by(1, 1) == "roster");
  const std::string id = "0123456789abcdef0123456789abcdef";
  auto node = *NodeId::parse_hex(id);
  BOOST_TEST(events::roster_stream_of(2, node) == "roster/2/" + id);
  constexpr auto largest = ~std::uint64_t{0};
  BOOST_TEST(events::roster_stream_of(largest, node) ==
             "roster/18446744073709551615/" + id);
  for (std::uint64_t epoch : {std::uint64_t{1}, std::uint64_t{2}, largest})
    BOOST_TEST(
        (events::epoch_of(events::roster_stream_of(epoch, node)) == epoch));
}

BOOST_AUTO_TEST_CASE(what_is_written_otherwise_is_no_stream_of_a_roster) {
  const std::string id = "/0123456789abcdef0123456789abcdef";
  for (const auto& stream :
       {std::string{}, std::string{"clash"}, std::string{"roster/"},
        std::string{"roster/2"}, std::string{"roster/2/"}, "roster" + id,
        "roster/2" + id + "0", "roster/2" + id.substr(0, 32), "roster/1" + id,
        "roster/0" + id, "roster/02" + id, "roster/+2" + id, "roster/" + id,
        "roster/18446744073709551616" + id, "roster/2x" + id, "rosters/2" + id,
        "roster/2-" + id.substr(1), "roster/2" + id.substr(0, 32) + "x"})
    BOOST_TEST(!events::epoch_of(stream), stream);
}

// -- what a recovery makes of a mesh -----------------------------------------

BOOST_AUTO_TEST_CASE(who_recovers_a_mesh_is_its_authority_and_keeps_all_else) {
  auto author = some_mesh();
  auto before = author.mesh();
  BOOST_TEST(author(by(2)) == "");
  auto after = author.mesh();
  BOOST_TEST(after.epoch == 2U);
  BOOST_TEST((after.authority == node_of(2)));
  BOOST_TEST((after.recovered_by == node_of(2)));
  // It and two members, and one that was removed.
  BOOST_TEST(after.version == 4U);
  BOOST_TEST(!after.restating);
  after.epoch = before.epoch;
  after.version = before.version;
  after.authority = before.authority;
  after.recovered_by = {};
  BOOST_TEST((after == before));
}

BOOST_AUTO_TEST_CASE(the_new_authority_goes_on_in_the_new_stream) {
  auto author = some_mesh();
  BOOST_TEST(author(by(2)) == "");
  BOOST_TEST(author(RemoveMember{node_of(1), "lost", true}) == "");
  BOOST_TEST(author.mesh().version == 5U);
  BOOST_TEST((author.mesh().hub == NodeId{}));
  // And hands it on within the epoch.
  BOOST_TEST(author(MoveRole{Role::authority, node_of(3)}) == "");
  BOOST_TEST(author(AddMember{newcomer(9)}) == "");
  BOOST_TEST(author.mesh().epoch == 2U);
  BOOST_TEST((author.mesh().recovered_by == node_of(2)));
}

BOOST_AUTO_TEST_CASE(a_mesh_of_one_is_recovered_too) {
  auto author = mesh_of(1);
  BOOST_TEST(author(by(1)) == "");
  BOOST_TEST(author.mesh().epoch == 2U);
  BOOST_TEST(author.mesh().version == 1U);
  BOOST_TEST(!author.mesh().restating);
}

BOOST_AUTO_TEST_CASE(the_keys_of_who_was_removed_stay_banned) {
  auto author = some_mesh();
  BOOST_TEST(author(by(2)) == "");
  BOOST_TEST(mentions(author(AddMember{newcomer(4)}), "was removed"));
  auto other = newcomer(9);
  other.key = signing_key_of(4);
  BOOST_TEST(mentions(author(AddMember{other}), "its key is that of node-4"));
}

/// Nobody but the founding has to be known of what was before.
BOOST_AUTO_TEST_CASE(whatever_was_heard_before_all_have_the_same_after) {
  auto author = some_mesh();
  auto entries = recovery_entries(author, by(2));
  auto whole = author;
  BOOST_TEST(whole(by(2)) == "");
  for (std::size_t heard = 1; heard <= author.entries().size(); ++heard) {
    Mesh mesh;
    for (std::size_t i = 0; i < heard; ++i)
      BOOST_TEST(apply_to(mesh, author.entries()[i]) == "");
    for (const auto& entry : entries) BOOST_TEST(apply_to(mesh, entry) == "");
    BOOST_TEST((mesh == whole.mesh()));
  }
}

BOOST_AUTO_TEST_CASE(the_members_change_when_all_came) {
  auto author = some_mesh();
  auto entries = recovery_entries(author, by(2));
  // Of whom number 2 is not known here.
  Mesh mesh;
  BOOST_TEST(apply_to(mesh, author.entries()[0]) == "");
  auto before = mesh;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    BOOST_TEST(apply_to(mesh, entries[i]) == "");
    BOOST_TEST(mesh.version == i + 1);
    BOOST_TEST(mesh.epoch == 2U);
    BOOST_TEST((mesh.authority == node_of(2)));
    BOOST_TEST(mesh.authority_member()->name == "node-2");
    bool is_whole = i + 1 == entries.size();
    BOOST_TEST(mesh.restating.has_value() == !is_whole);
    if (is_whole) break;
    BOOST_TEST((mesh.members == before.members));
    BOOST_TEST((mesh.holders == before.holders));
    BOOST_TEST((mesh.hub == before.hub));
    BOOST_TEST(events::entries_left(*mesh.restating) == entries.size() - i - 1);
  }
  BOOST_TEST(mesh.members.size() == 3U);
  BOOST_TEST(mesh.former.size() == 1U);
}

BOOST_AUTO_TEST_CASE(whoever_the_new_authority_does_not_name_is_out) {
  auto author = mesh_of(2);
  auto entries = recovery_entries(author, by(2));
  BOOST_TEST(author(AddMember{newcomer(3)}) == "");
  BOOST_TEST(author(MoveRole{Role::hub, node_of(3)}) == "");
  auto mesh = author.mesh();
  for (const auto& entry : entries) BOOST_TEST(apply_to(mesh, entry) == "");
  BOOST_TEST(mesh.find(node_of(3)) == nullptr);
  BOOST_TEST((mesh.hub == node_of(1)));
}

BOOST_AUTO_TEST_CASE(a_role_of_who_is_no_member_is_nobodys) {
  auto mesh = some_mesh().mesh();
  BOOST_TEST(apply_to(mesh, changed_recovery([](auto& event) {
                        event.hub = std::make_unique<schema::NodeId>(
                            node_of(7).stored());
                        event.controller = nullptr;
                        event.members = event.former = 0;
                      })) == "");
  BOOST_TEST((mesh.hub == NodeId{}));
  BOOST_TEST((mesh.controller == NodeId{}));
  BOOST_TEST((mesh.former_controller == node_of(1)));
  BOOST_TEST(mesh.controller_epoch == 2U);
  BOOST_TEST(mesh.controller_version == 1U);
  BOOST_TEST(mesh.members.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_recovery_gives_the_controller_back_to_who_it_names) {
  auto author = some_mesh();
  auto entries = recovery_entries(author, by(2));
  // Of which number 2 did not hear.
  BOOST_TEST(author(MoveRole{Role::controller, node_of(3)}) == "");
  events::State state;
  state.node.keys = {{0, signing_key_of(1)}};
  state.mesh = author.mesh();
  for (const auto& entry : entries) {
    BOOST_TEST((state.mesh.controller == node_of(3)));
    BOOST_TEST((state.mesh.former_controller == node_of(1)));
    BOOST_TEST(apply_to(state.mesh, entry) == "");
  }
  BOOST_TEST((state.mesh.controller == node_of(1)));
  BOOST_TEST((state.mesh.former_controller == node_of(3)));
  BOOST_TEST(state.mesh.controller_epoch == 2U);
  BOOST_TEST(state.mesh.controller_version == entries.size());
  BOOST_TEST((events::decode(events::encode(state)) == state));
}

BOOST_AUTO_TEST_CASE(who_stays_the_controller_goes_on_as_it) {
  auto author = some_mesh();
  BOOST_TEST(author(MoveRole{Role::controller, node_of(3)}) == "");
  auto version = author.mesh().version;
  BOOST_TEST(author(by(2)) == "");
  BOOST_TEST((author.mesh().controller == node_of(3)));
  BOOST_TEST(author.mesh().controller_epoch == 1U);
  BOOST_TEST(author.mesh().controller_version == version);
  BOOST_TEST((author.mesh().former_controller == node_of(1)));
}

// -- what is refused ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_the_old_authority_signs_is_refused_by_its_stream) {
  auto author = some_mesh();
  auto mesh = author.mesh();
  auto stolen = author;
  for (int i = 0; i < 9; ++i) {
    auto port = static_cast<std::uint16_t>(1 + i);
    BOOST_TEST(stolen(events::ChangeEndpoints{
                   node_of(3), {{address("192.0.2.9"), port}}}) == "");
  }
  for (const auto& entry : recovery_entries(author, by(2))) {
    BOOST_TEST(apply_to(mesh, entry) == "");
    for (std::size_t i = 0; i < stolen.entries().size(); ++i)
      BOOST_TEST(refused(mesh, stolen.entries()[i]) ==
                 "it is of epoch 1 of the mesh, which is over: the mesh was "
                 "recovered, and is in epoch 2 with the authority node-2");
  }
}

/// Even if it is by the authority, and the next version by its number.
BOOST_AUTO_TEST_CASE(a_stream_that_is_over_is_over_for_its_author_too) {
  auto author = mesh_of(1);
  BOOST_TEST(author(by(1)) == "");
  BOOST_TEST(
      mentions(refused(author.mesh(), entry_at({node_of(1), 2}, some_change())),
               "it is of epoch 1 of the mesh, which is over"));
}

BOOST_AUTO_TEST_CASE(what_follows_another_recovery_is_refused) {
  auto author = mesh_of(3);
  auto other = author;
  BOOST_TEST(author(by(2)) == "");
  BOOST_TEST(other(by(3)) == "");
  // Each may name the other as its authority.
  BOOST_TEST(author(MoveRole{Role::authority, node_of(3)}) == "");
  BOOST_TEST(other(events::ChangeEndpoints{node_of(1),
                                           {endpoint("192.0.2.1:1")}}) == "");
  BOOST_TEST(other(events::ChangeEndpoints{node_of(1),
                                           {endpoint("192.0.2.1:2")}}) == "");
  BOOST_TEST(author.mesh().version + 1 == other.mesh().version);
  BOOST_TEST(refused(author.mesh(), other.entries().back()) ==
             "it follows another recovery for epoch 2 than that by node-2: "
             "recover the mesh once more, on either");
  BOOST_TEST(mentions(refused(author.mesh(), other.entries()[3]),
                      "here it is in epoch 2 already"));
}

BOOST_AUTO_TEST_CASE(a_third_recovery_settles_two_at_once) {
  auto author = mesh_of(3);
  auto other = author;
  BOOST_TEST(author(by(2)) == "");
  BOOST_TEST(other(by(3)) == "");
  auto mesh = author.mesh();
  for (const auto& entry : recovery_entries(other, by(3, 3)))
    BOOST_TEST(apply_to(mesh, entry) == "");
  BOOST_TEST(mesh.epoch == 3U);
  BOOST_TEST((mesh.authority == node_of(3)));
}

BOOST_AUTO_TEST_CASE(a_higher_epoch_begins_anew_in_the_midst_of_one) {
  auto author = some_mesh();
  auto first = recovery_entries(author, by(2));
  auto second = recovery_entries(author, by(3, 5));
  auto mesh = author.mesh();
  for (std::size_t i = 0; i < 2; ++i)
    BOOST_TEST(apply_to(mesh, first[i]) == "");
  for (const auto& entry : second) {
    BOOST_TEST(apply_to(mesh, entry) == "");
    BOOST_TEST(mentions(refused(mesh, first[2]), "which is over"));
    BOOST_TEST(mentions(refused(mesh, first[0]), "which is over"));
  }
  auto whole = author;
  BOOST_TEST(whole(by(3, 5)) == "");
  BOOST_TEST((mesh == whole.mesh()));
}

BOOST_AUTO_TEST_CASE(nothing_but_what_is_restated_comes_before_it_is_whole) {
  auto author = some_mesh();
  auto entries = recovery_entries(author, by(2));
  auto mesh = author.mesh();
  BOOST_TEST(apply_to(mesh, entries[0]) == "");
  BOOST_TEST(refused(mesh, entry_at({node_of(2), 2, 0, stream_by(2)},
                                    some_change())) ==
             "not all came yet that its authority restates");
  BOOST_TEST(mentions(refused(mesh, entries[2]), "version 2 is next"));
  for (std::size_t i = 1; i < entries.size(); ++i)
    BOOST_TEST(apply_to(mesh, entries[i]) == "");
  schema::MemberRestatedT more;
  more.member = events::stored(node_of(9), *mesh.find(node_of(3)));
  BOOST_TEST(
      refused(mesh, entry_at({node_of(2), entries.size() + 1, 0, stream_by(2)},
                             std::move(more))) ==
      "it restates more members than were announced");
  BOOST_TEST(
      refused(mesh, entry_at({node_of(2), entries.size() + 1, 0, stream_by(2)},
                             events::restated(node_of(9),
                                              mesh.former.at(node_of(4))))) ==
      "it restates more former members than were announced");
}

BOOST_AUTO_TEST_CASE(what_is_restated_of_nobody_is_refused) {
  auto mesh = some_mesh().mesh();
  schema::MemberRestatedT member;
  member.member = events::stored(node_of(9), *mesh.find(node_of(3)));
  BOOST_TEST(
      mentions(refused(mesh, entry_at({node_of(1), 6}, std::move(member))),
               "than were announced"));
}

BOOST_AUTO_TEST_CASE(two_that_are_restated_have_nothing_in_common) {
  auto author = some_mesh();
  auto mesh = author.mesh();
  BOOST_TEST(apply_to(mesh, recovery_entries(author, by(2))[0]) == "");
  auto restated = [&](const NodeId& node, events::Member member) {
    schema::MemberRestatedT event;
    event.member = events::stored(node, member);
    return refused(
        mesh, entry_at({node_of(2), 2, 0, stream_by(2)}, std::move(event)));
  };
  auto third = *mesh.find(node_of(3));
  BOOST_TEST(mentions(restated(node_of(2), third), "is a member already"));
  third.address = address("10.8.0.2");
  third.address6 = address("fd00:8::2");
  BOOST_TEST(mentions(restated(node_of(3), third), "has the address 10.8.0.2"));
  auto gone = mesh.former.at(node_of(4));
  gone.key = signing_key_of(2);
  BOOST_TEST(refused(mesh, entry_at({node_of(2), 2, 0, stream_by(2)},
                                    events::restated(node_of(4), gone))) ==
             "two that are or were members have the same key");
  gone = mesh.former.at(node_of(4));
  BOOST_TEST(
      mentions(refused(mesh, entry_at({node_of(2), 2, 0, stream_by(2)},
                                      events::restated(node_of(2), gone))),
               "can not be a former member"));
  gone.name = "No Name";
  BOOST_TEST(
      mentions(refused(mesh, entry_at({node_of(2), 2, 0, stream_by(2)},
                                      events::restated(node_of(4), gone))),
               "a name is"));
}

BOOST_AUTO_TEST_CASE(a_recovery_that_can_not_be_is_refused) {
  auto mesh = some_mesh().mesh();
  auto with =
      [&](const std::function<void(schema::AuthorityRecoveredT&)>& change) {
        return refused(mesh, changed_recovery(change));
      };
  BOOST_TEST(with([](auto&) {}) == "");
  BOOST_TEST(with([](auto& event) {
               event.mesh = std::make_unique<schema::Id>();
             }) == "it recovers another mesh");
  BOOST_TEST(mentions(with([](auto& event) { event.epoch = 1; }),
                      "here it is in epoch 1 already"));
  BOOST_TEST(mentions(with([](auto& event) { event.authority->name = "X"; }),
                      "a name is"));
  BOOST_TEST(mentions(with([](auto& event) {
                        event.authority->address = {10, 9, 0, 2};
                      }),
                      "is no address of the mesh's range"));
  BOOST_TEST(
      mentions(with([](auto& event) { event.authority->address.pop_back(); }),
               "address that is none"));
  BOOST_TEST(refused(mesh, changed_recovery([](auto&) {}, 3)) ==
             "a mesh is recovered by who becomes its authority");
  BOOST_TEST(mentions(refused(Mesh{}, changed_recovery([](auto&) {})),
                      "begins with the founding"));
}

BOOST_AUTO_TEST_CASE(a_recovery_stands_in_its_own_stream) {
  auto mesh = some_mesh().mesh();
  auto decision = events::decide_recovery(mesh, by(2));
  const auto& payload = drafts_of(decision).front().payload;
  for (const auto& stream :
       {stream_by(3), stream_by(2, 3), std::string{"roster"}})
    BOOST_TEST(
        refused(mesh, entry_at({node_of(2), 1, 0, stream},
                               schema::AuthorityRecoveredT{
                                   *payload.AsAuthorityRecovered()})) ==
        "it recovers the mesh, and its stream is that of another recovery");
  BOOST_TEST(
      mentions(refused(mesh, entry_at({node_of(2), 2, 0, stream_by(2)},
                                      schema::AuthorityRecoveredT{
                                          *payload.AsAuthorityRecovered()})),
               "version 1 is next"));
}

BOOST_AUTO_TEST_CASE(a_mesh_is_founded_in_the_first_epoch) {
  auto decision = events::decide(Mesh{}, node_of(1), founding(), {});
  auto founded = [&](const std::string& stream) {
    return refused(Mesh{}, entry_at({node_of(1), 1, 0, stream},
                                    drafts_of(decision).front().payload));
  };
  BOOST_TEST(founded("roster") == "");
  BOOST_TEST(mentions(founded(stream_by(1)), "begins with the founding"));
}

BOOST_AUTO_TEST_CASE(an_epoch_begins_with_its_recovery) {
  BOOST_TEST(
      refused(some_mesh().mesh(),
              entry_at({node_of(1), 6, 0, stream_by(2)}, some_change())) ==
      "it is of epoch 2 of the mesh, and here that did not begin");
}

// -- decisions ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_a_member_recovers_and_only_itself) {
  auto mesh = some_mesh().mesh();
  auto refusal = [&](const NodeId& self, const RecoverMesh& command) {
    return refusal_of(events::decide(mesh, self, command, {}));
  };
  BOOST_TEST(refusal(node_of(2), by(2)) == "");
  BOOST_TEST(refusal(node_of(1), by(2)) ==
             "a mesh is recovered by who becomes its authority");
  for (std::uint32_t stranger : {4U, 9U})
    BOOST_TEST(refusal(node_of(stranger), by(stranger)) ==
               "this node is not a member of the mesh any more");
  for (std::uint64_t epoch : {0U, 1U})
    BOOST_TEST(mentions(refusal(node_of(2), by(2, epoch)),
                        "the mesh is in epoch 1 already, with the authority "
                        "node-1"));
}

BOOST_AUTO_TEST_CASE(the_next_epoch_is_above_those_that_were_told) {
  auto mesh = some_mesh().mesh();
  BOOST_TEST(events::next_epoch(mesh, {}) == 2U);
  BOOST_TEST(events::next_epoch(mesh, {1, 0}) == 2U);
  BOOST_TEST(events::next_epoch(mesh, {1, 3, 2}) == 4U);
  // Nobody can use up the epochs by boasting.
  constexpr auto largest = ~std::uint64_t{0};
  BOOST_TEST(events::next_epoch(mesh, {largest, 3}) == 4U);
  BOOST_TEST(events::next_epoch(mesh, {1 + events::epoch_leap_max}) ==
             2 + events::epoch_leap_max);
  BOOST_TEST(events::next_epoch(mesh, {2 + events::epoch_leap_max}) == 2U);
}

BOOST_AUTO_TEST_CASE(a_plan_says_who_is_and_who_is_not_obeyed) {
  auto author = some_mesh();
  auto words = events::in_words(author.mesh(), by(2), {});
  BOOST_REQUIRE(words.size() == 4U);
  BOOST_TEST(words[0] ==
             "recover the mesh home: node-2 becomes its authority, in epoch 2");
  BOOST_TEST(words[1] ==
             "its members are those that node-2 knows, by version 5 of epoch "
             "1: node-1, node-2, node-3");
  BOOST_TEST(mentions(words[2], "refuse what node-1 signs from now on"));
  BOOST_TEST(words[3] ==
             "node-1 stays a member, and the hub, and the controller, until it "
             "is removed");
  BOOST_TEST(events::in_words(author.mesh(), by(1), {}).size() == 2U);
  auto mesh = author.mesh();
  BOOST_TEST(apply_to(mesh, recovery_entries(author, by(3))[0]) == "");
  BOOST_TEST(mentions(events::in_words(mesh, by(2, 3), {})[1],
                      "of which not all is known here"));
}

BOOST_AUTO_TEST_CASE(a_recovery_fits_a_frame) {
  auto found = founding("10.0.0.0/8", "fd00:8::/96");
  auto largest = [](std::uint32_t number) {
    auto made = newcomer(number);
    made.name = std::string(events::name_max - 1, 'n') + std::to_string(number);
    for (std::size_t i = 0; i < events::endpoints_max; ++i)
      made.endpoints.push_back({address("2001:db8:1:2:3:4:5:6"),
                                static_cast<std::uint16_t>(60'000 + i)});
    return made;
  };
  found.founder = largest(1);
  RosterAuthor author;
  BOOST_REQUIRE(author(found).empty());
  BOOST_REQUIRE(author(AddMember{largest(2)}).empty());
  BOOST_REQUIRE(author(AddMember{largest(3)}).empty());
  constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;
  for (std::uint32_t number : {1U, 2U, 3U}) {
    events::KeyNews news{tunnel_key_of(10 + number)};
    BOOST_REQUIRE(author.hear(node_of(number), news).empty());
    news.is_in_use = true;
    BOOST_REQUIRE(author.hear(node_of(number), news).empty());
    news = {tunnel_key_of(20 + number)};
    BOOST_REQUIRE(
        author.hear(node_of(number), news, {2 * hour_ns, 0, true}).empty());
  }
  BOOST_REQUIRE(
      author(RemoveMember{node_of(3), "sold"}, {-1, 1, true}).empty());
  constexpr auto last = ~std::uint64_t{0};
  auto decision = events::decide(author.mesh(), node_of(2), by(2, last), {});
  BOOST_TEST(drafts_of(decision).size() == 3U);
  for (const auto& draft : drafts_of(decision)) {
    store::Event event;
    event.stream = draft.stream;
    event.principal = {schema::PrincipalKind::operator_, "uid/4294967295"};
    event.causation =
        store::Causation{schema::CausationKind::request, {}, 0, {}};
    event.payload = draft.payload;
    flatbuffers::FlatBufferBuilder builder;
    auto built = store::build_entry(
        builder, event, {last, {}, node_of(1), last}, {-1, last, true});
    BOOST_TEST(built.size() + Signature::size <= events::roster_entry_max);
  }
}

// -- the consent of the recovery key -----------------------------------------

namespace {

/// With keys that sign, number 2 recovers the mesh of number 1.
struct Signed {
  Signed() {
    auto command = founding();
    command.recovery_key = key_of_seed(99).public_key();
    for (std::uint32_t number : {1U, 2U}) {
      auto member = newcomer(number);
      member.key = key_of_seed(static_cast<std::uint8_t>(number)).public_key();
      if (number == 1)
        command.founder = member;
      else
        newcomer_ = member;
    }
    BOOST_TEST_REQUIRE(author(command) == "");
    BOOST_TEST_REQUIRE(author(AddMember{newcomer_}) == "");
  }

  [[nodiscard]] schema::RecoveryStatement statement() const {
    return {author.mesh().id, 2, node_of(2), newcomer_.key};
  }

  /// The record of the recovery with that signature.
  [[nodiscard]] Bytes record(const Signature& consent,
                             std::uint8_t signer = 2) const {
    auto entry = recovery_entries(author, {node_of(2), 2, consent}).front();
    auto signature = key_of_seed(signer).sign(store::entry_domain, entry);
    entry.insert(entry.end(), signature.bytes.begin(), signature.bytes.end());
    return entry;
  }

  [[nodiscard]] std::string fault_of(const Bytes& record) const {
    auto taken = actors::after_record(author.mesh(), record);
    return taken ? "" : taken.error().message;
  }

  RosterAuthor author;
  events::Newcomer newcomer_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_signed_is_these_bytes) {
  schema::RecoveryStatement statement;
  statement.mesh.bytes.fill(1);
  statement.epoch = 0x0203;
  statement.authority.bytes.fill(4);
  statement.key.bytes.fill(5);
  BOOST_TEST(to_hex(bytes_of(statement)) ==
             std::string{"01010101010101010101010101010101"} +
                 "0000000000000203" + "04040404040404040404040404040404" +
                 "0505050505050505050505050505050505050505050505050505050505"
                 "050505");
  BOOST_TEST(store::recovery_domain.prefix == "ppn-recovery-v1\n");
}

BOOST_FIXTURE_TEST_CASE(the_consent_of_the_recovery_key_is_needed, Signed) {
  auto by_key = [&](std::uint8_t seed, const schema::RecoveryStatement& what) {
    return record(
        key_of_seed(seed).sign(store::recovery_domain, bytes_of(what)));
  };
  BOOST_TEST(fault_of(by_key(99, statement())) == "");
  const std::string unwanted =
      "the recovery key of the mesh did not sign this recovery";
  for (auto other : std::array<std::uint8_t, 3>{1, 2, 98})
    BOOST_TEST(fault_of(by_key(other, statement())) == unwanted);
  BOOST_TEST(fault_of(record({})) == unwanted);
  BOOST_TEST(fault_of(record(key_of_seed(99).sign(
                 store::entry_domain, bytes_of(statement())))) == unwanted);
  auto changed = [&](auto change) {
    auto other = statement();
    change(other);
    return fault_of(by_key(99, other));
  };
  BOOST_TEST(changed([](auto& s) { s.epoch = 3; }) == unwanted);
  BOOST_TEST(changed([](auto& s) { s.mesh.bytes[0] ^= 1U; }) == unwanted);
  BOOST_TEST(changed([](auto& s) { s.authority = node_of(3); }) == unwanted);
  BOOST_TEST(changed([](auto& s) { s.key.bytes[0] ^= 1U; }) == unwanted);
}

BOOST_FIXTURE_TEST_CASE(the_one_who_recovers_signs_its_entry, Signed) {
  auto consent =
      key_of_seed(99).sign(store::recovery_domain, bytes_of(statement()));
  BOOST_TEST(mentions(fault_of(record(consent, 1)), "is not signed by"));
  BOOST_TEST(fault_of(record(consent, 2)) == "");
}

BOOST_FIXTURE_TEST_CASE(an_auditor_asks_for_the_consent_too, Signed) {
  auto verdict = [&](const Signature& consent, bool is_taken) {
    tools::StateFold fold;
    store::AlignedBytes aligned;
    for (const auto& entry : author.entries())
      must(fold.apply(*must(store::check_entry(aligned.assign(entry)))));
    auto entry = recovery_entries(author, {node_of(2), 2, consent}).front();
    if (is_taken) {
      auto draft = actors::taken_draft(record(consent));
      entry =
          entry_at({node_of(1), 1, 0, draft.stream}, std::move(draft.payload));
    }
    auto folded = fold.apply(*must(store::check_entry(aligned.assign(entry))));
    return folded ? "" : folded.error().message;
  };
  auto consent =
      key_of_seed(99).sign(store::recovery_domain, bytes_of(statement()));
  for (bool is_taken : {false, true}) {
    BOOST_TEST(verdict(consent, is_taken) == "");
    BOOST_TEST(verdict({}, is_taken) ==
               "the recovery key of the mesh did not sign this recovery");
  }
}

// -- two at once -------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(two_recoveries_for_one_epoch_are_proof, Signed) {
  auto consent = [&](const NodeId& node, const PublicKey& key,
                     std::uint64_t epoch) {
    return key_of_seed(99).sign(store::recovery_domain,
                                bytes_of(schema::RecoveryStatement{
                                    author.mesh().id, epoch, node, key}));
  };
  auto record_by = [&](std::uint8_t number, const Signature& signature,
                       std::uint64_t epoch) {
    auto entry =
        recovery_entries(author, {node_of(number), epoch, signature}).front();
    auto own = key_of_seed(number).sign(store::entry_domain, entry);
    entry.insert(entry.end(), own.bytes.begin(), own.bytes.end());
    return entry;
  };
  auto key = [](std::uint8_t number) {
    return key_of_seed(number).public_key();
  };
  auto one = record_by(1, consent(node_of(1), key(1), 2), 2);
  auto two = record_by(2, consent(node_of(2), key(2), 2), 2);
  const auto& mesh = author.mesh();
  BOOST_TEST(actors::is_recovery_clash(mesh, one, two));
  BOOST_TEST(!actors::is_recovery_clash(mesh, one, one));
  auto later = record_by(2, consent(node_of(2), key(2), 3), 3);
  BOOST_TEST(!actors::is_recovery_clash(mesh, one, later));
  BOOST_TEST(!actors::is_recovery_clash(mesh, one, record_by(2, {}, 2)));
  auto other = mesh;
  other.id.bytes[0] ^= 1U;
  BOOST_TEST(!actors::is_recovery_clash(other, one, two));
  // Nobody is accused by what he did not sign.
  for (std::size_t byte = 0; byte < two.size(); byte += 3) {
    auto damaged = two;
    damaged[byte] ^= 1U;
    BOOST_TEST(!actors::is_recovery_clash(mesh, one, damaged));
  }
}

// -- bytes -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_state_in_the_midst_of_a_recovery_is_kept) {
  auto author = some_mesh();
  events::State state;
  state.node.keys = {{0, signing_key_of(1)}};
  state.mesh = author.mesh();
  for (const auto& entry : recovery_entries(author, by(2))) {
    BOOST_TEST(apply_to(state.mesh, entry) == "");
    auto decoded = events::decode(events::encode(state));
    BOOST_REQUIRE(decoded);
    BOOST_TEST((*decoded == state));
  }
}

BOOST_AUTO_TEST_CASE(a_state_without_the_authority_that_restates_is_none) {
  auto author = some_mesh();
  events::State state;
  state.node.keys = {{0, signing_key_of(1)}};
  state.mesh = author.mesh();
  BOOST_TEST(apply_to(state.mesh, recovery_entries(author, by(2))[0]) == "");
  state.mesh.restating->members.clear();
  BOOST_TEST(!events::decode(events::encode(state)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
