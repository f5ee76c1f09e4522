#include "actors/scheduler.hpp"

#include "actors/ask_clock.hpp"

namespace ppn::actors {

namespace {

using Clock = store::ClockReading;
using Self = SchedulerActor::stateful_pointer<SchedulerState>;

constexpr std::chrono::nanoseconds tick_interval{events::watch_interval_ns};

struct Context {
  Self self;
  SchedulerParts parts;
  NodeId node;
};

/// Null unless this node is the controller.
const events::Mesh* own_mesh(const Context& context) {
  const auto& roster = context.self->state.roster;
  bool is_controller = roster && roster->mesh.controller == context.node &&
                       roster->mesh.find(context.node) != nullptr;
  return is_controller ? &roster->mesh : nullptr;
}

// -- what hosts say -----------------------------------------------------------

/// As far as it is kept in mind.
bool knows_all(const SaidOfHost& said, std::uint64_t digest) {
  if (!said.report) return false;
  return said.guests.size() >= events::guests_known_max ||
         events::digest_of(*said.report, said.guests) == digest;
}

/// It is told the rest, some at a time.
void ask(const Context& context, const NodeId& node) {
  context.self->state.member.with(
      context.self, context.parts.node, [=](const MemberActor& member) {
        context.self->send(member, headroom_atom::value, node);
      });
}

void take_said(const Context& context, const HeardHostPtr& heard) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    auto& state = context.self->state;
    const auto* mesh = own_mesh(context);
    if (mesh == nullptr || mesh->find(heard->node) == nullptr) return;
    state.watch.note_heard(heard->node, now.since_boot_ns);
    auto& said = state.said[heard->node];
    if (heard->told.report) said.report = heard->told.report;
    if (heard->told.guests) events::take_page(said.guests, *heard->told.guests);
    if (heard->told.digest && !knows_all(said, *heard->told.digest))
      ask(context, heard->node);
  });
}

void take_own(const Context& context, const HeadroomPtr& headroom) {
  if (own_mesh(context) != nullptr)
    context.self->state.said[context.node] = {headroom->report,
                                              headroom->guests};
}

/// What was heard in an earlier time as the controller counts no more.
void forget_all(SchedulerState& state) {
  state.watch.stop();
  state.said.clear();
}

void listen(const Context& context, const Clock& now) {
  auto& state = context.self->state;
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr) return;
  state.watch.tick(mesh->members, now.since_boot_ns);
  state.watch.note_heard(context.node, now.since_boot_ns);
}

void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  state.roster = roster;
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr) return forget_all(state);
  std::erase_if(state.said, [&](const auto& one) {
    return mesh->find(one.first) == nullptr;
  });
  with_clock(context.self, context.parts.clock,
             [=](const Clock& now) { listen(context, now); });
}

// -- who is silent ------------------------------------------------------------

events::SilentHosts silent_hosts(const Context& context,
                                 const events::Mesh& mesh,
                                 std::uint64_t now_ns) {
  const auto& state = context.self->state;
  events::SilentHosts silent;
  for (const auto& [node, member] : mesh.members) {
    auto standing = state.watch.standing(node, now_ns);
    // Of whom nothing is known yet nothing is recorded.
    if (standing == events::HostStanding::silent ||
        standing == events::HostStanding::live)
      silent[node] = standing == events::HostStanding::silent;
  }
  return silent;
}

void record_silence(const Context& context) {
  auto& state = context.self->state;
  if (state.is_recording) return;
  state.is_recording = true;
  state.aggregate.command(
      {{schema::PrincipalKind::actor, SchedulerState::name}, {}, {}},
      [context](const events::Moment& now) -> events::Decision {
        const auto* mesh = own_mesh(context);
        if (mesh == nullptr) return std::vector<events::Draft>{};
        return events::decide_silence(
            context.self->state.fleet,
            silent_hosts(context, *mesh, now.since_boot_ns), now);
      },
      [&state](const auto&) { state.is_recording = false; });
}

void tick(const Context& context) {
  auto& state = context.self->state;
  state.mesh.ensure(context.self, context.parts.node);
  state.headroom.ensure(context.self, context.parts.node);
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    listen(context, now);
    if (own_mesh(context) != nullptr) record_silence(context);
  });
  context.self->delayed_send(context.self, tick_interval, tick_atom::value);
}

// -- what the operator wishes -------------------------------------------------

/// Empty: nobody.
std::string controller_name(const SchedulerState& state) {
  if (!state.roster) return {};
  const auto& mesh = state.roster->mesh;
  const auto* controller = mesh.find(mesh.controller);
  return controller == nullptr ? std::string{} : controller->name;
}

std::string not_the_controller(const SchedulerState& state) {
  auto name = controller_name(state);
  return "this node is not the controller of a mesh" +
         (name.empty() ? name : ": that is " + name);
}

events::Decision decide(const Context& context, const Change& change) {
  const auto& state = context.self->state;
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr) return events::Refusal{not_the_controller(state)};
  return events::decide_use(state.fleet, *mesh,
                            std::get<events::UseHost>(change));
}

