// The mesh actor: what the operator of the authority decides, what the others
// take of it, and what is refused with its words.
#include "actors/mesh.hpp"
#include "actors/mesh_file.hpp"
#include "actors/roster_record.hpp"
#include "events/stored_member.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using actors::ImportRoster;
using events::MeshCommand;
using schema::Event;
using store::ErrorCode;

namespace {

/// Two nodes that know nothing of each other, each with the key of its tunnels.
struct TwoNodes {
  TwoNodes() { stage.pass(std::chrono::seconds{2}); }

  /// Why a proposal is refused.
  static std::string refusal(TestNode& node, const actors::Change& change) {
    auto proposed = node.propose(change);
    BOOST_TEST(is_error(proposed, ErrorCode::bad_input));
    return error_of(proposed).message;
  }

  store::Result<std::uint64_t> take(TestNode& node, const Bytes& record) {
    return stage.ask<std::uint64_t>(node.kept<actors::MeshActor>("mesh"),
                                    actors::take_atom::value,
                                    std::make_shared<const Bytes>(record));
  }

  Stage stage;
  TestNode a{stage, 1};
  TestNode b{stage, 2};
};

/// Signed by the node, in its roster.
template <class Payload>
Bytes record_of(const TestNode& node, std::uint64_t version, Payload payload) {
  auto record = entry_at({node.id(), version}, std::move(payload));
  auto signature = node.signing_key().sign(store::entry_domain, record);
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  return record;
}

schema::EndpointsChangedT moved(const NodeId& node) {
  schema::EndpointsChangedT event;
  event.node = std::make_unique<schema::NodeId>(node.stored());
  event.endpoints = events::stored(std::vector{endpoint("192.0.2.9:1")});
  return event;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mesh_actor, TwoNodes)

// -- the operator of the authority -------------------------------------------

BOOST_AUTO_TEST_CASE(a_mesh_is_founded_by_a_commit) {
  auto before = a.entries();
  auto command = founding();
  command.founder = {a.id(),
                     "node-1",
                     a.signing_key().public_key(),
                     a.state().device.key.value(),
                     {}};
  auto proposal = must(a.propose(MeshCommand{command}));
  BOOST_TEST(a.entries() == before);
  BOOST_TEST(!a.mesh().founded());
  must(a.commit(proposal));
  // And begins its term as the controller.
  BOOST_TEST(a.entries() == before + 2);
  BOOST_TEST(a.mesh().find(a.id())->name == "node-1");
  BOOST_TEST(a.mesh().authority == a.id());
  BOOST_TEST(a.proposals().empty());
}

BOOST_AUTO_TEST_CASE(a_proposal_of_the_mesh_is_a_plan_in_words) {
  a.found();
  must(a.propose(a.adding(b)));
  auto proposals = a.proposals();
  BOOST_REQUIRE(proposals.size() == 1U);
  BOOST_TEST(proposals[0].plan.at(0) ==
             "add node-2 to the mesh home at 10.8.0.2");
}

/// Whatever was proposed: an id is never one that was.
BOOST_AUTO_TEST_CASE(the_id_of_a_mesh_is_the_nodes_own) {
  a.found();
  BOOST_TEST((a.mesh().id != founding().mesh));
  BOOST_TEST((a.mesh().id != Id{}));
}

BOOST_AUTO_TEST_CASE(a_commit_of_the_mesh_is_recorded_in_the_operators_name) {
  a.found();
  auto entry = a.stream("roster").at(0);
  const auto* principal = schema::GetEntry(entry.data())->principal();
  BOOST_TEST((principal->kind() == schema::PrincipalKind::operator_));
  BOOST_TEST(principal->id()->str() == "uid/1000");
}

BOOST_AUTO_TEST_CASE(what_can_not_be_in_a_mesh_is_refused_before_it_waits) {
  BOOST_TEST(mentions(
      refusal(a, MeshCommand{events::RemoveMember{a.id(), "lost"}}), "mesh"));
  a.found();
  BOOST_TEST(
      mentions(refusal(a, MeshCommand{events::RemoveMember{b.id(), "lost"}}),
               "is not a member"));
  BOOST_TEST(a.proposals().empty());
}

BOOST_AUTO_TEST_CASE(a_commit_is_decided_on_the_mesh_that_there_is_then) {
  a.found();
  auto first = must(a.propose(a.adding(b)));
  auto second = must(a.propose(a.adding(b)));
  must(a.commit(first));
  auto late = a.commit(second);
  BOOST_TEST(mentions(error_of(late).message, "is a member already"));
  BOOST_TEST(a.mesh().version == 2U);
  // It waits on, and can be taken back.
  BOOST_REQUIRE(a.proposals().size() == 1U);
  BOOST_TEST(!a.proposals()[0].committing);
}

BOOST_AUTO_TEST_CASE(only_the_authority_decides) {
  a.found();
  a.admit(b);
  BOOST_TEST(
      mentions(refusal(b, MeshCommand{events::RemoveMember{a.id(), "lost"}}),
               "authority"));
}

BOOST_AUTO_TEST_CASE(the_authority_moves_with_its_role) {
  a.found();
  a.admit(b);
  a.change(events::MoveRole{schema::Role::authority, b.id()});
  b.import(a.exported());
  b.change(events::MoveRole{schema::Role::hub, b.id()});
  a.import(b.exported());
  BOOST_TEST((a.mesh() == b.mesh()));
  BOOST_TEST(a.mesh().hub == b.id());
}

// -- import ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_joins_by_an_import_of_the_roster) {
  a.found();
  a.change(a.adding(b));
  auto proposal = must(b.propose(ImportRoster{a.exported()}));
  BOOST_TEST(
      b.proposals()[0].plan ==
          (std::vector<std::string>{"join the mesh home as node-2 at 10.8.0.2",
                                    "obey its authority node-1, whose key is " +
                                        a.signing_key().public_key().hex()}),
      boost::test_tools::per_element());
  must(b.commit(proposal));
  BOOST_TEST((b.mesh() == a.mesh()));
  BOOST_TEST((kinds_of(b.stream("roster")) ==
              std::vector{Event::RosterEntryTaken, Event::RosterEntryTaken}));
}

