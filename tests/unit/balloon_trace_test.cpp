// Hosts full of guests that use their memory as real ones were seen to.
#include "tests/unit/balloon_trace.hpp"

#include <functional>
#include <map>
#include <optional>

#include "events/above.hpp"
#include "tests/support/random.hpp"

namespace ppn::tests {

using events::above;
using events::balloon_dead_band_mb;
using events::balloon_interval_ns;
using events::balloon_rest_ns;
using events::balloon_stale_ns;
using events::BalloonGuest;
using events::BalloonPlan;
using events::BalloonReason;

namespace {

constexpr events::BalloonMarks marks{512, 1024};
constexpr std::uint64_t interval_s = balloon_interval_ns / 1'000'000'000;
constexpr std::uint64_t rest_steps = balloon_rest_ns / balloon_interval_ns;
constexpr std::uint64_t minute = 60 / interval_s;

const std::vector<std::string> all_loads{"idle", "quiet", "burst",
                                         "leak", "cache", "sawtooth"};

/// Read once.
const MemoryTrace& trace_of(const std::string& load) {
  static std::map<std::string, MemoryTrace> traces;
  auto found = traces.find(load);
  if (found == traces.end())
    found = traces.emplace(load, recorded_memory(load)).first;
  return found->second;
}

/// How fast a guest goes through its trace: what real guests do in an hour was
/// recorded in minutes, so slowly is five times as long.
enum class Pace { as_recorded, slow };

/// Guests that each do something of what was recorded, from anywhere in it on.
/// There is room for all that all have, but others take of it, as far as floors
/// and the high mark are left.
class ReplayedHost {
 public:
  ReplayedHost(std::uint64_t seed, const std::vector<std::string>& loads,
               std::optional<Pace> pace = std::nullopt)
      : random_(seed), host_(marks, 0) {
    auto count = 8 + random_.below(17);
    std::uint64_t memory_mb = marks.high_mb;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto& trace = trace_of(loads[random_.below(loads.size())]);
      replays_.emplace_back(trace, random_.below(trace.moments.size()));
      paces_.push_back(pace.value_or(random_.below(2) == 0 ? Pace::as_recorded
                                                           : Pace::slow));
      memory_mb += trace.memory_mb;
    }
    host_ = BalloonHost{marks, memory_mb};
    for (const auto& replay : replays_) host_.add(guest_of(replay), 0);
    for (std::size_t i = 0; i < replays_.size(); ++i) show(i);
    crowd();
  }

  /// Others take what they may, or less.
  void crowd() { host_.others_mb = random_.below(for_others_mb() + 1); }
  void crowd_fully() { host_.others_mb = for_others_mb(); }

  /// So that so much is available now.
  void crowd_to(std::uint64_t available_mb) {
    host_.others_mb = 0;
    host_.others_mb = above(host_.available(), available_mb);
  }

  /// What was before the last decision.
  [[nodiscard]] const std::vector<BalloonGuest>& before() const {
    return before_;
  }
  /// What the host had then.
  [[nodiscard]] std::uint64_t available() const { return available_mb_; }
  [[nodiscard]] const std::vector<BalloonGuest>& guests() const {
    return host_.guests();
  }
  [[nodiscard]] const BalloonPlan& plan() const { return host_.plan(); }
  [[nodiscard]] bool is_short() const { return plan().host_is_short; }
  [[nodiscard]] Random& random() { return random_; }

  /// How much who has least uses above what he has.
  [[nodiscard]] std::uint64_t most_lacking_mb() const {
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < guests().size(); ++i)
      most = std::max(most, above(host_.use_of(i), guests()[i].actual_mb));
    return most;
  }

  /// For some while each.
  void let_some_hang() {
    auto i = random_.below(replays_.size());
    if (host_.hangs(i))
      host_.wake(i);
    else if (random_.below(3) == 0)
      host_.hang(i);
  }

