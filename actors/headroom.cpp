#include "actors/headroom.hpp"

#include <algorithm>

#include "actors/balloon_status.hpp"
#include "events/above.hpp"

namespace ppn::actors {

namespace {

using events::above;
using Self = HeadroomActor::stateful_pointer<HeadroomState>;

struct Context {
  Self self;
  HeadroomParts parts;
};

events::GuestSummary summary_of(const events::Vm& vm) {
  return {vm.name, vm.outcome, !vm.is_unresponsive, vm.spec.memory_mb,
          vm.spec.vcpus};
}

/// Of many, those with the lowest.
std::vector<events::ImageMark> marks_of(const events::Images& images) {
  std::vector<events::ImageMark> marks;
  for (const auto& [digest, image] : images) {
    if (marks.size() == events::images_told_max) break;
    marks.push_back(events::mark_of(digest));
  }
  return marks;
}

void tell(const Context& context, const HeadroomPtr& headroom) {
  auto& state = context.self->state;
  if (state.is_over && headroom) return;
  state.newest = headroom;
  state.age = 0;
  for (const auto& follower : state.followers)
    context.self->send(follower, headroom_atom::value, state.newest);
}

// -- what is asked, one after the other ---------------------------------------

using PoolThen = std::function<void(const PoolStatusPtr&)>;
using BalloonsThen = std::function<void(const BalloonStatusPtr&)>;

/// One that can not be asked now is asked again with the next tick.
const auto give_up = [](const caf::error&) {};

void ask_pool(const Context& context, const PoolThen& then) {
  with_kept<PoolActor>(
      context.self, context.parts.node, "pool",
      [=](const PoolActor& pool) {
        on_answer<PoolStatusPtr>(
            context.self->request(pool, headroom_patience, status_atom::value),
            then, give_up);
      },
      give_up);
}

void ask_balloons(const Context& context, const BalloonsThen& then) {
  with_kept<BalloonActor>(
      context.self, context.parts.node, "balloon",
      [=](const BalloonActor& balloons) {
        on_answer<BalloonStatusPtr>(
            context.self->request(balloons, headroom_patience,
                                  status_atom::value),
            then, give_up);
      },
      give_up);
}

bool is_changing(const PoolStatus& pool) {
  return std::any_of(pool.pool.vms.begin(), pool.pool.vms.end(),
                     [](const auto& one) {
                       auto phase = events::phase_of(one.second);
                       return phase == "starting" || phase == "stopping" ||
                              phase == "deleting";
                     });
}

void measure(const Context& context) {
  ask_pool(context, [=](const PoolStatusPtr& pool) {
    ask_balloons(context, [=](const BalloonStatusPtr& balloons) {
      // Before its first look nothing is known of the memory.
      if (!balloons->look) return;
      on_answer<HostLook>(
          context.self->request(context.parts.host, headroom_patience,
                                measure_atom::value),
          [=](const HostLook& host) {
            context.self->state.is_changing = is_changing(*pool);
            tell(context, std::make_shared<const Headroom>(
                              headroom_of(*pool, *balloons, host)));
          },
          give_up);
    });
  });
}

void tick(const Context& context) {
  auto& state = context.self->state;
  if (state.newest && ++state.age > headroom_age_max) tell(context, nullptr);
  measure(context);
  auto interval = state.newest && !state.is_changing ? headroom_interval
                                                     : short_headroom_interval;
  context.self->delayed_send(context.self, interval, tick_atom::value);
}

void follow(const Context& context, const HeadroomFollower& follower) {
  auto& state = context.self->state;
  if (!state.followers.insert(follower).second) return;
  context.self->monitor(follower);
  if (state.newest)
    context.self->send(follower, headroom_atom::value, state.newest);
}

}  // namespace

Headroom headroom_of(const PoolStatus& pool, const BalloonStatus& balloons,
                     const HostLook& host) {
  const auto& limits = pool.pool.limits;
  auto use = events::use_of(pool.pool.vms);
  events::HostReport report;
  if (balloons.look) {
    report.memory_mb = balloons.look->total_mb;
    report.available_mb = balloons.look->available_mb;
  }
  report.guaranteed_mb = above(limits.memory_mb, use.memory_mb);
  report.reclaimable_mb = reclaimable_mb(pool.pool.vms, balloons);
  report.disk_left_mb = host.disk_left_mb;
  report.vcpus_left = above(limits.vcpus_max, use.vcpus);
  report.cores = host.cores;
  report.load_permille = host.load_permille;
  report.guests = use.guests;
  report.guests_left = above(limits.guests_max, use.guests);
  report.accelerator = pool.acceleration.accelerator;
  report.images = marks_of(pool.pool.images);
  Headroom headroom{events::coarse(report), {}};
  for (const auto& [id, vm] : pool.pool.vms)
    headroom.guests.emplace(id, summary_of(vm));
  return headroom;
}

HeadroomActor::behavior_type headroom_actor(Self self,
                                            const HeadroomParts& parts) {
  Context context{self, parts};
  self->set_down_handler([self](const caf::down_msg& death) {
    std::erase_if(self->state.followers, [&](const HeadroomFollower& follower) {
      return caf::actor_cast<caf::actor_addr>(follower) == death.source;
    });
  });
  self->send(parts.ledger, watch_atom::value,
             caf::actor_cast<LedgerWatcher>(self));
  tick(context);
  return {
      [=](tick_atom) { tick(context); },
      [=](look_atom) {
        self->state.is_changing = true;
        measure(context);
      },
      [=](read_only_atom, const std::string&) {
        self->state.is_over = true;
        tell(context, nullptr);
      },
      [=](follow_atom, const HeadroomFollower& follower) {
        follow(context, follower);
      },
  };
}

}  // namespace ppn::actors
