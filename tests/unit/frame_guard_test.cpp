// Which frames a node believes: of members, from their places, signed, new, and
// made for it and its boot.
#include "actors/frame_guard.hpp"

#include <set>

#include "store/signing.hpp"
#include "store/statements.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using actors::build_frame;
using actors::FrameFault;
using actors::FrameHead;
using actors::seal;
using actors::signed_part;
using events::IpAddress;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

Id id_of(std::uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

IpAddress address_of(std::uint8_t number) {
  return *IpAddress::of(std::array<std::uint8_t, 4>{10, 8, 0, number});
}

/// A node, or what passes itself off as one.
struct Host {
  explicit Host(std::uint8_t number)
      : key(key_of_seed(number)),
        id(store::node_id_of(key.public_key())),
        address(address_of(number)),
        guard(id, 1, id_of(number)) {}

  /// Started again, with another nonce, and from what its ledger says.
  void start(std::uint64_t boot, std::uint8_t nonce) {
    guard = {id, boot, id_of(nonce)};
  }

  store::SigningKey key;
  NodeId id;
  IpAddress address;
  actors::FrameGuard guard;
};

/// Two members, and frames between them.
struct Pair {
  Pair() {
    mesh.id = id_of(0xaa);
    mesh.version = 2;
    for (const auto* host : {&a, &b}) mesh.members[host->id] = member_of(*host);
  }

  static events::Member member_of(const Host& host) {
    events::Member member;
    member.key = host.key.public_key();
    member.address = host.address;
    return member;
  }

  void remove(const Host& host) {
    mesh.members.erase(host.id);
    mesh.former[host.id] = {};
    mesh.version += 1;
  }

  FrameHead head(Host& from, const Host& to) {
    return from.guard.next_head(to.id, mesh, now);
  }

  static Bytes sealed(const FrameHead& head, const store::SigningKey& key,
                      const Id& mesh = id_of(0xaa)) {
    auto frame = build_frame(head, actors::Heartbeat{});
    auto signature = key.sign(store::frame_domain, signed_part(mesh, frame));
    return seal(std::move(frame), signature);
  }

  /// What `from` says to `to` now.
  Bytes said(Host& from, const Host& to) {
    now += second;
    return sealed(head(from, to), from.key);
  }

  auto check(Host& to, const Bytes& datagram, const IpAddress& from) {
    now += second;
    return to.guard.check(datagram, from, false, mesh, now);
  }

  /// From a to b.
  auto check(const Bytes& datagram) { return check(b, datagram, a.address); }

  /// What comes of it that `from` says something to `to`.
  auto say(Host& from, Host& to) {
    return check(to, said(from, to), from.address);
  }

  /// Each knows the nonce of the other.
  void meet() {
    BOOST_REQUIRE(say(a, b).ok());
    BOOST_REQUIRE(say(b, a).ok());
    BOOST_REQUIRE(say(a, b).ok());
  }

  Host a{1};
  Host b{2};
  events::Mesh mesh;
  std::uint64_t now = second;
};

using Checked = Outcome<actors::AcceptedFrame, actors::DroppedFrame>;

boost::test_tools::assertion_result is_whole(const Checked& checked) {
  if (checked && checked->whole) return true;
  boost::test_tools::assertion_result other{false};
  other.message() << (checked ? "it only introduces"
                              : name_of(checked.error().fault).label);
  return other;
}

boost::test_tools::assertion_result introduces(const Checked& checked) {
  if (checked && !checked->whole) return true;
  boost::test_tools::assertion_result other{false};
  other.message() << (checked ? "it is whole"
                              : name_of(checked.error().fault).label);
  return other;
}

boost::test_tools::assertion_result is_dropped(const Checked& checked,
                                               FrameFault fault) {
  if (!checked && checked.error().fault == fault) return true;
  boost::test_tools::assertion_result other{false};
  other.message() << (checked ? "it was accepted"
                              : name_of(checked.error().fault).label);
  return other;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame_guard)

// -- an exchange -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_first_frame_introduces_and_its_answer_is_whole) {
  Pair pair;
  BOOST_TEST(introduces(pair.say(pair.a, pair.b)));
  BOOST_TEST(is_whole(pair.say(pair.b, pair.a)));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

BOOST_AUTO_TEST_CASE(an_accepted_frame_tells_its_sender_and_what_it_says) {
  Pair pair;
  pair.meet();
  auto accepted = pair.say(pair.a, pair.b);
  BOOST_REQUIRE(accepted.ok());
  BOOST_TEST(accepted->head.sender == pair.a.id);
  BOOST_TEST(accepted->frame->body_as_Heartbeat() != nullptr);
}

BOOST_AUTO_TEST_CASE(both_addresses_of_a_member_are_its_own) {
  Pair pair;
  auto address6 = IpAddress::parse("fd00::1");
  BOOST_TEST(
      is_dropped(pair.check(pair.b, pair.said(pair.a, pair.b), *address6),
                 FrameFault::wrong_address));
  pair.mesh.members[pair.a.id].address6 = address6;
  BOOST_TEST(
      introduces(pair.check(pair.b, pair.said(pair.a, pair.b), *address6)));
}

BOOST_AUTO_TEST_CASE(counters_rise_to_whomever_and_in_one_instant_too) {
  Pair pair;
  auto first = pair.head(pair.a, pair.b);
  BOOST_TEST(first.sender == pair.a.id);
  BOOST_TEST(first.recipient == pair.b.id);
  BOOST_TEST(first.boot == 1U);
  BOOST_TEST(first.nonce == id_of(1));
  BOOST_TEST(!first.heard);
  BOOST_TEST(pair.head(pair.a, Host{3}).counter > first.counter);
}

// The one who speaks for a node may be started anew within a boot of it.
BOOST_AUTO_TEST_CASE(counters_go_on_after_a_guard_was_lost) {
  Pair pair;
  pair.meet();
  pair.a.start(1, 1);
  BOOST_TEST(introduces(pair.say(pair.a, pair.b)));
  BOOST_TEST(is_whole(pair.say(pair.b, pair.a)));
}

// -- bytes -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_no_frame_is_dropped) {
  Pair pair;
  auto datagram = pair.said(pair.a, pair.b);
  BOOST_TEST(is_dropped(pair.check({}), FrameFault::bad_size));
  BOOST_TEST(is_dropped(pair.check(Bytes(1201)), FrameFault::bad_size));
  BOOST_TEST(is_dropped(pair.check(Bytes(200, 7)), FrameFault::malformed));
  Bytes half{datagram.begin(), datagram.begin() + 150};
  BOOST_TEST(is_dropped(pair.check(half), FrameFault::malformed));
  BOOST_TEST(introduces(pair.check(datagram)));
}

