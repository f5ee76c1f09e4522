// The files that show the roster: nodes.jsonl and the block in the file of
// hosts. An actor on a thread of its own, since files block.
#pragma once

#include <string>

#include "actors/kept_actor.hpp"
#include "runtime/nodes_file.hpp"

namespace ppn::runtime {

using RosterViews =
    caf::typed_actor<caf::reacts_to<actors::roster_atom, actors::RosterPtr>,
                     caf::reacts_to<actors::tick_atom>>;

struct RosterViewsParts {
  actors::LedgerActor ledger;
  actors::NodeActor node;
  std::filesystem::path nodes_file;
  /// Empty: none.
  std::string hosts_file;
};

struct RosterViewsState {
  RosterViewsState() : nodes({}) {}

  NodesFile nodes;
  actors::FollowedMesh mesh;
  bool is_following = false;
  bool reading = false;
  /// What is to be shown.
  actors::RosterPtr roster;
  /// The epoch that the lines are of.
  std::uint64_t nodes_epoch = 0;
  events::RosterPlace hosts_place;
  /// What was said of each file last.
  std::string nodes_problem;
  std::string hosts_problem;
  static inline const char* name = "roster_views";
};

RosterViews::behavior_type roster_views(
    RosterViews::stateful_pointer<RosterViewsState> self,
    const RosterViewsParts& parts);

}  // namespace ppn::runtime
