#include "actors/pool.hpp"

#include "actors/rare_path.hpp"
#include "actors/vm_plan.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using Self = PoolActor::stateful_pointer<PoolState>;

struct Context {
  Self self;
  std::shared_ptr<const PoolParts> parts;
  std::uint64_t boot = 0;
};

Origin own_will() {
  return {{schema::PrincipalKind::actor, PoolState::name}, {}, {}};
}

Origin of_operator(const store::Principal& principal, const Id& proposal) {
  return {principal,
          store::Causation{schema::CausationKind::request, {}, 0, proposal},
          {}};
}

Error no_such_guest() {
  return {ErrorCode::not_found,
          "there is no such guest; ppnctl vm list shows those that are"};
}

// -- one after the other ------------------------------------------------------

void next(PoolState& state) {
  if (state.is_deciding || state.waiting.empty()) return;
  state.is_deciding = true;
  auto job = std::move(state.waiting.front());
  state.waiting.pop_front();
  job();
}

void in_turn(PoolState& state, std::function<void()> job) {
  state.waiting.push_back(std::move(job));
  next(state);
}

void end_turn(PoolState& state) {
  state.is_deciding = false;
  next(state);
}

// -- guests -------------------------------------------------------------------

void ensure_actors(const Context& context) {
  auto& state = context.self->state;
  for (const auto& [id, vm] : state.pool.vms) {
    auto& actor = state.actors[id];
    if (actor) continue;
    actor = context.self->spawn(
        vm_actor, VmParts{context.parts->ledger, context.parts->clock,
                          context.parts->hypervisor, PoolActor{context.self},
                          id, context.boot});
    context.self->monitor(actor);
  }
}

void take_status(const Context& context, const Id& id,
                 const VmStatusPtr& status) {
  auto& state = context.self->state;
  if (!status->vm) {
    state.pool.vms.erase(id);
    state.statuses.erase(id);
    state.actors.erase(id);
    return;
  }
  state.pool.vms[id] = *status->vm;
  state.statuses[id] = status;
}

void take_death(Self self, const caf::actor_addr& dead) {
  for (auto& [id, actor] : self->state.actors)
    if (actor && caf::actor_cast<caf::actor_addr>(actor) == dead)
      actor = nullptr;
  self->delayed_send(self, vm_respawn_delay, tick_atom::value);
}

/// The guests are as many streams, so they are taken from the ledger's state.
void learn_guests(const Context& context) {
  auto* self = context.self;
  on_answer<StatePtr>(
      self->request(context.parts->ledger, caf::infinite, state_atom::value),
      [context](const StatePtr& all) {
        auto& state = context.self->state;
        state.pool.vms = all->state.vms;
        state.knows_guests = true;
        ensure_actors(context);
        end_turn(state);
      },
      [self](caf::error& error) { self->quit(error); });
}

/// By the guest's own actor.
void order(
    const Context& context, const Id& id, const VmOrderWishPtr& wish,
    const std::function<void(const store::Result<std::uint64_t>&)>& done) {
  auto& state = context.self->state;
  auto actor = state.actors.find(id);
  if (actor == state.actors.end()) return done(no_such_guest());
  if (!actor->second)
    return done(Error{ErrorCode::io,
                      "the guest's actor is being respawned; "
                      "try again"});
  on_answer<std::uint64_t>(
      context.self->request(actor->second, caf::infinite, commit_atom::value,
                            wish),
      [done](std::uint64_t sequence) { done(sequence); },
      [done](caf::error& error) { done(from_message(error)); });
}

// -- changes ------------------------------------------------------------------

/// Whether it may be now, without doing it.
events::Decision rehearse(const events::Pool& pool, const Change& change) {
  if (const auto* define = std::get_if<events::DefineVm>(&change))
    return events::decide_define(pool, *define);
  if (const auto* adopt = std::get_if<events::AdoptVm>(&change))
    return events::decide_adopt(pool, *adopt);
  if (const auto* set = std::get_if<events::ChangeVm>(&change))
    return events::decide_change(pool, *set);
  if (const auto* image = std::get_if<RemoveImage>(&change))
    return events::decide_image_gone(pool.images, image->digest,
                                     events::user_of(pool.vms, image->digest));
  const auto& wish = std::get<events::DeleteVm>(change);
  auto vm = pool.vms.find(wish.vm);
  if (vm == pool.vms.end()) return events::Refusal{no_such_guest().message};
  return events::decide_delete(wish.vm, vm->second, wish.force);
}

