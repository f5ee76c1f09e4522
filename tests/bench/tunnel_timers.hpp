// When a WireGuard device says that it is still there, which the simulation has
// no need to know so exactly.
#pragma once

#include <vector>

#include "tests/simulation/tunnels.hpp"

namespace ppn::bench {

/// The keepalives of all tunnels of a scene, as WireGuard's paper has them
/// (section 6.5) and its implementations, too.
class TunnelTimers {
 public:
  TunnelTimers(simulation::Scene& scene, simulation::Tunnels& tunnels);

  /// Something got from one host to another.
  void note(const simulation::Host& from, const simulation::Host& to,
            simulation::PacketKind kind);

 private:
  /// What one host knows of another.
  struct End {
    /// When something last passed, either way.
    std::uint64_t passed_ns = 0;
    /// Packets came, and nothing was sent since then.
    bool owes_answer = false;
    bool owes_another = false;
    /// Rises when what was owed is settled.
    std::uint64_t turn = 0;
  };

  End& end_of(int host, int other);
  void owe_answer(int host, int other);
  void answer(int host, int other, std::uint64_t turn);
  void tick();
  void keep_alive(simulation::Host& host);
  simulation::Host* host_with(const events::TunnelKey& key);

  simulation::Scene& scene_;
  simulation::Tunnels& tunnels_;
  std::vector<End> ends_;
};

}  // namespace ppn::bench
