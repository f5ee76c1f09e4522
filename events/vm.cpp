#include "events/vm.hpp"

#include <algorithm>

#include "events/hourly.hpp"
#include "events/mesh.hpp"

namespace ppn::events {

namespace {

using schema::CrashCause;
using schema::PauseCause;
using schema::RestartPolicy;
using schema::StopCause;
using schema::VmOutcome;
using schema::VmWish;

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t restart_delay_max_ns = 300 * second_ns;
/// What was held by its disk goes on no sooner, for it may be so again at once.
constexpr std::uint64_t disk_pause_ns = 5 * second_ns;
/// What QEMU or the host say of an end is no longer than that.
constexpr std::size_t detail_max = 300;

template <class Event>
Draft draft_of(const Id& id, Event event) {
  event.vm = std::make_unique<schema::Id>(id.stored());
  Draft draft;
  draft.stream = vm_stream(id);
  draft.payload.Set(std::move(event));
  return draft;
}

template <class Event>
std::vector<Draft> drafts_of(const Id& id, Event event) {
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(id, std::move(event)));
  return drafts;
}

std::string bounded(const std::string& detail) {
  return detail.substr(0, detail_max);
}

/// By a clock that counts from the boot of the host; 0 if it was started anew
/// since.
std::uint64_t since(std::uint64_t then_ns, std::uint64_t now_ns) {
  return now_ns > then_ns ? now_ns - then_ns : 0;
}

bool is_wanted(const Vm& vm) {
  return vm.wish != VmWish::off && !vm.is_deleting;
}

/// When it may be started next, by the clock that counts from the host's boot;
/// one that it can not have come from is no reason to wait.
std::uint64_t due_ns(const Vm& vm, const Moment& now) {
  if (vm.ends_in_row == 0 || now.since_boot_ns < vm.changed_since_boot_ns)
    return 0;
  return vm.changed_since_boot_ns + restart_delay_ns(vm.ends_in_row);
}

}  // namespace

std::string vm_stream(const Id& vm) { return "vm/" + vm.hex(); }

std::uint64_t restart_delay_ns(std::uint32_t ends_in_row) {
  constexpr std::uint32_t doublings_max = 9;
  if (ends_in_row == 0) return 0;
  auto doubled = second_ns << std::min(ends_in_row - 1, doublings_max);
  return std::min(doubled, restart_delay_max_ns);
}

bool has_process(const Vm& vm) {
  return vm.outcome == VmOutcome::starting ||
         vm.outcome == VmOutcome::running || vm.outcome == VmOutcome::paused;
}

std::string phase_of(const Vm& vm) {
  if (vm.is_deleting) return "deleting";
  if (has_process(vm) && vm.wish == VmWish::off) return "stopping";
  switch (vm.outcome) {
    case VmOutcome::unknown:
    case VmOutcome::defined:
      break;
    case VmOutcome::starting:
      return "starting";
    case VmOutcome::running:
      return "running";
    case VmOutcome::paused:
      return "paused";
    case VmOutcome::stopped:
      return "stopped";
    case VmOutcome::crashed:
      return "crashed";
  }
  return "defined";
}

// -- what is wanted -----------------------------------------------------------

namespace {

Decision decide_start(const Id& id, const Vm& vm) {
  if (vm.wish == VmWish::running)
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) + " already"};
  if (vm.wish == VmWish::paused)
    return Refusal{"the guest " + vm.name + " is paused; resume it"};
  // Whether it heard that it is to shut down nobody knows.
  if (has_process(vm))
    return Refusal{"the guest " + vm.name +
                   " is stopping; start it when it is stopped"};
  return drafts_of(id, schema::VmStartRequestedT{});
}

Decision decide_stop(const Id& id, const Vm& vm, bool force) {
  bool is_news = vm.wish != VmWish::off ||
                 (has_process(vm) && force && !vm.is_forced);
  if (!is_news)
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) + " already"};
  schema::VmStopRequestedT stop;
  stop.force = force;
  return drafts_of(id, std::move(stop));
}

Decision decide_pause(const Id& id, const Vm& vm) {
  if (vm.wish != VmWish::running || vm.outcome != VmOutcome::running)
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) +
                   "; only one that runs can be paused"};
  return drafts_of(id, schema::VmPauseRequestedT{});
}