BOOST_AUTO_TEST_CASE(a_frame_of_a_newer_kind_is_told_from_damage) {
  Pair pair;
  auto datagram = pair.said(pair.a, pair.b);
  auto* frame =
      flatbuffers::GetMutableRoot<flatbuffers::Table>(datagram.data());
  BOOST_REQUIRE(frame->SetField<std::uint8_t>(
      schema::Frame::VT_BODY_TYPE,
      static_cast<std::uint8_t>(schema::FrameBody::MAX) + 1, 0));
  BOOST_TEST(is_dropped(pair.check(datagram), FrameFault::too_new));
}

BOOST_AUTO_TEST_CASE(no_bit_of_a_frame_can_change) {
  Pair pair;
  const auto datagram = pair.said(pair.a, pair.b);
  for (std::size_t bit = 0; bit < datagram.size() * 8; ++bit)
    BOOST_REQUIRE_MESSAGE(!pair.check(with_bit_flipped(datagram, bit)).ok(),
                          "bit " << bit);
  BOOST_TEST(introduces(pair.check(datagram)));
}

// -- who ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_frame_of_another_mesh_is_dropped) {
  Pair pair;
  auto head = pair.head(pair.a, pair.b);
  BOOST_TEST(is_dropped(pair.check(Pair::sealed(head, pair.a.key, id_of(0xbb))),
                        FrameFault::bad_signature));
  BOOST_TEST(introduces(pair.check(Pair::sealed(head, pair.a.key))));
}

