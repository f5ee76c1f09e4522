// A tunnel: when its coming up and going down is recorded.
#include "events/tunnel.hpp"

#include "events/stored_address.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"

namespace ppn::tests {

using events::decide_tunnel;
using events::Moment;
using events::ObservedPeer;
using events::Tunnel;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t hour_ns = 3600 * second_ns;
/// An hour begins.
constexpr std::int64_t start = 500'000 * hour_ns;

const NodeId laptop = node_of(2);

/// What the device says of a peer that packets come from at `utc_ns`, or of
/// one that has been silent for long.
ObservedPeer peer(std::int64_t utc_ns, bool is_live) {
  ObservedPeer observed;
  observed.last_handshake_ns = utc_ns - (is_live ? 1 : 200) * second_ns;
  return observed;
}

/// A tunnel and how often it was recorded.
class TunnelLife {
 public:
  /// What the device says at a moment; whether that is recorded.
  bool operator()(const ObservedPeer& observed, std::int64_t utc_ns) {
    auto decision = decide_tunnel(tunnel_, laptop, observed, {utc_ns});
    const auto& drafts = drafts_of(decision);
    for (const auto& draft : drafts) record(draft, utc_ns);
    return !drafts.empty();
  }

  bool operator()(bool is_live, std::int64_t utc_ns) {
    return (*this)(peer(utc_ns, is_live), utc_ns);
  }

  /// Changes that are recorded if it changes each second.
  int flap(std::int64_t from, int seconds) {
    int recorded = 0;
    for (int i = 0; i < seconds; ++i)
      recorded += (*this)(i % 2 == 0, from + i * second_ns) ? 1 : 0;
    return recorded;
  }

  /// Why the event can not follow, or nothing.
  std::string apply(const Bytes& bytes) {
    store::AlignedBytes aligned;
    const auto* entry = must(store::check_entry(aligned.assign(bytes)));
    const auto* up = entry->payload_as_TunnelUp();
    auto wrong = up != nullptr ? events::apply(tunnel_, *entry, *up)
                               : events::apply(tunnel_, *entry,
                                               *entry->payload_as_TunnelDown());
    return wrong.value_or("");
  }

  [[nodiscard]] const Tunnel& is() const { return tunnel_; }

 private:
  void record(const events::Draft& draft, std::int64_t utc_ns) {
    BOOST_TEST_REQUIRE(apply(entry_at({node_of(1), 1, utc_ns, draft.stream},
                                      draft.payload)) == "");
  }

  Tunnel tunnel_;
};

template <class Event>
Bytes entry_of(Event event) {
  event.node = std::make_unique<schema::NodeId>(laptop.stored());
  return entry_at({node_of(1)}, std::move(event));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tunnel)

// -- up and down -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_tunnel_is_up_as_long_as_its_handshake_lasts) {
  TunnelLife life;
  BOOST_TEST(!life(ObservedPeer{}, start));
  auto observed = peer(start, true);
  observed.config.endpoint = endpoint("192.0.2.1:51820");
  BOOST_TEST(life(observed, start));
  BOOST_TEST(
      (life.is() == Tunnel{true, endpoint("192.0.2.1:51820"), start, 1, {}}));
  BOOST_TEST(!life(observed, start + 178 * second_ns));
  BOOST_TEST(life(observed, start + 179 * second_ns));
  BOOST_TEST((
      life.is() ==
      Tunnel{
          false, endpoint("192.0.2.1:51820"), start + 179 * second_ns, 2, {}}));
  BOOST_TEST(!life(observed, start + 180 * second_ns));
}

BOOST_AUTO_TEST_CASE(a_tunnel_has_a_stream_of_its_own) {
  BOOST_TEST(events::tunnel_stream(laptop) ==
             "tunnel/01000000000000000000000000000002");
  auto decision = decide_tunnel({}, laptop, peer(start, true), {start});
  const auto& up = drafts_of(decision);
  BOOST_REQUIRE(up.size() == 1U);
  BOOST_TEST(up[0].stream == events::tunnel_stream(laptop));
  BOOST_TEST(NodeId{*up[0].payload.AsTunnelUp()->node} == laptop);
  BOOST_TEST(!up[0].payload.AsTunnelUp()->endpoint);
}