  /// One decision, and what guests do until the next.
  bool step() {
    before_ = host_.guests();
    auto changed = host_.step();
    available_mb_ = host_.available();
    for (std::size_t i = 0; i < replays_.size(); ++i) {
      auto actual_mb = host_.guests()[i].actual_mb;
      replays_[i].fit_into(actual_mb);
      auto seconds = paces_[i] == Pace::slow ? interval_s / 5 : interval_s;
      if (host_.hangs(i)) seconds = 0;
      for (; seconds > 0; --seconds) replays_[i].go_on(actual_mb);
      show(i);
    }
    return changed;
  }

 private:
  BalloonGuest guest_of(const ReplayedGuest& replay) {
    BalloonGuest guest;
    guest.memory_mb = guest.actual_mb = guest.target_mb = replay.memory_mb();
    guest.floor_mb = guest.memory_mb / (2 + random_.below(4));
    return guest;
  }

  std::uint64_t for_others_mb() {
    std::uint64_t mb = 0;
    for (const auto& guest : host_.guests())
      mb += guest.memory_mb - guest.floor_mb - balloon_dead_band_mb;
    return mb;
  }

  void show(std::size_t i) {
    host_.use(i, replays_[i].use_mb());
    host_.set_resident(i, replays_[i].resident_mb());
  }

  Random random_;
  BalloonHost host_;
  std::vector<ReplayedGuest> replays_;
  std::vector<Pace> paces_;
  std::vector<BalloonGuest> before_;
  std::uint64_t available_mb_ = 0;
};

// -- what holds after each decision -------------------------------------------

/// By what it said when it was decided.
bool runs_short(const BalloonGuest& guest) {
  if (!guest.says || guest.says->age_ns > balloon_stale_ns) return false;
  return guest.says->available_mb <
         std::max<std::uint64_t>(guest.actual_mb / 20, 16);
}

struct Sights {
  std::uint64_t taken_mb = 0;
  std::uint64_t given_mb = 0;
  /// How often a guest ran short, and how often one that had was left alone
  /// by a host that was short.
  std::uint64_t needs = 0;
  std::uint64_t rests = 0;
  /// How often one that fell silent was left alone by a host that was short.
  std::uint64_t spared = 0;

  void add(const Sights& other) {
    taken_mb += other.taken_mb;
    given_mb += other.given_mb;
    needs += other.needs;
    rests += other.rests;
    spared += other.spared;
  }
};

/// Holds each decision against what is promised.
class Rules {
 public:
  explicit Rules(const ReplayedHost& host)
      : host_(host), since_need_(host.guests().size(), rest_steps) {}

  /// What there was to hold.
  [[nodiscard]] const Sights& sights() const { return sights_; }

  void check() {
    check_sums();
    for (std::size_t i = 0; i < since_need_.size(); ++i) check_guest(i);
  }

 private:
  void check_sums() {
    const auto& guests = host_.guests();
    std::uint64_t taken = 0;
    std::uint64_t given = 0;
    for (std::size_t i = 0; i < guests.size(); ++i) {
      auto before_mb = host_.before()[i].target_mb;
      taken += above(before_mb, guests[i].target_mb);
      if (host_.plan().verdicts[i].reason == BalloonReason::host_has_room)
        given += above(guests[i].target_mb, before_mb);
    }
    auto lacks_mb = above(marks.high_mb, host_.available());
    // The last may give a little more, as less is not worth a change.
    auto most_mb = lacks_mb == 0 ? 0 : lacks_mb + balloon_dead_band_mb - 1;
    BOOST_REQUIRE((taken <= most_mb));
    BOOST_REQUIRE((given <= above(host_.available(), marks.high_mb)));
    sights_.taken_mb += taken;
    sights_.given_mb += given;
  }

  void check_guest(std::size_t i) {
    const auto& guest = host_.guests()[i];
    auto before_mb = host_.before()[i].target_mb;
    BOOST_REQUIRE((guest.target_mb >= guest.floor_mb));
    BOOST_REQUIRE((guest.target_mb <= guest.memory_mb));
    if (before_mb < guest.memory_mb && runs_short(guest)) {
      BOOST_REQUIRE((guest.target_mb == guest.memory_mb));
      since_need_[i] = 0;
      ++sights_.needs;
    } else if (++since_need_[i] < rest_steps) {
      BOOST_REQUIRE((guest.target_mb == guest.memory_mb));
      sights_.rests += host_.is_short() ? 1 : 0;
    }
    if (!guest.says || guest.says->age_ns > balloon_stale_ns) {
      BOOST_REQUIRE((guest.target_mb >= before_mb));
      sights_.spared += host_.is_short() ? 1 : 0;
    }
  }

