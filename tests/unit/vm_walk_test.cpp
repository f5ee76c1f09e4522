// A guest through whatever its operator, its host and others may do to it, in
// any order.
#include <algorithm>
#include <array>
#include <set>

#include "events/state_codec.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::VmEnd;
using events::VmOrder;
using events::VmRun;
using events::VmVerb;
using schema::PauseCause;
using schema::VmOutcome;
using schema::VmWish;

namespace {

constexpr std::array ends{VmEnd::Kind::shut_down,   VmEnd::Kind::quit,
                          VmEnd::Kind::failed,      VmEnd::Kind::killed,
                          VmEnd::Kind::panicked,    VmEnd::Kind::reset_storm,
                          VmEnd::Kind::not_started, VmEnd::Kind::unknown};
constexpr std::array verbs{VmVerb::start, VmVerb::start,  VmVerb::stop,
                           VmVerb::pause, VmVerb::resume, VmVerb::reset};
constexpr std::array policies{schema::RestartPolicy::never,
                              schema::RestartPolicy::on_failure,
                              schema::RestartPolicy::always};

/// A guest, and a hypervisor that does as it is told, or does not.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {
    is_doomed_ = one_in(6);
    define();
  }

  void take_step() {
    pass_time();
    auto choice = random_.below(10);
    if (choice < 2)
      command();
    else if (choice < 4)
      befall();
    else if (choice == 4 && one_in(8))
      change_or_delete();
    else
      look_and_act(/*obeys=*/!one_in(4));
  }

  /// Its operator alone is at work.
  void take_calm_step() {
    if (one_in(3)) return command();
    look_and_act(/*obeys=*/true);
  }

  /// Nothing befalls it any more, and what it is told it does.
  void come_to_rest() {
    sight_.is_unknown = false;
    sight_.silence.reset();
    sight_.has_room = true;
    is_obedient_ = true;
    constexpr int rounds_max = 500;
    for (int round = 0; round < rounds_max; ++round) {
      if (look_and_act(/*obeys=*/true)) continue;
      auto look = events::next_look_ns(vm(), sight_, now());
      if (!look) return;
      now_ns_ = std::max(now_ns_ + 1, *look);
    }
    BOOST_ERROR("it does not come to rest: " + events::phase_of(vm()));
  }

  void check_rest() const {
    BOOST_TEST(!vm().is_deleting);
    BOOST_TEST(!vm().is_resetting);
    BOOST_TEST(!vm().is_unresponsive);
    if (vm().wish == VmWish::off) {
      BOOST_TEST(sight_.process == 0U);
      BOOST_TEST(!events::has_process(vm()));
      return;
    }
    BOOST_TEST(sight_.process == vm().start);
    bool is_held = vm().outcome == VmOutcome::paused &&
                   (vm().pause_cause == PauseCause::by_others ||
                    vm().pause_cause == PauseCause::disk_error);
    if (is_held) {
      BOOST_TEST(is_held_by_others_);
      return;
    }
    if (vm().wish == VmWish::running)
      BOOST_TEST((sight_.run == VmRun::running));
    else
      BOOST_TEST((sight_.run != VmRun::running));
    BOOST_TEST(events::phase_of(vm()) ==
               (vm().wish == VmWish::running ? "running" : "paused"));
  }

  /// The kinds of the events so far.
  [[nodiscard]] const std::set<schema::Event>& reached() const {
    return reached_;
  }

  void check_snapshot() const {
    auto decoded = events::decode(events::encode(record_.state()));
    BOOST_REQUIRE(decoded.has_value());
    BOOST_TEST((*decoded == record_.state()));
  }

 private:
  bool one_in(std::uint64_t number) { return random_.below(number) == 0; }
  template <class Value, std::size_t Size>
  Value one_of(const std::array<Value, Size>& values) {
    return values[random_.below(Size)];
  }

  [[nodiscard]] const events::Vm& vm() const {
    return record_.state().vms.at(id_);
  }
  [[nodiscard]] events::Moment now() const {
    return {utc_ns_ + static_cast<std::int64_t>(now_ns_), now_ns_};
  }
  void record(const events::Decision& decision) {
    if (!refusal_of(decision).empty()) return;
    auto kinds = record_.record(decision, now());
    reached_.insert(kinds.begin(), kinds.end());
  }

  void define() {
    schema::VmDefinedT defined;
    id_.bytes[0] += 1;
    defined.vm = std::make_unique<schema::Id>(id_.stored());
    defined.name = "web";
    defined.spec =
        std::make_unique<schema::VmSpecT>(events::stored(small_spec()));
    BOOST_TEST_REQUIRE(record_(std::move(defined), now()) == "");
    sight_ = {};
  }

  void pass_time() {
    constexpr std::array lengths{std::uint64_t{1}, second_ns, 10 * second_ns,
                                 700 * second_ns};
    now_ns_ += random_.below(one_of(lengths));
  }

  // -- its operator -----------------------------------------------------------

  void command() {
    record(events::decide_command(id_, vm(), {one_of(verbs), one_in(3)}));
  }

  void change_or_delete() {
    if (one_in(2)) return record(events::decide_delete(id_, vm(), one_in(2)));
    auto spec = vm().spec;
    spec.autostart = one_in(2);
    spec.restart = one_of(policies);
    record(events::decide_spec(id_, vm(), spec));
  }

  // -- its hypervisor ---------------------------------------------------------

  void end(VmEnd::Kind kind) {
    if (sight_.process == 0) return;
    sight_.ended = sight_.process;
    sight_.end = {kind, "so it was"};
    sight_.process = 0;
    sight_.run = VmRun::unknown;
    sight_.silence.reset();
    is_held_by_others_ = false;
  }

  void hold(VmRun run) {
    sight_.run = run;
    is_held_by_others_ = true;
  }
  void let_run() {
    sight_.run = VmRun::running;
    is_held_by_others_ = false;
  }

  void restart_host() {
    end(VmEnd::Kind::host_restarted);
    if (one_in(2)) sight_ = {};
    utc_ns_ += static_cast<std::int64_t>(now_ns_);
    now_ns_ = random_.below(100 * second_ns);
  }

  void befall() {
    sight_.is_unknown = one_in(20);
    sight_.has_room = one_in(2);
    is_obedient_ = !one_in(3);
    bool is_there = sight_.process != 0 && sight_.run != VmRun::prepared;
    switch (random_.below(8)) {
      case 0:
        return restart_host();
      case 1:
        return end(one_of(ends));
      case 2:
        if (is_there) sight_.run = VmRun::disk_full;
        return;
      case 3:
        if (is_there) hold(VmRun::disk_error);
        return;
      case 4:
        if (is_there) hold(VmRun::paused);
        return;
      case 5:
        if (is_there) let_run();
        return;
      case 6:
        // Of another ledger.
        if (sight_.process != 0) return;
        sight_.process = vm().start + random_.below(3);
        sight_.run = VmRun::prepared;
        return;
      default:
        sight_.silence.reset();
        if (sight_.process != 0 && one_in(2)) sight_.silence = "no answer";
    }
  }

  void carry_out(VmOrder order) {
    auto& run = sight_.run;
    switch (order) {
      case VmOrder::resume:
        if (run != VmRun::disk_full || sight_.has_room) let_run();
        break;
      case VmOrder::pause:
        if (run == VmRun::running) run = VmRun::paused;
        break;
      case VmOrder::reset:
        if (run != VmRun::running) run = VmRun::prepared;
        record(events::decide_reset(id_, vm()));
        break;
      case VmOrder::power_down:
        if (is_obedient_) end(VmEnd::Kind::shut_down);
        break;
      case VmOrder::quit:
        if (is_obedient_) end(VmEnd::Kind::quit);
        break;
      case VmOrder::kill:
        end(VmEnd::Kind::killed);
        break;
    }
  }

  void launch() {
    sight_.process = vm().start;
    sight_.run = VmRun::prepared;
    if (is_doomed_) return end(VmEnd::Kind::failed);
    if (!is_obedient_ && one_in(2)) end(VmEnd::Kind::not_started);
  }

  void forget() {
    record(events::decide_deleted(id_, vm()));
    if (record_.state().vms.empty()) define();
  }

  // -- what is done -----------------------------------------------------------

  /// Whether there was anything to record or do.
  bool look_and_act(bool obeys) {
    bool is_news = look();
    auto step = events::next_step(vm(), sight_, now());
    if (!step) return is_news;
    check_step(*step);
    if (!obeys) return true;
    if (const auto* order = std::get_if<VmOrder>(&*step))
      carry_out(*order);
    else if (std::holds_alternative<events::VmLaunch>(*step))
      launch();
    else
      forget();
    return true;
  }

  bool look() {
    constexpr int plenty = 10;
    for (int i = 0; i < plenty; ++i) {
      auto decision = events::decide_seen(id_, vm(), sight_, now());
      if (drafts_of(decision).empty()) return i > 0;
      record(decision);
    }
    BOOST_ERROR("there is no end of what is recorded");
    return true;
  }

  void check_step(const events::VmStep& step) const {
    if (std::holds_alternative<events::VmLaunch>(step)) {
      BOOST_TEST((vm().outcome == VmOutcome::starting));
      BOOST_TEST(sight_.process == 0U);
      return;
    }
    if (std::holds_alternative<events::VmForget>(step)) {
      BOOST_TEST(vm().is_deleting);
      BOOST_TEST(sight_.process == 0U);
      return;
    }
    auto order = std::get<VmOrder>(step);
    bool is_recorded = events::has_process(vm()) &&
                       sight_.process == vm().start;
    bool ends_it = order == VmOrder::power_down || order == VmOrder::quit ||
                   order == VmOrder::kill;
    BOOST_TEST((!ends_it || !is_recorded || vm().wish == VmWish::off));
    BOOST_TEST((is_recorded || order == VmOrder::kill));
    bool is_full = sight_.run == VmRun::disk_full && !sight_.has_room;
    BOOST_TEST(
        (order != VmOrder::resume || !is_full || vm().wish == VmWish::off));
  }

  Random random_;
  VmRecord record_;
  std::set<schema::Event> reached_;
  Id id_;
  events::VmSight sight_;
  bool is_obedient_ = true;
  bool is_held_by_others_ = false;
  /// It ends as soon as it is started.
  bool is_doomed_ = false;
  std::int64_t utc_ns_ = 0;
  std::uint64_t now_ns_ = 1000 * second_ns;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_walk)

/// Nothing that is decided is contradicted on the way: that ends the walk.
BOOST_AUTO_TEST_CASE(whatever_befalls_a_guest_it_ends_as_is_wanted) {
  auto first = seed_or(20261130);
  constexpr std::uint64_t walks = 300;
  constexpr int steps = 200;
  constexpr int calm_steps = 50;
  std::set<schema::Event> reached{schema::Event::VmDefined,
                                  schema::Event::VmAdopted};
  for (auto seed = first; seed < first + walks; ++seed) {
    BOOST_TEST_CONTEXT("PPN_TEST_SEED=" << seed) {
      Walk walk{seed};
      for (int i = 0; i < steps; ++i) walk.take_step();
      for (int i = 0; i < calm_steps; ++i) walk.take_calm_step();
      walk.check_snapshot();
      walk.come_to_rest();
      walk.check_rest();
      reached.insert(walk.reached().begin(), walk.reached().end());
    }
  }
  for (auto kind : schema::EnumValuesEvent())
    BOOST_TEST(reached.contains(kind) == events::is_of_vm(kind),
               schema::EnumNameEvent(kind));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
