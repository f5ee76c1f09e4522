// The operators of the hosts, each with their own: they count, grant, revoke
// and commit whatever else is proposed.
#pragma once

#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

class Operators {
 public:
  explicit Operators(Scene& scene) : scene_(scene) {}

  /// Does one of the things that concern this host alone.
  void operate(Host& host);

  /// Proposes a change and commits it. `committed` is told when it is durable.
  void propose(
      Host& host, const actors::Change& change,
      const std::function<void()>& committed = [] {});

 private:
  Id some_grant(const Host& host);
  void count(Host& host);
  void grant(Host& host);
  void revoke(Host& host);
  void commit(Host& host, const actors::OperatorGate& gate, const Id& proposal,
              const std::function<void()>& committed);

  Scene& scene_;
};

}  // namespace ppn::simulation