std::vector<std::string> in_words(const PoolState& state,
                                  const Change& change) {
  const auto& pool = state.pool;
  if (const auto* define = std::get_if<events::DefineVm>(&change))
    return plan_of(*define, pool, state.acceleration);
  if (const auto* adopt = std::get_if<events::AdoptVm>(&change))
    return plan_of(*adopt);
  if (const auto* set = std::get_if<events::ChangeVm>(&change))
    return plan_of(*set, pool);
  if (const auto* image = std::get_if<RemoveImage>(&change))
    return {"remove the image " + pool.images.at(image->digest).name + " (" +
            image->digest.hex() + ")"};
  return plan_of(std::get<events::DeleteVm>(change), pool);
}

caf::result<WordsPtr> plan(const Context& context, const ChangePtr& change) {
  auto promise = context.self->make_response_promise<WordsPtr>();
  in_turn(context.self->state, [context, change, promise]() mutable {
    auto& state = context.self->state;
    auto decision = rehearse(state.pool, *change);
    if (const auto* refusal = std::get_if<events::Refusal>(&decision))
      promise.deliver(to_message({ErrorCode::bad_input, refusal->reason}));
    else
      promise.deliver(WordsPtr{std::make_shared<const std::vector<std::string>>(
          in_words(state, *change))});
    end_turn(state);
  });
  return promise;
}

using Done = std::function<void(const store::Result<std::uint64_t>&)>;

/// By this actor's own streams, or as the first of a guest's.
void record(const Context& context, const ChangePtr& change,
            const Origin& origin, const Done& done) {
  auto& state = context.self->state;
  state.aggregate.command(
      origin,
      [&state, change](const events::Moment&) {
        return rehearse(state.pool, *change);
      },
      [context, change, done](const store::Result<std::uint64_t>& result) {
        if (const auto* image = std::get_if<RemoveImage>(change.get());
            image != nullptr && result)
          context.self->send(context.parts->images, forget_atom::value,
                             image->digest);
        done(result);
      });
}

void change_guest(const Context& context, const Change& change,
                  const Origin& origin, const Done& done) {
  auto decision = rehearse(context.self->state.pool, change);
  if (const auto* refusal = std::get_if<events::Refusal>(&decision))
    return done(Error{ErrorCode::bad_input, refusal->reason});
  auto wish = std::make_shared<VmOrderWish>();
  wish->principal = origin.principal;
  wish->causation = origin.causation;
  Id id;
  if (const auto* set = std::get_if<events::ChangeVm>(&change)) {
    wish->what = *set;
    id = set->vm;
  } else {
    const auto& gone = std::get<events::DeleteVm>(change);
    wish->what = gone;
    id = gone.vm;
  }
  order(context, id, wish, done);
}

caf::result<std::uint64_t> commit(const Context& context,
                                  const ChangePtr& change, const Id& proposal,
                                  const store::Principal& principal) {
  auto promise = context.self->make_response_promise<std::uint64_t>();
  in_turn(context.self->state, [=] {
    auto origin = of_operator(principal, proposal);
    auto done = [context, promise](const store::Result<std::uint64_t>& result) {
      answer(promise, result);
      end_turn(context.self->state);
    };
    bool is_of_guest = std::holds_alternative<events::ChangeVm>(*change) ||
                       std::holds_alternative<events::DeleteVm>(*change);
    if (is_of_guest)
      change_guest(context, *change, origin, done);
    else
      record(context, change, origin, done);
  });
  return promise;
}

caf::result<std::uint64_t> command(const Context& context, const Id& id,
                                   const events::VmCommand& what,
                                   const store::Principal& principal) {
  auto promise = context.self->make_response_promise<std::uint64_t>();
  auto wish = std::make_shared<VmOrderWish>();
  wish->what = what;
  wish->principal = principal;
  order(context, id, wish,
        [promise](const auto& result) { answer(promise, result); });
  return promise;
}

// -- what the controller wants ------------------------------------------------

Origin of_controller(const events::TakenDispatch& taken) {
  return {
      {schema::PrincipalKind::node, taken.controller.hex()},
      store::Causation{
          schema::CausationKind::entry, taken.controller, taken.sequence, {}},
      {},
      taken.controller};
}

/// By this actor's own streams: a new guest, or that something is refused.
void record_taken(const Context& context, const events::TakenDispatch& taken,
                  const std::function<events::Decision()>& decide,
                  const Done& done) {
  context.self->state.aggregate.command(
      of_controller(taken),
      [decide, taken](const events::Moment&) {
        return events::settle(decide(), taken);
      },
      done);
}

