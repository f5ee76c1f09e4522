// What a ceremony makes of a roster: the newcomer that proved the code becomes
// a member, in the place of whoever was admitted before it and never came.
#pragma once

#include <set>
#include <variant>

#include "events/mesh.hpp"

namespace ppn::events {

struct Admit {
  Newcomer newcomer;
  /// Members that were admitted by a ceremony and did not come yet.
  std::set<NodeId> awaited = {};
};

/// The newcomer can not be a member, and how its session ends.
struct Unwanted {
  schema::PairingOutcome outcome{};
  std::string why;
};

struct Admitted {
  /// None: it is a member already, and has yet to learn it.
  std::vector<Draft> drafts;
  /// Those awaited that had its name, its id or one of its keys.
  std::set<NodeId> superseded = {};
};

/// `self` is the node that decides.
std::variant<Unwanted, Admitted> decide_admission(const Mesh& mesh,
                                                  const NodeId& self,
                                                  const Admit& admit,
                                                  const Moment& now);

}  // namespace ppn::events
