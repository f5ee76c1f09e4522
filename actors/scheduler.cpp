#include "actors/scheduler.hpp"

#include "actors/ask_clock.hpp"
#include "actors/fleet_inheritance.hpp"
#include "actors/fleet_requests.hpp"

namespace ppn::actors {

namespace {

using Clock = store::ClockReading;
using Self = SchedulerActor::stateful_pointer<SchedulerState>;

constexpr std::chrono::nanoseconds tick_interval{events::watch_interval_ns};

using Context = SchedulerContext;

// -- what hosts say -----------------------------------------------------------

/// As far as it is kept in mind.
bool knows_all(const SaidOfHost& said, std::uint64_t digest) {
  if (!said.report) return false;
  return said.guests.size() >= events::guests_known_max ||
         events::digest_of(*said.report, said.guests) == digest;
}

/// What it says that it has left is without the guests that it shows.
void take_whole(SaidOfHost& said, std::uint64_t now_ns) {
  said.whole_ns = now_ns;
  if (std::exchange(said.is_whole, true)) return;
  said.shown.clear();
  for (const auto& [id, guest] : said.guests) said.shown.insert(id);
}

/// It is told the rest, some at a time.
void ask(const Context& context, const NodeId& node) {
  context.self->state.member.with(
      context.self, context.parts.node, [=](const MemberActor& member) {
        context.self->send(member, headroom_atom::value, node);
      });
}

/// What comes after a silence may have been said before it, and been late: what
/// it does not show gets its time once more.
void begin_sights_anew(SchedulerState& state, const NodeId& node) {
  for (auto& [vm, sight] : state.sights) {
    auto guest = state.fleet.guests.find(vm);
    if (guest != state.fleet.guests.end() && guest->second.node == node)
      sight = {};
  }
}

void take_said(const Context& context, const HeardHostPtr& heard) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    auto& state = context.self->state;
    const auto* mesh = own_mesh(context);
    if (mesh == nullptr || mesh->find(heard->node) == nullptr) return;
    auto age_ns = state.watch.age_ns(heard->node, now.since_boot_ns);
    if (age_ns && *age_ns > events::silent_after_ns)
      begin_sights_anew(state, heard->node);
    state.watch.note_heard(heard->node, now.since_boot_ns);
    auto& said = state.said[heard->node];
    if (heard->told.report) said.report = heard->told.report;
    if (heard->told.guests) events::take_page(said.guests, *heard->told.guests);
    bool is_news = heard->told.report || heard->told.guests;
    if (is_news) said.is_whole = false;
    if (!heard->told.digest) return;
    if (knows_all(said, *heard->told.digest))
      return take_whole(said, now.since_boot_ns);
    said.is_whole = false;
    ask(context, heard->node);
  });
}

void take_own(const Context& context, const HeadroomPtr& headroom) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    if (own_mesh(context) == nullptr) return;
    auto& said = context.self->state.said[context.node];
    if (!headroom) {
      said.report.reset();
      return;
    }
    said.report = headroom->report;
    said.guests = headroom->guests;
    said.is_whole = false;
    take_whole(said, now.since_boot_ns);
  });
}

/// What was heard in an earlier time as the controller counts no more.
void forget_all(SchedulerState& state) {
  state.watch.stop();
  state.said.clear();
  state.sights.clear();
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
  if (mesh == nullptr) {
    forget_all(state);
    return begin_term(context);
  }
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
    begin_term(context);
    ask_for_inheritance(context);
    if (own_mesh(context) != nullptr) record_silence(context);
    tidy_requests(context, now.since_boot_ns);
    dispatch_requests(context, now.since_boot_ns);
  });
  context.self->delayed_send(context.self, tick_interval, tick_atom::value);
}

// -- what the operator wishes -------------------------------------------------

events::Decision decide(const Context& context, const Change& change,
                        const events::Moment& now) {
  const auto* use = std::get_if<events::UseHost>(&change);
  if (use == nullptr) return decide_request(context, change, now.since_boot_ns);
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr) return events::Refusal{not_the_controller(context)};
  return events::decide_use(context.self->state.fleet, *mesh, *use);
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
      [=](const events::Moment& now) {
        auto decision = decide(context, *change, now);
        if (auto* drafts = std::get_if<std::vector<events::Draft>>(&decision)) {
          const auto* use = std::get_if<events::UseHost>(change.get());
          *words = use != nullptr ? in_words(context, *use)
                                  : in_words(context, *drafts);
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
       {},
       context.node},
      [=](const events::Moment& now) { return decide(context, *change, now); },
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

FleetRequestStatus request_status(const SchedulerState& state, const Id& id,
                                  const events::FleetRequest& request) {
  FleetRequestStatus status{request};
  if (const auto* progress = state.dispatcher.progress_of(id)) {
    status.fetched = progress->fetched;
    status.to_fetch = progress->to_fetch;
    status.trouble = progress->reason;
  }
  return status;
}

FleetStatusPtr status_at(const Context& context, std::uint64_t now_ns) {
  const auto& state = context.self->state;
  auto status = std::make_shared<FleetStatus>();
  status->margin_mb = context.parts.margin_mb;
  // What became of them is known when the role is gone, too.
  for (const auto& [id, request] : state.fleet.requests)
    status->requests[id] = request_status(state, id, request);
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr) {
    status->refusal = not_the_controller(context);
    return status;
  }
  if (auto former = awaited_from(context))
    status->waits_for = mesh->find(*former)->name;
  auto given = promised(state);
  for (const auto& [node, member] : mesh->members) {
    auto& host = status->hosts[node];
    host = host_status(state, node, member, now_ns);
    host.promised = given[node];
  }
  status->guests = state.fleet.guests;
  status->quotas = state.fleet.quotas;
  return status;
}