Decision decide_resume(const Id& id, const Vm& vm) {
  bool is_held = vm.outcome == VmOutcome::paused && vm.wish == VmWish::running;
  if (vm.wish != VmWish::paused && !is_held)
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) +
                   ", not paused"};
  return drafts_of(id, schema::VmResumeRequestedT{});
}

Decision decide_reset_wish(const Id& id, const Vm& vm) {
  if (!is_wanted(vm) || !has_process(vm))
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) +
                   "; only one that runs can be reset"};
  if (vm.is_resetting)
    return Refusal{"the guest " + vm.name + " is being reset already"};
  return drafts_of(id, schema::VmResetRequestedT{});
}

}  // namespace

Decision decide_command(const Id& id, const Vm& vm, const VmCommand& command) {
  if (vm.is_deleting)
    return Refusal{"the guest " + vm.name + " is being deleted"};
  switch (command.verb) {
    case VmVerb::start:
      return decide_start(id, vm);
    case VmVerb::stop:
      return decide_stop(id, vm, command.force);
    case VmVerb::pause:
      return decide_pause(id, vm);
    case VmVerb::resume:
      return decide_resume(id, vm);
    case VmVerb::reset:
      return decide_reset_wish(id, vm);
  }
  return Refusal{"no such command"};
}

Decision decide_delete(const Id& id, const Vm& vm, bool force) {
  if (vm.is_deleting)
    return Refusal{"the guest " + vm.name + " is being deleted already"};
  bool may_run = vm.wish != VmWish::off || has_process(vm);
  if (may_run && !force)
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) +
                   "; stop it first, or force it"};
  std::vector<Draft> drafts;
  if (may_run && !(vm.wish == VmWish::off && vm.is_forced)) {
    schema::VmStopRequestedT stop;
    stop.force = true;
    drafts.push_back(draft_of(id, std::move(stop)));
  }
  drafts.push_back(draft_of(id, schema::VmDeleteRequestedT{}));
  return drafts;
}

Decision decide_spec(const Id& id, const Vm& vm, const VmSpec& spec) {
  if (vm.is_deleting)
    return Refusal{"the guest " + vm.name + " is being deleted"};
  if (vm.spec == spec)
    return Refusal{"the guest " + vm.name + " is so already"};
  auto at_once = vm.spec;
  at_once.floor_mb = spec.floor_mb;
  at_once.cpu_weight = spec.cpu_weight;
  at_once.autostart = spec.autostart;
  at_once.restart = spec.restart;
  if (at_once != spec && has_process(vm))
    return Refusal{"the guest " + vm.name + " is " + phase_of(vm) +
                   "; only its floor, weight, autostart and restart policy "
                   "change while it runs. Stop it first"};
  schema::VmSpecChangedT changed;
  changed.spec = std::make_unique<schema::VmSpecT>(stored(spec));
  return drafts_of(id, std::move(changed));
}

// -- what is seen -------------------------------------------------------------

