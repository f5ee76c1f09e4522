// A roster that came in a file, held against the one that this node has. Knows
// no CAF.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "store/result.hpp"

namespace ppn::actors {

/// The records of this node that those of a file must match.
struct OwnRoster {
  /// Where the roster is.
  events::RosterPlace place;
  /// That of the founding; none in no mesh.
  std::vector<Bytes> founding;
  /// All of the epoch.
  std::vector<Bytes> of_epoch;
  std::optional<events::TunnelKey> tunnel_key;

  /// Null if there is none at that place, or it is of an epoch that is over.
  [[nodiscard]] const Bytes* at(const events::RosterPlace& wanted) const;
};

/// The records that follow on those of this node.
struct Import {
  events::Mesh mesh;
  std::vector<Bytes> news;
  std::vector<std::string> plan;
};

/// What a file brings that this node has not; why it is refused otherwise.
store::Result<Import> read_import(const events::Mesh& mesh, const NodeId& self,
                                  const OwnRoster& own,
                                  const ImportRoster& import);

/// The same for what a newcomer is given: it may have all of it already.
store::Result<Import> read_welcome(const events::Mesh& mesh, const NodeId& self,
                                   const OwnRoster& own,
                                   const std::vector<Bytes>& records);

/// What a file of this node brings to others: the founding, and all of the
/// epoch, as the authority signed it.
store::Result<std::vector<Bytes>> whole_roster(const OwnRoster& own);

}  // namespace ppn::actors
