// ppnctl mesh remove, move-role and set-endpoint: changes to who belongs to the
// mesh, and as what.
#include "tools/ppnctl/mesh_change.hpp"

#include "tools/ppnctl/consent.hpp"

namespace ppn::ctl {

using schema::Json;

Json init_change(const MeshInitOptions& options,
                 const PublicKey& recovery_key) {
  Json change{{"kind", "mesh-init"},
              {"name", options.name},
              {"range", options.range},
              {"recovery_key", recovery_key.hex()}};
  if (options.range6) change["range6"] = *options.range6;
  if (!options.endpoints.empty()) change["endpoints"] = options.endpoints;
  return change;
}

Json import_change(const MeshImportOptions& options, const std::string& file) {
  Json change{{"kind", "mesh-import"}, {"file", file}};
  if (!options.endpoints.empty()) change["endpoints"] = options.endpoints;
  return change;
}

Json replace_change(const MeshReplaceOptions& options,
                    const std::string& file) {
  auto change = import_change(options.import, file);
  change["replaces"] = options.old;
  return change;
}

Json remove_change(const MeshRemoveOptions& options) {
  Json change{{"kind", "mesh-remove"},
              {"node", options.node},
              {"reason", options.reason}};
  if (options.force) change["force"] = true;
  return change;
}

Json move_role_change(const MeshMoveRoleOptions& options) {
  return {
      {"kind", "mesh-move-role"}, {"role", options.role}, {"to", options.node}};
}

Json endpoints_change(const MeshEndpointsOptions& options) {
  Json change{{"kind", "mesh-endpoints"}, {"node", options.node}};
  if (!options.endpoints.empty()) change["endpoints"] = options.endpoints;
  return change;
}

Json rotate_key_change(const MeshRotateKeyOptions& options) {
  Json change{{"kind", "mesh-rotate-key"}};
  if (options.force) change["force"] = true;
  return change;
}

Json recover_change(std::uint64_t epoch, const Signature& signature) {
  return {{"kind", "mesh-recover"},
          {"epoch", epoch},
          {"signature", signature.hex()}};
}

int mesh_remove(const Global& global, const MeshRemoveOptions& options) {
  return propose(global, options.consent, remove_change(options));
}

int mesh_move_role(const Global& global, const MeshMoveRoleOptions& options) {
  return propose(global, options.consent, move_role_change(options));
}

int mesh_set_endpoint(const Global& global,
                      const MeshEndpointsOptions& options) {
  return propose(global, options.consent, endpoints_change(options));
}

}  // namespace ppn::ctl