namespace {

std::vector<Draft> crashed(const Id& id, CrashCause cause,
                           const std::string& detail) {
  schema::VmCrashedT event;
  event.cause = cause;
  event.detail = bounded(detail);
  return drafts_of(id, std::move(event));
}

std::vector<Draft> stopped(const Id& id, StopCause cause,
                           const std::string& detail) {
  schema::VmStoppedT event;
  event.cause = cause;
  event.detail = bounded(detail);
  return drafts_of(id, std::move(event));
}

CrashCause cause_of(VmEnd::Kind kind) {
  switch (kind) {
    case VmEnd::Kind::panicked:
      return CrashCause::guest_panic;
    case VmEnd::Kind::reset_storm:
      return CrashCause::reset_storm;
    case VmEnd::Kind::not_started:
      return CrashCause::not_started;
    case VmEnd::Kind::quit:
    case VmEnd::Kind::killed:
      return CrashCause::killed;
    default:
      return CrashCause::failed;
  }
}

/// Who wanted it to stop does not ask how it did, unless it was gone before.
std::vector<Draft> ended(const Id& id, const Vm& vm, const VmEnd& end) {
  if (end.kind == VmEnd::Kind::host_restarted)
    return stopped(id, StopCause::host_restarted, end.detail);
  if (vm.wish == VmWish::off)
    return stopped(id, StopCause::requested, end.detail);
  if (end.kind == VmEnd::Kind::shut_down)
    return stopped(id, StopCause::guest_shutdown, end.detail);
  // Whoever was starting it ended meanwhile.
  bool never_began = vm.outcome == VmOutcome::starting &&
                     end.kind == VmEnd::Kind::unknown;
  return crashed(id, never_began ? CrashCause::not_started : cause_of(end.kind),
                 end.detail);
}

/// What its operator let go is held by nobody else, and a pause that was wanted
/// may come when it is no longer.
PauseCause pause_cause(const Vm& vm, VmRun run) {
  if (run == VmRun::disk_full) return PauseCause::disk_full;
  bool is_let_go = vm.wish != VmWish::paused &&
                   vm.pause_cause == PauseCause::requested;
  if (run == VmRun::disk_error)
    return is_let_go && vm.outcome == VmOutcome::paused
               ? PauseCause::requested
               : PauseCause::disk_error;
  return is_let_go || vm.wish == VmWish::paused ? PauseCause::requested
                                                : PauseCause::by_others;
}

bool is_held(VmRun run) {
  return run == VmRun::paused || run == VmRun::disk_full ||
         run == VmRun::disk_error;
}

std::vector<Draft> started(const Id& id, const Vm& vm, const VmSight& sight) {
  schema::VmStartedT event;
  event.start = vm.start;
  event.accelerator = bounded(sight.accelerator);
  return drafts_of(id, std::move(event));
}

std::vector<Draft> paused(const Id& id, const Vm& vm, VmRun run) {
  schema::VmPausedT event;
  event.cause = pause_cause(vm, run);
  return drafts_of(id, std::move(event));
}

/// Of a guest whose process is there.
std::vector<Draft> decide_alive(const Id& id, const Vm& vm,
                                const VmSight& sight) {
  bool has_begun = sight.run == VmRun::running || is_held(sight.run);
  if (vm.outcome == VmOutcome::starting && has_begun)
    return started(id, vm, sight);
  if (vm.outcome == VmOutcome::running && is_held(sight.run))
    return paused(id, vm, sight.run);
  if (vm.outcome == VmOutcome::paused) {
    if (sight.run == VmRun::running) return drafts_of(id, schema::VmResumedT{});
    if (is_held(sight.run) && pause_cause(vm, sight.run) != vm.pause_cause)
      return paused(id, vm, sight.run);
  }
  return {};
}

std::vector<Draft> decide_silence(const Id& id, const Vm& vm,
                                  const VmSight& sight, const Moment& now) {
  if (sight.silence.has_value() == vm.is_unresponsive) return {};
  if (!sight.silence) return drafts_of(id, schema::VmResponsiveT{});
  if (in_the_same_hour(vm.silent_ns, now.utc_ns) &&
      vm.silences_in_hour >= vm_silences_an_hour)
    return {};
  schema::VmUnresponsiveT event;
  event.evidence = bounded(*sight.silence);
  return drafts_of(id, std::move(event));
}

/// Of a guest that has none, and should.
std::vector<Draft> decide_next_start(const Id& id, const Vm& vm,
                                     const VmSight& sight, const Moment& now) {
  if (!is_wanted(vm)) return {};
  if (vm.ends_in_row > vm_restarts_max)
    return drafts_of(id, schema::VmGaveUpT{});
  if (now.since_boot_ns < due_ns(vm, now)) return {};
  schema::VmStartingT event;
  event.start = std::max(vm.start, sight.ended) + 1;
  return drafts_of(id, std::move(event));
}

/// Its process is there no more, or was made an end of before it was.
bool has_ended(const Vm& vm, const VmSight& sight) {
  return sight.process == 0 && sight.ended == vm.start && has_process(vm);
}

/// It ran, or was to be started in an earlier boot, and there is no trace of
/// that: such are lost with a boot of the host alone.
bool has_vanished(const Vm& vm, const VmSight& sight, const Moment& now) {
  bool ran = vm.outcome == VmOutcome::running ||
             vm.outcome == VmOutcome::paused;
  bool is_of_before = vm.outcome == VmOutcome::starting &&
                      now.since_boot_ns < vm.changed_since_boot_ns;
  return (ran || is_of_before) && sight.process == 0 && sight.ended != vm.start;
}

}  // namespace

