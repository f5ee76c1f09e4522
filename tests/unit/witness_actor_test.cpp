// Witnesses: nodes that remember each other's ledgers, and tell whoever
// rewrites one.
#include "actors/witness.hpp"
#include "store/cosignature.hpp"
#include "store/fork_evidence.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

using schema::Clash;
using std::chrono::seconds;

namespace {

/// Three members that have heard of each other.
struct Witnesses : ThreeNodes {
  Witnesses() {
    // In turn each tells each, and then is told its nonce.
    for (int beats = 0; beats < 40; ++beats) {
      pass(seconds{10});
      carry();
    }
  }

  static std::optional<std::uint64_t> size_at(TestNode& node,
                                              const TestNode& of) {
    auto ledger = node.witness_status().ledgers.at(of.id());
    if (!ledger.head) return std::nullopt;
    return ledger.head->size;
  }

  static std::optional<Clash> clash_at(TestNode& node, const TestNode& of) {
    return node.witness_status().ledgers.at(of.id()).clash;
  }

  static std::size_t count(const TestNode& node, const std::string& event) {
    return static_cast<std::size_t>(
        std::count_if(node.notices.begin(), node.notices.end(),
                      [&](const auto& one) { return one.event == event; }));
  }

  static store::ForkEvidence evidence_at(TestNode& node) {
    auto seen = node.stream("clash");
    BOOST_REQUIRE(!seen.empty());
    const auto* clash =
        schema::GetEntry(seen.back().data())->payload_as_ClashSeen();
    return must(store::decode_fork_evidence(
        {clash->evidence()->data(), clash->evidence()->size()}));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(witness_actor)

BOOST_FIXTURE_TEST_CASE(members_remember_each_others_ledgers, Witnesses) {
  BOOST_TEST((size_at(hub, a) == a.entries()));
  BOOST_TEST((size_at(a, hub) == hub.entries()));
}

BOOST_FIXTURE_TEST_CASE(spokes_learn_of_each_other_in_a_slower_rhythm,
                        Witnesses) {
  pass(seconds{400});
  BOOST_TEST(size_at(a, b).has_value());
  BOOST_TEST(size_at(b, a).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_witness_vouches_and_the_node_keeps_that, Witnesses) {
  auto cosigned = a.disk().cosigned;
  BOOST_REQUIRE(cosigned.contains(hub.id()));
  auto note = must(store::parse_note(cosigned.at(hub.id())));
  auto key = must(store::VerifierKey::parse(hub.witness_status().key));
  BOOST_TEST(must(store::verify_cosignature(note, key)) > 0U);
  auto status = a.witness_status();
  const auto& cosigned_by_hub = status.cosigned.at(hub.id());
  BOOST_TEST(cosigned_by_hub.size == a.entries());
  BOOST_REQUIRE(cosigned_by_hub.key.has_value());
  BOOST_TEST(store::witness_verifier(hub.id(), *cosigned_by_hub.key).text() ==
             hub.witness_status().key);
}

BOOST_FIXTURE_TEST_CASE(what_is_remembered_outlives_a_restart, Witnesses) {
  auto size = size_at(hub, a);
  hub.restart();
  pass(seconds{2}, {&hub});
  BOOST_TEST((size_at(hub, a) == size));
}

BOOST_FIXTURE_TEST_CASE(a_rewritten_history_is_told_by_all_neighbours,
                        Witnesses) {
  pass(seconds{400});
  a.rewrite_history();
  pass(seconds{60});
  for (auto* node : {&hub, &b}) {
    BOOST_TEST((clash_at(*node, a) == Clash::fork));
    BOOST_TEST(count(*node, "mesh.clash") == 1U);
    auto evidence = evidence_at(*node);
    BOOST_TEST(
        store::verify_fork_evidence(evidence, a.signing_key().public_key())
            .ok());
  }
  BOOST_TEST(!clash_at(hub, b));
}

BOOST_FIXTURE_TEST_CASE(a_history_that_goes_on_accuses_nobody, Witnesses) {
  for (int i = 0; i < 3; ++i) {
    a.restart();
    pass(seconds{40});
  }
  pass(seconds{400});
  BOOST_TEST(!clash_at(hub, a));
  BOOST_TEST(!clash_at(b, a));
  BOOST_TEST((size_at(hub, a) == a.entries()));
}

BOOST_FIXTURE_TEST_CASE(one_who_was_away_is_told_when_it_is_back, Witnesses) {
  a.rewrite_history();
  pass(seconds{120}, {&b});
  BOOST_TEST((clash_at(hub, a) == Clash::fork));
  BOOST_TEST(!clash_at(b, a));
  pass(seconds{120});
  BOOST_TEST((clash_at(b, a) == Clash::fork));
}

/// Who began anew remembers no boots, and believes what speaks to it.
BOOST_FIXTURE_TEST_CASE(a_ledger_that_went_back_is_told, Witnesses) {
  a.keep_disk();
  a.restart();
  pass(seconds{40});
  a.go_back();
  hub.restart();
  pass(seconds{60}, {&b});
  BOOST_TEST(clash_at(hub, a).has_value());
  auto evidence = evidence_at(hub);
  BOOST_TEST(
      store::verify_fork_evidence(evidence, a.signing_key().public_key()).ok());
}

BOOST_FIXTURE_TEST_CASE(an_acknowledged_history_is_followed_again, Witnesses) {
  a.rewrite_history();
  pass(seconds{60});
  BOOST_REQUIRE((clash_at(hub, a) == Clash::fork));
  must(hub.commit(must(hub.propose(actors::AcknowledgeClash{a.id()}))));
  pass(seconds{60});
  BOOST_TEST(!clash_at(hub, a));
  BOOST_TEST(hub.witness_status().ledgers.at(a.id()).is_acknowledged);
  BOOST_TEST((size_at(hub, a) == a.entries()));
  pass(seconds{120});
  BOOST_TEST(!clash_at(hub, a));
  a.rewrite_history();
  pass(seconds{60});
  BOOST_TEST((clash_at(hub, a) == Clash::fork));
}

BOOST_FIXTURE_TEST_CASE(who_takes_the_place_settles_the_alarm, Witnesses) {
  a.rewrite_history();
  pass(seconds{60});
  hub.change(events::ReplaceMember{a.id(), newcomer(9)});
  for (const auto& [node, ledger] : hub.witness_status().ledgers)
    BOOST_TEST(!ledger.clash);
  BOOST_TEST(!hub.disk().heads.contains(a.id()));
}

BOOST_FIXTURE_TEST_CASE(a_standing_alarm_outlives_a_restart, Witnesses) {
  a.rewrite_history();
  pass(seconds{60});
  hub.restart();
  pass(seconds{60});
  BOOST_TEST((clash_at(hub, a) == Clash::fork));
  BOOST_TEST(hub.stream("clash").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
