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
  self->request(node, caf::infinite, find_atom::value, std::string{name})
      .then(
          [found](const caf::actor& actor) {
            found(caf::actor_cast<Handle>(actor));
          },
          [failed](caf::error& error) { failed(error); });
}

/// Follows the roster of the mesh actor; once more is harmless, so who does it
/// now and then follows the one that there is.
template <class Self>
void follow_roster(Self self, const NodeActor& node) {
  with_kept<MeshActor>(
      self, node, "mesh",
      [self](const MeshActor& mesh) {
        self->send(mesh, follow_atom::value,
                   caf::actor_cast<RosterFollower>(self));
      },
      [](const caf::error&) {});
}

}  // namespace ppn::actors
