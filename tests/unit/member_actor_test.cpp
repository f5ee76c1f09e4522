// The member actor: whom it tells of the roster and when, what it asks for and
// takes, and what it makes of those who speak against themselves.
#include "actors/member.hpp"
#include "events/stored_member.hpp"
#include "events/topology.hpp"
#include "tests/simulation/host.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using actors::FrameBody;
using events::ChangeEndpoints;
using events::IpAddress;
using std::chrono::seconds;

namespace {

/// A datagram that was sent, taken apart.
struct SentFrame {
  explicit SentFrame(const actors::Datagram& datagram)
      : opened(must(actors::open_frame(datagram.bytes, aligned))),
        to(datagram.peer) {}
  SentFrame(const SentFrame&) = delete;
  SentFrame& operator=(const SentFrame&) = delete;

  store::AlignedBytes aligned;
  actors::OpenedFrame opened;
  IpAddress to;
};

schema::FrameBody kind_of(const actors::Datagram& datagram) {
  return SentFrame{datagram}.opened.frame->body_type();
}

/// What of that kind a node sent to an address.
std::vector<actors::Datagram> sent_to(const TestNode& node,
                                      const IpAddress& address,
                                      schema::FrameBody kind) {
  std::vector<actors::Datagram> found;
  for (const auto& datagram : node.sent)
    if (datagram.peer == address && kind_of(datagram) == kind)
      found.push_back(datagram);
  return found;
}

std::size_t beats(const TestNode& from, const TestNode& to) {
  return sent_to(from, to.address(), schema::FrameBody::Heartbeat).size();
}

std::size_t requests(const TestNode& from, const TestNode& to) {
  return sent_to(from, to.address(), schema::FrameBody::RosterRequest).size();
}

/// Three members who have heard each other in these boots.
struct Met : ThreeNodes {
  Met() {
    // In turn each tells each, and then is told its nonce.
    for (int beats = 0; beats < 40; ++beats) {
      pass(seconds{10});
      carry();
    }
    for (auto* node : {&hub, &a, &b})
      BOOST_REQUIRE(node->member_status().heard.size() == 2U);
    forget_sent();
  }