// The recipient is signed too, so that nobody can redirect a frame.
BOOST_AUTO_TEST_CASE(a_frame_for_another_member_is_dropped) {
  Pair pair;
  Host c{3};
  pair.mesh.members[c.id] = Pair::member_of(c);
  BOOST_TEST(
      is_dropped(pair.check(pair.said(pair.a, c)), FrameFault::not_for_us));
  auto head = pair.head(pair.a, c);
  auto frame = build_frame(head, actors::Heartbeat{});
  auto signature =
      pair.a.key.sign(store::frame_domain, signed_part(id_of(0xaa), frame));
  head.recipient = pair.b.id;
  auto redirected = seal(build_frame(head, actors::Heartbeat{}), signature);
  BOOST_TEST(is_dropped(pair.check(redirected), FrameFault::bad_signature));
}

BOOST_AUTO_TEST_CASE(a_frame_of_somebody_unknown_is_dropped) {
  Pair pair;
  Host stranger{3};
  BOOST_TEST(
      is_dropped(pair.say(stranger, pair.b), FrameFault::unknown_sender));
}

BOOST_AUTO_TEST_CASE(a_frame_of_ourselves_is_dropped) {
  Pair pair;
  Host clone{2};
  BOOST_TEST(is_dropped(pair.say(clone, pair.b), FrameFault::unknown_sender));
}

BOOST_AUTO_TEST_CASE(a_frame_of_a_removed_member_is_dropped_as_such) {
  Pair pair;
  pair.meet();
  pair.remove(pair.a);
  BOOST_TEST(is_dropped(pair.say(pair.a, pair.b), FrameFault::former_sender));
}

BOOST_AUTO_TEST_CASE(a_removed_member_is_forgotten) {
  Pair pair;
  pair.meet();
  BOOST_TEST(pair.head(pair.b, pair.a).heard.has_value());
  pair.remove(pair.a);
  BOOST_TEST(!pair.head(pair.b, pair.a).heard.has_value());
}

BOOST_AUTO_TEST_CASE(a_frame_from_another_address_is_dropped) {
  Pair pair;
  auto datagram = pair.said(pair.a, pair.b);
  for (const auto& from : {pair.b.address, address_of(3)})
    BOOST_TEST(is_dropped(pair.check(pair.b, datagram, from),
                          FrameFault::wrong_address));
}

BOOST_AUTO_TEST_CASE(a_forged_frame_is_dropped) {
  Pair pair;
  auto head = pair.head(pair.a, pair.b);
  BOOST_TEST(is_dropped(pair.check(Pair::sealed(head, pair.b.key)),
                        FrameFault::bad_signature));
  auto frame = build_frame(head, actors::Heartbeat{});
  BOOST_TEST(is_dropped(
      pair.check(seal(frame, pair.a.key.sign(store::entry_domain,
                                             signed_part(id_of(0xaa), frame)))),
      FrameFault::bad_signature));
}

// -- replays -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_frame_counts_once) {
  Pair pair;
  pair.meet();
  auto datagram = pair.said(pair.a, pair.b);
  BOOST_TEST(is_whole(pair.check(datagram)));
  BOOST_TEST(is_dropped(pair.check(datagram), FrameFault::replayed));
}

// They may go by several ways.
BOOST_AUTO_TEST_CASE(frames_that_overtake_each_other_count_once_each) {
  Pair pair;
  pair.meet();
  auto earlier = pair.said(pair.a, pair.b);
  auto later = pair.said(pair.a, pair.b);
  BOOST_TEST(is_whole(pair.check(later)));
  BOOST_TEST(is_whole(pair.check(earlier)));
  for (const auto& again : {earlier, later})
    BOOST_TEST(is_dropped(pair.check(again), FrameFault::replayed));
}

BOOST_AUTO_TEST_CASE(a_frame_that_was_kept_back_for_long_does_not_count) {
  Pair pair;
  pair.meet();
  auto kept = pair.said(pair.a, pair.b);
  for (int i = 0; i < 3; ++i) BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
  BOOST_TEST(is_dropped(pair.check(kept), FrameFault::replayed));
}

