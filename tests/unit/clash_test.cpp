// Clashes: each is recorded once, with what proves it.
#include "events/clash.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"

namespace ppn::tests {

using events::Clashes;
using events::ClashNote;
using events::decide_clash;
using schema::Clash;

namespace {

ClashNote note(std::uint32_t node, Clash clash, std::uint64_t number) {
  return {clash, node_of(node), number, {1, 2, 3}};
}

/// Why it can not be recorded, or nothing.
std::string record(Clashes& clashes, const ClashNote& note) {
  auto decision = decide_clash({}, note);
  auto bytes = entry_at({node_of(1)}, drafts_of(decision).at(0).payload);
  store::AlignedBytes aligned;
  const auto* entry = must(store::check_entry(aligned.assign(bytes)));
  return events::apply(clashes, *entry->payload_as_ClashSeen()).value_or("");
}

bool is_news(const Clashes& clashes, const ClashNote& note) {
  auto decision = decide_clash(clashes, note);
  return !drafts_of(decision).empty();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clash)

BOOST_AUTO_TEST_CASE(a_clash_says_what_proves_it) {
  auto decision = decide_clash({}, note(2, Clash::two_entries, 7));
  const auto& drafts = drafts_of(decision);
  BOOST_REQUIRE(drafts.size() == 1U);
  BOOST_TEST(drafts[0].stream == events::clash_stream);
  const auto* seen = drafts[0].payload.AsClashSeen();
  BOOST_TEST((seen->clash == Clash::two_entries));
  BOOST_TEST(NodeId{*seen->node} == node_of(2));
  BOOST_TEST(seen->number == 7U);
  BOOST_TEST(to_hex(seen->evidence) == "010203");
}

BOOST_AUTO_TEST_CASE(each_clash_is_said_in_words) {
  BOOST_TEST(events::in_words(Clash::two_entries) ==
             "it signed two entries for one version of the roster");
  BOOST_TEST(
      events::in_words(Clash::two_places) ==
      "its key speaks from two places, or from one that was rolled back");
  BOOST_TEST(events::in_words(Clash::two_endpoints) ==
             "its tunnel goes back and forth between two endpoints: two "
             "machines have its tunnel key");
}

BOOST_AUTO_TEST_CASE(a_clash_is_news_once) {
  Clashes clashes;
  for (std::uint64_t number : {0U, 7U}) {
    auto seen = note(2, Clash::two_entries, number);
    BOOST_TEST(is_news(clashes, seen));
    BOOST_TEST(record(clashes, seen) == "");
    BOOST_TEST(!is_news(clashes, seen));
    auto before = clashes;
    BOOST_TEST(record(clashes, seen) == "this clash is recorded already");
    BOOST_TEST((clashes == before));
  }
  auto older = note(2, Clash::two_entries, 6);
  BOOST_TEST(!is_news(clashes, older));
  BOOST_TEST(record(clashes, older) == "this clash is recorded already");
}

BOOST_AUTO_TEST_CASE(two_places_are_no_news_in_another_boot) {
  Clashes clashes;
  BOOST_TEST(record(clashes, note(2, Clash::two_places, 7)) == "");
  BOOST_TEST(!is_news(clashes, note(2, Clash::two_places, 8)));
  BOOST_TEST(is_news(clashes, note(3, Clash::two_places, 8)));
}

BOOST_AUTO_TEST_CASE(two_endpoints_are_news_in_each_hour) {
  Clashes clashes;
  BOOST_TEST(record(clashes, note(2, Clash::two_endpoints, 7)) == "");
  BOOST_TEST(!is_news(clashes, note(2, Clash::two_endpoints, 7)));
  BOOST_TEST(is_news(clashes, note(2, Clash::two_endpoints, 8)));
}

BOOST_AUTO_TEST_CASE(each_node_clashes_in_each_way) {
  Clashes clashes;
  BOOST_TEST(record(clashes, note(2, Clash::two_entries, 7)) == "");
  for (const auto& other :
       {note(3, Clash::two_entries, 7), note(2, Clash::two_places, 7),
        note(2, Clash::two_entries, 8)}) {
    BOOST_TEST(is_news(clashes, other));
    BOOST_TEST(record(clashes, other) == "");
  }
  BOOST_TEST((clashes == Clashes{{{node_of(2), Clash::two_entries}, {8}},
                                 {{node_of(2), Clash::two_places}, {7}},
                                 {{node_of(3), Clash::two_entries}, {7}}}));
}

BOOST_AUTO_TEST_CASE(a_key_that_was_used_twice_stands_against_its_node) {
  for (auto clash : {Clash::two_places, Clash::two_entries}) {
    Clashes clashes;
    BOOST_TEST(record(clashes, note(2, clash, 7)) == "");
    BOOST_TEST((events::standing_clash(clashes, node_of(2)) == clash));
    BOOST_TEST(!events::standing_clash(clashes, node_of(3)));
  }
}

BOOST_AUTO_TEST_CASE(what_can_end_by_itself_does_not_stand) {
  Clashes clashes;
  for (auto clash : {Clash::two_endpoints, Clash::two_recoveries})
    BOOST_TEST(record(clashes, note(2, clash, 7)) == "");
  BOOST_TEST(!events::standing_clash(clashes, node_of(2)));
}

// -- ledgers that did not only grow ------------------------------------------

namespace {

std::string acknowledge(Clashes& clashes, std::uint32_t node) {
  auto decision = events::decide_acknowledgement(clashes, node_of(node));
  if (const auto* refusal = std::get_if<events::Refusal>(&decision))
    return refusal->reason;
  auto bytes = entry_at({node_of(1)}, drafts_of(decision).at(0).payload);
  store::AlignedBytes aligned;
  const auto* entry = must(store::check_entry(aligned.assign(bytes)));
  return events::apply(clashes, *entry->payload_as_ClashAcknowledged())
      .value_or("");
}

/// As it is decided there and then.
std::string see(Clashes& clashes, const ClashNote& note) {
  auto decision = decide_clash(clashes, note);
  if (drafts_of(decision).empty()) return "no news";
  auto bytes = entry_at({node_of(1)}, drafts_of(decision).at(0).payload);
  store::AlignedBytes aligned;
  const auto* entry = must(store::check_entry(aligned.assign(bytes)));
  return events::apply(clashes, *entry->payload_as_ClashSeen()).value_or("");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_fork_is_no_news_while_one_stands) {
  for (auto clash : {Clash::fork, Clash::rollback}) {
    Clashes clashes;
    BOOST_TEST(see(clashes, note(2, clash, 0)) == "");
    BOOST_TEST((events::standing_clash(clashes, node_of(2)) == clash));
    BOOST_TEST(see(clashes, note(2, clash, 0)) == "no news");
  }
}

BOOST_AUTO_TEST_CASE(what_the_operator_acknowledged_stands_no_more) {
  Clashes clashes;
  BOOST_TEST(see(clashes, note(2, Clash::fork, 0)) == "");
  BOOST_TEST(see(clashes, note(2, Clash::two_places, 7)) == "");
  BOOST_TEST(acknowledge(clashes, 2) == "");
  BOOST_TEST(!events::standing_clash(clashes, node_of(2)));
}

BOOST_AUTO_TEST_CASE(another_fork_after_that_is_news_and_counted) {
  Clashes clashes;
  BOOST_TEST(see(clashes, note(2, Clash::fork, 0)) == "");
  BOOST_TEST(acknowledge(clashes, 2) == "");
  BOOST_TEST(see(clashes, note(2, Clash::fork, 0)) == "");
  BOOST_TEST((clashes == Clashes{{{node_of(2), Clash::fork}, {2}}}));
}

BOOST_AUTO_TEST_CASE(a_boot_that_was_acknowledged_is_no_news) {
  Clashes clashes;
  BOOST_TEST(see(clashes, note(2, Clash::two_places, 7)) == "");
  BOOST_TEST(acknowledge(clashes, 2) == "");
  BOOST_TEST(see(clashes, note(2, Clash::two_places, 7)) == "no news");
  BOOST_TEST(see(clashes, note(2, Clash::two_places, 8)) == "");
}

BOOST_AUTO_TEST_CASE(nothing_is_acknowledged_that_does_not_stand) {
  Clashes clashes;
  auto refused = "nothing stands against node " + node_of(2).hex();
  BOOST_TEST(acknowledge(clashes, 2) == refused);
  BOOST_TEST(see(clashes, note(2, Clash::two_endpoints, 7)) == "");
  BOOST_TEST(acknowledge(clashes, 2) == refused);
  BOOST_TEST(see(clashes, note(2, Clash::fork, 0)) == "");
  BOOST_TEST(acknowledge(clashes, 3) ==
             "nothing stands against node " + node_of(3).hex());
  BOOST_TEST(acknowledge(clashes, 2) == "");
  BOOST_TEST(acknowledge(clashes, 2) == refused);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
