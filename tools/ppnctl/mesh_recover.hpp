// What there is to know of a mesh before it is recovered, and what to do after.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/recovery_statement.hpp"
#include "schema/reflection_json.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct Recoverable {
  std::string mesh;
  PublicKey recovery_key;
  /// By this node.
  schema::RecoveryStatement statement;
  /// This node's name.
  std::string name;
  /// Nothing if this node is it, or if nobody is.
  std::optional<std::string> old_authority;
  /// What else that is.
  std::vector<std::string> old_roles;
};

/// Of the document of /v1/mesh.
Result<Recoverable> read_recoverable(const schema::Json& document);

/// What to type next.
std::string recovered_text(const Global& global, const Recoverable& before);

}  // namespace ppn::ctl
