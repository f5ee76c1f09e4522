// What all parts of a simulated world share: chance, time, the hosts, what is
// planned for later, and what was found wrong.
#pragma once

#include <functional>
#include <map>

#include "tests/simulation/coordinator.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/host.hpp"
#include "tests/simulation/world.hpp"

namespace ppn::simulation {

inline constexpr std::uint64_t second = 1'000'000'000;
inline constexpr std::uint64_t minute = 60 * second;
inline constexpr std::uint64_t hour = 60 * minute;
inline constexpr std::uint64_t day = 24 * hour;

inline constexpr std::size_t few_hosts = 16;

/// Delivers what the world planned, in its time, and asks actors on behalf of
/// those who are none.
using Weather = caf::event_based_actor;

class Scene {
 public:
  explicit Scene(const Settings& settings);
  ~Scene() = default;
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] std::uint64_t now() const {
    return static_cast<std::uint64_t>(
        coordinator.clock().now().time_since_epoch().count());
  }
  [[nodiscard]] store::ClockReading read_clock(const Host& host) const;

  /// Nothing more happens; what is planned is dropped.
  void end();

  // -- plans ------------------------------------------------------------------

  void plan(std::uint64_t delay_ns, std::function<void()> what);
  /// For what can not be done in the middle of a step.
  void after_step(std::function<void()> change) {
    changes_.push_back(std::move(change));
  }
  /// Does what was left for after the step.
  void finish_step();

  // -- chance -----------------------------------------------------------------

  [[nodiscard]] bool strikes(Fault fault) {
    if (is_clear() && is_of_frames(fault)) return false;
    return faults.strikes(fault, random);
  }
  /// From lowest up to a thousand times as much, short ones more often.
  std::uint64_t some_time(std::uint64_t lowest);
  /// No frame is lost, damaged, late or overtaken.
  [[nodiscard]] bool is_clear() const { return now() < clear_until_ns; }
  bool one_in(std::uint64_t n) { return random.below(n) == 0; }
  Id next_id();
  events::TunnelKey next_tunnel_key();

  // -- hosts ------------------------------------------------------------------

  /// Null if it is the id of none, or of an identity that is given up.
  Host* host_of(const NodeId& node);
  /// Too many for a mesh that grows by one now and then, and for what each of
  /// them does with every other one: the toy, and the visits.
  [[nodiscard]] bool is_large() const { return hosts.size() > few_hosts; }
  [[nodiscard]] bool hears(const Host& to, const Host& from) const {
    return !deaf[static_cast<std::size_t>(to.index)]
                [static_cast<std::size_t>(from.index)];
  }

  // -- what is wrong ----------------------------------------------------------

  void violate(const Host& host, const std::string& what);
  void violate(const std::string& what);
  void check(const Host& host, const Complaint& complaint) {
    if (complaint) violate(host, *complaint);
  }

  Random random;
  Trace trace;
  CoordinatorConfig config;
  caf::actor_system system;
  Coordinator& coordinator;
  Weather* weather = nullptr;

  Faults faults;
  bool faults_over = false;
  /// What runs at two places by one key can not be told by the rules of virtual
  /// machines.
  bool has_vms = true;
  /// A device counts as sent what a link that is cut does not take any further;
  /// otherwise it can not even be sent.
  bool counts_what_is_lost = false;
  std::uint64_t clear_until_ns = 0;
  std::vector<Host> hosts;
  /// With a copy of the disk of one of them.
  Host clone;
  /// deaf[a][b]: a does not hear b.
  std::vector<std::vector<bool>> deaf;
  std::optional<std::string> violation;

 private:
  void happen(std::uint64_t number);

  /// Who was each node last: it is asked first.
  std::map<NodeId, Host*> nodes_;
  caf::actor weather_;
  std::map<std::uint64_t, std::function<void()>> plans_;
  std::uint64_t next_plan_ = 0;
  std::vector<std::function<void()>> changes_;
};

}  // namespace ppn::simulation