void record_refusal(const Context& context, const events::TakenDispatch& taken,
                    const std::string& reason, const Done& done) {
  record_taken(
      context, taken, [reason] { return events::Refusal{reason}; }, done);
}

events::VmSpec changed(events::VmSpec spec, const events::GuestOrder& order) {
  spec.vcpus = order.vcpus.value_or(spec.vcpus);
  spec.memory_mb = order.memory_mb.value_or(spec.memory_mb);
  spec.floor_mb = order.floor_mb.value_or(spec.floor_mb);
  spec.cpu_weight = order.cpu_weight.value_or(spec.cpu_weight);
  return spec;
}

std::optional<events::VmCommand> command_of(const events::GuestOrder& order) {
  using enum schema::GuestVerb;
  using events::VmVerb;
  if (order.verb == start) return events::VmCommand{VmVerb::start};
  if (order.verb == stop) return events::VmCommand{VmVerb::stop, order.force};
  if (order.verb == pause) return events::VmCommand{VmVerb::pause};
  if (order.verb == resume) return events::VmCommand{VmVerb::resume};
  if (order.verb == reset) return events::VmCommand{VmVerb::reset};
  return std::nullopt;
}

/// Of a guest that is there.
std::variant<events::VmCommand, events::ChangeVm, events::DeleteVm> wish_of(
    const DispatchedOrder& wanted, const events::Vm& vm) {
  if (auto command = command_of(wanted.order)) return *command;
  if (wanted.order.verb == schema::GuestVerb::change)
    return events::ChangeVm{wanted.vm, changed(vm.spec, wanted.order)};
  return events::DeleteVm{wanted.vm, wanted.order.force};
}

/// By the guest's own actor; what it may not be is refused here, before.
void order_dispatched(const Context& context,
                      const events::TakenDispatch& taken,
                      const DispatchedOrder& wanted, const Done& done) {
  const auto& pool = context.self->state.pool;
  auto vm = pool.vms.find(wanted.vm);
  if (vm == pool.vms.end())
    return record_refusal(context, taken, "there is no such guest", done);
  auto wish = std::make_shared<VmOrderWish>();
  wish->what = wish_of(wanted, vm->second);
  if (const auto* set = std::get_if<events::ChangeVm>(&wish->what)) {
    auto decision = rehearse(pool, *set);
    if (const auto* refusal = std::get_if<events::Refusal>(&decision))
      return record_refusal(context, taken, refusal->reason, done);
  }
  auto origin = of_controller(taken);
  wish->principal = origin.principal;
  wish->causation = origin.causation;
  wish->dispatch = taken;
  order(context, wanted.vm, wish, done);
}

caf::result<bool> take_dispatched(const Context& context,
                                  const DispatchedPtr& dispatched) {
  auto promise = context.self->make_response_promise<bool>();
  // What is told again while it is being decided is not decided twice.
  if (!context.self->state.dispatched.insert(dispatched->taken.request).second)
    return to_message({ErrorCode::io, "it is being decided"});
  in_turn(context.self->state, [=] {
    auto& state = context.self->state;
    const auto& [taken, what] = *dispatched;
    auto done = [=, &state](const store::Result<std::uint64_t>& result) {
      state.dispatched.erase(dispatched->taken.request);
      answer(promise, result ? store::Result<bool>{true}
                             : store::Result<bool>{result.error()});
      end_turn(state);
    };
    if (const auto* define = std::get_if<events::DefineVm>(&what))
      return record_taken(
          context, taken,
          [&state, define = *define] { return rehearse(state.pool, define); },
          done);
    if (const auto* refusal = std::get_if<events::Refusal>(&what))
      return record_refusal(context, taken, refusal->reason, done);
    order_dispatched(context, taken, std::get<DispatchedOrder>(what), done);
  });
  return promise;
}

// -- images -------------------------------------------------------------------

/// Those that are over make room.
void forget_old_progress(PoolState& state) {
  if (state.progress.size() < image_progress_max) return;
  std::erase_if(state.progress, [](const auto& one) {
    return one.second.failure || one.second.digest;
  });
}

void take_image(const Context& context, const Id& id, const AddImagePtr& wish);

void record_image(const Context& context, const Id& id, const AddImagePtr& wish,
                  const ImageKept& kept) {
  auto& state = context.self->state;
  events::Image image{wish->name, kept.size, kept.format};
  auto may_be_gone = [&state, id, kept] {
    return state.adding[id].contains(kept.digest);
  };
  state.aggregate.command(
      {wish->principal, {}, {}},
      [&state, kept, image, may_be_gone](const events::Moment&) {
        if (may_be_gone())
          return events::Decision{events::Refusal{"it was removed meanwhile"}};
        return events::decide_image(state.pool.images, kept.digest, image);
      },
      [=, &state](const store::Result<std::uint64_t>& result) {
        if (!result && may_be_gone()) return take_image(context, id, wish);
        state.adding.erase(id);
        auto& progress = state.progress[id];
        if (!result) {
          progress.failure = result.error().message;
          return;
        }
        progress.digest = kept.digest;
        progress.was_there = kept.was_there && *result == 0;
      });
}

