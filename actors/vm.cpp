#include "actors/vm.hpp"

#include <algorithm>

namespace ppn::actors {

namespace {

using events::VmOrder;
using events::VmStep;
using Self = VmActor::stateful_pointer<VmActorState>;

struct Context {
  Self self;
  std::shared_ptr<const VmParts> parts;
};

void look(const Context& context);

Origin own_will() {
  return {{schema::PrincipalKind::actor, VmActorState::name}, {}, {}};
}

const events::Vm* vm_of(const Context& context) {
  const auto& vms = context.self->state.vms;
  auto found = vms.find(context.parts->vm);
  return found == vms.end() ? nullptr : &found->second;
}

void tell_pool(const Context& context) {
  const auto& state = context.self->state;
  if (!state.aggregate.ready()) return;
  auto status = std::make_shared<VmStatus>();
  if (const auto* vm = vm_of(context)) status->vm = *vm;
  if (state.sight) status->sight = *state.sight;
  status->problem = state.problem;
  context.self->send(context.parts->pool, observed_atom::value,
                     context.parts->vm, VmStatusPtr{status});
}

void set_problem(const Context& context, const std::string& problem) {
  auto& state = context.self->state;
  if (state.problem == problem) return;
  state.problem = problem;
  tell_pool(context);
}

// -- what is done -------------------------------------------------------------

/// What follows from a step is recorded, where the hypervisor can not show it.
void record_done(const Context& context, const VmStep& step) {
  auto& state = context.self->state;
  const auto* order = std::get_if<VmOrder>(&step);
  bool is_reset = order != nullptr && *order == VmOrder::reset;
  bool is_forgotten = std::holds_alternative<events::VmForget>(step);
  if (!is_reset && !is_forgotten) return;
  state.aggregate.command(
      own_will(),
      [context, is_reset](const events::Moment&) -> events::Decision {
        const auto* vm = vm_of(context);
        if (vm == nullptr) return std::vector<events::Draft>{};
        return is_reset ? events::decide_reset(context.parts->vm, *vm)
                        : events::decide_deleted(context.parts->vm, *vm);
      },
      [context](const auto&) { look(context); });
}

void take_answer(const Context& context, const VmStep& step,
                 const std::string& problem) {
  auto& state = context.self->state;
  if (state.asked && state.asked->step == step) state.asked->is_answered = true;
  set_problem(context, problem);
  if (problem.empty()) record_done(context, step);
  look(context);
}

template <class Request>
void await(const Context& context, const VmStep& step, Request request) {
  on_answer<bool>(
      std::move(request),
      [context, step](bool) { take_answer(context, step, {}); },
      [context, step](caf::error& error) {
        take_answer(context, step, from_message(error).message);
      });
}

void ask(const Context& context, const VmStep& step, const events::Vm& vm) {
  auto* self = context.self;
  const auto& [ledger, clock, hypervisor, pool, id, boot] = *context.parts;
  if (const auto* order = std::get_if<VmOrder>(&step)) {
    await(context, step,
          self->request(hypervisor, order_patience, order_atom::value, id,
                        self->state.sight->process, *order));
  } else if (const auto* weigh = std::get_if<events::VmWeigh>(&step)) {
    await(context, step,
          self->request(hypervisor, order_patience, weigh_atom::value, id,
                        self->state.sight->process, weigh->weight));
  } else if (std::holds_alternative<events::VmForget>(step)) {
    await(context, step,
          self->request(hypervisor, launch_patience, forget_atom::value, id));
  } else {
    auto process =
        std::make_shared<VmProcess>(VmProcess{id, vm.start, vm.name, vm.spec});
    await(context, step,
          self->request(hypervisor, launch_patience, launch_atom::value,
                        VmProcessPtr{process}));
  }
}

/// Not again while it is not answered, nor at once if nothing changed by it.
bool may_ask(const VmActorState& state, const VmStep& step,
             const events::Moment& now) {
  const auto& asked = state.asked;
  if (!asked || !(asked->step == step)) return true;
  if (!asked->is_answered) return false;
  return now.since_boot_ns >= asked->at_ns + events::vm_ask_again_ns ||
         *asked->sight != *state.sight;
}

void wake_at(const Context& context, std::uint64_t when_ns,
             const events::Moment& now) {
  auto& state = context.self->state;
  state.tick += 1;
  auto delay = when_ns > now.since_boot_ns ? when_ns - now.since_boot_ns : 0;
  context.self->delayed_send(context.self, std::chrono::nanoseconds{delay},
                             tick_atom::value, state.tick);
}

void act(const Context& context, const events::Moment& now) {
  auto& state = context.self->state;
  const auto* recorded = vm_of(context);
  if (recorded == nullptr) return context.self->quit();
  auto vm = *recorded;
  if (!state.begun_ns) state.begun_ns = now.since_boot_ns;
  vm.stop_since_boot_ns = std::max(vm.stop_since_boot_ns, *state.begun_ns);
  auto step = events::next_step(vm, *state.sight, now);
  auto wake_ns = events::next_look_ns(vm, *state.sight, now);
  if (!step) {
    state.asked.reset();
    set_problem(context, {});
  } else if (may_ask(state, *step, now)) {
    state.asked = AskedStep{*step, now.since_boot_ns, false, state.sight};
    ask(context, *step, vm);
  }
  if (step && state.asked->is_answered) {
    auto again = state.asked->at_ns + events::vm_ask_again_ns;
    wake_ns = std::min(wake_ns.value_or(again), again);
  }
  if (wake_ns) wake_at(context, *wake_ns, now);
}

// -- what is seen -------------------------------------------------------------

/// One at a time; after what was recorded there may be more.
void look(const Context& context) {
  auto& state = context.self->state;
  if (!state.sight) return;
  state.looks_again = state.is_looking;
  if (state.is_looking) return;
  state.is_looking = true;
  auto seen_at = std::make_shared<events::Moment>();
  state.aggregate.command(
      own_will(),
      [context, seen_at](const events::Moment& now) -> events::Decision {
        *seen_at = now;
        const auto* vm = vm_of(context);
        if (vm == nullptr) return std::vector<events::Draft>{};
        return events::decide_seen(context.parts->vm, *vm,
                                   *context.self->state.sight, now);
      },
      [context, seen_at](const auto& recorded) {
        auto& now_state = context.self->state;
        now_state.is_looking = false;
        // There may be room for it later.
        if (!recorded)
          return wake_at(context,
                         seen_at->since_boot_ns + events::vm_ask_again_ns,
                         *seen_at);
        bool is_more = *recorded != 0 || now_state.looks_again;
        if (is_more) return look(context);
        act(context, *seen_at);
      });
}

// -- what is wanted -----------------------------------------------------------

events::Decision decide(const Context& context, const VmOrderWish& wish) {
  const auto* vm = vm_of(context);
  if (vm == nullptr) return events::Refusal{"the guest is deleted"};
  const auto& id = context.parts->vm;
  if (const auto* command = std::get_if<events::VmCommand>(&wish.what))
    return events::decide_command(id, *vm, *command);
  if (const auto* change = std::get_if<events::ChangeVm>(&wish.what))
    return events::decide_spec(id, *vm, change->spec);
  return events::decide_delete(id, *vm,
                               std::get<events::DeleteVm>(wish.what).force);
}

caf::result<std::uint64_t> commit(const Context& context,
                                  const VmOrderWishPtr& wish) {
  auto promise = context.self->make_response_promise<std::uint64_t>();
  Origin origin{wish->principal, wish->causation, {}};
  if (wish->dispatch) origin.controller = wish->dispatch->controller;
  context.self->state.aggregate.command(
      std::move(origin),
      [context, wish](const events::Moment&) {
        auto decision = decide(context, *wish);
        return wish->dispatch
                   ? events::settle(std::move(decision), *wish->dispatch)
                   : decision;
      },
      [context, promise](const store::Result<std::uint64_t>& result) {
        answer(promise, result);
        if (result) look(context);
      });
  return promise;
}

}  // namespace

VmActor::behavior_type vm_actor(Self self, const VmParts& parts) {
  Context context{self, std::make_shared<const VmParts>(parts)};
  self->send(parts.hypervisor, follow_atom::value, parts.vm,
             caf::actor_cast<VmFollower>(self));
  self->state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = parts.boot] { return boot; },
       [self](const auto& entry, ByteView) {
         if (const auto* taken = entry.payload_as_DispatchTaken())
           return events::apply(entry, *taken);
         return events::apply(self->state.vms, entry);
       },
       [context] { tell_pool(context); }},
      events::vm_stream(parts.vm));
  return {
      [=](commit_atom, const VmOrderWishPtr& wish) {
        return commit(context, wish);
      },
      [=](observed_atom, const VmSightPtr& sight) {
        self->state.sight = sight;
        tell_pool(context);
        look(context);
      },
      [=](tick_atom, std::uint64_t number) {
        if (number == self->state.tick) look(context);
      },
  };
}

}  // namespace ppn::actors
