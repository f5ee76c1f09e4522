#include "tests/bench/bare_actors.hpp"

#include <vector>

#include "actors/caf.hpp"
#include "tests/simulation/coordinator.hpp"
#include "tests/support/random.hpp"

namespace ppn::bench {

namespace {

using Passer = caf::typed_actor<caf::reacts_to<caf::tick_atom>>;

}  // namespace

class BareActors::System {
 public:
  System(std::size_t actors, std::size_t messages)
      : system_(config_), coordinator_(simulation::coordinator_of(system_)) {
    for (std::size_t i = 0; i < actors; ++i)
      actors_.push_back(system_.spawn(
          [](Passer::pointer self, System* all) -> Passer::behavior_type {
            return {[=](caf::tick_atom) {
              self->send(all->anyone(), caf::tick_atom::value);
            }};
          },
          this));
    coordinator_.run();
    for (std::size_t i = 0; i < messages; ++i)
      caf::anon_send(anyone(), caf::tick_atom::value);
  }

  ~System() {
    for (const auto& actor : actors_)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    coordinator_.run();
  }

  System(const System&) = delete;
  System& operator=(const System&) = delete;

  void run(std::uint64_t jobs) {
    for (std::uint64_t i = 0; i < jobs; ++i)
      simulation::run_job(coordinator_,
                          random_.below(coordinator_.jobs.size()));
  }

 private:
  const Passer& anyone() { return actors_[random_.below(actors_.size())]; }

  simulation::CoordinatorConfig config_;
  caf::actor_system system_;
  simulation::Coordinator& coordinator_;
  tests::Random random_{1};
  std::vector<Passer> actors_;
};

BareActors::BareActors(std::size_t actors, std::size_t messages)
    : system_(std::make_unique<System>(actors, messages)) {}

BareActors::~BareActors() = default;

void BareActors::run(std::uint64_t jobs) { system_->run(jobs); }

}  // namespace ppn::bench
