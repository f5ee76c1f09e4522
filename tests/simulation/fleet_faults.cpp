#include "tests/simulation/fleet_faults.hpp"

namespace ppn::simulation {

void FleetFaults::follow() {
  for (const auto& step : rules_.take_steps()) befall(step);
}

void FleetFaults::befall(const RequestStep& step) {
  auto* recorder = scene_.host_of(step.recorder);
  auto* other = scene_.host_of(step.other);
  if (recorder == nullptr) return;
  if (scene_.strikes(Fault::request_kills)) kill_(*recorder);
  if (other == nullptr || other == recorder ||
      !scene_.strikes(Fault::request_cut))
    return;
  auto which = scene_.random.below(3);
  if (which != 0) cut(*recorder, *other);
  if (which != 1) cut(*other, *recorder);
}

void FleetFaults::cut(const Host& to, const Host& from) {
  auto deaf = static_cast<std::size_t>(to.index);
  auto dumb = static_cast<std::size_t>(from.index);
  scene_.trace.note(to.index, "cut at a request", dumb);
  scene_.deaf[deaf][dumb] = true;
  scene_.plan(scene_.some_time(10 * second),
              [this, deaf, dumb] { scene_.deaf[deaf][dumb] = false; });
}

}  // namespace ppn::simulation
