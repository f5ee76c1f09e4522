// What witnesses have to do with an audit: what they remember of the ledger,
// and whether enough of them vouch for it.
#pragma once

#include <optional>

#include "schema/reflection_json.hpp"
#include "store/audit.hpp"
#include "store/witness_memory.hpp"
#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/cosigned.hpp"

namespace ppn::tools {

/// What is read before the audit begins, so that a live writer can not overtake
/// it.
struct WitnessFindings {
  struct Remembered {
    std::string directory;
    store::WitnessMemory::Notes heads;
  };
  std::vector<Remembered> remembered;
  /// Of this node; read only if there is a policy.
  std::optional<store::WitnessPolicy> policy;
  Checkpoints kept;
};

store::Result<WitnessFindings> read_witnesses(const VerifyOptions& options);

/// What the database says of itself before it was audited.
struct FirstLook {
  std::optional<NodeId> node;
  std::optional<std::string> newest;
};
FirstLook look_first(store::Backend& backend);

/// The checkpoints to hold the ledger against. not_found if a witness remembers
/// nothing of the node, bad_input if what it remembers the node did not sign.
store::Result<std::vector<store::AuditOptions::Known>> remembered_checkpoints(
    const WitnessFindings& found, const NodeId& node, store::Backend& backend);

/// Judges the cosignatures of an audited ledger: adds to the report, and
/// returns the same for programs. bad_input if the policy is for other logs.
store::Result<schema::Json> judge_cosignatures(const PolicyOptions& options,
                                               const WitnessFindings& found,
                                               const FirstLook& first,
                                               store::Backend& backend,
                                               store::AuditReport& report);

}  // namespace ppn::tools