BOOST_AUTO_TEST_CASE(a_roster_is_exported_as_the_authority_signed_it) {
  a.found();
  a.admit(b);
  BOOST_TEST((a.exported() == b.exported()));
}

BOOST_AUTO_TEST_CASE(a_later_import_brings_what_is_new) {
  a.found();
  a.admit(b);
  a.change(events::ChangeEndpoints{a.id(), {endpoint("192.0.2.1:1")}});
  must(b.propose(ImportRoster{a.exported()}));
  BOOST_TEST(b.proposals()[0].plan ==
                 (std::vector<std::string>{"node-1 has other endpoints"}),
             boost::test_tools::per_element());
  must(b.commit(b.proposals()[0].id));
  BOOST_TEST((b.mesh() == a.mesh()));
}

BOOST_AUTO_TEST_CASE(a_file_with_nothing_new_is_refused_with_its_version) {
  a.found();
  auto short_one = a.exported();
  a.admit(b);
  BOOST_TEST(refusal(b, ImportRoster{short_one}) ==
             "the file has nothing new: it ends with version 1 of the roster, "
             "and this node has version 2");
  BOOST_TEST(mentions(refusal(b, ImportRoster{a.exported()}),
                      "it ends with version 2"));
}

BOOST_AUTO_TEST_CASE(a_roster_that_does_not_name_this_node_is_refused) {
  a.found();
  BOOST_TEST(mentions(refusal(b, ImportRoster{a.exported()}),
                      "the roster does not name this node"));
}

BOOST_AUTO_TEST_CASE(a_roster_with_another_tunnel_key_is_refused) {
  a.found();
  auto command = a.adding(b);
  std::get<events::AddMember>(command).newcomer.tunnel_key = tunnel_key_of(7);
  a.change(command);
  BOOST_TEST(refusal(b, ImportRoster{a.exported()}) ==
             "the roster names another tunnel key for this node");
}

