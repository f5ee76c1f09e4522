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

/// A kept actor that is spoken to often: found once, and again when it ended.
template <class Handle>
class KeptActor {
 public:
  explicit KeptActor(const char* name) : name_(name) {}

  /// Calls `use` with the one that was found before, if it still lives.
  template <class Use>
  bool with_known(Use use) {
    auto known = caf::actor_cast<caf::strong_actor_ptr>(known_);
    if (known) use(caf::actor_cast<Handle>(known));
    return known != nullptr;
  }

  /// Calls `use` with it, unless there is none now.
  template <class Self, class Use>
  void with(Self self, const NodeActor& node, Use use) {
    if (with_known(use)) return;
    with_kept<Handle>(
        self, node, name_,
        [this, self, use](const Handle& found) {
          if (known_ != found.address()) self->monitor(found);
          known_ = found.address();
          use(found);
        },
        [](const caf::error&) {});
  }

  /// To be told of all who died.
  void note_death(const caf::actor_addr& dead) {
    if (known_ == dead) known_ = nullptr;
  }

  [[nodiscard]] bool is_known() const { return known_ != nullptr; }

 private:
  const char* name_;
  caf::actor_addr known_;
};

/// A kept actor that somebody follows.
template <class Handle, class Follower>
class FollowedActor {
 public:
  explicit FollowedActor(const char* name) : actor_(name) {}

  /// Follows the one that there is now; who does it now and then follows the
  /// next one when it ends. Costs nothing as long as it lives.
  template <class Self>
  void ensure(Self self, const NodeActor& node) {
    if (actor_.is_known()) return;
    actor_.with(self, node, [self](const Handle& found) {
      self->send(found, follow_atom::value, caf::actor_cast<Follower>(self));
    });
  }

  /// Calls `use` with the one that is followed, if it lives: another one is
  /// followed first.
  template <class Use>
  void with(Use use) {
    actor_.with_known(use);
  }

  /// To be told of all who died.
  void note_death(const caf::actor_addr& dead) { actor_.note_death(dead); }

  [[nodiscard]] bool is_followed() const { return actor_.is_known(); }

 private:
  KeptActor<Handle> actor_;
};

/// The same for what somebody must be told before it can go on: it is asked for
/// again until it came.
template <class Self, class Handle, class Follower>
void ensure_told(Self self, const NodeActor& node,
                 FollowedActor<Handle, Follower>& whom, bool was_told) {
  whom.ensure(self, node);
  if (!was_told)
    whom.with([self](const Handle& found) {
      self->send(found, follow_atom::value, caf::actor_cast<Follower>(self));
    });
}

struct FollowedMesh : FollowedActor<MeshActor, RosterFollower> {
  FollowedMesh() : FollowedActor{"mesh"} {}
};

}  // namespace ppn::actors
