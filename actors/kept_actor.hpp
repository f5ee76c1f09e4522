// How an actor reaches another one that the node keeps alive: by its name,
// since the node may have spawned it anew.
#pragma once

#include <utility>

#include "actors/interfaces.hpp"

namespace ppn::actors {

/// Calls `found` with the actor of that name as it is now, or `failed`.
template <class Handle, class Self, class Found, class Failed>
void with_kept(Self self, const NodeActor& node, const char* name, Found found,
               Failed failed) {
  on_answer<caf::actor>(
      self->request(node, caf::infinite, find_atom::value, std::string{name}),
      [found](const caf::actor& actor) {
        found(caf::actor_cast<Handle>(actor));
      },
      [failed](caf::error& error) { failed(error); });
}

/// The mesh actor that somebody follows.
class FollowedMesh {
 public:
  /// Follows the one that there is now; who does it now and then follows the
  /// next one when it ends. Costs nothing as long as it lives.
  template <class Self>
  void ensure(Self self, const NodeActor& node) {
    if (followed_) return;
    with_kept<MeshActor>(
        self, node, "mesh",
        [this, self](const MeshActor& mesh) {
          followed_ = mesh.address();
          self->monitor(mesh);
          self->send(mesh, follow_atom::value,
                     caf::actor_cast<RosterFollower>(self));
        },
        [](const caf::error&) {});
  }

  /// To be told of all who died.
  void note_death(const caf::actor_addr& dead) {
    if (followed_ == dead) followed_ = nullptr;
  }

 private:
  caf::actor_addr followed_;
};

}  // namespace ppn::actors
