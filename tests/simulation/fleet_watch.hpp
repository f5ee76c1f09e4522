// Whether the controller's hosts are said to be silent when, and only when,
// they are: what it was told is counted here too.
#pragma once

#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

class FleetWatch {
 public:
  explicit FleetWatch(Scene& scene) : scene_(scene) {}

  /// After a step of this host that ended with what its ledger has now.
  void follow(Host& host);

  /// Now and then: who is silent for long is said to be.
  void check(Host& host);

  /// Once all has come to rest the controller knows all there is of its hosts.
  [[nodiscard]] Complaint check_at_rest(const Host& host) const;

 private:
  struct Heard {
    /// When it was seen first to be a member.
    std::uint64_t since_ns = 0;
    /// Of the newest heartbeat.
    std::pair<std::uint64_t, std::uint64_t> said;
    /// When heartbeats came, for a while.
    std::vector<std::uint64_t> times_ns;
  };

  /// Of one process of a host.
  struct Listener {
    const Process* process = nullptr;
    /// The actors that it heard with, and since when there are those.
    std::pair<caf::actor_id, caf::actor_id> ears;
    std::uint64_t since_ns = 0;
    bool is_controller = false;
    actors::DatagramPtr newest;
    std::map<NodeId, Heard> heard;
  };

  Listener& listener(Host& host);
  void hear(const Host& host, Listener& listener);
  void check_silence(const Host& host, const Listener& listener,
                     const Silence& silence);

  Scene& scene_;
  std::map<int, Listener> listeners_;
};

/// The state of its scheduler is the replay of its stream.
Complaint check_scheduler(const Process& process, const Shadow& shadow,
                          const Step& step);

}  // namespace ppn::simulation