BOOST_AUTO_TEST_CASE(a_roster_of_another_mesh_is_refused) {
  a.found();
  b.found();
  BOOST_TEST(refusal(b, ImportRoster{a.exported()}) ==
             "this is the roster of another mesh");
}

BOOST_AUTO_TEST_CASE(a_record_that_nobody_signed_is_refused_with_its_place) {
  a.found();
  a.change(a.adding(b));
  auto records = a.exported();
  records[1].back() ^= 1U;
  BOOST_TEST(refusal(b, ImportRoster{records}) ==
             "entry 2 of the file: version 2 of the roster is not signed by "
             "the authority");
  BOOST_TEST(!b.mesh().founded());
}

BOOST_AUTO_TEST_CASE(two_entries_of_an_authority_are_called_that) {
  a.found();
  a.admit(b);
  auto records = a.exported();
  records[1] = record_of(a, 2, moved(a.id()));
  BOOST_TEST(refusal(b, ImportRoster{records}) ==
             "version 2 of this roster is not the one that this node has: an "
             "authority signed two");
}

/// A damaged file accuses nobody.
BOOST_AUTO_TEST_CASE(what_the_authority_did_not_sign_is_not_laid_to_it) {
  a.found();
  a.admit(b);
  auto records = a.exported();
  records[1].back() ^= 1U;
  BOOST_TEST(refusal(b, ImportRoster{records}) ==
             "entry 2 of the file is not the one that this node has, and is "
             "not signed by its authority");
}

BOOST_AUTO_TEST_CASE(an_authority_does_not_learn_of_itself_from_others) {
  a.found();
  auto records = a.exported();
  records.push_back(record_of(a, 2, moved(a.id())));
  BOOST_TEST(mentions(refusal(a, ImportRoster{records}),
                      "its key was used elsewhere"));
}

/// What a plan said is not done to another roster.
BOOST_AUTO_TEST_CASE(a_roster_that_changes_while_an_import_waits_refuses_it) {
  a.found();
  a.admit(b);
  a.change(events::ChangeEndpoints{a.id(), {endpoint("192.0.2.1:1")}});
  auto third = a.exported();
  auto proposal = must(b.propose(ImportRoster{third}));
  auto mesh = b.kept<actors::MeshActor>("mesh");
  auto gate = b.kept<actors::OperatorGate>("operator_gate");
  caf::scoped_actor other{stage.system()};
  auto taking = other->request(mesh, caf::infinite, actors::take_atom::value,
                               std::make_shared<const Bytes>(third[2]));
  auto committed = b.commit(proposal);
  taking.receive([](std::uint64_t version) { BOOST_TEST(version == 3U); },
                 [](caf::error&) { BOOST_ERROR("it was not taken"); });
  BOOST_TEST(!committed.ok());
  BOOST_TEST(b.mesh().version == 3U);
}

// -- records from others -----------------------------------------------------

BOOST_AUTO_TEST_CASE(the_next_record_is_taken_from_whoever_brings_it) {
  a.found();
  a.admit(b);
  a.change(events::ChangeEndpoints{a.id(), {endpoint("192.0.2.1:1")}});
  BOOST_TEST(must(take(b, a.exported()[2])) == 3U);
  BOOST_TEST((b.mesh() == a.mesh()));
  auto entry = b.stream("roster").at(2);
  BOOST_TEST(schema::GetEntry(entry.data())->principal()->id()->str() ==
             "mesh");
}

BOOST_AUTO_TEST_CASE(a_record_that_is_not_the_next_is_not_taken) {
  a.found();
  a.admit(b);
  auto again = take(b, a.exported()[1]);
  BOOST_TEST(mentions(error_of(again).message, "version 3"));
  BOOST_TEST(b.mesh().version == 2U);
}

BOOST_AUTO_TEST_CASE(a_node_in_no_mesh_takes_no_record) {
  a.found();
  BOOST_TEST(error_of(take(b, a.exported()[0])).message ==
             "this node is in no mesh");
}

BOOST_AUTO_TEST_CASE(the_authority_takes_no_record) {
  a.found();
  auto record = record_of(a, 2, moved(a.id()));
  BOOST_TEST(error_of(take(a, record)).message ==
             "this node is the authority itself");
}

