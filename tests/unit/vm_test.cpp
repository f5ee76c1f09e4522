// What is wanted of a guest, and the replay of its events.
#include "events/vm.hpp"

#include <set>

#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::Vm;
using events::VmRun;
using events::VmVerb;
using schema::Event;
using schema::PauseCause;
using schema::VmOutcome;
using schema::VmWish;

namespace {

const std::vector<VmVerb> all_verbs{VmVerb::start, VmVerb::stop, VmVerb::pause,
                                    VmVerb::resume, VmVerb::reset};

template <class Payload>
Payload of_vm(Payload payload, std::uint8_t number = 1) {
  payload.vm = stored_vm_id(number);
  return payload;
}

template <class Payload>
Payload of_start(std::uint64_t number) {
  auto payload = of_vm(Payload{});
  payload.start = number;
  return payload;
}

schema::VmDefinedT defined(std::uint8_t number, const std::string& name,
                           const events::VmSpec& spec = small_spec()) {
  auto event = of_vm(schema::VmDefinedT{}, number);
  event.name = name;
  event.spec = std::make_unique<schema::VmSpecT>(events::stored(spec));
  return event;
}

VmLife held(VmRun run) {
  auto guest = running();
  guest.see(guest.process(run));
  return guest;
}

VmLife stopping() {
  auto guest = running();
  guest.stop(at(2));
  return guest;
}

VmLife deleted_while_running() {
  auto guest = running();
  guest.record.record(events::decide_delete(guest.id, guest.vm(), true));
  return guest;
}

/// Its next start is not due yet.
VmLife crashed() {
  auto guest = running();
  guest.see(guest.ended());
  return guest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vm)

// -- commands -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_new_guest_is_off) {
  VmLife guest;
  BOOST_TEST(guest.vm().name == "web");
  BOOST_TEST((guest.vm().spec == small_spec()));
  BOOST_TEST((guest.vm().wish == VmWish::off));
  BOOST_TEST(!events::has_process(guest.vm()));
  BOOST_TEST(guest.vm().start == 0U);
  BOOST_TEST(events::phase_of(guest.vm()) == "defined");
}

BOOST_AUTO_TEST_CASE(what_is_decided_is_of_the_guests_own_stream) {
  VmLife guest;
  const auto decision =
      events::decide_command(guest.id, guest.vm(), {VmVerb::start});
  BOOST_TEST(drafts_of(decision).at(0).stream == "vm/" + guest.id.hex());
}

BOOST_AUTO_TEST_CASE(to_be_wanted_is_not_to_run) {
  VmLife guest;
  guest.command(VmVerb::start);
  BOOST_TEST((guest.vm().wish == VmWish::running));
  BOOST_TEST((guest.vm().outcome == VmOutcome::defined));
  BOOST_TEST(!events::has_process(guest.vm()));
}

BOOST_AUTO_TEST_CASE(a_guest_is_started_once) {
  auto guest = running();
  BOOST_TEST(mentions(guest.refused(VmVerb::start), "web is running already"));
  BOOST_TEST(mentions(paused().refused(VmVerb::start), "resume it"));
}

/// It may have heard that it is to shut down, and then does.
BOOST_AUTO_TEST_CASE(a_guest_that_is_stopping_is_not_started) {
  auto guest = stopping();
  BOOST_TEST(mentions(guest.refused(VmVerb::start), "is stopping"));
  guest.see(guest.ended(events::VmEnd::Kind::shut_down));
  guest.command(VmVerb::start);
  BOOST_TEST((guest.vm().wish == VmWish::running));
}

BOOST_AUTO_TEST_CASE(what_is_off_is_not_stopped) {
  BOOST_TEST(mentions(VmLife{}.refused(VmVerb::stop), "defined already"));
  BOOST_TEST(mentions(VmLife{}.refused(VmVerb::stop, true), "already"));
  BOOST_TEST(mentions(stopping().refused(VmVerb::stop), "stopping already"));
}