// It may count in steps of one, so that none ever grows old.
BOOST_AUTO_TEST_CASE(of_one_who_counts_as_it_likes_the_newest_are_kept) {
  Pair pair;
  pair.meet();
  auto head = pair.head(pair.a, pair.b);
  auto first = head.counter;
  for (std::size_t i = 0; i < actors::counters_kept_max + 10; ++i) {
    head.counter = first + 2 * i;
    BOOST_TEST_REQUIRE(is_whole(pair.check(Pair::sealed(head, pair.a.key))));
  }
  head.counter = first + 1;
  BOOST_TEST(is_dropped(pair.check(Pair::sealed(head, pair.a.key)),
                        FrameFault::replayed));
}

BOOST_AUTO_TEST_CASE(a_forged_frame_moves_no_counter) {
  Pair pair;
  pair.meet();
  auto forged = pair.head(pair.a, pair.b);
  forged.counter += 1'000'000 * second;
  BOOST_REQUIRE(!pair.check(Pair::sealed(forged, pair.b.key)).ok());
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

// -- restarts ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_frame_to_an_earlier_boot_of_ours_is_not_whole) {
  Pair pair;
  pair.meet();
  auto old = pair.said(pair.a, pair.b);
  pair.b.start(2, 0x22);
  BOOST_TEST(introduces(pair.check(old)));
  BOOST_TEST(is_dropped(pair.check(old), FrameFault::replayed));
  BOOST_TEST(introduces(pair.say(pair.a, pair.b)));
  BOOST_TEST(is_whole(pair.say(pair.b, pair.a)));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

BOOST_AUTO_TEST_CASE(a_sender_that_was_started_again_introduces_itself_anew) {
  Pair pair;
  pair.meet();
  auto old = pair.said(pair.a, pair.b);
  pair.a.start(2, 0x11);
  BOOST_TEST(introduces(pair.say(pair.a, pair.b)));
  BOOST_TEST(is_dropped(pair.check(old), FrameFault::old_boot));
  BOOST_TEST(is_whole(pair.say(pair.b, pair.a)));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

BOOST_AUTO_TEST_CASE(a_sender_may_know_us_before_we_hear_of_its_new_boot) {
  Pair pair;
  pair.meet();
  pair.a.start(2, 0x11);
  BOOST_TEST(introduces(pair.say(pair.b, pair.a)));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

BOOST_AUTO_TEST_CASE(an_old_introduction_disturbs_nothing) {
  Pair pair;
  auto old = pair.said(pair.a, pair.b);
  pair.a.start(2, 0x11);
  auto newer = pair.said(pair.a, pair.b);
  pair.meet();
  BOOST_TEST(is_dropped(pair.check(old), FrameFault::old_boot));
  BOOST_TEST(is_dropped(pair.check(newer), FrameFault::replayed));
  BOOST_TEST(is_whole(pair.say(pair.b, pair.a)));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

// Whoever relays may play it before the sender itself is heard.
BOOST_AUTO_TEST_CASE(an_old_introduction_to_a_new_boot_is_overcome) {
  Pair pair;
  auto old = pair.said(pair.a, pair.b);
  pair.a.start(2, 0x11);
  pair.b.start(2, 0x22);
  BOOST_TEST(introduces(pair.check(old)));
  BOOST_TEST(introduces(pair.say(pair.b, pair.a)));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
  BOOST_TEST(is_whole(pair.say(pair.b, pair.a)));
}

// -- one key in two places ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_clone_in_the_same_boot_is_seen_once_it_answers) {
  Pair pair;
  pair.meet();
  Host clone{1};
  clone.start(1, 0x11);
  auto introduction = pair.say(clone, pair.b);
  BOOST_TEST(is_dropped(introduction, FrameFault::other_nonce));
  BOOST_TEST(!introduction.error().clash);
  BOOST_TEST(introduces(pair.say(pair.b, clone)));
  auto datagram = pair.said(clone, pair.b);
  auto seen = pair.check(datagram);
  BOOST_TEST(is_dropped(seen, FrameFault::two_places));
  BOOST_REQUIRE(seen.error().clash);
  BOOST_TEST(seen.error().clash->node == pair.a.id);
  BOOST_TEST(seen.error().clash->boot == 1U);
  BOOST_TEST(to_hex(seen.error().clash->evidence) == to_hex(datagram));
  BOOST_TEST(is_whole(pair.say(pair.a, pair.b)));
}

/// What `b` hears of a clone of `a`, in the same boot.
struct PairAndClone : Pair {
  PairAndClone() {
    meet();
    clone.start(1, 0x11);
    BOOST_REQUIRE(say(b, clone).ok());
  }

  Host clone{1};
};

BOOST_AUTO_TEST_CASE(a_clone_is_reported_once_for_each_newest_boot) {
  PairAndClone pair;
  auto& clone = pair.clone;
  BOOST_TEST(pair.say(clone, pair.b).error().clash.has_value());
  auto again = pair.say(clone, pair.b);
  BOOST_TEST(is_dropped(again, FrameFault::two_places));
  BOOST_TEST(!again.error().clash);
  pair.a.start(2, 0x12);
  BOOST_TEST(introduces(pair.say(pair.a, pair.b)));
  BOOST_REQUIRE(pair.say(pair.b, clone).ok());
  BOOST_TEST(pair.say(clone, pair.b).error().clash.has_value());
}

BOOST_AUTO_TEST_CASE(a_clone_is_reported_again_after_a_while) {
  PairAndClone pair;
  auto& clone = pair.clone;
  BOOST_TEST(pair.say(clone, pair.b).error().clash.has_value());
  BOOST_TEST(!pair.say(clone, pair.b).error().clash);
  pair.now += actors::tell_clash_interval_ns;
  BOOST_TEST(pair.say(clone, pair.b).error().clash.has_value());
}

BOOST_AUTO_TEST_CASE(a_machine_that_was_rolled_back_is_seen_once_it_answers) {
  Pair pair;
  pair.a.start(9, 9);
  pair.meet();
  pair.a.start(7, 7);
  auto introduction = pair.say(pair.a, pair.b);
  BOOST_TEST(is_dropped(introduction, FrameFault::old_boot));
  BOOST_TEST(introduces(pair.say(pair.b, pair.a)));
  auto seen = pair.say(pair.a, pair.b);
  BOOST_TEST(is_dropped(seen, FrameFault::two_places));
  BOOST_REQUIRE(seen.error().clash);
  BOOST_TEST(seen.error().clash->boot == 7U);
}

// It knows our nonce, but nothing that we said after its sender was started
// again: whoever relays must not be able to accuse a member with it.
BOOST_AUTO_TEST_CASE(a_frame_that_was_held_back_over_a_restart_is_no_clash) {
  Pair pair;
  pair.meet();
  BOOST_REQUIRE(pair.say(pair.b, pair.a).ok());
  auto held_back = pair.said(pair.a, pair.b);
  pair.a.start(2, 0x11);
  BOOST_REQUIRE(pair.say(pair.a, pair.b).ok());
  BOOST_REQUIRE(pair.say(pair.b, pair.a).ok());
  auto late = pair.check(held_back);
  BOOST_TEST(is_dropped(late, FrameFault::old_boot));
  BOOST_TEST(!late.error().clash);
}

BOOST_AUTO_TEST_CASE(nor_is_it_after_the_guard_was_lost_that_said_it) {
  Pair pair;
  pair.meet();
  BOOST_REQUIRE(pair.say(pair.b, pair.a).ok());
  auto held_back = pair.said(pair.a, pair.b);
  pair.b.start(1, 2);
  pair.a.start(2, 0x11);
  BOOST_REQUIRE(pair.say(pair.a, pair.b).ok());
  BOOST_TEST(is_dropped(pair.check(held_back), FrameFault::old_boot));
}

// Then it may know of a counter that we have not reached again.
BOOST_AUTO_TEST_CASE(nor_is_it_after_our_host_was_started_again) {
  Pair pair;
  pair.now = 1'000 * second;
  pair.meet();
  BOOST_REQUIRE(pair.say(pair.b, pair.a).ok());
  auto held_back = pair.said(pair.a, pair.b);
  pair.now = 0;
  pair.b.start(2, 0x22);
  pair.a.start(2, 0x11);
  BOOST_REQUIRE(pair.say(pair.a, pair.b).ok());
  BOOST_TEST(is_dropped(pair.check(held_back), FrameFault::old_boot));
}

// -- counted, limited, explained ---------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_dropped_is_counted_by_its_fault) {
  Pair pair;
  BOOST_REQUIRE(pair.say(pair.a, pair.b).ok());
  for (int i = 0; i < 3; ++i) (void)pair.check({});
  (void)pair.check(Bytes(200, 7));
  actors::FrameFaultCounts counts{};
  counts[static_cast<std::size_t>(FrameFault::bad_size)] = 3;
  counts[static_cast<std::size_t>(FrameFault::malformed)] = 1;
  BOOST_TEST(pair.b.guard.dropped() == counts,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_fault_has_names_of_its_own) {
  std::set<std::string_view> labels;
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < actors::FrameFaultCounts{}.size(); ++i) {
    labels.insert(name_of(static_cast<FrameFault>(i)).label);
    words.insert(name_of(static_cast<FrameFault>(i)).words);
  }
  BOOST_TEST(labels.size() == actors::FrameFaultCounts{}.size());
  BOOST_TEST(words.size() == actors::FrameFaultCounts{}.size());
  BOOST_TEST(!labels.contains(""));
  BOOST_TEST(!words.contains(""));
}

BOOST_AUTO_TEST_CASE(a_source_may_send_100_at_once_and_then_50_a_second) {
  Pair pair;
  auto send = [&](const IpAddress& from) {
    return pair.b.guard.check({}, from, false, pair.mesh, pair.now);
  };
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(is_dropped(send(pair.a.address), FrameFault::bad_size));
  BOOST_TEST(is_dropped(send(pair.a.address), FrameFault::too_fast));
  for (const auto* other : {"10.8.0.3", "10.8.1.1", "fd00::3"})
    BOOST_TEST(
        is_dropped(send(*IpAddress::parse(other)), FrameFault::bad_size));
  pair.now += second;
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(is_dropped(send(pair.a.address), FrameFault::bad_size));
  BOOST_TEST(is_dropped(send(pair.a.address), FrameFault::too_fast));
}

BOOST_AUTO_TEST_CASE(a_frame_too_fast_is_not_even_looked_at) {
  Pair pair;
  for (int i = 0; i < 100; ++i)
    (void)pair.b.guard.check({}, pair.a.address, false, pair.mesh, pair.now);
  auto datagram = Pair::sealed(pair.head(pair.a, pair.b), pair.a.key);
  BOOST_TEST(is_dropped(
      pair.b.guard.check(datagram, pair.a.address, false, pair.mesh, pair.now),
      FrameFault::too_fast));
  BOOST_TEST(introduces(pair.check(datagram)));
}

BOOST_AUTO_TEST_CASE(however_many_addresses_are_forged_few_are_remembered) {
  Pair pair;
  std::size_t explained = 0;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    auto bytes = store::big_endian(i);
    auto from = *IpAddress::of(ByteView{bytes}.last(4));
    auto checked = pair.b.guard.check({}, from, false, pair.mesh, pair.now);
    explained += checked.error().explain ? 1U : 0U;
  }
  BOOST_TEST(explained <= 2 * actors::frame_sources_max);
}

BOOST_AUTO_TEST_CASE(a_fault_of_a_source_is_explained_once_in_ten_minutes) {
  Pair pair;
  auto explained = [&](const Bytes& datagram, const IpAddress& from) {
    return pair.check(pair.b, datagram, from).error().explain;
  };
  BOOST_TEST(explained({}, pair.a.address));
  BOOST_TEST(!explained({}, pair.a.address));
  BOOST_TEST(explained(Bytes(200, 7), pair.a.address));
  BOOST_TEST(explained({}, address_of(3)));
  pair.now += 590 * second;
  BOOST_TEST(!explained({}, pair.a.address));
  pair.now += 10 * second;
  BOOST_TEST(explained({}, pair.a.address));
  BOOST_TEST(!explained({}, pair.a.address));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
