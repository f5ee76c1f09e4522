#include "tests/simulation/fleet_watch.hpp"

#include "actors/member.hpp"
#include "actors/scheduler.hpp"
#include "tests/simulation/fleet_rules.hpp"

namespace ppn::simulation {

namespace {

using actors::MemberActor;
using actors::MemberState;
using actors::SchedulerActor;
using actors::SchedulerState;

/// A message from one actor to another takes no longer, unless its host is
/// slow.
constexpr std::uint64_t messages_ns = second;
/// Silence is seen by then, and recorded.
constexpr std::uint64_t patience_ns = 2 * minute;

bool is_undisturbed(const Scene& scene, const Host& host) {
  return host.process && !host.is_slow && !host.is_suspended &&
         !host.process->opened->ledger->failure() &&
         scene.now() > host.disturbed_ns + patience_ns;
}

bool controls_fleet(const Host& host) {
  const auto& state = host.shadow.state();
  return is_controller(state.mesh, state.node.id);
}

std::string name_of(const Host& host, const NodeId& node) {
  const auto* member = host.shadow.state().mesh.find(node);
  return member == nullptr ? node.hex() : member->name;
}

/// 0 while it is dead.
template <class Handle>
caf::actor_id id_of(const Handle& handle) {
  return handle ? handle.id() : 0;
}

events::GuestSummaries guests_of(const Host& host) {
  events::GuestSummaries guests;
  for (const auto& [id, vm] : host.shadow.state().vms)
    guests.emplace(
        id, events::GuestSummary{vm.name, vm.outcome, !vm.is_unresponsive,
                                 vm.spec.memory_mb, vm.spec.vcpus});
  return guests;
}

std::string in_words(const events::GuestSummaries& guests) {
  std::string words = std::to_string(guests.size()) + " guests";
  for (const auto& [id, guest] : guests)
    words += ", " + guest.name + " " +
             schema::EnumNameVmOutcome(guest.outcome) +
             (guest.responds ? "" : " unresponsive");
  return words;
}

}  // namespace

FleetWatch::Listener& FleetWatch::listener(Host& host) {
  auto& listener = listeners_[host.index];
  std::pair ears{
      id_of(host.process->kept<MemberActor>(MemberState::name)),
      id_of(host.process->kept<SchedulerActor>(SchedulerState::name))};
  bool controls = controls_fleet(host);
  bool is_same = listener.process == host.process.get() &&
                 listener.ears == ears && listener.is_controller == controls;
  if (!is_same)
    listener = {host.process.get(), ears, scene_.now(), controls, {}, {}};
  return listener;
}

void FleetWatch::hear(const Host& host, Listener& listener) {
  const auto* member = host.process->look_into_kept<MemberState, MemberActor>();
  if (member == nullptr || !member->believed ||
      member->believed == listener.newest)
    return;
  listener.newest = member->believed;
  store::AlignedBytes aligned;
  auto opened = actors::open_frame(listener.newest->bytes, aligned);
  if (!opened || opened->frame->body_as_Heartbeat() == nullptr) return;
  auto& heard = listener.heard[opened->head.sender];
  std::pair said{opened->head.boot, opened->head.counter};
  if (said <= heard.said) return;
  heard.said = said;
  std::erase_if(heard.times_ns, [&](std::uint64_t then_ns) {
    return then_ns + minute < scene_.now();
  });
  heard.times_ns.push_back(scene_.now());
}

void FleetWatch::follow(Host& host) {
  auto silences = host.shadow.take_silences();
  if (!host.process || host.process->is_dying) return;
  const auto* stepped = host.process->stepped;
  bool is_of_member = stepped != nullptr && *stepped == MemberState::name;
  if (silences.empty() && !is_of_member) return;
  auto& ears = listener(host);
  if (is_of_member) hear(host, ears);
  for (const auto& silence : silences) check_silence(host, ears, silence);
}

/// Nobody was heard in the time that makes him silent.
void FleetWatch::check_silence(const Host& host, const Listener& listener,
                               const Silence& silence) {
  if (!is_undisturbed(scene_, host)) return;
  auto decided_ns = host.machine_started_ns + silence.since_boot_ns;
  auto heard = listener.heard.find(silence.node);
  if (heard == listener.heard.end()) return;
  for (auto then_ns : heard->second.times_ns)
    if (then_ns + events::silent_after_ns >= decided_ns &&
        then_ns + messages_ns <= decided_ns)
      return scene_.violate(host,
                            "it calls " + name_of(host, silence.node) +
                                " silent, whom it heard less than 30 s before");
}

void FleetWatch::check(Host& host) {
  if (!is_undisturbed(scene_, host)) return;
  auto& ears = listener(host);
  if (!ears.is_controller || scene_.now() < ears.since_ns + patience_ns) return;
  const auto& state = host.shadow.state();
  for (const auto& [node, member] : state.mesh.members) {
    auto recorded = events::host_of(state.fleet, node);
    auto& heard = ears.heard[node];
    if (heard.since_ns == 0) heard.since_ns = scene_.now();
    auto newest_ns = heard.times_ns.empty() ? heard.since_ns
                                            : heard.times_ns.back();
    bool is_quiet = node != state.node.id &&
                    scene_.now() >
                        std::max(newest_ns, heard.since_ns) + patience_ns;
    bool may_be_late = recorded.silences_in_hour >= events::silences_an_hour;
    if (is_quiet && !recorded.is_silent && !may_be_late)
      scene_.violate(host, "it heard nothing of " + member.name +
                               " for minutes, and does not call it silent");
  }
}

Complaint FleetWatch::check_at_rest(const Host& host) const {
  const auto* scheduler =
      host.process->look_into_kept<SchedulerState, SchedulerActor>();
  if (scheduler == nullptr) return "its scheduler is not there";
  if (!controls_fleet(host)) {
    if (!scheduler->said.empty())
      return "it is not the controller, and keeps what hosts said";
    return {};
  }
  auto now_ns = scene_.read_clock(host).since_boot_ns;
  for (const auto& [node, member] : host.shadow.state().mesh.members) {
    const auto* other = scene_.host_of(node);
    if (other == nullptr) continue;
    auto said = scheduler->said.find(node);
    auto standing = scheduler->watch.standing(node, now_ns);
    if (standing != events::HostStanding::live)
      return member.name + " is " + std::string{events::name_of(standing)} +
             " though all faults are over";
    if (events::host_of(host.shadow.state().fleet, node).is_silent)
      return "it still calls " + member.name + " silent";
    if (said == scheduler->said.end() || !said->second.report)
      return member.name + " did not say what it has";
    if (said->second.guests != guests_of(*other))
      return "it knows " + in_words(said->second.guests) + " of " +
             member.name + ", which has " + in_words(guests_of(*other));
  }
  return {};
}

Complaint check_scheduler(const Process& process, const Shadow& shadow,
                          const Step& step) {
  if (!step.concerns_kept(SchedulerState::name)) return {};
  const auto* scheduler =
      process.look_into_kept<SchedulerState, SchedulerActor>();
  if (scheduler == nullptr || !scheduler->aggregate.idle()) return {};
  if (scheduler->fleet != shadow.state().fleet)
    return "the scheduler's state is not the replay of its stream";
  return {};
}

}  // namespace ppn::simulation
