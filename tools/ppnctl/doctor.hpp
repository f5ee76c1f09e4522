// What a new operator stumbles over: findings, each drawn from what was seen.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/mesh_documents.hpp"
#include "tools/ppnctl/vm_documents.hpp"

namespace ppn::ctl {

enum class Health { ok, warn, fail, skip };

struct Finding {
  std::string name;
  Health health;
  std::string detail;
  /// What to do about it.
  std::string advice{};
};
using Findings = std::vector<Finding>;

/// A file, or why it can not be looked at.
struct FileFacts {
  int error = 0;
  bool is_directory = false;
  uid_t owner = 0;
  mode_t mode = 0;
};

/// A file system, or why it can not be looked at.
struct DiskFacts {
  int error = 0;
  std::uint64_t bytes_free = 0;
  std::uint64_t inodes = 0;
  std::uint64_t inodes_free = 0;
};

/// All that the findings are drawn from.
struct Seen {
  std::string socket;
  bool socket_exists;
  /// The group that may use it, as far as one can tell.
  std::optional<std::string> group;
  /// Who asks.
  std::string user;
  /// The user that the daemon runs as; absent if it did not answer.
  std::optional<uid_t> daemon;
  /// Why there was no connection.
  std::optional<Failure> connecting;
  Result<Status> status;
  Result<Entry> newest;
  Result<std::optional<Mesh>> mesh;
  Result<Peers> peers;
  Result<Vms> guests;
  FileFacts state_dir;
  DiskFacts disk;
  bool synchronised;
  std::int64_t now_ns;
};

/// Looks around.
Seen look_around(const std::string& socket);

/// Of the mesh and its tunnels.
Findings of_mesh(const Seen& seen);

/// Of the guests, and by what they run.
Findings of_guests(const Seen& seen);

/// One finding or more of each kind, in the order of one table.
Findings draw_findings(const Seen& seen);

std::string findings_text(const Findings& findings);
schema::Json findings_document(const Findings& findings);

/// What the program exits with.
ExitCode exit_code_of(const Seen& seen, const Findings& findings);

}  // namespace ppn::ctl