BOOST_AUTO_TEST_CASE(a_guest_that_waits_for_its_next_start_can_be_stopped) {
  auto guest = crashed();
  guest.command(VmVerb::stop);
  BOOST_TEST((guest.vm().wish == VmWish::off));
  BOOST_TEST(guest.see({}, at(10'000)).empty());
}

BOOST_AUTO_TEST_CASE(a_stop_can_be_forced_afterwards_and_that_once) {
  auto guest = stopping();
  BOOST_TEST(!guest.vm().is_forced);
  guest.stop(at(30), true);
  BOOST_TEST(guest.vm().is_forced);
  BOOST_TEST(guest.vm().stop_since_boot_ns == 30 * second_ns);
  BOOST_TEST(mentions(guest.refused(VmVerb::stop, true), "already"));
}

BOOST_AUTO_TEST_CASE(a_forced_stop_does_not_outlive_the_process) {
  auto guest = running();
  guest.stop(at(2), true);
  guest.see(guest.ended());
  BOOST_TEST(!guest.vm().is_forced);
  // Nor the wish, if there was none.
  auto waiting = crashed();
  waiting.stop(at(2), true);
  waiting.command(VmVerb::start);
  BOOST_TEST(!waiting.vm().is_forced);
}

BOOST_AUTO_TEST_CASE(only_what_runs_is_paused) {
  auto guest = running();
  guest.command(VmVerb::pause);
  BOOST_TEST((guest.vm().wish == VmWish::paused));
  BOOST_TEST((guest.vm().outcome == VmOutcome::running));
  for (const auto& other : {VmLife{}, guest, paused(), stopping(), crashed(),
                            held(VmRun::disk_full)})
    BOOST_TEST(
        mentions(other.refused(VmVerb::pause), "only one that runs can"));
}

BOOST_AUTO_TEST_CASE(what_is_paused_is_resumed_whoever_did_that) {
  for (auto guest : {paused(), held(VmRun::paused), held(VmRun::disk_error)}) {
    guest.command(VmVerb::resume);
    BOOST_TEST((guest.vm().wish == VmWish::running));
    BOOST_TEST((guest.vm().pause_cause == PauseCause::requested));
  }
  for (const auto& other : {VmLife{}, running(), stopping(), crashed()})
    BOOST_TEST(mentions(other.refused(VmVerb::resume), "not paused"));
}

BOOST_AUTO_TEST_CASE(only_what_runs_is_reset_and_once_at_a_time) {
  auto guest = running();
  guest.command(VmVerb::reset);
  BOOST_TEST(guest.vm().is_resetting);
  BOOST_TEST(mentions(guest.refused(VmVerb::reset), "being reset already"));
  for (const auto& other : {VmLife{}, stopping(), crashed()})
    BOOST_TEST(
        mentions(other.refused(VmVerb::reset), "only one that runs can"));
}

BOOST_AUTO_TEST_CASE(a_reset_that_is_done_is_recorded_once) {
  auto guest = running();
  guest.command(VmVerb::reset);
  auto decide = [&] { return events::decide_reset(guest.id, guest.vm()); };
  BOOST_TEST((guest.record.record(decide()) == Kinds{Event::VmReset}));
  BOOST_TEST(!guest.vm().is_resetting);
  BOOST_TEST(drafts_of(decide()).empty());
}

BOOST_AUTO_TEST_CASE(a_reset_is_forgotten_when_the_guest_stops) {
  auto guest = running();
  guest.command(VmVerb::reset);
  guest.stop(at(2));
  BOOST_TEST(!guest.vm().is_resetting);
  auto other = running();
  other.command(VmVerb::reset);
  other.see(other.ended());
  BOOST_TEST(!other.vm().is_resetting);
}

// -- deletion -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_that_may_run_is_deleted_only_by_force) {
  for (const auto& guest : {running(), paused(), stopping(), crashed()})
    BOOST_TEST(
        mentions(refusal_of(events::decide_delete(guest.id, guest.vm(), false)),
                 "stop it first, or force it"));
  VmLife off;
  BOOST_TEST(
      (off.record.record(events::decide_delete(off.id, off.vm(), false)) ==
       Kinds{Event::VmDeleteRequested}));
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_deleted_by_force_is_stopped_by_force) {
  for (auto guest : {running(), paused(), stopping(), crashed()}) {
    BOOST_TEST((guest.record.record(
                    events::decide_delete(guest.id, guest.vm(), true)) ==
                Kinds{Event::VmStopRequested, Event::VmDeleteRequested}));
    BOOST_TEST(guest.vm().is_forced);
    BOOST_TEST((guest.vm().wish == VmWish::off));
    BOOST_TEST(events::phase_of(guest.vm()) == "deleting");
  }
}

BOOST_AUTO_TEST_CASE(what_is_stopped_by_force_already_is_not_once_more) {
  auto guest = running();
  guest.stop(at(2), true);
  BOOST_TEST(
      (guest.record.record(events::decide_delete(guest.id, guest.vm(), true)) ==
       Kinds{Event::VmDeleteRequested}));
}

BOOST_AUTO_TEST_CASE(nothing_is_wanted_of_a_guest_that_is_being_deleted) {
  auto guest = deleted_while_running();
  for (auto verb : all_verbs)
    BOOST_TEST(mentions(guest.refused(verb), "being deleted"));
  BOOST_TEST(
      mentions(refusal_of(events::decide_delete(guest.id, guest.vm(), true)),
               "being deleted already"));
  auto other = small_spec();
  other.vcpus = 2;
  BOOST_TEST(
      mentions(refusal_of(events::decide_spec(guest.id, guest.vm(), other)),
               "being deleted"));
}

BOOST_AUTO_TEST_CASE(a_guest_is_gone_when_its_process_and_its_files_are) {
  auto guest = deleted_while_running();
  auto decide = [&] { return events::decide_deleted(guest.id, guest.vm()); };
  BOOST_TEST(mentions(refusal_of(decide()), "not to be deleted now"));
  guest.see(guest.ended());
  BOOST_TEST((guest.record.record(decide()) == Kinds{Event::VmDeleted}));
  BOOST_TEST(guest.record.state().vms.empty());
}

BOOST_AUTO_TEST_CASE(a_guest_that_nobody_deletes_is_not_gone) {
  VmLife guest;
  BOOST_TEST(mentions(refusal_of(events::decide_deleted(guest.id, guest.vm())),
                      "not to be deleted now"));
}

// -- spec ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_spec_is_replaced_as_a_whole) {
  VmLife guest;
  BOOST_TEST(mentions(
      refusal_of(events::decide_spec(guest.id, guest.vm(), small_spec())),
      "is so already"));
  auto other = events::profile_of(schema::VmKind::media_kit);
  guest.record.record(events::decide_spec(guest.id, guest.vm(), other));
  BOOST_TEST((guest.vm().spec == other));
}

// -- words --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_phase_has_its_word) {
  auto stopped = stopping();
  stopped.see(stopped.ended());
  for (const auto& [guest, word] :
       {std::pair{VmLife{}, "defined"}, std::pair{starting(), "starting"},
        std::pair{running(), "running"}, std::pair{paused(), "paused"},
        std::pair{stopping(), "stopping"}, std::pair{stopped, "stopped"},
        std::pair{crashed(), "crashed"},
        std::pair{deleted_while_running(), "deleting"}})
    BOOST_TEST(events::phase_of(guest.vm()) == word);
}

