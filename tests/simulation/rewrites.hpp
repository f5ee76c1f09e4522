// Owners who rewrite the history of their node, or set it back with all that is
// kept beside it: the ledger is good by itself, and only those who remember it
// can tell.
#pragma once

#include "tests/simulation/roster_history.hpp"
#include "tests/simulation/scene.hpp"

namespace ppn::simulation {

/// Whether it recorded that, in whatever way: of one that went back its boots
/// tell, too.
bool knows_of_two_histories(const Host& host, const NodeId& node);

class Rewrites {
 public:
  Rewrites(Scene& scene, RosterHistory& history)
      : scene_(scene), history_(history) {}

  /// While its process is down. Nothing happens to whose history others keep a
  /// copy of, and nothing is cut off that somebody acted on.
  void rewrite(Host& host);
  void cut(Host& host);

  /// A member that remembers of another what that does not have any more has
  /// recorded that; and so has everybody of whom another one knows it.
  [[nodiscard]] Complaint check_at_rest(const Host& host) const;

 private:
  [[nodiscard]] bool can_befall(const Host& host) const;
  void set(Host& host, Disk disk, const std::string& checkpoint);

  Scene& scene_;
  RosterHistory& history_;
};

}  // namespace ppn::simulation
