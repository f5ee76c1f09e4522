// Of many fleets: no host is promised more than it has, and no owner has more
// than the quota allows, whatever becomes of what was asked.
#include <algorithm>
#include <iterator>

#include "events/fleet_request.hpp"
#include "events/pool.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/fleet_record.hpp"

namespace ppn::tests {

using events::Fleet;
using events::GuestNeeds;
using events::HostRoom;
using events::HostStanding;
using events::OrderGuest;
using events::PlaceGuest;
using events::Promised;
using events::Quota;
using schema::GuestVerb;
using schema::RequestOutcome;

namespace {

struct Host {
  NodeId node;
  std::string name;
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
  std::uint64_t disk_mb = 0;
  std::uint64_t guests = 0;
};

/// A guest as the test knows it.
struct Known {
  NodeId node;
  std::string owner;
  std::uint32_t vcpus = 0;
  std::uint64_t own_mb = 0;
  std::uint64_t disk_mb = 0;
  std::set<Hash> images = {};
  Id request = {};
  /// Its host did not answer yet.
  bool is_awaited = true;
  bool is_lapsed = false;
  bool is_shown = false;
};

struct KnownChange {
  Id vm;
  std::uint32_t vcpus = 0;
  std::uint64_t own_mb = 0;
};

struct Sum {
  std::uint64_t memory_mb = 0;
  std::uint64_t vcpus = 0;
  std::uint64_t disk_mb = 0;
  std::uint64_t guests = 0;
};

/// What was reached; a test that reached nothing proves nothing.
struct Reached {
  std::size_t placed = 0;
  std::size_t without_room = 0;
  std::size_t over_quota = 0;
  std::size_t refused = 0;
  std::size_t taken_after_lapse = 0;
  std::size_t refused_after_lapse = 0;
  std::size_t gone = 0;
  std::size_t changed = 0;
  std::size_t change_over_quota = 0;
  std::size_t change_refused = 0;
};

std::uint64_t memory_with_qemu(std::uint32_t vcpus, std::uint64_t own_mb) {
  events::VmSpec spec;
  spec.vcpus = static_cast<std::uint16_t>(vcpus);
  return own_mb + events::overhead_mb(spec);
}

/// A few hosts and what is asked of them, at random, beside a plain count of
/// all that they have.
class RandomFleet {
 public:
  RandomFleet(Random& random, Reached& reached)
      : random_(random), reached_(reached) {
    for (std::uint32_t i = 1; i <= 1 + random_.below(3); ++i)
      hosts_.push_back({node_of(i), "host-" + std::to_string(i),
                        margin_mb + random_.below(1500), random_.below(12),
                        random_.below(300), 1 + random_.below(6)});
    quota_ = {static_cast<std::uint32_t>(1 + random_.below(4)),
              200 + random_.below(900),
              static_cast<std::uint32_t>(1 + random_.below(8))};
    BOOST_TEST_REQUIRE(record_.set_quota("alice", quota_) == "");
  }

  void step() {
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2:
        place();
        break;
      case 3:
        answer();
        break;
      case 4:
        lapse();
        break;
      case 5:
        show();
        break;
      case 6:
        remove();
        break;
      case 7:
        order_change();
        break;
      case 8:
        answer_change();
        break;
    }
    if (random_.below(8) == 0) record_.go_on_from_snapshot();
    check();
  }

  [[nodiscard]] const FleetRecord& record() const { return record_; }

 private:
  [[nodiscard]] const Fleet& fleet() const { return record_.fleet(); }

  template <class Predicate>
  std::optional<Id> any_guest(Predicate is_so) {
    std::vector<Id> all;
    for (const auto& [vm, known] : guests_)
      if (is_so(known)) all.push_back(vm);
    if (all.empty()) return std::nullopt;
    return all[random_.below(all.size())];
  }

  // -- the plain count --------------------------------------------------------

  /// What a host has given away, or will, but for one guest.
  [[nodiscard]] Sum used(const NodeId& node, bool only_unshown = false,
                         const std::optional<Id>& but = {}) const {
    Sum sum;
    for (const auto& [vm, known] : guests_) {
      bool counts = known.node == node && !known.is_lapsed && vm != but &&
                    !(only_unshown && known.is_shown);
      if (!counts) continue;
      sum.memory_mb += memory_with_qemu(known.vcpus, known.own_mb);
      sum.vcpus += known.vcpus;
      sum.disk_mb += known.disk_mb;
      sum.guests += 1;
    }
    return sum;
  }

