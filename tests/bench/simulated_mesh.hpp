// A mesh of many nodes in simulated time: their real actors, ledgers and
// frames, on the hosts and the net of tests/simulation. Nothing goes wrong
// there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/bench/reachable.hpp"
#include "tests/bench/tunnel_timers.hpp"
#include "tests/bench/underlay_traffic.hpp"
#include "tests/simulation/datagrams.hpp"
#include "tests/simulation/operators.hpp"
#include "tests/simulation/pairing_net.hpp"

namespace ppn::bench {

/// When a version of the roster was durable at whom.
struct Arrival {
  std::size_t nodes = 0;
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
};

class SimulatedMesh {
 public:
  /// Founds it; its first node has all roles, the others are spokes. All have
  /// the whole roster on return, and are through with telling each other.
  SimulatedMesh(std::size_t nodes, Reachable reachable);
  ~SimulatedMesh();
  SimulatedMesh(const SimulatedMesh&) = delete;
  SimulatedMesh& operator=(const SimulatedMesh&) = delete;

  [[nodiscard]] std::size_t nodes() const { return scene_.hosts.size(); }

  void run_for(std::uint64_t time_ns);

  /// Changes the roster at the authority; returns once all have that version.
  Arrival change_roster();

  /// What each node sent and received since the last call. The first one is
  /// the hub.
  std::vector<NodeTraffic> take_traffic();
  /// Frames that all sent since the last call.
  std::uint64_t take_frames_sent();

 private:
  using Records = std::vector<Bytes>;

  void begin();
  void end();
  void start(simulation::Host& host);
  void spawn(simulation::Host& host);
  void step();
  void follow_grown();
  void note_version(simulation::Host& host, std::uint64_t before);
  /// Runs until it is so; fails after much time.
  void await(const std::string& what, const std::function<bool()>& is_so);
  void propose(simulation::Host& host, const actors::Change& change,
               const std::function<void()>& committed);
  void found();
  void admit(std::size_t next);
  void bring_roster_to_all();
  [[nodiscard]] events::Newcomer introduce(const simulation::Host& host) const;
  [[nodiscard]] bool all_have(std::uint64_t version) const;
  void note_packet(const simulation::Host& from, const simulation::Host& to,
                   simulation::PacketKind kind, std::uint64_t size);

  simulation::Scene scene_;
  simulation::Tunnels tunnels_{scene_};
  simulation::PairingNet pairing_net_{scene_, tunnels_};
  simulation::RosterHistory no_history_;
  /// Nobody fetches anything.
  std::vector<actors::BulkPort> bulk_;
  simulation::Datagrams datagrams_{scene_, tunnels_, no_history_};
  simulation::Operators operators_{scene_};
  TunnelTimers timers_{scene_, tunnels_};
  Reachable reachable_;
  std::vector<NodeTraffic> traffic_;
  std::uint64_t frames_before_ = 0;
  /// Their disks have more since the last step.
  std::vector<simulation::Host*> grown_;
  std::map<std::uint64_t, Arrival> arrivals_;
};

}  // namespace ppn::bench