/// Who moved the role here may ask at once: its term is recorded first.
void once_begun(const Context& context, const std::function<void()>& next) {
  auto& state = context.self->state;
  if (!state.is_beginning) return next();
  state.aggregate.command(
      {}, [](const events::Moment&) { return std::vector<events::Draft>{}; },
      [=](const auto&) { next(); });
}

caf::result<FleetStatusPtr> status(const Context& context) {
  auto promise = context.self->make_response_promise<FleetStatusPtr>();
  once_begun(context, [=] {
    with_clock(context.self, context.parts.clock,
               [=](const Clock& now) mutable {
                 promise.deliver(status_at(context, now.since_boot_ns));
               });
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
  if (const auto* placed = entry.payload_as_GuestPlaced())
    return events::apply(fleet, entry, *placed);
  if (const auto* ordered = entry.payload_as_GuestOrdered())
    return events::apply(fleet, entry, *ordered);
  if (const auto* ended = entry.payload_as_RequestEnded())
    return events::apply(fleet, *ended);
  if (const auto* lapsed = entry.payload_as_RequestLapsed())
    return events::apply(fleet, *lapsed);
  if (const auto* gone = entry.payload_as_GuestGone())
    return events::apply(fleet, *gone);
  if (const auto* quota = entry.payload_as_QuotaSet())
    return events::apply(fleet, *quota);
  if (const auto* begun = entry.payload_as_FleetTermBegun())
    return events::apply(fleet, *begun);
  if (const auto* taken = entry.payload_as_FleetTaken())
    return events::apply(fleet, *taken);
  return "it is no event of the fleet";
}

/// What was recorded is told at once.
void dispatch_recorded(const Context& context) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    dispatch_requests(context, now.since_boot_ns);
  });
}

}  // namespace

const events::Mesh* mesh_of_role(const Context& context) {
  const auto& roster = context.self->state.roster;
  bool is_controller = roster && roster->mesh.controller == context.node &&
                       roster->mesh.find(context.node) != nullptr;
  return is_controller ? &roster->mesh : nullptr;
}

const events::Mesh* own_mesh(const Context& context) {
  const auto* mesh = mesh_of_role(context);
  bool has_begun = mesh != nullptr &&
                   context.self->state.fleet.term == events::term_of(*mesh);
  return has_begun ? mesh : nullptr;
}

std::string not_the_controller(const Context& context) {
  if (mesh_of_role(context) != nullptr)
    return "this node did not record yet that it is the controller: try again "
           "in a moment";
  const auto& roster = context.self->state.roster;
  if (!roster)
    return "this node has not read its mesh yet: try again in a moment";
  std::string words = "this node is not the controller of a mesh";
  const auto* controller = roster->mesh.find(roster->mesh.controller);
  return controller == nullptr ? words
                               : words + ": that is " + controller->name;
}

SchedulerActor::behavior_type scheduler_actor(Self self,
                                              const SchedulerParts& parts,
                                              const events::Node& node) {
  Context context{self, parts, node.id};
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    state.headroom.note_death(death.source);
    state.member.note_death(death.source);
    state.dispatch.note_death(death.source);
  });
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) {
         return apply(state.fleet, entry);
       },
       [context] { dispatch_recorded(context); }},
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
      [=](order_atom, const OrderGuestPtr& order,
          const store::Principal& principal) {
        return order_guest(context, *order, principal);
      },
      [=](answer_atom, const NodeId& host, const DispatchAnswerPtr& said) {
        take_dispatch_answer(context, host, *said);
      },
      [=](inherit_atom, const NodeId& asker) {
        give_inheritance(context, asker);
      },
      [=](inherit_atom, const NodeId& giver,
          const InheritancePtr& inheritance) {
        take_inheritance(context, giver, *inheritance);
      },
      [=](read_atom, const Id& request) {
        return read_request(context, request);
      },
      [=](tick_atom) { tick(context); },
      [=](status_atom) { return status(context); },
  };
}

}  // namespace ppn::actors
