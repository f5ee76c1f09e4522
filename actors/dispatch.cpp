#include "actors/dispatch.hpp"

#include "actors/dispatch_document.hpp"
#include "actors/rare_path.hpp"
#include "events/dispatch.hpp"
#include "store/hash.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using Self = DispatchActor::stateful_pointer<DispatchActorState>;

constexpr auto tick_interval = std::chrono::seconds{5};

struct Context {
  Self self;
  DispatchParts parts;
  NodeId node;
};

/// Null unless it has that role, as far as this host knows.
const events::Member* controller_of(const Context& context,
                                    const NodeId& node) {
  const auto& roster = context.self->state.roster;
  if (!roster || roster->mesh.controller != node ||
      roster->mesh.find(context.node) == nullptr)
    return nullptr;
  return roster->mesh.find(node);
}

// -- what is answered ---------------------------------------------------------

void tell(const Context& context, const NodeId& controller,
          DispatchAnswer answer) {
  auto& state = context.self->state;
  auto told = std::make_shared<const DispatchAnswer>(std::move(answer));
  if (controller == context.node)
    return state.scheduler.with(
        context.self, context.parts.node, [=](const SchedulerActor& scheduler) {
          context.self->send(scheduler, answer_atom::value, context.node, told);
        });
  state.member.with(
      context.self, context.parts.node, [=](const MemberActor& member) {
        context.self->send(member, answer_atom::value, controller, told);
      });
}

void tell_progress(const Context& context, const DispatchJob& job) {
  tell(context, job.controller,
       {job.dispatch->request, schema::DispatchStage::fetching, job.trouble, 0,
        job.fetched, job.to_fetch});
}

/// It is told again, and then begun anew.
void drop(const Context& context, const Id& request) {
  context.self->state.jobs.erase(request);
}

/// Goes on with the job, if it was not dropped meanwhile.
void with_job(const Context& context, const Id& request,
              const std::function<void(DispatchJob&)>& next) {
  auto& jobs = context.self->state.jobs;
  auto job = jobs.find(request);
  if (job != jobs.end()) next(job->second);
}

/// Of a guest that will not be.
void forget_user_data(const Context& context, const DispatchJob& job) {
  if (job.user_data)
    context.self->send(context.parts.hypervisor, forget_atom::value,
                       *job.user_data);
}

/// What is recorded of it.
void end(const Context& context, const Id& request, const Bytes& bytes) {
  const auto* entry = schema::GetEntry(bytes.data());
  const auto* taken = entry->payload_as_DispatchTaken();
  with_job(context, request, [&](const DispatchJob& job) {
    if (taken == nullptr) return;
    DispatchAnswer answer{
        request, schema::DispatchStage::done, {}, entry->sequence()};
    if (taken->refused() != nullptr) {
      answer.stage = schema::DispatchStage::refused;
      answer.reason = taken->refused()->str();
      forget_user_data(context, job);
    }
    tell(context, job.controller, std::move(answer));
  });
  drop(context, request);
}

/// What the controller did not record is none of its refusals, and may be told
/// right the next time.
void give_up(const Context& context, const Id& request,
             const std::string& trouble) {
  with_job(context, request, [&](DispatchJob& job) {
    job.trouble = trouble;
    tell_progress(context, job);
  });
  drop(context, request);
}

std::function<void(caf::error&)> giving_up(const Context& context,
                                           const Id& request) {
  return [=](caf::error& error) {
    give_up(context, request, from_message(error).message);
  };
}

// -- one step after the other -------------------------------------------------

/// Whether it was taken before; otherwise `next`.
void look(const Context& context, const Id& request,
          const std::function<void()>& next) {
  on_answer<EntriesPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            replay_atom::value,
                            events::dispatch_stream(request), std::uint64_t{0}),
      [=](const EntriesPtr& entries) {
        if (entries->empty()) return next();
        mark(RarePath::dispatch_repeated);
        end(context, request, entries->front());
      },
      [=](const caf::error&) { drop(context, request); });
}

/// The controller waits to hear what becomes of it.
void look_at_guests(const Context& context) {
  context.self->state.headroom.with(
      context.self, context.parts.node, [=](const HeadroomActor& headroom) {
        context.self->send(headroom, look_atom::value);
      });
}

void decide(const Context& context, const DispatchedPtr& dispatched) {
  auto request = dispatched->taken.request;
  auto failed = giving_up(context, request);
  // The roles may have changed while images were fetched.
  if (controller_of(context, dispatched->taken.controller) == nullptr)
    return drop(context, request);
  with_kept<PoolActor>(
      context.self, context.parts.node, "pool",
      [=](const PoolActor& pool) {
        on_answer<bool>(
            context.self->request(pool, caf::infinite, dispatch_atom::value,
                                  dispatched),
            [=](bool) {
              look(context, request, [=] { drop(context, request); });
              look_at_guests(context);
            },
            failed);
      },
      failed);
}

