// Strangers at whoever is open for ceremonies, of a thousand addresses: some
// pretend to be newcomers that wait for a code, others guess at a code that is
// shown. And what shows that one got further than it may.
#pragma once

#include "tests/simulation/ceremonies.hpp"

namespace ppn::simulation {

class Intruders {
 public:
  Intruders(Scene& scene, PairingNet& net, const Ceremonies& ceremonies)
      : scene_(scene), net_(net), ceremonies_(ceremonies) {}

  /// A few or very many, if the host is open for ceremonies.
  void crowd(Host& host);

 private:
  void pretend(Host& host, const events::IpAddress& from);
  void guess(Host& host, const events::IpAddress& from);
  void note_begun(const Host& host);
  void note_answered(const Host& host, const events::IpAddress& from);
  void note_let_in(const Host& host);
  actors::Entropy entropy();

  /// Of what a newcomer answered for one of its codes.
  struct Answered {
    std::uint32_t all = 0;
    std::map<events::IpAddress, std::uint32_t> by_source;
  };

  Scene& scene_;
  PairingNet& net_;
  const Ceremonies& ceremonies_;
  std::size_t begun_ = 0;
  /// By the session.
  std::map<Id, Answered> answered_;
};

}  // namespace ppn::simulation
