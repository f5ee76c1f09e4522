// What a heartbeat does not say again.
#include "actors/told.hpp"

#include "store/statements.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using actors::Heartbeat;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t version = 7;

NodeId node_of(std::uint8_t number) {
  return store::node_id_of(key_of_seed(number).public_key());
}

Heartbeat some_beat() {
  Heartbeat beat;
  beat.roster_version = version;
  beat.roster_hash = store::leaf_hash({});
  beat.checkpoint = "a note\n";
  beat.seen_at = events::Endpoint::parse("192.0.2.1:51820");
  return beat;
}

/// What is left of a heartbeat to number 1.
Heartbeat shortened(actors::Told& told, std::uint64_t now_ns,
                    Heartbeat beat = some_beat()) {
  told.shorten(beat, node_of(1), now_ns);
  return beat;
}

bool is_brief(const Heartbeat& beat) {
  return beat.checkpoint.empty() && !beat.roster_hash && !beat.seen_at;
}

bool is_whole(const Heartbeat& beat) {
  return !beat.checkpoint.empty() && beat.roster_hash && beat.seen_at;
}

/// As often as news are told.
void tell(actors::Told& told, const Heartbeat& beat = some_beat()) {
  for (std::uint32_t i = 0; i < actors::news_told_times; ++i)
    shortened(told, second, beat);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(told)

BOOST_AUTO_TEST_CASE(what_was_told_is_not_told_again) {
  actors::Told told;
  BOOST_TEST(is_whole(shortened(told, second)));
  tell(told);
  auto again = shortened(told, 2 * second);
  BOOST_TEST(is_brief(again));
  BOOST_TEST(again.roster_version == version);
}

/// One heartbeat may get lost.
BOOST_AUTO_TEST_CASE(news_are_told_three_times) {
  actors::Told told;
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(shortened(told, second).roster_hash.has_value());
  BOOST_TEST(!shortened(told, second).roster_hash.has_value());
}

BOOST_AUTO_TEST_CASE(each_member_is_told_for_itself) {
  actors::Told told;
  shortened(told, second);
  auto beat = some_beat();
  told.shorten(beat, node_of(2), 2 * second);
  BOOST_TEST(is_whole(beat));
}

BOOST_AUTO_TEST_CASE(it_may_have_got_lost_so_it_is_told_again_later) {
  actors::Told told;
  tell(told);
  BOOST_TEST(is_brief(shortened(told, actors::told_again_ns)));
  BOOST_TEST(is_whole(shortened(told, second + actors::told_again_ns)));
}

BOOST_AUTO_TEST_CASE(news_are_told_at_once) {
  actors::Told told;
  tell(told);
  auto news = some_beat();
  news.seen_at = events::Endpoint::parse("192.0.2.2:51820");
  auto beat = shortened(told, 2 * second, news);
  BOOST_TEST((beat.seen_at == news.seen_at));
  BOOST_TEST(beat.checkpoint.empty());
  tell(told, news);
  news.checkpoint = "another\n";
  beat = shortened(told, 3 * second, news);
  BOOST_TEST(beat.checkpoint == news.checkpoint);
  BOOST_TEST(!beat.roster_hash.has_value());
}

BOOST_AUTO_TEST_CASE(who_was_forgotten_is_told_all) {
  actors::Told told;
  tell(told);
  told.forget(node_of(1));
  BOOST_TEST(is_whole(shortened(told, 2 * second)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
