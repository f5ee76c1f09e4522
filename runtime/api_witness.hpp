// The control API's documents of what this node remembers of the ledgers of
// others, and of who vouches for its own.
#pragma once

#include "actors/messages.hpp"
#include "events/mesh.hpp"
#include "runtime/api_documents.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

schema::Json witness_document(const events::Mesh& mesh,
                              const actors::WitnessStatus& status);

/// One for each member that something stands against, or that withholds the
/// proof that its ledger grew only, and one if the mesh was recovered twice.
std::vector<Warning> witness_warnings(const events::Mesh& mesh,
                                      const actors::WitnessStatus& status);

schema::Json witness_change_json(const actors::AcknowledgeClash& change);

}  // namespace ppn::runtime
