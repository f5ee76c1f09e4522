// CAF without threads and without time of its own: whoever holds the
// coordinator says which job runs next and how late it is.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>

namespace ppn::simulation {

using Coordinator = caf::scheduler::test_coordinator;

class CoordinatorConfig : public caf::actor_system_config {
 public:
  CoordinatorConfig() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

inline Coordinator& coordinator_of(caf::actor_system& system) {
  return dynamic_cast<Coordinator&>(system.scheduler());
}

/// Runs one of its jobs: one message of one actor.
inline void run_job(Coordinator& coordinator, std::size_t chosen) {
  auto job = coordinator.jobs.begin() + static_cast<std::ptrdiff_t>(chosen);
  std::rotate(coordinator.jobs.begin(), job, job + 1);
  coordinator.run_once();
}

}  // namespace ppn::simulation