  [[nodiscard]] bool has_room(const Host& host, const Known& wanted,
                              const std::optional<Id>& but = {},
                              std::uint64_t fetched_mb = 0) const {
    auto sum = used(host.node, false, but);
    return sum.memory_mb + memory_with_qemu(wanted.vcpus, wanted.own_mb) +
                   margin_mb <=
               host.memory_mb &&
           sum.vcpus + wanted.vcpus <= host.vcpus &&
           sum.disk_mb + wanted.disk_mb + fetched_mb <= host.disk_mb &&
           sum.guests < host.guests;
  }

  [[nodiscard]] const Host& host_of(const Known& known) const {
    return *std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& host) {
      return host.node == known.node;
    });
  }

  /// All images are of one size.
  [[nodiscard]] std::uint64_t mb_to_fetch(const Host& host,
                                          const Known& wanted) const {
    std::uint64_t count = 0;
    for (const auto& digest : wanted.images) {
      bool is_there =
          std::any_of(guests_.begin(), guests_.end(), [&](const auto& one) {
            return one.second.node == host.node && !one.second.is_awaited &&
                   one.second.images.contains(digest);
          });
      if (!is_there) count += 1;
    }
    return count * image_mb;
  }

  /// All that alice may come to, with one guest as it may be then.
  [[nodiscard]] Sum most_of_alice() const {
    Sum sum;
    for (const auto& [vm, known] : guests_) {
      if (known.owner != "alice") continue;
      auto vcpus = known.vcpus;
      auto own_mb = known.own_mb;
      for (const auto& [request, change] : changes_)
        if (change.vm == vm) {
          vcpus = std::max(vcpus, change.vcpus);
          own_mb = std::max(own_mb, change.own_mb);
        }
      sum.memory_mb += memory_with_qemu(vcpus, own_mb);
      sum.vcpus += vcpus;
      sum.guests += 1;
    }
    return sum;
  }

  [[nodiscard]] bool is_within_quota(const Sum& sum) const {
    return sum.guests <= *quota_.guests && sum.memory_mb <= *quota_.memory_mb &&
           sum.vcpus <= *quota_.vcpus;
  }

  // -- what happens -----------------------------------------------------------

  std::vector<HostRoom> rooms() {
    std::set<Id> shown;
    for (const auto& [vm, known] : guests_)
      if (known.is_shown) shown.insert(vm);
    auto promised = events::promised_in(fleet(), shown);
    std::vector<HostRoom> rooms;
    for (const auto& host : hosts_) {
      auto all = used(host.node);
      auto unshown = used(host.node, true);
      HostRoom left;
      left.node = host.node;
      left.name = host.name;
      left.standing = HostStanding::live;
      // As its host says it, which knows nothing of promises.
      left.memory_left_mb =
          host.memory_mb - (all.memory_mb - unshown.memory_mb);
      left.vcpus_left =
          static_cast<std::uint32_t>(host.vcpus - (all.vcpus - unshown.vcpus));
      left.disk_left_mb = host.disk_mb - (all.disk_mb - unshown.disk_mb);
      left.guests_left = static_cast<std::uint32_t>(
          host.guests - (all.guests - unshown.guests));
      if (auto found = promised.find(host.node); found != promised.end())
        events::take_away(left, found->second);
      events::add_guests_of(fleet(), left);
      rooms.push_back(left);
    }
    return rooms;
  }

  PlaceGuest random_wish() {
    auto wish = guest(next_++, random_.below(2) == 0 ? "alice" : "");
    wish.spec.vcpus = static_cast<std::uint16_t>(1 + random_.below(3));
    wish.spec.memory_mb = static_cast<std::uint32_t>(16 + random_.below(200));
    wish.spec.floor_mb = 1;
    auto& disk = wish.spec.disks[0];
    disk.size_mb = 1 + random_.below(50);
    if (random_.below(3) == 0) {
      auto base = static_cast<std::uint8_t>(1 + random_.below(2));
      disk.base = image_digest(base);
      wish.images = {image(base, image_mb << 20U)};
      if (random_.below(2) == 0) disk.size_mb = 0;
    }
    return wish;
  }

  void place() {
    auto wish = random_wish();
    const auto& disk = wish.spec.disks[0];
    Known known{{},
                wish.owner,
                wish.spec.vcpus,
                wish.spec.memory_mb,
                disk.size_mb == 0 ? image_mb : disk.size_mb};
    known.request = wish.request;
    if (disk.base) known.images = {*disk.base};
    bool can_take =
        std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
          return has_room(host, known, {}, mb_to_fetch(host, known));
        });
    guests_.emplace(wish.vm, known);
    bool may_have = wish.owner != "alice" || is_within_quota(most_of_alice());
    guests_.erase(wish.vm);
    bool is_placed = record_.place(wish, rooms()) == "";
    BOOST_REQUIRE(is_placed == (can_take && may_have));
    reached_.placed += is_placed ? 1 : 0;
    reached_.without_room += can_take ? 0 : 1;
    reached_.over_quota += may_have ? 0 : 1;
    if (!is_placed) return;
    known.node = fleet().guests.at(wish.vm).node;
    BOOST_REQUIRE(has_room(host_of(known), known, {},
                           mb_to_fetch(host_of(known), known)));
    guests_.emplace(wish.vm, known);
  }

  /// A host takes what was promised to it, unless it will not; after a lapse it
  /// takes what it has room for.
  void answer() {
    auto vm = any_guest([](const auto& known) { return known.is_awaited; });
    if (!vm) return;
    auto& known = guests_.at(*vm);
    bool can_take = has_room(host_of(known), known, vm);
    BOOST_REQUIRE((can_take || known.is_lapsed));
    bool takes = can_take && random_.below(4) != 0;
    auto otherwise = random_.below(2) == 0 ? RequestOutcome::refused
                                           : RequestOutcome::dropped;
    BOOST_TEST_REQUIRE(record_.end(known.request, takes ? RequestOutcome::done
                                                        : otherwise) == 1U);
    if (known.is_lapsed)
      (takes ? reached_.taken_after_lapse : reached_.refused_after_lapse) += 1;
    else
      reached_.refused += takes ? 0 : 1;
    if (!takes) {
      guests_.erase(*vm);
      return;
    }
    known.is_awaited = known.is_lapsed = false;
  }

  void lapse() {
    auto vm = any_guest([](const auto& known) { return known.is_awaited; });
    if (!vm) return;
    auto& known = guests_.at(*vm);
    BOOST_TEST_REQUIRE(record_.lapse(known.request) ==
                       (known.is_lapsed ? 0U : 1U));
    known.is_lapsed = true;
  }

  void show() {
    auto vm = any_guest([](const auto& known) { return !known.is_awaited; });
    if (vm) guests_.at(*vm).is_shown = true;
  }

  void remove() {
    auto vm = any_guest([](const auto& known) { return known.is_shown; });
    if (!vm) return;
    bool is_waiting =
        std::any_of(changes_.begin(), changes_.end(),
                    [&](const auto& one) { return one.second.vm == *vm; });
    BOOST_TEST_REQUIRE(record_.count(events::decide_gone(fleet(), {*vm})) ==
                       (is_waiting ? 0U : 1U));
    if (is_waiting) return;
    reached_.gone += 1;
    guests_.erase(*vm);
  }

  void order_change() {
    auto vm = any_guest([](const auto& known) { return !known.is_awaited; });
    if (!vm) return;
    const auto& known = guests_.at(*vm);
    KnownChange wanted{*vm, static_cast<std::uint32_t>(random_.below(5)),
                       random_.below(2) == 0 ? 0 : 16 + random_.below(300)};
    if (wanted.vcpus == 0 && wanted.own_mb == 0) wanted.vcpus = 1;
    OrderGuest wish{request_of(next_++), known.node, *vm, "web", {}};
    wish.order.verb = GuestVerb::change;
    if (wanted.vcpus != 0)
      wish.order.vcpus = static_cast<std::uint16_t>(wanted.vcpus);
    if (wanted.own_mb != 0)
      wish.order.memory_mb = static_cast<std::uint32_t>(wanted.own_mb);
    changes_.emplace(wish.request, wanted);
    bool may_have = known.owner != "alice" || is_within_quota(most_of_alice());
    bool is_ordered =
        record_.take(events::decide_order(fleet(), members_to(3), wish)) == "";
    BOOST_REQUIRE(is_ordered == may_have);
    if (is_ordered) return;
    reached_.change_over_quota += 1;
    changes_.erase(wish.request);
  }

  /// A host takes a change if it has the room, with all that was promised.
  void answer_change() {
    if (changes_.empty()) return;
    auto chosen = changes_.begin();
    std::advance(chosen, random_.below(changes_.size()));
    auto change = chosen->second;
    auto& known = guests_.at(change.vm);
    auto after = known;
    if (change.vcpus != 0) after.vcpus = change.vcpus;
    if (change.own_mb != 0) after.own_mb = change.own_mb;
    bool takes = has_room(host_of(known), after, change.vm);
    BOOST_TEST_REQUIRE(
        record_.end(chosen->first, takes ? RequestOutcome::done
                                         : RequestOutcome::refused) == 1U);
    (takes ? reached_.changed : reached_.change_refused) += 1;
    if (takes) known = after;
    changes_.erase(chosen);
  }

  // -- what always holds ------------------------------------------------------

  void check() const {
    BOOST_REQUIRE(fleet().guests.size() == guests_.size());
    for (const auto& [vm, known] : guests_) {
      GuestNeeds due{memory_with_qemu(known.vcpus, known.own_mb), known.vcpus,
                     known.disk_mb};
      BOOST_REQUIRE((fleet().guests.at(vm).needs == due));
    }
    check_hosts();
    BOOST_REQUIRE(is_within_quota(most_of_alice()));
  }

  void check_hosts() const {
    std::set<Id> shown;
    for (const auto& [vm, known] : guests_)
      if (known.is_shown) shown.insert(vm);
    auto promised = events::promised_in(fleet(), shown);
    for (const auto& host : hosts_) {
      auto all = used(host.node);
      BOOST_REQUIRE(all.vcpus <= host.vcpus);
      BOOST_REQUIRE(all.disk_mb <= host.disk_mb);
      BOOST_REQUIRE(all.guests <= host.guests);
      BOOST_REQUIRE(
          (all.guests == 0 || all.memory_mb + margin_mb <= host.memory_mb));
      auto unshown = used(host.node, true);
      Promised due{unshown.memory_mb, unshown.vcpus, unshown.disk_mb,
                   unshown.guests};
      auto found = promised.find(host.node);
      BOOST_REQUIRE(
          ((found == promised.end() ? Promised{} : found->second) == due));
    }
  }

  static constexpr std::uint64_t image_mb = 20;

  Random& random_;
  Reached& reached_;
  FleetRecord record_;
  std::vector<Host> hosts_;
  Quota quota_;
  std::map<Id, Known> guests_;
  std::map<Id, KnownChange> changes_;
  std::uint64_t next_ = 1;
};

}  // namespace
BOOST_AUTO_TEST_SUITE(fleet_promises)

BOOST_AUTO_TEST_CASE(no_host_is_promised_more_than_it_has_nor_an_owner_more) {
  auto seed = seed_or(3);
  Reached reached;
  BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
    Random random{seed};
    for (int round = 0; round < 200; ++round) {
      RandomFleet random_fleet{random, reached};
      for (int step = 0; step < 100; ++step) random_fleet.step();
      BOOST_REQUIRE(random_fleet.record().is_what_replay_makes());
    }
  }
  BOOST_TEST(reached.placed != 0U);
  BOOST_TEST(reached.without_room != 0U);
  BOOST_TEST(reached.over_quota != 0U);
  BOOST_TEST(reached.refused != 0U);
  BOOST_TEST(reached.taken_after_lapse != 0U);
  BOOST_TEST(reached.refused_after_lapse != 0U);
  BOOST_TEST(reached.gone != 0U);
  BOOST_TEST(reached.changed != 0U);
  BOOST_TEST(reached.change_over_quota != 0U);
  BOOST_TEST(reached.change_refused != 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