// -- introductions -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_in_no_mesh_exports_its_introduction) {
  auto records = a.exported();
  BOOST_TEST(actors::is_introduction(records));
  auto read = must(actors::read_introduction(records));
  BOOST_TEST(read.node == a.id());
  BOOST_TEST(read.tunnel_key == a.state().device.key.value());
}

/// Other starts and stops are nobody's business.
BOOST_AUTO_TEST_CASE(an_introduction_has_nothing_that_it_does_not_need) {
  a.restart();
  stage.pass(std::chrono::seconds{2});
  BOOST_TEST(a.exported().size() == 2U);
}

/// Or a member would introduce itself as if it were none.
BOOST_AUTO_TEST_CASE(nothing_is_exported_before_the_roster_is_read) {
  a.found();
  auto fresh = stage.system().spawn(
      actors::mesh_actor, actors::MeshParts{a.ledger(), {}}, a.state().node);
  auto early = stage.ask<actors::EntriesPtr>(fresh, actors::export_atom::value);
  BOOST_TEST(mentions(error_of(early).message, "is not read yet"));
  BOOST_TEST(
      must(stage.ask<actors::EntriesPtr>(fresh, actors::export_atom::value))
          ->size() == 1U);
  caf::anon_send_exit(fresh, caf::exit_reason::kill);
  stage.settle();
}

// -- followers ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_follower_is_told_at_once_and_of_each_change) {
  std::vector<std::uint64_t> told;
  auto follower = stage.system().spawn(
      [](actors::RosterFollower::pointer, std::vector<std::uint64_t>* versions)
          -> actors::RosterFollower::behavior_type {
        return {
            [versions](actors::roster_atom, const actors::RosterPtr& roster) {
              versions->push_back(roster->mesh.version);
            }};
      },
      &told);
  for (int twice = 0; twice < 2; ++twice) {
    caf::anon_send(a.kept<actors::MeshActor>("mesh"),
                   actors::follow_atom::value, follower);
    stage.settle();
  }
  a.found();
  a.change(a.adding(b));
  BOOST_TEST(told == (std::vector<std::uint64_t>{0, 1, 2}),
             boost::test_tools::per_element());
  caf::anon_send_exit(follower, caf::exit_reason::kill);
  stage.settle();
}

BOOST_AUTO_TEST_CASE(the_head_of_the_roster_is_the_same_for_all) {
  a.found();
  a.admit(b);
  auto head = [&](TestNode& node) {
    return must(stage.ask<actors::RosterPtr>(
                    node.kept<actors::MeshActor>("mesh"),
                    actors::roster_atom::value))
        ->head;
  };
  BOOST_TEST(head(a) == head(b));
  BOOST_TEST((head(a) != Hash{}));
}

BOOST_AUTO_TEST_CASE(one_that_is_spawned_anew_knows_the_roster) {
  a.found();
  a.admit(b);
  a.kill("mesh");
  BOOST_TEST((a.exported() == b.exported()));
  a.change(events::MoveRole{schema::Role::hub, b.id()});
  BOOST_TEST(a.mesh().hub == b.id());
}

BOOST_AUTO_TEST_CASE(the_roster_outlives_the_process) {
  a.found();
  a.admit(b);
  b.restart();
  BOOST_TEST((b.mesh() == a.mesh()));
  BOOST_TEST((b.exported() == a.exported()));
}

// -- a lost authority ---------------------------------------------------------

namespace {

std::string stream_by(const TestNode& node, std::uint64_t epoch = 2) {
  return events::roster_stream_of(epoch, node.id());
}

}  // namespace

