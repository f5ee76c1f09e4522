// Changes of the mesh as they are proposed.
#pragma once

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// Of a mesh that whoever has the other half of the key can recover.
schema::Json init_change(const MeshInitOptions& options,
                         const PublicKey& recovery_key);
/// `file` is the text of the file.
schema::Json import_change(const MeshImportOptions& options,
                           const std::string& file);
schema::Json replace_change(const MeshReplaceOptions& options,
                            const std::string& file);
schema::Json remove_change(const MeshRemoveOptions& options);
schema::Json move_role_change(const MeshMoveRoleOptions& options);
schema::Json endpoints_change(const MeshEndpointsOptions& options);
schema::Json rotate_key_change(const MeshRotateKeyOptions& options);
schema::Json recover_change(std::uint64_t epoch, const Signature& signature);

}  // namespace ppn::ctl