BOOST_AUTO_TEST_CASE(going_down_says_when_the_last_handshake_was) {
  Tunnel up;
  up.is_up = true;
  auto decision = decide_tunnel(up, laptop, peer(start, false), {start});
  const auto& down = drafts_of(decision);
  BOOST_REQUIRE(down.size() == 1U);
  BOOST_TEST(down[0].payload.AsTunnelDown()->last_handshake_ns ==
             start - 200 * second_ns);
}

BOOST_AUTO_TEST_CASE(where_it_came_up_is_where_it_was_seen_last) {
  TunnelLife life;
  auto observed = peer(start, true);
  observed.config.endpoint = endpoint("192.0.2.1:51820");
  BOOST_TEST(life(observed, start));
  BOOST_TEST(life(false, start + second_ns));
  BOOST_TEST(life(true, start + 2 * second_ns));
  BOOST_TEST(!life.is().endpoint);
}

// -- flapping ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_flaps_is_recorded_20_times_an_hour) {
  TunnelLife life;
  BOOST_TEST(life.flap(start, 3'600) == 20);
  BOOST_TEST(life.is().changes_in_hour == 20U);
  BOOST_TEST(life.flap(start + hour_ns, 3'600) == 20);
}

BOOST_AUTO_TEST_CASE(what_it_came_to_is_recorded_in_the_next_hour) {
  TunnelLife life;
  BOOST_TEST(life.flap(start, 20) == 20);
  BOOST_TEST(!life.is().is_up);
  BOOST_TEST(!life(true, start + hour_ns - 1));
  BOOST_TEST(life(true, start + hour_ns));
  BOOST_TEST(life.is().changes_in_hour == 1U);
}

BOOST_AUTO_TEST_CASE(a_few_changes_an_hour_are_all_recorded) {
  TunnelLife life;
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(life(i % 2 == 0, start + i * hour_ns / 10));
}

// -- clocks that go back -----------------------------------------------------

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_within_the_hour_makes_no_room) {
  TunnelLife life;
  BOOST_TEST(life.flap(start + 1'800 * second_ns, 20) == 20);
  BOOST_TEST(life.flap(start, 60) == 0);
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_a_little_takes_no_tunnel_down) {
  TunnelLife life;
  BOOST_TEST(life(peer(start, true), start));
  BOOST_TEST(!life(peer(start, true), start - 179 * second_ns));
}

BOOST_AUTO_TEST_CASE(one_that_goes_back_far_does_until_the_next_handshake) {
  TunnelLife life;
  auto observed = peer(start, true);
  BOOST_TEST(life(observed, start));
  BOOST_TEST(life(observed, start - 24 * hour_ns));
  BOOST_TEST(!life.is().is_up);
  observed.last_handshake_ns = start - 24 * hour_ns;
  BOOST_TEST(life(observed, start - 24 * hour_ns + second_ns));
  BOOST_TEST(life.is().is_up);
}

// -- what can not be ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_up_goes_down_and_what_is_down_comes_up) {
  TunnelLife life;
  BOOST_TEST(life.apply(entry_of(schema::TunnelDownT{})) ==
             "the tunnel is down already");
  BOOST_TEST(life.apply(entry_of(schema::TunnelUpT{})) == "");
  BOOST_TEST(life.apply(entry_of(schema::TunnelUpT{})) ==
             "the tunnel is up already");
  BOOST_TEST(life.apply(entry_of(schema::TunnelDownT{})) == "");
}

BOOST_AUTO_TEST_CASE(an_endpoint_has_an_address) {
  TunnelLife life;
  schema::TunnelUpT up;
  up.endpoint = events::stored(endpoint("192.0.2.1:1"));
  up.endpoint->address.push_back(1);
  BOOST_TEST(life.apply(entry_of(std::move(up))) ==
             "it has an address that is none");
  BOOST_TEST((life.is() == Tunnel{}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
