// The mesh in the control API: what a proposal names looked up in the roster,
// and the documents of the roster, the peers and the device.
#pragma once

#include "actors/messages.hpp"
#include "events/state.hpp"
#include "runtime/api_change.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

/// A wish about the mesh as a change of what is true in `state`, the whole of
/// this node. bad_request, refused.
Answer<actors::Change> to_change(const ChangeWish& wish,
                                 const events::State& state);

schema::Json mesh_document(const actors::Roster& roster, const NodeId& self,
                           const actors::MemberStatus& heard,
                           const actors::WitnessStatus& witness);
schema::Json peers_document(const actors::Roster& roster, const NodeId& self,
                            const actors::DeviceStatus& device,
                            const std::string& interface);
schema::Json device_plan_document(const std::vector<std::string>& changes);

/// How a change of the mesh looks in a proposal's document.
schema::Json mesh_change_json(const events::MeshCommand& command);

}  // namespace ppn::runtime