Decision decide_seen(const Id& id, const Vm& vm, const VmSight& sight,
                     const Moment& now) {
  if (sight.is_unknown)
    return has_process(vm) ? decide_silence(id, vm, sight, now)
                           : std::vector<Draft>{};
  if (has_ended(vm, sight)) return ended(id, vm, sight.end);
  if (has_vanished(vm, sight, now))
    return ended(id, vm, {VmEnd::Kind::host_restarted, {}});
  if (sight.process != 0 && sight.process == vm.start && has_process(vm)) {
    auto drafts = decide_alive(id, vm, sight);
    if (drafts.empty()) drafts = decide_silence(id, vm, sight, now);
    return drafts;
  }
  // One that is to go before it was there never was.
  bool never_was = vm.outcome == VmOutcome::starting && sight.process == 0 &&
                   !is_wanted(vm);
  if (never_was) return stopped(id, StopCause::requested, {});
  if (!has_process(vm) && sight.process == 0)
    return decide_next_start(id, vm, sight, now);
  return std::vector<Draft>{};
}

Decision decide_reset(const Id& id, const Vm& vm) {
  if (!vm.is_resetting) return std::vector<Draft>{};
  return drafts_of(id, schema::VmResetT{});
}

Decision decide_deleted(const Id& id, const Vm& vm) {
  if (!vm.is_deleting || has_process(vm))
    return Refusal{"the guest " + vm.name + " is not to be deleted now"};
  return drafts_of(id, schema::VmDeletedT{});
}

// -- what is to be done -------------------------------------------------------

namespace {

bool is_held_by_disk(VmRun run) {
  return run == VmRun::disk_full || run == VmRun::disk_error;
}

/// Of one that is held.
bool can_go_on(const Vm& vm, const VmSight& sight, const Moment& now) {
  if (!is_held_by_disk(sight.run)) return true;
  bool has_waited = since(vm.changed_since_boot_ns, now.since_boot_ns) >=
                    disk_pause_ns;
  return has_waited && (sight.has_room || sight.run != VmRun::disk_full);
}

/// Asks, then tells, then kills.
std::optional<VmStep> step_to_stop(const Vm& vm, const VmSight& sight,
                                   const Moment& now) {
  auto waited = since(vm.stop_since_boot_ns, now.since_boot_ns);
  bool can_listen = !vm.is_forced && sight.run != VmRun::prepared;
  auto told_ns = can_listen ? vm_shutdown_ns : 0;
  if (waited >= told_ns + vm_quit_ns) return VmOrder::kill;
  if (sight.run == VmRun::ending) return std::nullopt;
  if (waited >= told_ns) return VmOrder::quit;
  if (!is_held(sight.run)) return VmOrder::power_down;
  // It can not listen.
  if (can_go_on(vm, sight, now)) return VmOrder::resume;
  return std::nullopt;
}

std::optional<VmStep> step_to_weigh(const Vm& vm, const VmSight& sight) {
  if (!sight.cpu_weight || *sight.cpu_weight == vm.spec.cpu_weight)
    return std::nullopt;
  return VmWeigh{vm.spec.cpu_weight};
}

std::optional<VmStep> step_of_wanted(const Vm& vm, const VmSight& sight,
                                     const Moment& now) {
  bool has_begun = vm.outcome != VmOutcome::starting &&
                   (sight.run == VmRun::running || is_held(sight.run) ||
                    sight.run == VmRun::prepared);
  if (vm.is_resetting && has_begun) return VmOrder::reset;
  if (vm.wish == VmWish::paused && vm.outcome == VmOutcome::paused)
    return std::nullopt;
  if (sight.run == VmRun::prepared) return VmOrder::resume;
  if (vm.wish == VmWish::paused)
    return sight.run == VmRun::running ? std::optional<VmStep>{VmOrder::pause}
                                       : std::nullopt;
  // What others hold is theirs until its operator says so.
  bool is_let_go = sight.run == VmRun::disk_full ||
                   vm.pause_cause == PauseCause::requested;
  if (is_held(sight.run) && is_let_go && can_go_on(vm, sight, now))
    return VmOrder::resume;
  return std::nullopt;
}

}  // namespace

std::optional<VmStep> next_step(const Vm& vm, const VmSight& sight,
                                const Moment& now) {
  if (sight.is_unknown) return std::nullopt;
  if (sight.process != 0) {
    // Nothing that is recorded has such a process.
    if (!has_process(vm) || sight.process != vm.start) return VmOrder::kill;
    if (!is_wanted(vm)) return step_to_stop(vm, sight, now);
    auto step = step_of_wanted(vm, sight, now);
    return step ? step : step_to_weigh(vm, sight);
  }
  if (vm.outcome == VmOutcome::starting && is_wanted(vm) &&
      sight.ended != vm.start)
    return VmLaunch{};
  if (vm.is_deleting && !has_process(vm)) return VmForget{};
  return std::nullopt;
}