void take_image(const Context& context, const Id& id, const AddImagePtr& wish) {
  auto& state = context.self->state;
  state.adding[id] = {};
  auto file =
      std::make_shared<ImageFile>(ImageFile{wish->path, wish->uid, wish->gid});
  on_answer<ImageKept>(
      context.self->request(context.parts->images, caf::infinite,
                            take_atom::value, ImageFilePtr{file}, id,
                            caf::actor_cast<ImageFollower>(context.self)),
      [context, id, wish](const ImageKept& kept) {
        record_image(context, id, wish, kept);
      },
      [&state, id](caf::error& error) {
        state.adding.erase(id);
        state.progress[id].failure = from_message(error).message;
      });
}

caf::result<Id> add_image(const Context& context, const AddImagePtr& wish) {
  auto& state = context.self->state;
  if (!events::is_image_name(wish->name))
    return to_message({ErrorCode::bad_input,
                       "the name of an image is of printable letters without "
                       "blanks; --name gives another one"});
  forget_old_progress(state);
  if (state.progress.size() >= image_progress_max)
    return to_message(
        {ErrorCode::bad_input, "too many images are being added at once"});
  auto id = context.parts->next_id();
  state.progress[id] = ImageProgress{wish->name};
  take_image(context, id, wish);
  return id;
}

/// Kept by the port, and to be recorded, unless it was removed meanwhile: then
/// it is fetched once more when it is wanted again.
void record_fetched(const Context& context, const FetchImage& fetch,
                    const ImageKept& kept,
                    caf::typed_response_promise<bool> promise) {
  auto& state = context.self->state;
  events::Image image{fetch.image.name, kept.size, kept.format};
  state.aggregate.command(
      own_will(),
      [&state, request = fetch.request, digest = kept.digest,
       image](const events::Moment&) -> events::Decision {
        if (state.adding[request].contains(digest))
          return events::Refusal{"it was removed meanwhile"};
        return events::decide_image(state.pool.images, digest, image);
      },
      [&state, promise, request = fetch.request](
          const store::Result<std::uint64_t>& result) mutable {
        state.adding.erase(request);
        if (result) mark(RarePath::image_fetched);
        answer(promise, result ? store::Result<bool>{true}
                               : store::Result<bool>{Error{
                                     ErrorCode::io, result.error().message}});
      });
}

/// Why no source gave it, so far. One that was not reached may have it, and one
/// that gave something else may not have, but what was left of another fetch.
Error why_none(const Error& before, const Error& last) {
  bool may_pass = before.code == ErrorCode::io ||
                  before.code == ErrorCode::damaged;
  return may_pass ? before : last;
}

/// From one source after the other, until one gives it.
void fetch_from(const Context& context, const FetchImagePtr& fetch,
                const ImageFollower& follower, std::size_t source,
                const Error& none_yet,
                caf::typed_response_promise<bool> promise) {
  if (source == fetch->sources.size()) {
    context.self->state.adding.erase(fetch->request);
    promise.deliver(to_message(none_yet));
    return;
  }
  auto image = std::make_shared<const events::ImageOfGuest>(fetch->image);
  on_answer<ImageKept>(
      context.self->request(context.parts->bulk, caf::infinite,
                            fetch_atom::value, fetch->sources[source],
                            ImageOfGuestPtr{image}, fetch->request, follower),
      [=](const ImageKept& kept) {
        record_fetched(context, *fetch, kept, promise);
      },
      [=](caf::error& error) mutable {
        auto why = from_message(error);
        if (why.code == ErrorCode::disk_full) {
          context.self->state.adding.erase(fetch->request);
          promise.deliver(error);
          return;
        }
        fetch_from(context, fetch, follower, source + 1,
                   why_none(none_yet, why), promise);
      });
}

caf::result<bool> fetch_image(const Context& context,
                              const FetchImagePtr& fetch,
                              const ImageFollower& follower) {
  if (context.self->state.pool.images.contains(fetch->image.digest))
    return true;
  auto promise = context.self->make_response_promise<bool>();
  context.self->state.adding[fetch->request] = {};
  Error nobody{ErrorCode::not_found,
               "no member has the image " + fetch->image.name};
  fetch_from(context, fetch, follower, 0, nobody, promise);
  return promise;
}