BOOST_AUTO_TEST_CASE(any_member_recovers_a_mesh_with_the_recovery_key) {
  a.found();
  a.admit(b);
  auto proposal = must(b.propose(b.recovering(2, recovery_key())));
  BOOST_TEST(mentions(b.proposals().at(0).plan.at(0),
                      "node-2 becomes its authority, in epoch 2"));
  must(b.commit(proposal));
  BOOST_TEST((b.mesh().authority == b.id()));
  BOOST_TEST(b.mesh().members.size() == 2U);
  BOOST_TEST((kinds_of(b.stream(stream_by(b))) ==
              std::vector{Event::AuthorityRecovered, Event::MemberRestated}));
  b.change(events::RemoveMember{a.id(), "stolen", true});
  BOOST_TEST(b.mesh().version == 3U);
  b.restart();
  BOOST_TEST(b.mesh().version == 3U);
  BOOST_TEST(b.exported().size() == 4U);
}

BOOST_AUTO_TEST_CASE(another_key_recovers_nothing) {
  a.found();
  a.admit(b);
  auto entries = b.entries();
  BOOST_TEST(refusal(b, b.recovering(2, key_of_seed(98))) ==
             "the recovery key of the mesh did not sign this recovery by this "
             "node");
  // Nor what it signed for another member, or another epoch.
  BOOST_TEST(mentions(refusal(b, a.recovering(2, recovery_key())),
                      "by who becomes its authority"));
  auto command = std::get<events::RecoverMesh>(b.recovering(2, recovery_key()));
  command.epoch = 3;
  BOOST_TEST(mentions(refusal(b, MeshCommand{command}), "did not sign"));
  BOOST_TEST(b.entries() == entries);
}

BOOST_AUTO_TEST_CASE(the_old_authority_learns_that_it_is_none) {
  a.found();
  a.admit(b);
  b.change(b.recovering(2, recovery_key()));
  a.import(b.exported());
  BOOST_TEST((a.mesh() == b.mesh()));
  BOOST_TEST(
      mentions(refusal(a, MeshCommand{events::RemoveMember{b.id(), "thief"}}),
               "only the authority changes the mesh: do this on node-2"));
  a.restart();
  BOOST_TEST((a.mesh() == b.mesh()));
  BOOST_TEST((a.exported() == b.exported()));
}

BOOST_AUTO_TEST_CASE(a_recovery_is_taken_one_record_after_the_other) {
  a.found();
  a.admit(b);
  b.change(b.recovering(2, recovery_key()));
  auto records = b.exported();
  auto before = a.mesh().members;
  BOOST_TEST(must(take(a, records[1])) == 1U);
  BOOST_TEST(a.mesh().restating.has_value());
  BOOST_TEST((a.mesh().members == before));
  // Whoever asks for the file meanwhile gets none that is half of it.
  auto exported = stage.ask<actors::EntriesPtr>(
      a.kept<actors::MeshActor>("mesh"), actors::export_atom::value);
  BOOST_TEST(mentions(error_of(exported).message, "not all of its roster"));
  a.restart();
  BOOST_TEST(a.mesh().restating.has_value());
  must(a.propose(ImportRoster{records}));
  BOOST_TEST(
      (a.proposals().at(0).plan ==
       std::vector<std::string>{"take the rest of what node-2 restates"}));
  BOOST_TEST(must(take(a, records[2])) == 2U);
  BOOST_TEST((a.mesh() == b.mesh()));
}

/// However much a thief signs.
BOOST_AUTO_TEST_CASE(what_the_old_authority_signed_since_is_refused) {
  a.found();
  a.admit(b);
  b.change(b.recovering(2, recovery_key()));
  for (std::uint16_t port = 1; port < 5; ++port)
    a.change(events::ChangeEndpoints{a.id(), {{address("192.0.2.1"), port}}});
  auto stolen = a.exported();
  const std::string is_over =
      "it is of epoch 1 of the mesh, which is over: the mesh was recovered, "
      "and "
      "is in epoch 2 with the authority node-2";
  BOOST_TEST(refusal(b, ImportRoster{stolen}) ==
             "entry 2 of the file: " + is_over);
  for (std::size_t i = 1; i < stolen.size(); ++i)
    BOOST_TEST(error_of(take(b, stolen[i])).message == is_over);
  BOOST_TEST(b.mesh().version == 2U);
}