std::vector<std::string> in_words(const Context& context,
                                  const events::UseHost& wish) {
  const auto* mesh = own_mesh(context);
  const auto* member = mesh == nullptr ? nullptr : mesh->find(wish.node);
  if (member == nullptr) return {};
  auto host = events::host_of(context.self->state.fleet, wish.node);
  std::vector<std::string> words;
  if (wish.drained && *wish.drained != host.is_drained)
    words.push_back(member->name + (*wish.drained
                                        ? " gets no more guests, and keeps "
                                          "those that it has"
                                        : " gets guests again"));
  if (wish.reserved && *wish.reserved != host.is_reserved)
    words.push_back(member->name +
                    (*wish.reserved
                         ? " gets guests only if nobody else can take them"
                         : " gets guests like the others"));
  return words;
}

caf::result<WordsPtr> plan(const Context& context, const ChangePtr& change) {
  auto promise = context.self->make_response_promise<WordsPtr>();
  auto words = std::make_shared<std::vector<std::string>>();
  context.self->state.aggregate.command(
      {},
      [=](const events::Moment&) {
        auto decision = decide(context, *change);
        if (auto* drafts = std::get_if<std::vector<events::Draft>>(&decision)) {
          *words = in_words(context, std::get<events::UseHost>(*change));
          drafts->clear();
        }
        return decision;
      },
      [promise, words](const store::Result<std::uint64_t>& result) {
        answer(promise, result ? store::Result<WordsPtr>{words}
                               : store::Result<WordsPtr>{result.error()});
      });
  return promise;
}

caf::result<std::uint64_t> commit(const Context& context,
                                  const ChangePtr& change, const Id& proposal,
                                  const store::Principal& principal) {
  auto promise = context.self->make_response_promise<std::uint64_t>();
  context.self->state.aggregate.command(
      {principal,
       store::Causation{schema::CausationKind::request, {}, 0, proposal},
       {}},
      [=](const events::Moment&) { return decide(context, *change); },
      [promise](const auto& result) { answer(promise, result); });
  return promise;
}

// -- the actor ----------------------------------------------------------------

FleetHostStatus host_status(const SchedulerState& state, const NodeId& node,
                            const events::Member& member,
                            std::uint64_t now_ns) {
  FleetHostStatus host;
  host.name = member.name;
  host.recorded = events::host_of(state.fleet, node);
  host.standing = state.watch.standing(node, now_ns);
  host.age_ns = state.watch.age_ns(node, now_ns);
  if (auto said = state.said.find(node); said != state.said.end()) {
    host.report = said->second.report;
    host.guests = said->second.guests;
  }
  return host;
}

FleetStatusPtr status_at(const Context& context, std::uint64_t now_ns) {
  const auto& state = context.self->state;
  auto status = std::make_shared<FleetStatus>();
  status->margin_mb = context.parts.margin_mb;
  status->controller = controller_name(state);
  const auto* mesh = own_mesh(context);
  status->is_controller = mesh != nullptr;
  if (mesh != nullptr)
    for (const auto& [node, member] : mesh->members)
      status->hosts[node] = host_status(state, node, member, now_ns);
  return status;
}

caf::result<FleetStatusPtr> status(const Context& context) {
  auto promise = context.self->make_response_promise<FleetStatusPtr>();
  with_clock(context.self, context.parts.clock, [=](const Clock& now) mutable {
    promise.deliver(status_at(context, now.since_boot_ns));
  });
  return promise;
}

events::Contradiction apply(events::Fleet& fleet, const schema::Entry& entry) {
  if (const auto* set = entry.payload_as_HostUseSet())
    return events::apply(fleet, *set);
  if (const auto* silent = entry.payload_as_HostFellSilent())
    return events::apply(fleet, entry, *silent);
  if (const auto* heard = entry.payload_as_HostHeardAgain())
    return events::apply(fleet, *heard);
  return "it is no event of the fleet";
}

}  // namespace

SchedulerActor::behavior_type scheduler_actor(Self self,
                                              const SchedulerParts& parts,
                                              const events::Node& node) {
  Context context{self, parts, node.id};
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    state.headroom.note_death(death.source);
    state.member.note_death(death.source);
  });
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) {
         return apply(state.fleet, entry);
       },
       [] {}},
      events::fleet_stream);
  self->send(self, tick_atom::value);
  return {
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](observed_atom, const HeardHostPtr& heard) {
        take_said(context, heard);
      },
      [=](headroom_atom, const HeadroomPtr& headroom) {
        take_own(context, headroom);
      },
      [=](plan_atom, const ChangePtr& change) { return plan(context, change); },
      [=](commit_atom, const ChangePtr& change, const Id& proposal,
          const store::Principal& principal) {
        return commit(context, change, proposal, principal);
      },
      [=](tick_atom) { tick(context); },
      [=](status_atom) { return status(context); },
  };
}

}  // namespace ppn::actors