// -- what runs them -----------------------------------------------------------

/// Known before or not, it is as recorded only if QEMU and kernel are the same.
void prove(const Context& context) {
  auto* self = context.self;
  auto& state = self->state;
  auto known = std::make_shared<const events::Acceleration>(state.acceleration);
  on_answer<AccelerationPtr>(
      self->request(context.parts->hypervisor, prove_patience,
                    prove_atom::value, known),
      [context](const AccelerationPtr& seen) {
        auto& now_state = context.self->state;
        now_state.problem.reset();
        now_state.aggregate.command(
            own_will(),
            [context, seen](const events::Moment&) {
              return events::decide_proved(context.self->state.acceleration,
                                           *seen);
            },
            [](const auto&) {});
      },
      [&state](caf::error& error) {
        state.problem = from_message(error).message;
      });
}

// -- the actor ----------------------------------------------------------------

events::Contradiction apply(PoolState& state, const schema::Entry& entry) {
  if (events::is_of_vm(entry.payload_type()))
    return events::apply(state.pool.vms, entry);
  if (const auto* added = entry.payload_as_ImageAdded())
    return events::apply(state.pool.images, *added);
  if (const auto* removed = entry.payload_as_ImageRemoved()) {
    for (auto& [id, gone] : state.adding) gone.insert(Hash{*removed->digest()});
    return events::apply(state.pool.images, *removed);
  }
  if (const auto* proved = entry.payload_as_AcceleratorProved())
    return events::apply(state.acceleration, *proved);
  if (const auto* taken = entry.payload_as_DispatchTaken())
    return events::apply(entry, *taken);
  return "it is no event of the pool";
}

PoolStatusPtr status_of(const PoolState& state) {
  auto status = std::make_shared<PoolStatus>();
  status->pool = state.pool;
  status->acceleration = state.acceleration;
  for (const auto& [id, vm] : state.statuses) status->vms[id] = *vm;
  status->images = state.progress;
  status->problem = state.problem;
  return status;
}

/// Not before its guests are known.
caf::result<PoolStatusPtr> status(const Context& context) {
  auto& state = context.self->state;
  if (state.knows_guests) return status_of(state);
  auto promise = context.self->make_response_promise<PoolStatusPtr>();
  in_turn(state, [context, promise]() mutable {
    promise.deliver(status_of(context.self->state));
    end_turn(context.self->state);
  });
  return promise;
}

}  // namespace

PoolState::~PoolState() {
  for (auto& [id, actor] : actors)
    if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
}

PoolActor::behavior_type pool_actor(Self self, const PoolParts& parts,
                                    const events::Node& node) {
  Context context{self, std::make_shared<const PoolParts>(parts), node.boot};
  auto& state = self->state;
  state.pool.limits = parts.limits;
  state.pool.limits.node = node.id;
  self->set_down_handler(
      [self](const caf::down_msg& death) { take_death(self, death.source); });
  auto is_known = std::make_shared<bool>(false);
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) { return apply(state, entry); },
       [context, is_known] {
         if (*is_known) return ensure_actors(context);
         *is_known = true;
         learn_guests(context);
         prove(context);
       }},
      events::pool_stream);
  return {
      [=](plan_atom, const ChangePtr& change) { return plan(context, change); },
      [=](commit_atom, const ChangePtr& change, const Id& proposal,
          const store::Principal& principal) {
        return commit(context, change, proposal, principal);
      },
      [=](order_atom, const Id& id, const events::VmCommand& what,
          const store::Principal& principal) {
        return command(context, id, what, principal);
      },
      [=](take_atom, const AddImagePtr& wish) {
        return add_image(context, wish);
      },
      [=](progress_atom, const Id& id, std::uint64_t done,
          std::uint64_t total) {
        auto progress = self->state.progress.find(id);
        if (progress == self->state.progress.end()) return;
        progress->second.done = done;
        progress->second.total = total;
      },
      [=](dispatch_atom, const DispatchedPtr& dispatched) {
        return take_dispatched(context, dispatched);
      },
      [=](fetch_atom, const FetchImagePtr& fetch,
          const ImageFollower& follower) {
        return fetch_image(context, fetch, follower);
      },
      [=](observed_atom, const Id& id, const VmStatusPtr& status) {
        take_status(context, id, status);
      },
      [=](tick_atom) { ensure_actors(context); },
      [=](status_atom) { return status(context); },
  };
}

}  // namespace ppn::actors