BOOST_AUTO_TEST_CASE(each_cause_has_its_words) {
  std::set<std::string> words;
  std::size_t causes = 0;
  auto note = [&](const auto& values) {
    for (auto value : values) {
      bool is_known = static_cast<int>(value) != 0;
      BOOST_TEST((events::in_words(value) != "unknown") == is_known);
      if (is_known) words.insert(events::in_words(value));
      if (is_known) ++causes;
    }
  };
  note(schema::EnumValuesPauseCause());
  note(schema::EnumValuesStopCause());
  note(schema::EnumValuesCrashCause());
  // What was requested is so for a pause and a stop alike.
  BOOST_TEST(words.size() == causes - 1);
}

BOOST_AUTO_TEST_CASE(what_is_said_of_an_end_is_kept_short) {
  auto guest = running();
  auto sight = guest.ended();
  sight.end.detail.assign(10'000, 'x');
  guest.see(sight);
  BOOST_TEST(guest.vm().detail.size() == 300U);
  auto other = running();
  auto event = of_vm(schema::VmPausedT{});
  event.detail.assign(10'000, 'x');
  BOOST_TEST(other.record(std::move(event)) == "");
  BOOST_TEST(other.vm().detail.size() == 300U);
}

// -- replay -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_events_of_guests_are_known_as_such) {
  for (auto kind : schema::EnumValuesEvent()) {
    std::string name = schema::EnumNameEvent(kind);
    BOOST_TEST(events::is_of_vm(kind) == name.starts_with("Vm"), name);
  }
}

namespace {

/// Refused for that reason, and without a trace.
template <class Payload>
void check_refused(VmLife guest, Payload payload, std::string_view reason) {
  auto before = guest.record.state();
  auto refused = guest.record(std::move(payload), at(77));
  BOOST_TEST(mentions(refused, reason),
             "\"" << refused << "\" is not \"" << reason << "\"");
  BOOST_TEST((guest.record.state() == before));
}

template <class... Payloads>
void check_unknown() {
  (check_refused(VmLife{}, of_vm(Payloads{}, 2), "no such guest"), ...);
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_event_is_of_a_guest_that_is_not_there) {
  check_unknown<schema::VmStartRequestedT, schema::VmStopRequestedT,
                schema::VmPauseRequestedT, schema::VmResumeRequestedT,
                schema::VmResetRequestedT, schema::VmDeleteRequestedT,
                schema::VmStartingT, schema::VmStartedT, schema::VmPausedT,
                schema::VmResumedT, schema::VmResetT, schema::VmStoppedT,
                schema::VmCrashedT, schema::VmGaveUpT, schema::VmUnresponsiveT,
                schema::VmResponsiveT, schema::VmDeletedT>();
  auto changed = of_vm(schema::VmSpecChangedT{}, 2);
  changed.spec =
      std::make_unique<schema::VmSpecT>(events::stored(small_spec()));
  check_refused(VmLife{}, std::move(changed), "no such guest");
}

BOOST_AUTO_TEST_CASE(a_guest_has_an_id_and_a_name_of_its_own) {
  check_refused(VmLife{}, defined(1, "other"), "there already");
  check_refused(VmLife{}, defined(2, "web"), "has the name");
  for (const auto* name : {"", "-web", "../web", "We b"})
    check_refused(VmLife{}, defined(2, name), "name of the guest is none");
  VmLife guest;
  BOOST_TEST(guest.record(defined(2, "other")) == "");
  BOOST_TEST(guest.record.state().vms.size() == 2U);
}

BOOST_AUTO_TEST_CASE(no_guest_is_what_none_can_be) {
  auto impossible = small_spec();
  impossible.vcpus = 0;
  check_refused(VmLife{}, defined(2, "other", impossible),
                "no guest can be so");
  auto changed = of_vm(schema::VmSpecChangedT{});
  changed.spec = std::make_unique<schema::VmSpecT>(events::stored(impossible));
  check_refused(VmLife{}, std::move(changed), "no guest can be so");
}

BOOST_AUTO_TEST_CASE(a_wish_follows_from_what_was_wanted_before) {
  check_refused(running(), of_vm(schema::VmStartRequestedT{}), "run already");
  check_refused(stopping(), of_vm(schema::VmStartRequestedT{}), "stopping");
  check_refused(deleted_while_running(), of_vm(schema::VmStartRequestedT{}),
                "being deleted");
  for (const auto& guest : {VmLife{}, stopping(), crashed(), paused()})
    check_refused(guest, of_vm(schema::VmPauseRequestedT{}), "not run");
  for (const auto& guest : {VmLife{}, running(), stopping()})
    check_refused(guest, of_vm(schema::VmResumeRequestedT{}), "not paused");
  for (const auto& guest : {VmLife{}, crashed(), stopping()})
    check_refused(guest, of_vm(schema::VmResetRequestedT{}), "not run");
  for (const auto& guest : {running(), crashed()})
    check_refused(guest, of_vm(schema::VmDeleteRequestedT{}), "to run");
}

BOOST_AUTO_TEST_CASE(starts_are_made_of_what_is_wanted_and_are_numbered) {
  check_refused(VmLife{}, of_start<schema::VmStartingT>(1), "not to run");
  check_refused(running(), of_start<schema::VmStartingT>(2), "has a process");
  check_refused(crashed(), of_start<schema::VmStartingT>(1), "made already");
  auto guest = crashed();
  BOOST_TEST(guest.record(of_start<schema::VmStartingT>(7)) == "");
  BOOST_TEST(guest.vm().start == 7U);
  check_refused(guest, of_start<schema::VmStartedT>(6), "not begun");
  check_refused(running(), of_start<schema::VmStartedT>(1), "not begun");
  check_refused(VmLife{}, of_start<schema::VmStartedT>(0), "not begun");
}

BOOST_AUTO_TEST_CASE(only_what_runs_comes_to_an_end) {
  auto stopped = stopping();
  stopped.see(stopped.ended());
  for (const auto& guest : {VmLife{}, crashed(), stopped}) {
    check_refused(guest, of_vm(schema::VmStoppedT{}), "does not run");
    check_refused(guest, of_vm(schema::VmCrashedT{}), "does not run");
    check_refused(guest, of_vm(schema::VmPausedT{}), "does not run");
    check_refused(guest, of_vm(schema::VmUnresponsiveT{}), "does not run");
  }
  check_refused(running(), of_vm(schema::VmResumedT{}), "not paused");
  check_refused(running(), of_vm(schema::VmResetT{}), "no reset");
  check_refused(running(), of_vm(schema::VmGaveUpT{}), "runs");
  check_refused(VmLife{}, of_vm(schema::VmGaveUpT{}), "not to run");
}

BOOST_AUTO_TEST_CASE(a_guest_falls_silent_and_is_heard_again_in_turn) {
  auto guest = running();
  check_refused(guest, of_vm(schema::VmResponsiveT{}), "not unresponsive");
  BOOST_TEST(guest.record(of_vm(schema::VmUnresponsiveT{})) == "");
  check_refused(guest, of_vm(schema::VmUnresponsiveT{}), "already");
}

BOOST_AUTO_TEST_CASE(a_guest_goes_only_if_that_is_wanted) {
  check_refused(VmLife{}, of_vm(schema::VmDeletedT{}), "not to be deleted");
  check_refused(deleted_while_running(), of_vm(schema::VmDeletedT{}),
                "not to be deleted");
}

BOOST_AUTO_TEST_CASE(when_something_came_of_it_is_kept) {
  VmLife guest;
  guest.run(at(100));
  BOOST_TEST((guest.vm().started_since_boot_ns == 100 * second_ns));
  guest.see(guest.process(VmRun::paused), at(200));
  BOOST_TEST(guest.vm().changed_since_boot_ns == 200 * second_ns);
  BOOST_TEST(guest.vm().changed_ns ==
             static_cast<std::int64_t>(200 * second_ns));
  BOOST_TEST((guest.vm().started_since_boot_ns == 100 * second_ns));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
