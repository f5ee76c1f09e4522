// How a node that lost its tail begins a new identity: what there is to tell of
// the old one, and the act itself, which goes on where it was left.
#pragma once

#include <optional>
#include <string>

#include "actors/ledger.hpp"
#include "store/rejoin.hpp"
#include "store/remains.hpp"

namespace ppn::runtime {

/// An identity as it was found, without changing anything.
struct OldIdentity {
  /// What keeps a ppnd from starting with it. Nothing if nothing does.
  std::optional<store::Error> fault;
  /// Nothing if nobody can tell which it was.
  std::optional<store::Remains> remains;
};

/// Looks in a child process, for a damaged database may crash its reader.
OldIdentity look_at_identity(const store::StateDirectory& directory);

struct RejoinPlan {
  /// What is to be put on record.
  store::Founding founding;
  OldIdentity old;
  /// It was decided before, and not done to the end.
  bool is_begun = false;

  /// A ppnd can not go on with the ledger, whatever is done.
  [[nodiscard]] bool is_lost() const;
};

/// What a rejoin would do. A node whose name its ledger does not tell is called
/// `name`. not_found if there never was one, damaged if nobody can tell which
/// it was, bad_input, locked, io.
store::Result<RejoinPlan> plan_rejoin(const store::StateDirectory& directory,
                                      const std::string& name);

/// Does what is planned, and what is left to do of it. locked, io, key.
store::Result<store::LedgerPosition> rejoin(
    const store::StateDirectory& directory, const RejoinPlan& plan);

// -- for whoever opens the ledger ---------------------------------------------

/// How a node is founded here, if it is: under that name, or in the place of an
/// identity that is to be given up, which is put away first. locked, damaged,
/// io.
store::Result<store::Founding> founding_in(
    const store::StateDirectory& directory, const std::string& name);

/// Opens the ledger, or founds it so. The rejoin is over then, if it was one.
store::Result<std::shared_ptr<actors::OpenLedger>> open_founded(
    const store::StateDirectory& directory, const store::LedgerParts& parts,
    const store::Founding& founding, store::LedgerOptions options);

}  // namespace ppn::runtime