  const ReplayedHost& host_;
  /// In steps, of each guest.
  std::vector<std::uint64_t> since_need_;
  Sights sights_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(balloon_trace)

// -- what is held against recordings ------------------------------------------

/// Of a guest whose balloon moved, and which did nothing itself.
BOOST_AUTO_TEST_CASE(guests_here_are_as_one_that_was_squeezed) {
  constexpr std::uint64_t about_mb = 4;
  auto trace = recorded_memory("squeezed");
  const auto first = trace.moments.front();
  const MemoryTrace still{trace.memory_mb, {first}};
  ReplayedGuest guest{still, 0};
  std::uint64_t least_mb = trace.memory_mb;
  for (std::size_t second = 0; second < trace.moments.size(); ++second) {
    BOOST_TEST_INFO_SCOPE("second " << second);
    const auto& seen = trace.moments[second];
    guest.fit_into(seen.actual);
    least_mb = std::min(least_mb, seen.actual);
    auto said_mb = available_of(seen.actual, first.use());
    BOOST_TEST(above(said_mb, seen.available) <= about_mb);
    BOOST_TEST(above(seen.available, said_mb) <= about_mb);
    BOOST_TEST(above(guest.resident_mb(), seen.resident) <= about_mb);
    BOOST_TEST(above(seen.resident, guest.resident_mb()) <= about_mb);
  }
  BOOST_TEST(least_mb < trace.memory_mb / 2);
  BOOST_TEST(trace.moments.back().actual == trace.memory_mb);
}

/// Should they be recorded anew.
BOOST_AUTO_TEST_CASE(each_recording_shows_what_it_is_for) {
  auto spread_of = [](const std::string& load, auto what) {
    std::vector<std::uint64_t> all;
    for (const auto& moment : trace_of(load).moments)
      all.push_back(std::invoke(what, moment));
    auto [least, most] = std::minmax_element(all.begin(), all.end());
    return *most - *least;
  };
  for (const auto& load : all_loads)
    for (const auto& moment : trace_of(load).moments)
      BOOST_REQUIRE((moment.actual == trace_of(load).memory_mb));
  BOOST_TEST(spread_of("idle", &MemoryMoment::use) < balloon_dead_band_mb);
  BOOST_TEST(spread_of("quiet", &MemoryMoment::use) > balloon_dead_band_mb);
  for (const auto* load : {"burst", "leak", "sawtooth"})
    BOOST_TEST(spread_of(load, &MemoryMoment::use) >
               trace_of(load).memory_mb / 2);
  // What files are read into is no less available.
  BOOST_TEST(spread_of("cache", &MemoryMoment::use) < balloon_dead_band_mb);
  BOOST_TEST(spread_of("cache", &MemoryMoment::resident) >
             trace_of("cache").memory_mb / 10);
}

// -- what holds for all of them -----------------------------------------------

BOOST_AUTO_TEST_CASE(whatever_guests_do_they_get_what_is_promised) {
  constexpr std::uint64_t hosts = 60;
  Sights all;
  auto first = seed_or(20261202);
  for (auto seed = first; seed < first + hosts; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      ReplayedHost host{seed, all_loads};
      Rules rules{host};
      for (std::uint64_t i = 0; i < 30 * minute; ++i) {
        if (i % (5 * minute) == 0) host.crowd();
        host.step();
        rules.check();
      }
      all.add(rules.sights());
    }
  }
  BOOST_TEST(all.taken_mb > 0U);
  BOOST_TEST(all.given_mb > 0U);
  BOOST_TEST(all.needs > 0U);
  BOOST_TEST(all.rests > 0U);
}

