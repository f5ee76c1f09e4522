// What may befall the two sides of a request just after one of them recorded
// something of it: it dies before anybody is told, or does not hear the other
// any more, or is not heard.
#pragma once

#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

class FleetFaults {
 public:
  /// `kill` ends the process of a host, and starts it again some time.
  FleetFaults(Scene& scene, FleetRules& rules, std::function<void(Host&)> kill)
      : scene_(scene), rules_(rules), kill_(std::move(kill)) {}

  /// After a step.
  void follow();

 private:
  void befall(const RequestStep& step);
  void cut(const Host& to, const Host& from);

  Scene& scene_;
  FleetRules& rules_;
  std::function<void(Host&)> kill_;
};

}  // namespace ppn::simulation