BOOST_AUTO_TEST_CASE(a_new_member_joins_in_a_later_epoch) {
  a.found();
  a.change(a.recovering(2, recovery_key()));
  a.admit(b);
  BOOST_TEST((b.mesh() == a.mesh()));
  BOOST_TEST(
      (kinds_of(b.stream("roster")) == std::vector{Event::RosterEntryTaken}));
  BOOST_TEST(b.stream(stream_by(a)).size() == 2U);
  BOOST_TEST((b.exported() == a.exported()));
}

BOOST_AUTO_TEST_CASE(a_plan_says_whom_a_recovery_leaves_out) {
  a.found();
  a.admit(b);
  b.change(b.recovering(2, recovery_key()));
  a.change(events::AddMember{newcomer(9)});
  auto id = must(a.propose(ImportRoster{b.exported()}));
  BOOST_TEST((a.proposals().at(0).plan ==
              std::vector<std::string>{
                  "node-2 recovered the mesh, and is its authority in epoch 2",
                  "node-9 is no member any more"}));
  must(a.commit(id));
  BOOST_TEST((a.mesh() == b.mesh()));
}

BOOST_AUTO_TEST_CASE(half_of_a_recovery_is_not_imported) {
  a.found();
  a.admit(b);
  b.change(b.recovering(2, recovery_key()));
  auto records = b.exported();
  records.pop_back();
  BOOST_TEST(mentions(refusal(a, ImportRoster{records}),
                      "the file ends before all came that node-2 restates"));
}

BOOST_AUTO_TEST_CASE(the_recovery_of_another_mesh_is_refused) {
  a.found();
  a.admit(b);
  TestNode c{stage, 3};
  stage.pass(std::chrono::seconds{2});
  c.found();
  c.change(c.recovering(2, recovery_key()));
  BOOST_TEST(mentions(refusal(b, ImportRoster{c.exported()}),
                      "this is the roster of another mesh"));
  BOOST_TEST(!take(b, c.exported()[1]).ok());
}

BOOST_AUTO_TEST_CASE(a_forged_recovery_is_refused) {
  a.found();
  a.admit(b);
  b.change(b.recovering(2, recovery_key()));
  auto records = b.exported();
  for (std::size_t byte = 1; byte < records[1].size(); byte += 7) {
    auto forged = records[1];
    forged[byte] ^= 1U;
    BOOST_TEST(!take(a, forged).ok());
  }
  BOOST_TEST(a.mesh().epoch == 1U);
}

BOOST_AUTO_TEST_CASE(two_recoveries_at_once_are_settled_by_a_third) {
  a.found();
  a.admit(b);
  a.change(a.recovering(2, recovery_key()));
  b.change(b.recovering(2, recovery_key()));
  BOOST_TEST(refusal(b, ImportRoster{a.exported()}) ==
             "the mesh was recovered twice for epoch 2, and this node follows "
             "node-2: recover it once more, on either");
  BOOST_TEST(!take(b, a.exported()[1]).ok());
  BOOST_TEST(mentions(refusal(b, b.recovering(2, recovery_key())),
                      "recover it again if need be"));
  a.change(a.recovering(3, recovery_key()));
  b.import(a.exported());
  BOOST_TEST((a.mesh() == b.mesh()));
  BOOST_TEST((b.mesh().authority == a.id()));
}

/// Its ledger was rolled back, or its key is elsewhere.
BOOST_AUTO_TEST_CASE(a_node_does_not_learn_of_its_own_recovery_from_others) {
  a.found();
  a.admit(b);
  auto consent = std::get<events::RecoverMesh>(a.recovering(2, recovery_key()));
  auto drafts = events::decide(a.mesh(), a.id(), MeshCommand{consent}, {});
  auto& draft = std::get<std::vector<events::Draft>>(drafts).front();
  auto record =
      entry_at({a.id(), 1, 0, draft.stream}, std::move(draft.payload));
  auto signature = a.signing_key().sign(store::entry_domain, record);
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  BOOST_TEST(mentions(error_of(take(a, record)).message, "its author itself"));
  auto records = a.exported();
  records.push_back(record);
  BOOST_TEST(mentions(refusal(a, ImportRoster{records}),
                      "its key was used elsewhere"));
  BOOST_TEST(must(take(b, record)) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
