#include "actors/balloon.hpp"

#include "actors/ask_clock.hpp"

namespace ppn::actors {

namespace {

using events::BalloonGuest;
using events::BalloonReason;
using events::BalloonVerdict;
using Self = BalloonActor::stateful_pointer<BalloonState>;

/// On a host without guests there is little to look at.
constexpr std::chrono::nanoseconds idle_interval = std::chrono::seconds{15};
constexpr std::chrono::nanoseconds interval{events::balloon_interval_ns};

struct Context {
  Self self;
  std::shared_ptr<const BalloonParts> parts;
};

void look_again_after(const Context& context, std::chrono::nanoseconds delay) {
  context.self->delayed_send(context.self, delay, tick_atom::value);
}

auto on_failure(const Context& context) {
  return [context](caf::error& error) {
    context.self->state.status.problem = from_message(error).message;
    look_again_after(context, interval);
  };
}

// -- what there is ------------------------------------------------------------

/// The starts that run, as both sides have it.
std::map<Id, const events::Vm*> running_of(const PoolStatus& pool,
                                           const MemoryLook& look) {
  std::map<Id, const events::Vm*> running;
  for (const auto& [id, vm] : pool.pool.vms) {
    auto memory = look.vms.find(id);
    if (vm.outcome == schema::VmOutcome::running && memory != look.vms.end() &&
        memory->second.start == vm.start)
      running[id] = &vm;
  }
  return running;
}

/// As long as it was told nothing, its target is what it has. A reset begins
/// anew, with all of its memory.
BalloonMemory& remember(BalloonState& state, const Id& id, const events::Vm& vm,
                        const VmMemory& memory) {
  auto& known = state.known[id];
  if (known.start != memory.start) known = {memory.start, memory.resets};
  if (!known.was_told) known.target_mb = memory.actual_mb;
  if (known.resets != memory.resets)
    known = {memory.start, memory.resets, vm.spec.memory_mb, true};
  return known;
}

BalloonGuest guest_of(const Id& id, const events::Vm& vm,
                      const VmMemory& memory, const BalloonMemory& known,
                      std::uint64_t now_ns) {
  BalloonGuest guest;
  guest.vm = id;
  guest.memory_mb = vm.spec.memory_mb;
  guest.floor_mb = vm.spec.floor_mb;
  guest.actual_mb = memory.actual_mb;
  guest.target_mb = known.target_mb;
  guest.says = memory.says;
  if (known.needed_ns) guest.since_need_ns = now_ns - *known.needed_ns;
  return guest;
}

// -- what is done -------------------------------------------------------------

/// Again, as long as it does not follow: it may not have heard it, or something
/// older since.
void tell(const Context& context, const BalloonVerdict& verdict,
          const VmMemory& memory) {
  auto& known = context.self->state.known[verdict.vm];
  if (known.target_mb == verdict.target_mb &&
      events::has_followed(memory.actual_mb, verdict.target_mb))
    return;
  known.target_mb = verdict.target_mb;
  known.was_told = true;
  on_answer<bool>(
      context.self->request(context.parts->memory, balloon_patience,
                            balloon_atom::value, verdict.vm, memory.start,
                            verdict.target_mb),
      [](bool) {}, [](caf::error&) {});
}

void decide(const Context& context, const PoolStatus& pool,
            const MemoryLook& look, std::uint64_t now_ns) {
  auto& state = context.self->state;
  auto running = running_of(pool, look);
  std::erase_if(state.known, [&](const auto& one) {
    return !pool.pool.vms.contains(one.first);
  });
  std::vector<BalloonGuest> guests;
  guests.reserve(running.size());
  for (const auto& [id, vm] : running) {
    const auto& memory = look.vms.at(id);
    guests.push_back(
        guest_of(id, *vm, memory, remember(state, id, *vm, memory), now_ns));
  }
  auto plan = events::decide_balloons(context.parts->marks, look.available_mb,
                                      state.status.host_is_short, guests);
  state.status = {look, plan.host_is_short, {}, std::nullopt};
  for (const auto& verdict : plan.verdicts) {
    const auto& memory = look.vms.at(verdict.vm);
    if (verdict.reason == BalloonReason::in_need)
      state.known[verdict.vm].needed_ns = now_ns;
    state.status.vms[verdict.vm] = {memory, verdict.target_mb, verdict.reason};
    tell(context, verdict, memory);
  }
  look_again_after(context, pool.pool.vms.empty() ? idle_interval : interval);
}

// -- what is asked ------------------------------------------------------------

void measure(const Context& context, const PoolStatusPtr& pool) {
  auto* self = context.self;
  on_answer<MemoryLookPtr>(
      self->request(context.parts->memory, balloon_patience,
                    measure_atom::value),
      [=](const MemoryLookPtr& look) {
        with_clock(self, context.parts->clock,
                   [=](const store::ClockReading& now) {
                     decide(context, *pool, *look, now.since_boot_ns);
                   });
      },
      on_failure(context));
}

void look(const Context& context) {
  auto* self = context.self;
  auto fail = on_failure(context);
  with_kept<PoolActor>(
      self, context.parts->node, "pool",
      [=](const PoolActor& pool) {
        on_answer<PoolStatusPtr>(
            self->request(pool, balloon_patience, status_atom::value),
            [=](const PoolStatusPtr& status) { measure(context, status); },
            fail);
      },
      fail);
}

}  // namespace

BalloonActor::behavior_type balloon_actor(Self self,
                                          const BalloonParts& parts) {
  Context context{self, std::make_shared<const BalloonParts>(parts)};
  look_again_after(context, interval);
  return {
      [=](tick_atom) { look(context); },
      [=](status_atom) -> BalloonStatusPtr {
        return std::make_shared<const BalloonStatus>(self->state.status);
      },
  };
}

}  // namespace ppn::actors
