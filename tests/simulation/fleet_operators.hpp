// The operators of the fleet, at the node that takes itself for the controller
// and now and then at another one: they have guests placed and ordered, and say
// what owners may have.
#pragma once

#include "tests/simulation/operators.hpp"

namespace ppn::simulation {

class FleetOperators {
 public:
  FleetOperators(Scene& scene, Operators& operators)
      : scene_(scene), operators_(operators) {}

  /// Does one thing at this host, if it may.
  void operate(Host& host);

 private:
  void place(Host& host);
  void order(Host& host);
  void order_at_once(Host& host, const events::OrderGuest& wish);
  void set_quota(Host& host);
  events::Images images_for(const Host& host);
  std::vector<std::string> some_labels();
  std::optional<NodeId> some_member(const Host& host);
  /// One of the fleet's, or any of a host's.
  std::optional<events::OrderGuest> some_guest(const Host& host);

  Scene& scene_;
  Operators& operators_;
  std::uint64_t placed_ = 0;
};

}  // namespace ppn::simulation