  /// The roster has one more entry, which only the hub knows of.
  void decide_something() {
    auto port = static_cast<std::uint16_t>(1'000 + hub.mesh().version);
    hub.change(ChangeEndpoints{hub.id(), {{address("192.0.2.1"), port}}});
    forget_sent();
  }

  /// Twenty that are never heard, of whom all know.
  void add_silent_members() {
    for (std::uint32_t number = 100; number < 120; ++number)
      hub.change(events::AddMember{newcomer(number)});
    carry();
    for (auto* node : {&a, &b}) BOOST_REQUIRE((node->mesh() == hub.mesh()));
  }

  /// Who was sent a heartbeat.
  static std::set<IpAddress> told(const TestNode& node) {
    std::set<IpAddress> found;
    for (const auto& datagram : node.sent)
      if (kind_of(datagram) == schema::FrameBody::Heartbeat)
        found.insert(datagram.peer);
    return found;
  }

  /// An entry that the hub signed and does not know of, as if it had been
  /// decided by a copy of it.
  Bytes signed_elsewhere(const std::string& stream = "roster") {
    schema::EndpointsChangedT event;
    event.node = std::make_unique<schema::NodeId>(a.id().stored());
    event.endpoints = events::stored(std::vector{endpoint("192.0.2.9:9")});
    return signed_by(hub,
                     entry_at({hub.id(), hub.mesh().version + 1, 0, stream},
                              std::move(event)));
  }

  static Bytes signed_by(const TestNode& node, Bytes entry) {
    auto signature = node.signing_key().sign(store::entry_domain, entry);
    entry.insert(entry.end(), signature.bytes.begin(), signature.bytes.end());
    return entry;
  }

  Bytes sealed(TestNode& from, TestNode& to, const FrameBody& body) {
    auto* state = simulation::look_into<actors::MemberState>(
        from.kept<actors::MemberActor>("member"));
    auto head = state->guard.next_head(to.id(), from.mesh(),
                                       stage.clock().since_boot_ns);
    auto frame = actors::build_frame(head, body);
    auto signature = from.signing_key().sign(
        store::frame_domain, actors::signed_part(from.mesh().id, frame));
    return actors::seal(std::move(frame), signature);
  }

  /// Says in the name of a member what its program would not.
  void say(TestNode& from, TestNode& to, const FrameBody& body,
           std::optional<IpAddress> source = {}) {
    BOOST_REQUIRE(
        to.deliver(source.value_or(from.address()), sealed(from, to, body)));
  }

  static FrameBody answer_of(const Bytes& record) {
    actors::RosterAnswer answer;
    answer.entry.assign(record.begin(), record.end() - Signature::size);
    answer.signature = Signature{ByteView{record}.last<Signature::size>()};
    return answer;
  }

  void take(TestNode& node, const Bytes& record) {
    must(stage.ask<std::uint64_t>(node.kept<actors::MeshActor>("mesh"),
                                  actors::take_atom::value,
                                  std::make_shared<const Bytes>(record)));
  }
};

std::size_t count(const TestNode& node, const std::string& event) {
  std::size_t found = 0;
  for (const auto& notice : node.notices) found += notice.event == event;
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(member_actor)

// -- heartbeats --------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_node_in_no_mesh_says_nothing, OneNode) {
  stage.pass(seconds{60});
  BOOST_TEST(node.sent.empty());
  BOOST_TEST(!node.bound.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_member_listens_at_its_address_in_the_mesh, Met) {
  BOOST_TEST((hub.bound == address("10.8.0.1")));
  BOOST_TEST((a.bound == address("10.8.0.2")));
  BOOST_TEST((b.bound == address("10.8.0.3")));
}

BOOST_FIXTURE_TEST_CASE(a_member_that_starts_tells_all_others, Met) {
  a.restart();
  stage.pass(seconds{1});
  BOOST_TEST(beats(a, hub) == 1U);
  BOOST_TEST(beats(a, b) == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_is_not_heard_is_greeted_three_times, Met) {
  a.restart();
  stage.pass(seconds{200});
  BOOST_TEST(beats(a, b) == 3U);
}

BOOST_FIXTURE_TEST_CASE(a_heartbeat_tells_which_roster_its_sender_has, Met) {
  stage.pass(seconds{300});
  std::size_t with_hash = 0;
  for (const auto& sent :
       sent_to(a, hub.address(), schema::FrameBody::Heartbeat)) {
    SentFrame frame{sent};
    const auto* beat = frame.opened.frame->body_as_Heartbeat();
    BOOST_TEST(beat->roster_version() == 3U);
    if (beat->roster_hash() == nullptr) continue;
    with_hash += 1;
    auto record = hub.exported().back();
    auto entry = ByteView{record}.first(record.size() - Signature::size);
    BOOST_TEST(Hash{*beat->roster_hash()} == store::link_of(entry));
  }
  BOOST_TEST(with_hash > 0U);
  BOOST_TEST(with_hash <= 2 * actors::news_told_times);
}

/// It believes no more of it than that its sender is there.
BOOST_FIXTURE_TEST_CASE(who_was_not_heard_yet_is_told_the_least, Met) {
  a.restart();
  stage.pass(seconds{12});
  auto sent = sent_to(a, hub.address(), schema::FrameBody::Heartbeat);
  BOOST_TEST(!sent.empty());
  for (const auto& one : sent) {
    SentFrame frame{one};
    const auto* beat = frame.opened.frame->body_as_Heartbeat();
    BOOST_TEST((beat->roster_hash() == nullptr));
    BOOST_TEST((beat->checkpoint() == nullptr));
  }
}

BOOST_FIXTURE_TEST_CASE(who_was_started_again_is_told_all_once_more, Met) {
  hub.restart();
  pass(seconds{10});
  auto agreed = hub.member_status().heard.at(a.id()).agreed;
  BOOST_TEST((agreed == events::RosterPlace{1, 3}));
}

BOOST_FIXTURE_TEST_CASE(a_heartbeat_tells_how_far_a_ledger_is, Met) {
  pass(seconds{30});
  BOOST_TEST(hub.member_status().heard.at(a.id()).ledger_size == a.entries());
}

BOOST_FIXTURE_TEST_CASE(a_spoke_tells_the_hub_and_now_and_then_another, Met) {
  stage.pass(seconds{720});
  BOOST_TEST(beats(a, hub) == 72U);
  BOOST_TEST(beats(a, b) == 1U);
}

/// Nodes that were started together, as those of a rack are.
BOOST_FIXTURE_TEST_CASE(no_two_spokes_tell_the_same_one_at_a_time, Met) {
  TestNode c{stage, 4};
  stage.pass(seconds{10});
  hub.admit(c);
  const std::vector<TestNode*> spokes{&a, &b, &c};
  for (auto* spoke : {&a, &b}) spoke->import(hub.exported());
  for (auto* spoke : spokes) spoke->restart();
  // They greet each other until then.
  stage.pass(seconds{45});
  std::size_t told = 0;
  for (int turn = 0; turn < 4; ++turn) {
    for (auto* spoke : spokes) spoke->sent.clear();
    stage.pass(seconds{240});
    for (const auto* to : spokes) {
      std::size_t by_others = 0;
      for (const auto* from : spokes) by_others += beats(*from, *to);
      BOOST_TEST(by_others <= 1U);
      told += by_others;
    }
  }
  BOOST_TEST(told == 6U);
}

BOOST_FIXTURE_TEST_CASE(who_holds_a_role_tells_all_in_a_slower_rhythm, Met) {
  stage.pass(seconds{180});
  BOOST_TEST(beats(hub, a) == 3U);
  BOOST_TEST(beats(hub, b) == 3U);
}

BOOST_FIXTURE_TEST_CASE(who_may_not_hear_is_told_all_each_time, Met) {
  decide_something();
  stage.pass(seconds{60});
  auto sent = sent_to(hub, a.address(), schema::FrameBody::Heartbeat);
  BOOST_TEST(sent.size() > 1U);
  for (const auto& one : sent) {
    SentFrame frame{one};
    const auto* beat = frame.opened.frame->body_as_Heartbeat();
    BOOST_TEST((beat->roster_hash() != nullptr));
    BOOST_TEST((beat->checkpoint() != nullptr));
  }
}

BOOST_FIXTURE_TEST_CASE(a_heartbeat_that_was_overtaken_says_nothing, Met) {
  auto older = sealed(hub, a, actors::Heartbeat{4, Hash{}, {}});
  say(hub, a, actors::Heartbeat{5, Hash{}, {}});
  BOOST_REQUIRE(a.deliver(hub.address(), older));
  BOOST_TEST(a.member_status().heard.at(hub.id()).roster_version == 5U);
}

// They may follow other hubs, and agree on no path.
BOOST_FIXTURE_TEST_CASE(who_has_another_roster_is_told_through_the_tunnel_too,
                        Met) {
  auto tunnel = events::tunnel_address(hub.mesh(), *hub.mesh().find(a.id()));
  auto through_tunnel = [&](schema::FrameBody kind) {
    return sent_to(hub, tunnel, kind).size();
  };
  stage.pass(seconds{60});
  BOOST_TEST(through_tunnel(schema::FrameBody::Heartbeat) == 0U);
  decide_something();
  stage.pass(seconds{60});
  BOOST_TEST(through_tunnel(schema::FrameBody::Heartbeat) > 0U);
}

BOOST_FIXTURE_TEST_CASE(a_request_is_answered_the_way_that_it_came, Met) {
  auto own = events::tunnel_address(hub.mesh(), *hub.mesh().find(a.id()));
  say(a, hub, actors::RosterRequest{2}, own);
  BOOST_TEST(sent_to(hub, own, schema::FrameBody::RosterAnswer).size() == 1U);
  BOOST_TEST(
      sent_to(hub, a.address(), schema::FrameBody::RosterAnswer).empty());
}

BOOST_FIXTURE_TEST_CASE(the_controller_is_told_like_the_hub, Met) {
  hub.change(events::MoveRole{schema::Role::controller, b.id()});
  a.import(hub.exported());
  forget_sent();
  stage.pass(seconds{180});
  BOOST_TEST(beats(a, hub) == 18U);
  BOOST_TEST(beats(a, b) == 18U);
}

BOOST_FIXTURE_TEST_CASE(what_was_heard_is_shown, Met) {
  auto status = hub.member_status();
  BOOST_TEST(status.heard.at(a.id()).boot == 1U);
  BOOST_TEST(status.heard.at(a.id()).roster_version == 3U);
  BOOST_TEST(status.heard.at(a.id()).heard_ns > Stage::begin_ns);
  BOOST_TEST(status.frames_taken > 0U);
  BOOST_TEST(status.frames_sent > 0U);
  BOOST_TEST(status.dropped.empty());
}

// -- the roster --------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(all_are_told_at_once_of_a_new_entry, Met) {
  hub.change(ChangeEndpoints{hub.id(), {}});
  BOOST_TEST(beats(hub, a) == 1U);
  BOOST_TEST(beats(hub, b) == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_hears_of_more_asks_for_the_next_one, Met) {
  decide_something();
  say(hub, a, actors::Heartbeat{5, Hash{}, {}});
  auto asked = sent_to(a, hub.address(), schema::FrameBody::RosterRequest);
  BOOST_REQUIRE(asked.size() == 1U);
  SentFrame frame{asked[0]};
  BOOST_TEST(frame.opened.frame->body_as_RosterRequest()->version() == 4U);
}

BOOST_FIXTURE_TEST_CASE(a_request_is_answered_with_the_signed_entry, Met) {
  say(a, b, actors::RosterRequest{2});
  auto answers = sent_to(b, a.address(), schema::FrameBody::RosterAnswer);
  BOOST_REQUIRE(answers.size() == 1U);
  SentFrame frame{answers[0]};
  const auto* answer = frame.opened.frame->body_as_RosterAnswer();
  Bytes record{answer->entry()->begin(), answer->entry()->end()};
  Signature signature{*answer->signature()};
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  BOOST_TEST((record == hub.exported()[1]));
}

BOOST_FIXTURE_TEST_CASE(nobody_answers_with_what_it_does_not_have, Met) {
  say(a, b, actors::RosterRequest{0});
  say(a, b, actors::RosterRequest{4});
  say(a, b, actors::RosterRequest{~std::uint64_t{0}});
  BOOST_TEST(b.sent.empty());
}

BOOST_FIXTURE_TEST_CASE(who_lags_behind_is_told_at_once_and_once_a_second,
                        Met) {
  decide_something();
  for (int beat = 0; beat < 3; ++beat)
    say(a, hub, actors::Heartbeat{3, Hash{}, {}});
  BOOST_TEST(beats(hub, a) == 1U);
  stage.pass(seconds{1});
  say(a, hub, actors::Heartbeat{3, Hash{}, {}});
  BOOST_TEST(beats(hub, a) == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_new_entry_reaches_all_in_no_time, Met) {
  hub.change(ChangeEndpoints{hub.id(), {}});
  carry();
  BOOST_TEST((a.mesh() == hub.mesh()));
  BOOST_TEST((b.mesh() == hub.mesh()));
}

BOOST_FIXTURE_TEST_CASE(many_entries_are_pulled_one_after_the_other, Met) {
  for (int i = 0; i < 20; ++i) decide_something();
  BOOST_TEST(a.mesh().version == 3U);
  pass(seconds{10});
  BOOST_TEST(a.mesh().version == 23U);
  BOOST_TEST((a.mesh() == hub.mesh()));
}

BOOST_FIXTURE_TEST_CASE(a_removal_is_heard_by_all_but_the_removed, Met) {
  hub.change(events::RemoveMember{a.id(), "lost"});
  BOOST_TEST(hub.sent.size() == 1U);
  BOOST_TEST(beats(hub, b) == 1U);
  carry();
  BOOST_TEST(b.mesh().find(a.id()) == nullptr);
  BOOST_TEST(!hub.member_status().heard.contains(a.id()));
}

BOOST_FIXTURE_TEST_CASE(a_removed_member_is_heard_no_more, Met) {
  hub.change(events::RemoveMember{a.id(), "lost"});
  carry();
  pass(seconds{10});
  BOOST_TEST(hub.member_status().dropped.at("former_sender") == 1U);
  BOOST_TEST(count(hub, "frame.dropped") == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_knows_of_its_removal_falls_silent, Met) {
  hub.change(events::RemoveMember{a.id(), "lost"});
  a.import(hub.exported());
  forget_sent();
  stage.pass(seconds{60});
  BOOST_TEST(a.sent.empty());
  BOOST_TEST(!b.sent.empty());
}

/// The hub can not keep it from them.
BOOST_FIXTURE_TEST_CASE(what_the_hub_withholds_is_learned_elsewhere, Met) {
  decide_something();
  b.import(hub.exported());
  BOOST_TEST(beats(b, a) == 1U);
  carry({&hub, &a});
  pass(seconds{360}, {&hub});
  BOOST_TEST(a.mesh().version == 4U);
}

BOOST_FIXTURE_TEST_CASE(who_took_an_entry_tells_others, Met) {
  decide_something();
  take(b, hub.exported()[3]);
  BOOST_TEST(beats(b, a) == 1U);
  BOOST_TEST(beats(b, hub) == 1U);
}

BOOST_FIXTURE_TEST_CASE(of_many_members_a_spoke_tells_few_of_an_entry, Met) {
  add_silent_members();
  hub.change(ChangeEndpoints{hub.id(), {}});
  BOOST_TEST(told(hub).size() == 22U);
  take(a, hub.exported().back());
  BOOST_TEST(told(a).size() <= 6U);
}

BOOST_FIXTURE_TEST_CASE(who_is_told_what_it_knows_tells_that_it_knows, Met) {
  decide_something();
  auto record = hub.exported().back();
  take(a, record);
  take(b, record);
  forget_sent();
  say(a, b, actors::Heartbeat{hub.mesh().version, Hash{}, {}});
  BOOST_TEST(beats(b, a) == 1U);
  say(a, b, actors::Heartbeat{hub.mesh().version, Hash{}, {}});
  stage.pass(seconds{2});
  BOOST_TEST(beats(b, a) == 1U);
}

BOOST_FIXTURE_TEST_CASE(of_many_members_all_greet_a_new_one, Met) {
  add_silent_members();
  hub.change(events::AddMember{newcomer(200)});
  for (auto* node : {&a, &b}) take(*node, hub.exported().back());
  auto there = hub.mesh().find(node_of(200))->address;
  for (auto* node : {&hub, &a, &b}) BOOST_TEST(told(*node).contains(there));
}

/// It says that it has more, and never gives any of it.
BOOST_FIXTURE_TEST_CASE(one_who_boasts_keeps_nothing_from_the_others, Met) {
  for (auto [liar, victim] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    say(*liar, *victim, actors::Heartbeat{1'000, Hash{}, {}});
    BOOST_TEST(requests(*victim, *liar) == 1U);
    auto version = hub.mesh().version;
    decide_something();
    decide_something();
    say(hub, *victim, actors::Heartbeat{version + 2, Hash{}, {}});
    carry({liar});
    BOOST_TEST(victim->mesh().version == version + 2);
    take(*liar, hub.exported()[version]);
    take(*liar, hub.exported()[version + 1]);
    forget_sent();
  }
}

BOOST_FIXTURE_TEST_CASE(an_entry_that_is_refused_is_explained_once, Met) {
  auto forged = signed_by(b, entry_at({hub.id(), 4}, schema::NotedT{}));
  for (int i = 0; i < 3; ++i) say(a, b, answer_of(forged));
  BOOST_TEST(b.mesh().version == 3U);
  BOOST_REQUIRE(count(b, "roster.refused") == 1U);
  BOOST_TEST(mentions(b.notices.back().fields.at("why"),
                      "not signed by the authority"));
  BOOST_TEST(b.notices.back().fields.at("from") == a.id().hex());
}

// -- recoveries --------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(all_who_hear_of_a_recovery_take_it, Met) {
  a.change(a.recovering(2, recovery_key()));
  carry({&hub});
  BOOST_TEST((b.mesh() == a.mesh()));
  BOOST_TEST(hub.mesh().epoch == 1U);
  BOOST_TEST(count(b, "mesh.recovered") == 1U);
  BOOST_TEST(b.notices.back().fields.at("authority") == "node-2");
  // The old authority goes on for a while.
  decide_something();
  carry();
  BOOST_TEST(b.mesh().epoch == 2U);
  pass(seconds{60});
  for (auto* node : {&hub, &a, &b}) BOOST_TEST((node->mesh() == a.mesh()));
  BOOST_TEST(b.member_status().heard.at(a.id()).roster_epoch == 2U);
}

/// Versions begin anew: a higher one of an epoch before is less.
BOOST_FIXTURE_TEST_CASE(who_is_behind_by_an_epoch_is_told_of_it, Met) {
  b.change(b.recovering(2, recovery_key()));
  forget_sent();
  say(hub, b, actors::Heartbeat{1'000, Hash{}, {}});
  BOOST_TEST(requests(b, hub) == 0U);
  BOOST_TEST(beats(b, hub) == 1U);
  auto sent = sent_to(b, hub.address(), schema::FrameBody::Heartbeat);
  BOOST_TEST(
      SentFrame{sent[0]}.opened.frame->body_as_Heartbeat()->roster_epoch() ==
      2U);
}

BOOST_FIXTURE_TEST_CASE(of_a_higher_epoch_the_first_entry_is_asked_for, Met) {
  say(a, b, actors::Heartbeat{7, Hash{}, {}, 3});
  auto sent = sent_to(b, a.address(), schema::FrameBody::RosterRequest);
  BOOST_REQUIRE(sent.size() == 1U);
  SentFrame frame{sent[0]};
  const auto* request = frame.opened.frame->body_as_RosterRequest();
  BOOST_TEST(request->epoch() == 3U);
  BOOST_TEST(request->version() == 1U);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_given_of_another_epoch, Met) {
  a.change(a.recovering(2, recovery_key()));
  forget_sent();
  for (std::uint64_t epoch : {0U, 1U, 3U})
    say(b, a, actors::RosterRequest{1, epoch});
  BOOST_TEST(sent_to(a, b.address(), schema::FrameBody::RosterAnswer).empty());
  say(b, a, actors::RosterRequest{1, 2});
  BOOST_TEST(sent_to(a, b.address(), schema::FrameBody::RosterAnswer).size() ==
             1U);
}

BOOST_FIXTURE_TEST_CASE(what_the_old_authority_signs_is_refused_in_words, Met) {
  decide_something();
  auto stolen = hub.exported().back();
  b.change(b.recovering(2, recovery_key()));
  say(hub, b, answer_of(stolen));
  BOOST_TEST(b.mesh().version == 3U);
  BOOST_REQUIRE(count(b, "roster.refused") == 1U);
  BOOST_TEST(mentions(b.notices.back().fields.at("why"),
                      "it is of epoch 1 of the mesh, which is over"));
}

BOOST_FIXTURE_TEST_CASE(two_recoveries_are_told_to_both_operators, Met) {
  a.change(a.recovering(2, recovery_key()));
  b.change(b.recovering(2, recovery_key()));
  // So that one is behind the other.
  b.change(ChangeEndpoints{b.id(), {endpoint("192.0.2.3:1")}});
  pass(seconds{360}, {&hub});
  for (auto* node : {&a, &b}) {
    auto seen = node->stream("clash");
    BOOST_REQUIRE(seen.size() == 1U);
    const auto* clash =
        schema::GetEntry(seen[0].data())->payload_as_ClashSeen();
    BOOST_TEST((clash->clash() == schema::Clash::two_recoveries));
    BOOST_TEST(clash->number() == 2U);
    BOOST_TEST(count(*node, "mesh.clash") == 1U);
    BOOST_TEST(node->witness_status().is_split);
  }
  a.change(a.recovering(3, recovery_key()));
  pass(seconds{180});
  for (auto* node : {&hub, &a, &b}) {
    BOOST_TEST((node->mesh() == a.mesh()));
    BOOST_TEST(!node->witness_status().is_split);
  }
}

/// However often it is sent something that does not fit.
BOOST_FIXTURE_TEST_CASE(the_beginning_of_an_epoch_is_asked_for_seldom, Met) {
  a.change(a.recovering(2, recovery_key()));
  carry();
  forget_sent();
  auto stream = events::roster_stream_of(2, a.id());
  for (int i = 0; i < 5; ++i)
    say(hub, b,
        answer_of(signed_by(
            hub, entry_at({hub.id(), 4, 0, stream}, schema::NotedT{}))));
  BOOST_TEST(requests(b, hub) == 1U);
}

// -- what is no frame --------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_comes_before_there_is_a_mesh_is_ignored, Met) {
  TestNode stranger{stage, 9};
  stage.pass(seconds{2});
  stage.pass(seconds{10});
  caf::anon_send(stranger.kept<actors::MemberActor>("member"),
                 actors::datagram_atom::value,
                 std::make_shared<const actors::Datagram>(a.sent.back()));
  stage.settle();
  auto status = stranger.member_status();
  BOOST_TEST(status.frames_taken == 0U);
  BOOST_TEST(status.dropped.empty());
}

BOOST_FIXTURE_TEST_CASE(what_is_dropped_is_counted_and_explained_once, Met) {
  for (int i = 0; i < 3; ++i)
    BOOST_REQUIRE(hub.deliver(a.address(), Bytes(300, 1)));
  BOOST_TEST(hub.member_status().dropped.at("malformed") == 3U);
  BOOST_REQUIRE(count(hub, "frame.dropped") == 1U);
  BOOST_TEST(hub.notices.back().fields.at("from") == "10.8.0.2");
  BOOST_TEST(hub.notices.back().fields.at("why") == "it is not well-formed");
}

BOOST_FIXTURE_TEST_CASE(one_that_is_spawned_anew_is_still_believed, Met) {
  b.kill("member");
  pass(seconds{20});
  BOOST_TEST(hub.member_status().dropped.empty());
  BOOST_TEST(b.member_status().frames_taken > 0U);
}

BOOST_FIXTURE_TEST_CASE(what_the_wire_did_not_give_is_counted, Met) {
  for (std::uint64_t dropped : {3U, 0U, 4U}) {
    actors::Datagram datagram{a.address(), {1}};
    datagram.dropped_before = dropped;
    caf::anon_send(hub.kept<actors::MemberActor>("member"),
                   actors::datagram_atom::value,
                   std::make_shared<const actors::Datagram>(datagram));
  }
  stage.settle();
  BOOST_TEST(hub.member_status().dropped.at("not_taken") == 7U);
}

// -- clashes -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(two_entries_of_an_authority_are_recorded_once, Met) {
  take(a, signed_elsewhere());
  decide_something();
  BOOST_TEST(a.mesh().version == hub.mesh().version);
  pass(seconds{60}, {&b});
  const events::Clashes expected{{{hub.id(), schema::Clash::two_entries}, {4}}};
  BOOST_TEST((a.state().clashes == expected));
  BOOST_TEST((hub.state().clashes == expected));
  for (auto* node : {&a, &hub}) {
    BOOST_TEST(node->stream("clash").size() == 1U);
    BOOST_TEST(count(*node, "mesh.clash") == 1U);
  }
}

/// The last entry of an authority that moved is signed by the one before.
BOOST_FIXTURE_TEST_CASE(two_entries_of_a_former_authority_are_found_too, Met) {
  schema::RoleMovedT event;
  event.role = schema::Role::authority;
  event.to = std::make_unique<schema::NodeId>(a.id().stored());
  take(a, signed_by(hub, entry_at({hub.id(), 4}, std::move(event))));
  hub.change(events::MoveRole{schema::Role::authority, b.id()});
  take(b, hub.exported()[3]);
  forget_sent();
  say(a, b, answer_of(a.exported()[3]));
  const events::Clashes expected{{{hub.id(), schema::Clash::two_entries}, {4}}};
  BOOST_TEST((b.state().clashes == expected));
}

BOOST_FIXTURE_TEST_CASE(a_clash_is_settled_when_another_takes_the_place, Met) {
  stage.system().spawn([&](caf::event_based_actor* self) {
    self->send(hub.kept<actors::WitnessActor>("witness"),
               actors::clash_atom::value,
               events::ClashNote{schema::Clash::two_places, a.id(), 1, {1}});
  });
  stage.settle();
  BOOST_TEST((hub.witness_status().ledgers.at(a.id()).clash ==
              schema::Clash::two_places));
  hub.change(events::ReplaceMember{a.id(), newcomer(9)});
  for (const auto& [node, ledger] : hub.witness_status().ledgers)
    BOOST_TEST(!ledger.clash);
}

BOOST_FIXTURE_TEST_CASE(an_authority_learns_that_its_key_is_used_elsewhere,
                        Met) {
  take(a, signed_elsewhere());
  carry({&b});
  const events::Clashes expected{{{hub.id(), schema::Clash::two_places}, {4}}};
  BOOST_TEST((hub.state().clashes == expected));
  BOOST_TEST(hub.mesh().version == 3U);
  pass(seconds{60}, {&b});
  BOOST_TEST(hub.stream("clash").size() == 1U);
  BOOST_TEST(count(hub, "mesh.clash") == 1U);
}

/// An entry of its own ledger, which it may have given away itself.
BOOST_FIXTURE_TEST_CASE(an_entry_of_another_stream_proves_nothing, Met) {
  say(a, hub, answer_of(signed_elsewhere("node")));
  BOOST_TEST(hub.state().clashes.empty());
  BOOST_TEST(count(hub, "mesh.clash") == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_the_authority_did_not_sign_accuses_nobody, Met) {
  auto forged = entry_at({hub.id(), 3}, schema::NotedT{});
  say(a, b, answer_of(signed_by(a, forged)));
  BOOST_TEST(b.state().clashes.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