void decide_refusal(const Context& context, const events::TakenDispatch& taken,
                    const std::string& reason) {
  decide(context, std::make_shared<const Dispatched>(
                      Dispatched{taken, events::Refusal{reason}}));
}

/// Of the reasons why something can not be had, those that will not pass.
bool is_lasting(const Error& error) {
  return error.code != ErrorCode::io && error.code != ErrorCode::damaged;
}

// -- user data ----------------------------------------------------------------

/// Goes on once the hypervisor keeps what was sealed for this host.
void keep_user_data(const Context& context, const events::TakenDispatch& taken,
                    const Hash& hash, const SecretBufferPtr& secret,
                    const std::function<void()>& next) {
  with_job(context, taken.request,
           [&](DispatchJob& job) { job.user_data = hash; });
  on_answer<bool>(
      context.self->request(context.parts.hypervisor, caf::infinite,
                            take_atom::value, hash, secret),
      [next](bool) { next(); },
      [=](caf::error& error) {
        auto why = from_message(error);
        if (!is_lasting(why))
          return give_up(context, taken.request, why.message);
        decide_refusal(context, taken, "its user data: " + why.message);
      });
}

void unseal(const Context& context, const events::TakenDispatch& taken,
            const Hash& hash, const BytesPtr& sealed,
            const std::function<void()>& next) {
  on_answer<SecretBufferPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            unseal_atom::value, sealed),
      [=](const SecretBufferPtr& secret) {
        keep_user_data(context, taken, hash, secret, next);
      },
      giving_up(context, taken.request));
}

/// Of a guest that has some; and as late as can be, for it is kept.
void fetch_user_data(const Context& context, const DispatchedPtr& dispatched,
                     const std::function<void()>& next) {
  const auto& taken = dispatched->taken;
  const auto& define = std::get<events::DefineVm>(dispatched->what);
  if (!define.spec.cloud_init) return next();
  auto hash = *define.spec.cloud_init;
  with_job(context, taken.request, [&](const DispatchJob& job) {
    const auto* controller = controller_of(context, job.controller);
    // What this node's operator gave it is there already.
    if (job.controller == context.node) return next();
    if (controller == nullptr) return drop(context, taken.request);
    if (!job.dispatch->sealed)
      return give_up(context, taken.request, "its user data is missing");
    on_answer<BytesPtr>(
        context.self->request(context.parts.bulk, caf::infinite,
                              fetch_atom::value, controller->address,
                              *job.dispatch->sealed),
        [=](const BytesPtr& sealed) {
          unseal(context, dispatched->taken, hash, sealed, next);
        },
        giving_up(context, taken.request));
  });
}

// -- images -------------------------------------------------------------------

std::vector<events::IpAddress> sources_of(const Context& context,
                                          const NodeId& controller) {
  const auto& members = context.self->state.roster->mesh.members;
  std::vector<events::IpAddress> sources;
  auto add = [&](const NodeId& node) {
    if (node != context.node) sources.push_back(members.at(node).address);
  };
  if (members.contains(controller)) add(controller);
  for (const auto& [node, member] : members)
    if (node != controller) add(node);
  return sources;
}

using Images = std::shared_ptr<const std::vector<events::ImageOfGuest>>;

/// The images that are missing, one after the other.
void fetch_images(const Context& context, const DispatchedPtr& dispatched,
                  const Images& images, std::size_t next) {
  const auto& taken = dispatched->taken;
  auto request = taken.request;
  if (controller_of(context, taken.controller) == nullptr)
    return drop(context, request);
  if (next == images->size())
    return fetch_user_data(context, dispatched,
                           [=] { decide(context, dispatched); });
  auto fetch = std::make_shared<const FetchImage>(
      FetchImage{(*images)[next],
                 sources_of(context, dispatched->taken.controller), request});
  auto fetched = [=](bool) {
    with_job(context, request, [&](DispatchJob& job) {
      job.fetched_before += (*images)[next].size;
      job.fetched = job.fetched_before;
      fetch_images(context, dispatched, images, next + 1);
    });
  };
  auto failed = [=](caf::error& error) {
    auto why = from_message(error);
    if (!is_lasting(why)) return give_up(context, request, why.message);
    decide_refusal(context, dispatched->taken, why.message);
  };
  with_kept<PoolActor>(
      context.self, context.parts.node, "pool",
      [=](const PoolActor& pool) {
        on_answer<bool>(
            context.self->request(pool, caf::infinite, fetch_atom::value,
                                  FetchImagePtr{fetch},
                                  caf::actor_cast<ImageFollower>(context.self)),
            fetched, failed);
      },
      giving_up(context, request));
}

// -- what it says -------------------------------------------------------------

void begin_images(const Context& context, const DispatchedPtr& dispatched,
                  const Images& images) {
  with_job(context, dispatched->taken.request, [&](DispatchJob& job) {
    for (const auto& image : *images) job.to_fetch += image.size;
    if (job.to_fetch != 0) tell_progress(context, job);
    fetch_images(context, dispatched, images, 0);
  });
}