std::optional<std::uint64_t> next_look_ns(const Vm& vm, const VmSight& sight,
                                          const Moment& now) {
  if (sight.is_unknown) return std::nullopt;
  if (sight.process != 0 && !is_wanted(vm)) {
    auto stop = vm.stop_since_boot_ns;
    for (auto at : {stop + vm_quit_ns, stop + vm_shutdown_ns,
                    stop + vm_shutdown_ns + vm_quit_ns})
      if (at > now.since_boot_ns)
        return std::min(at, now.since_boot_ns + vm_ask_again_ns);
    return now.since_boot_ns + vm_ask_again_ns;
  }
  if (sight.process == 0 && is_wanted(vm) && !has_process(vm))
    return std::max(due_ns(vm, now), now.since_boot_ns);
  auto goes_on_ns = vm.changed_since_boot_ns + disk_pause_ns;
  if (sight.process != 0 && is_held_by_disk(sight.run) &&
      goes_on_ns > now.since_boot_ns)
    return goes_on_ns;
  return std::nullopt;
}

std::string in_words(PauseCause cause) {
  switch (cause) {
    case PauseCause::unknown:
      break;
    case PauseCause::requested:
      return "as requested";
    case PauseCause::disk_full:
      return "its disk is full";
    case PauseCause::disk_error:
      return "its disk can not be written";
    case PauseCause::by_others:
      return "by somebody at its monitor";
  }
  return "unknown";
}

std::string in_words(StopCause cause) {
  switch (cause) {
    case StopCause::unknown:
      break;
    case StopCause::requested:
      return "as requested";
    case StopCause::guest_shutdown:
      return "it shut down";
    case StopCause::host_restarted:
      return "its host was started anew";
  }
  return "unknown";
}

std::string in_words(CrashCause cause) {
  switch (cause) {
    case CrashCause::unknown:
      break;
    case CrashCause::not_started:
      return "it could not be started";
    case CrashCause::failed:
      return "its QEMU failed";
    case CrashCause::killed:
      return "its QEMU was killed";
    case CrashCause::guest_panic:
      return "its kernel panicked";
    case CrashCause::reset_storm:
      return "it began anew again and again";
  }
  return "unknown";
}

// -- replay -------------------------------------------------------------------

namespace {

void change_outcome(Vm& vm, const schema::Entry& entry, VmOutcome outcome) {
  vm.outcome = outcome;
  vm.changed_ns = entry.clock()->utc_ns();
  vm.changed_since_boot_ns = entry.clock()->since_boot_ns();
}

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string{} : bounded(text->str());
}

/// One more that was soon, or the first.
void count_end(Vm& vm, const schema::Entry& entry) {
  bool ran = vm.outcome != VmOutcome::starting;
  bool held_out = ran && since(vm.started_since_boot_ns,
                               entry.clock()->since_boot_ns()) >= vm_steady_ns;
  vm.ends_in_row = held_out ? 1 : vm.ends_in_row + 1;
}

void end_process(Vm& vm, const schema::Entry& entry, VmOutcome outcome,
                 const flatbuffers::String* detail) {
  change_outcome(vm, entry, outcome);
  vm.detail = text_of(detail);
  vm.is_forced = false;
  vm.is_resetting = false;
  vm.is_unresponsive = false;
}

