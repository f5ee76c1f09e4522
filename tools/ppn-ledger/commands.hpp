// The commands of ppn-ledger: what each can be told, and what it returns. All
// of them read; none writes into the state directory it looks at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ppn::tools {

/// What the program exits with, the same for all of this project's programs.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_permission = 6,
  exit_ledger_invalid = 8,
  exit_interrupted = 130,
};

/// Whose cosignatures are wanted.
struct PolicyOptions {
  /// A C2SP tlog-policy; none are wanted without it.
  std::optional<std::string> file;
  /// What to do if they are missing: "fail" or "tell". There is no default.
  std::string missing;

  [[nodiscard]] bool has_to_hold() const { return missing == "fail"; }
};

struct VerifyOptions {
  std::string directory;
  unsigned jobs = 1;
  std::string level = "replay";
  /// Files with checkpoints from elsewhere.
  std::vector<std::string> against;
  /// State directories of other nodes, or their witness folders.
  std::vector<std::string> witnesses;
  PolicyOptions policy;
  bool json = false;
};
int verify(const VerifyOptions& options);

struct ShowOptions {
  std::string directory;
  std::optional<std::string> stream;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to;
  std::optional<std::string> since;
  std::optional<std::string> type;
  bool follow = false;
  bool json = false;
};
int show(const ShowOptions& options);

struct ReplayOptions {
  std::string directory;
  std::optional<std::string> at;
  bool json = false;
};
int replay(const ReplayOptions& options);

struct DiffOptions {
  std::string directory;
  std::string before;
  std::string after;
  bool json = false;
};
int diff(const DiffOptions& options);

struct DirectoryOptions {
  std::string directory;
  bool json = false;
};
int stats(const DirectoryOptions& options);

struct CheckpointOptions {
  std::string directory;
  PolicyOptions policy;
};
int checkpoint(const CheckpointOptions& options);

struct KeyOptions {
  std::string directory;
  bool all = false;
  bool json = false;
};
int key(const KeyOptions& options);

struct ProveInclusionOptions {
  std::string directory;
  std::uint64_t sequence = 0;
};
int prove_inclusion(const ProveInclusionOptions& options);

struct ProveConsistencyOptions {
  std::string directory;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};
int prove_consistency(const ProveConsistencyOptions& options);

struct ProveForkOptions {
  /// The ledger of the member that recorded it.
  std::string directory;
  /// Its id, or how it begins.
  std::string node;
};
int prove_fork(const ProveForkOptions& options);

struct ProveCheckOptions {
  std::string file;
  std::string key;
  bool json = false;
};
int prove_check(const ProveCheckOptions& options);

/// From one place to another.
struct TransferOptions {
  std::string from;
  std::string to;
};
int restore(const TransferOptions& options);
int backup(const TransferOptions& options);

struct ExportOptions : TransferOptions {
  PolicyOptions policy;
};
int export_log(const ExportOptions& options);

}  // namespace ppn::tools