void take_placed(const Context& context, const events::TakenDispatch& taken,
                 const schema::GuestPlaced& placed) {
  auto spec = events::read_spec(*placed.spec());
  if (!spec) return decide_refusal(context, taken, "no guest can be like that");
  auto images = events::read_images(placed, *spec);
  if (!images)
    return decide_refusal(context, taken, "it is made of other images");
  begin_images(
      context,
      std::make_shared<const Dispatched>(Dispatched{
          taken, events::DefineVm{Id{*placed.vm()}, placed.name()->str(),
                                  std::move(*spec), placed.start()}}),
      std::make_shared<const std::vector<events::ImageOfGuest>>(
          std::move(*images)));
}

void take_order(const Context& context, const events::TakenDispatch& taken,
                const schema::GuestOrdered& ordered) {
  auto order = events::read_order(ordered);
  if (!order)
    return decide_refusal(context, taken, "no guest can be told that");
  decide(context, std::make_shared<const Dispatched>(Dispatched{
                      taken, DispatchedOrder{Id{*ordered.vm()}, *order}}));
}

void open(const Context& context, const Id& request, const Bytes& document) {
  with_job(context, request, [&](const DispatchJob& job) {
    const auto* controller = controller_of(context, job.controller);
    if (controller == nullptr) return drop(context, request);
    store::AlignedBytes aligned;
    auto opened =
        open_document(document, job.controller, controller->key, aligned);
    if (!opened) return give_up(context, request, opened.error().message);
    if (opened->request != request || opened->host != context.node)
      return give_up(context, request, "the document is of something else");
    events::TakenDispatch taken{request, job.controller,
                                opened->entry->sequence()};
    if (!context.parts.takes_dispatches)
      return decide_refusal(context, taken,
                            "it takes nothing from the controller: see "
                            "fleet.dispatches in its configuration");
    if (const auto* placed = opened->entry->payload_as_GuestPlaced())
      return take_placed(context, taken, *placed);
    take_order(context, taken, *opened->entry->payload_as_GuestOrdered());
  });
}

void fetch(const Context& context, const Id& request) {
  with_job(context, request, [&](const DispatchJob& job) {
    const auto* controller = controller_of(context, job.controller);
    if (controller == nullptr) return drop(context, request);
    on_answer<BytesPtr>(
        context.self->request(context.parts.bulk, caf::infinite,
                              fetch_atom::value, controller->address,
                              job.dispatch->document),
        [=](const BytesPtr& document) { open(context, request, *document); },
        giving_up(context, request));
  });
}

void take(const Context& context, const NodeId& sender,
          const DispatchPtr& dispatch, const BytesPtr& document) {
  auto& jobs = context.self->state.jobs;
  if (controller_of(context, sender) == nullptr) return;
  const auto& request = dispatch->request;
  if (auto job = jobs.find(request); job != jobs.end())
    return tell_progress(context, job->second);
  if (jobs.size() >= dispatch_jobs_max) return;
  jobs.emplace(request, DispatchJob{sender, dispatch});
  look(context, request, [=] {
    if (!document) return fetch(context, request);
    if (store::sha256(*document) != dispatch->document)
      return give_up(context, request, "the document is of something else");
    open(context, request, *document);
  });
}

// -- the actor ----------------------------------------------------------------

void take_roster(const Context& context, const RosterPtr& roster) {
  context.self->state.roster = roster;
  const auto& mesh = roster->mesh;
  // What an old one began keeps no room from the next.
  std::erase_if(context.self->state.jobs, [&](const auto& one) {
    return one.second.controller != mesh.controller;
  });
  const auto* own = mesh.find(context.node);
  if (own == nullptr) return;
  std::optional<events::IpAddress> controller;
  if (const auto* member = mesh.find(mesh.controller))
    controller = member->address;
  context.self->send(context.parts.bulk, listen_atom::value, own->address,
                     controller);
  context.self->send(context.parts.hypervisor, bind_atom::value, own->address);
}

void tick(const Context& context) {
  context.self->state.mesh.ensure(context.self, context.parts.node);
  context.self->delayed_send(context.self, tick_interval, tick_atom::value);
}

}  // namespace

DispatchActor::behavior_type dispatch_actor(Self self,
                                            const DispatchParts& parts,
                                            const NodeId& node) {
  Context context{self, parts, node};
  self->set_down_handler([self](const caf::down_msg& death) {
    self->state.mesh.note_death(death.source);
    self->state.member.note_death(death.source);
    self->state.scheduler.note_death(death.source);
    self->state.headroom.note_death(death.source);
  });
  self->send(self, tick_atom::value);
  return {
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](dispatch_atom, const NodeId& sender, const DispatchPtr& dispatch,
          const BytesPtr& document) {
        take(context, sender, dispatch, document);
      },
      [=](progress_atom, const Id& request, std::uint64_t done,
          std::uint64_t /*total*/) {
        with_job(context, request, [&](DispatchJob& job) {
          job.fetched = job.fetched_before + done;
        });
      },
      [=](tick_atom) { tick(context); },
  };
}

}  // namespace ppn::actors