Contradiction apply(Vm& vm, const schema::Entry&,
                    const schema::VmSpecChanged& event) {
  auto spec = read_spec(*event.spec());
  if (!spec) return "no guest can be so";
  vm.spec = std::move(*spec);
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&,
                    const schema::VmStartRequested&) {
  if (vm.is_deleting) return "the guest is being deleted";
  if (vm.wish != VmWish::off) return "the guest is to run already";
  if (has_process(vm)) return "the guest is stopping";
  vm.wish = VmWish::running;
  vm.is_forced = false;
  vm.gave_up = false;
  vm.ends_in_row = 0;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmStopRequested& event) {
  vm.wish = VmWish::off;
  vm.is_resetting = false;
  vm.is_forced = vm.is_forced || event.force();
  vm.stop_since_boot_ns = entry.clock()->since_boot_ns();
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&,
                    const schema::VmPauseRequested&) {
  if (vm.wish != VmWish::running || vm.outcome != VmOutcome::running)
    return "the guest does not run";
  vm.wish = VmWish::paused;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&,
                    const schema::VmResumeRequested&) {
  bool is_held = vm.wish == VmWish::running && vm.outcome == VmOutcome::paused;
  if (vm.wish != VmWish::paused && !is_held) return "the guest is not paused";
  vm.wish = VmWish::running;
  // Whoever held it, it is the operator's to let go.
  vm.pause_cause = PauseCause::requested;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&,
                    const schema::VmResetRequested&) {
  if (!is_wanted(vm) || !has_process(vm)) return "the guest does not run";
  vm.is_resetting = true;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&,
                    const schema::VmDeleteRequested&) {
  if (vm.wish != VmWish::off) return "the guest is to run";
  vm.is_deleting = true;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmStarting& event) {
  if (has_process(vm)) return "the guest has a process already";
  if (!is_wanted(vm)) return "the guest is not to run";
  if (event.start() <= vm.start) return "that start was made already";
  vm.start = event.start();
  vm.accelerator.clear();
  vm.pause_cause = PauseCause::unknown;
  vm.detail.clear();
  change_outcome(vm, entry, VmOutcome::starting);
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmStarted& event) {
  if (vm.outcome != VmOutcome::starting || event.start() != vm.start)
    return "that start was not begun";
  vm.accelerator = text_of(event.accelerator());
  vm.started_since_boot_ns = entry.clock()->since_boot_ns();
  change_outcome(vm, entry, VmOutcome::running);
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmPaused& event) {
  if (vm.outcome != VmOutcome::running && vm.outcome != VmOutcome::paused)
    return "the guest does not run";
  vm.pause_cause = event.cause();
  vm.detail = text_of(event.detail());
  change_outcome(vm, entry, VmOutcome::paused);
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmResumed&) {
  if (vm.outcome != VmOutcome::paused) return "the guest is not paused";
  vm.pause_cause = PauseCause::unknown;
  change_outcome(vm, entry, VmOutcome::running);
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&, const schema::VmReset&) {
  if (!vm.is_resetting) return "no reset was wanted";
  vm.is_resetting = false;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmStopped& event) {
  if (!has_process(vm)) return "the guest does not run";
  bool by_itself = event.cause() == StopCause::guest_shutdown;
  bool comes_back = by_itself ? vm.spec.restart == RestartPolicy::always
                              : vm.spec.autostart;
  if (by_itself && comes_back)
    count_end(vm, entry);
  else
    vm.ends_in_row = 0;
  if (!comes_back) vm.wish = VmWish::off;
  vm.stop_cause = event.cause();
  end_process(vm, entry, VmOutcome::stopped, event.detail());
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmCrashed& event) {
  if (!has_process(vm)) return "the guest does not run";
  count_end(vm, entry);
  // What never began is tried again in any case.
  bool ran = event.cause() != CrashCause::not_started;
  if (vm.spec.restart == RestartPolicy::never && ran) vm.wish = VmWish::off;
  vm.crash_cause = event.cause();
  end_process(vm, entry, VmOutcome::crashed, event.detail());
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&, const schema::VmGaveUp&) {
  if (!is_wanted(vm)) return "the guest is not to run";
  if (has_process(vm)) return "the guest runs";
  vm.wish = VmWish::off;
  vm.gave_up = true;
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry& entry,
                    const schema::VmUnresponsive&) {
  if (!has_process(vm)) return "the guest does not run";
  if (vm.is_unresponsive) return "the guest is unresponsive already";
  vm.is_unresponsive = true;
  count_in_hour(vm.silent_ns, vm.silences_in_hour, entry.clock()->utc_ns());
  return {};
}

Contradiction apply(Vm& vm, const schema::Entry&, const schema::VmResponsive&) {
  if (!vm.is_unresponsive) return "the guest is not unresponsive";
  vm.is_unresponsive = false;
  return {};
}

