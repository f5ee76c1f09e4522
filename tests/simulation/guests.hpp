// Guests: packets that two hosts send each other for a while, links that fail
// meanwhile, and how many packets may be lost of that.
#pragma once

#include "tests/simulation/steadiness.hpp"

namespace ppn::simulation {

/// So long one visit lasts.
inline constexpr std::uint64_t visit_ns = 4 * minute;

class Guests {
 public:
  /// `restart` ends the process of a host, and starts it again soon.
  Guests(Scene& scene, Tunnels& tunnels, std::function<void(Host&)> restart)
      : scene_(scene),
        tunnels_(tunnels),
        restart_(std::move(restart)),
        steadiness_(scene, tunnels) {}

  /// Visits now and then, as long as there are faults.
  void begin();

  /// A visit now, to whom packets get the best.
  void visit();

 private:
  struct Visit {
    Host& a;
    Host& b;
    NodeId of_a;
    NodeId of_b;
    std::uint64_t began_ns = 0;
    bool was_lost = false;
    /// The way between the two died while neither took it: it is tried once
    /// more.
    bool is_dead_unseen = false;
    /// An end is started again, and nothing else happens until then.
    std::uint64_t restarts_until_ns = 0;
  };

  void look_again();
  void visit_now_and_then();
  std::vector<std::pair<Host*, Host*>> pairs(bool steady);
  void visit(Host& a, Host& b);
  void go_on(const std::shared_ptr<Visit>& visit);
  [[nodiscard]] bool is_over(const Visit& visit) const;
  bool send(const Visit& visit);
  [[nodiscard]] std::uint64_t in_vain(const Visit& visit) const;
  void note_sent(Visit& visit, bool is_lost);

  void plan_failures(const std::shared_ptr<Visit>& visit);
  void fail_a_link(const std::shared_ptr<Visit>& visit);
  void fail_a_relay(const std::shared_ptr<Visit>& visit, Host& relay);
  static bool is_behind_a_relay(const Visit& visit);
  static bool are_paths_recorded(const Visit& visit);
  void restart_behind_a_relay(const std::shared_ptr<Visit>& visit);
  void cut(const Host& to, const Host& from, bool is_cut);
  void cut_both(const Host& a, const Host& b, bool is_cut);
  void loosen(Host& a, Host& b, std::uint64_t times);

  Scene& scene_;
  Tunnels& tunnels_;
  std::function<void(Host&)> restart_;
  Steadiness steadiness_;
  bool is_visited_ = false;
  /// How many fail and work in turns, maybe since an earlier visit.
  int loose_links_ = 0;
};

}  // namespace ppn::simulation
