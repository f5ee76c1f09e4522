// A machine that runs with a copy of a member's disk beside that member: one
// key at two places, each of which goes on from the same history.
#pragma once

#include <map>
#include <utility>

#include "tests/simulation/datagrams.hpp"

namespace ppn::simulation {

class Clones {
 public:
  /// What the world does with a process, not amid a step.
  struct Life {
    std::function<void(Host&)> start;
    std::function<void(Host&)> kill;
    std::function<void(Host&)> restart;
  };

  Clones(Scene& scene, Datagrams& datagrams, RosterHistory& history, Life life);

  /// There is one at a time, and none of who takes itself for the authority:
  /// what that signs twice splits the mesh.
  void make(Host& host);

  /// After each step: it ends with the identity that it is a copy of, and
  /// before that is the authority.
  void look();

  /// After a step of this host: whoever remembers heads of both machines says
  /// that there are two.
  void follow(const Host& host);

  /// Is switched off for good. Then the original is started until its boot is
  /// one that nobody heard of the copy.
  void end();

 private:
  /// What somebody remembers, or did, that only one of the two signed.
  struct Remembered {
    std::string newest;
    bool is_of_original = false;
    bool is_of_clone = false;
  };

  /// The newest boot that a host heard of the node, by which actor, and since
  /// when by its clock.
  struct Heard {
    NodeId node;
    caf::actor_id by = 0;
    std::uint64_t boot = 0;
    Id nonce;
    /// Of the one who heard it.
    Id own_nonce;
    std::uint64_t since_boot_ns = 0;
    bool is_due = false;
  };

  void note_believed(const Host& host, const actors::FrameHead& head);
  void note_arrived(const Host& host, const actors::FrameHead& head);
  void check_says_so(const Host& host, const Heard& heard,
                     std::uint64_t since_ns);
  [[nodiscard]] bool can_befall(const Host& host) const;
  [[nodiscard]] bool is_authority(const Host& host) const;
  void bring_back();

  Scene& scene_;
  RosterHistory& history_;
  Life life_;
  /// Null if all is as before.
  Host* original_ = nullptr;
  std::uint64_t identity_ = 0;
  NodeId node_;
  /// What both have.
  std::uint64_t shared_entries_ = 0;
  /// By host and its identity.
  std::map<std::pair<int, std::uint64_t>, Remembered> remembered_;
  std::map<int, Heard> heard_;
};

}  // namespace ppn::simulation