/// A guest begins with either of the two events.
template <class Event>
Contradiction begin(Vms& vms, const Event& event, Vm vm) {
  auto name = event.name()->str();
  if (!is_member_name(name)) return "the name of the guest is none";
  for (const auto& [id, other] : vms)
    if (other.name == name) return "another guest has the name";
  auto spec = read_spec(*event.spec());
  if (!spec) return "no guest can be so";
  vm.name = std::move(name);
  vm.spec = std::move(*spec);
  if (!vms.emplace(Id{*event.vm()}, std::move(vm)).second)
    return "the guest is there already";
  return {};
}

Contradiction apply(Vms& vms, const schema::Entry& entry,
                    const schema::VmAdopted& event) {
  Vm vm;
  vm.start = event.start();
  vm.wish = event.wish();
  if (vm.wish < VmWish::off || vm.wish > VmWish::paused)
    return "what is wanted of the guest is not known";
  if (vm.start > vm_start_max) return "no guest was started so often";
  if (vm.start == 0 && is_wanted(vm)) return "the guest was never started";
  // Whether that start lives is to be seen.
  if (is_wanted(vm))
    change_outcome(vm, entry, VmOutcome::starting);
  else if (vm.start != 0)
    change_outcome(vm, entry, VmOutcome::stopped);
  return begin(vms, event, std::move(vm));
}

Contradiction apply(Vms& vms, const schema::VmDeleted& event) {
  auto vm = vms.find(Id{*event.vm()});
  if (vm == vms.end()) return "there is no such guest";
  if (!vm->second.is_deleting || has_process(vm->second))
    return "the guest was not to be deleted";
  vms.erase(vm);
  return {};
}

template <class Event>
Contradiction apply_to(Vms& vms, const schema::Entry& entry,
                       const Event* event) {
  auto vm = vms.find(Id{*event->vm()});
  if (vm == vms.end()) return "there is no such guest";
  return apply(vm->second, entry, *event);
}

}  // namespace

bool is_of_vm(schema::Event event) {
  return (event >= schema::Event::VmDefined &&
          event <= schema::Event::VmDeleted) ||
         event == schema::Event::VmAdopted;
}

Contradiction apply(Vms& vms, const schema::Entry& entry) {
  switch (entry.payload_type()) {
    case schema::Event::VmDefined:
      return begin(vms, *entry.payload_as_VmDefined(), {});
    case schema::Event::VmAdopted:
      return apply(vms, entry, *entry.payload_as_VmAdopted());
    case schema::Event::VmDeleted:
      return apply(vms, *entry.payload_as_VmDeleted());
    case schema::Event::VmSpecChanged:
      return apply_to(vms, entry, entry.payload_as_VmSpecChanged());
    case schema::Event::VmStartRequested:
      return apply_to(vms, entry, entry.payload_as_VmStartRequested());
    case schema::Event::VmStopRequested:
      return apply_to(vms, entry, entry.payload_as_VmStopRequested());
    case schema::Event::VmPauseRequested:
      return apply_to(vms, entry, entry.payload_as_VmPauseRequested());
    case schema::Event::VmResumeRequested:
      return apply_to(vms, entry, entry.payload_as_VmResumeRequested());
    case schema::Event::VmResetRequested:
      return apply_to(vms, entry, entry.payload_as_VmResetRequested());
    case schema::Event::VmDeleteRequested:
      return apply_to(vms, entry, entry.payload_as_VmDeleteRequested());
    case schema::Event::VmStarting:
      return apply_to(vms, entry, entry.payload_as_VmStarting());
    case schema::Event::VmStarted:
      return apply_to(vms, entry, entry.payload_as_VmStarted());
    case schema::Event::VmPaused:
      return apply_to(vms, entry, entry.payload_as_VmPaused());
    case schema::Event::VmResumed:
      return apply_to(vms, entry, entry.payload_as_VmResumed());
    case schema::Event::VmReset:
      return apply_to(vms, entry, entry.payload_as_VmReset());
    case schema::Event::VmStopped:
      return apply_to(vms, entry, entry.payload_as_VmStopped());
    case schema::Event::VmCrashed:
      return apply_to(vms, entry, entry.payload_as_VmCrashed());
    case schema::Event::VmGaveUp:
      return apply_to(vms, entry, entry.payload_as_VmGaveUp());
    case schema::Event::VmUnresponsive:
      return apply_to(vms, entry, entry.payload_as_VmUnresponsive());
    case schema::Event::VmResponsive:
      return apply_to(vms, entry, entry.payload_as_VmResponsive());
    default:
      return "it is no event of a guest";
  }
}

}  // namespace ppn::events