BOOST_AUTO_TEST_CASE(who_falls_silent_keeps_what_he_has) {
  constexpr std::uint64_t hosts = 60;
  Sights all;
  auto first = seed_or(20261203);
  for (auto seed = first; seed < first + hosts; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      ReplayedHost host{seed, all_loads};
      Rules rules{host};
      host.crowd_fully();
      for (std::uint64_t i = 0; i < 30 * minute; ++i) {
        host.let_some_hang();
        host.step();
        rules.check();
      }
      all.add(rules.sights());
    }
  }
  BOOST_TEST(all.taken_mb > 0U);
  BOOST_TEST(all.spared > 0U);
}

// -- what holds for some ------------------------------------------------------

/// A tenth of its memory is taken at a time, of one that spoke since: from all
/// to a floor of a fifth that takes sixteen decisions, and the last are small.
constexpr std::uint64_t steps_to_rest = 2 * minute;

BOOST_AUTO_TEST_CASE(with_quiet_guests_all_comes_to_rest) {
  constexpr std::uint64_t hosts = 60;
  const std::vector<std::vector<std::string>> quiet_loads{{"idle"},
                                                          {"idle", "quiet"}};
  Sights all;
  auto first = seed_or(20261204);
  for (auto seed = first; seed < first + hosts; ++seed) {
    for (const auto& loads : quiet_loads) {
      BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
        ReplayedHost host{seed, loads};
        Rules rules{host};
        host.crowd_to(host.random().below(marks.low_mb));
        int changes_late = 0;
        for (std::uint64_t i = 0; i < 60 * minute; ++i) {
          if (host.step() && i >= steps_to_rest) ++changes_late;
          rules.check();
        }
        BOOST_TEST(changes_late == 0);
        all.add(rules.sights());
      }
    }
  }
  BOOST_TEST(all.taken_mb > 0U);
}

BOOST_AUTO_TEST_CASE(what_only_caches_hold_a_host_has_again_soon) {
  constexpr std::uint64_t hosts = 60;
  Sights all;
  auto first = seed_or(20261205);
  for (auto seed = first; seed < first + hosts; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      ReplayedHost host{seed, {"cache"}};
      Rules rules{host};
      std::uint64_t below_low_for = 0;
      for (std::uint64_t i = 0; i < 30 * minute; ++i) {
        bool is_news = i % (10 * minute) == 0;
        if (is_news) host.crowd();
        host.step();
        rules.check();
        bool is_low = host.available() < marks.low_mb;
        below_low_for = is_low && !is_news ? below_low_for + 1 : 0;
        BOOST_REQUIRE((below_low_for <= steps_to_rest));
      }
      all.add(rules.sights());
    }
  }
  BOOST_TEST(all.taken_mb > 0U);
  BOOST_TEST(all.given_mb > 0U);
}

namespace {

/// Nobody uses more than he has, though others took all that was left of the
/// host. What was seen meanwhile.
Sights enough_is_left(std::uint64_t first, const std::string& load, Pace pace) {
  constexpr std::uint64_t hosts = 20;
  Sights all;
  for (auto seed = first; seed < first + hosts; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed << " " << load) {
      ReplayedHost host{seed, {load}, pace};
      Rules rules{host};
      host.crowd_to(0);
      for (std::uint64_t i = 0; i < 60 * minute; ++i) {
        host.step();
        rules.check();
        BOOST_REQUIRE(host.most_lacking_mb() == 0U);
      }
      all.add(rules.sights());
    }
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_uses_much_the_same_never_lacks_any) {
  auto first = seed_or(20261206);
  for (const auto* load : {"idle", "quiet", "cache"})
    for (auto pace : {Pace::as_recorded, Pace::slow})
      BOOST_TEST(enough_is_left(first, load, pace).taken_mb > 0U);
}

BOOST_AUTO_TEST_CASE(a_slow_leak_gets_all_back_before_it_has_none_left) {
  auto seen = enough_is_left(seed_or(20261207), "leak", Pace::slow);
  BOOST_TEST(seen.taken_mb > 0U);
  BOOST_TEST(seen.needs > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
