// The commands of ppnctl: what each can be told. Each returns what the program
// exits with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/control_api.hpp"

namespace ppn::ctl {

/// What every command can be told.
struct Global {
  std::string socket{api::default_socket};
  bool json = false;
  bool watch = false;
};

int status(const Global& global);
int doctor(const Global& global);
int ledger_head(const Global& global);

struct TailOptions {
  std::uint64_t count = 10;
  bool follow = false;
};
int ledger_tail(const Global& global, const TailOptions& options);

int grants(const Global& global);

int proposals(const Global& global);

struct ProposalOptions {
  /// Or how it begins.
  std::string id;
  bool yes = false;
};
int show_proposal(const Global& global, const ProposalOptions& options);
int commit(const Global& global, const ProposalOptions& options);
int reject(const Global& global, const ProposalOptions& options);

/// How a new proposal goes on.
struct Consent {
  bool propose = false;
  bool yes = false;
  /// What it would do is shown, and that is all.
  bool dry_run = false;
};

struct GrantOptions {
  std::string subject;
  std::string resource;
  std::string rights;
  std::optional<std::string> duration;
  std::optional<std::string> parent;
  Consent consent;
};
int grant(const Global& global, const GrantOptions& options);

struct RevokeOptions {
  std::string grant;
  std::string reason;
  Consent consent;
};
int revoke(const Global& global, const RevokeOptions& options);

struct MeshInitOptions {
  std::string name = "mesh";
  std::string range = "10.8.0.0/24";
  std::optional<std::string> range6;
  std::vector<std::string> endpoints;
  bool yes = false;
};
int mesh_init(const Global& global, const MeshInitOptions& options);

struct MeshShowOptions {
  /// Former members too.
  bool all = false;
};
int mesh_show(const Global& global, const MeshShowOptions& options);

/// A file that is `-` is standard input or output.
struct MeshExportOptions {
  std::string file = "-";
  bool force = false;
};
int mesh_export(const Global& global, const MeshExportOptions& options);

struct MeshImportOptions {
  std::string file;
  std::vector<std::string> endpoints;
  Consent consent;
};
int mesh_import(const Global& global, const MeshImportOptions& options);

struct MeshReplaceOptions {
  /// Whose place is taken.
  std::string old;
  /// The newcomer's.
  MeshImportOptions import;
};
int mesh_replace(const Global& global, const MeshReplaceOptions& options);

struct MeshRemoveOptions {
  std::string node;
  std::string reason = "the operator wants it";
  bool force = false;
  Consent consent;
};
int mesh_remove(const Global& global, const MeshRemoveOptions& options);

struct MeshMoveRoleOptions {
  std::string role;
  std::string node;
  Consent consent;
};
int mesh_move_role(const Global& global, const MeshMoveRoleOptions& options);

struct MeshRotateKeyOptions {
  /// It waits for nobody.
  bool force = false;
  /// The program does not: it ends when the rotation is requested.
  bool no_wait = false;
  Consent consent;
};
int mesh_rotate_key(const Global& global, const MeshRotateKeyOptions& options);

struct WitnessShowOptions {
  bool keys = false;
};
int witness_show(const Global& global, const WitnessShowOptions& options);

struct WitnessAcknowledgeOptions {
  std::string node;
  Consent consent;
};
int witness_acknowledge(const Global& global,
                        const WitnessAcknowledgeOptions& options);

struct MeshRecoverOptions {
  /// Has the recovery words; `-` is standard input. Without one they are asked
  /// for.
  std::optional<std::string> words_file;
  bool yes = false;
};
int mesh_recover(const Global& global, const MeshRecoverOptions& options);

struct MeshEndpointsOptions {
  std::string node;
  /// None: it is not called any more.
  std::vector<std::string> endpoints;
  Consent consent;
};
int mesh_set_endpoint(const Global& global,
                      const MeshEndpointsOptions& options);

struct PairJoinOptions {
  /// Nobody comes from elsewhere.
  std::optional<std::string> only_from;
  /// The member that passes it on.
  std::optional<std::string> via;
  /// Of the code, if not as many as ppnd is told.
  std::optional<std::uint64_t> symbols;
  /// Where else this node's tunnels are reached.
  std::vector<std::string> endpoints;
  /// The program ends once the code is shown.
  bool no_wait = false;
};
int pair_join(const Global& global, const PairJoinOptions& options);

struct PairApproveOptions {
  /// Where the newcomer is; it comes by itself unless given.
  std::optional<std::string> from;
  bool yes = false;
  /// The number of its session and its code, in whatever pieces; asked for
  /// unless given.
  std::vector<std::string> code;
};
int pair_approve(const Global& global, const PairApproveOptions& options);

int pair_list(const Global& global);

struct PairOpenOptions {
  std::uint64_t seconds = 600;
  /// Nobody comes from elsewhere.
  std::optional<std::string> only_from;
};
int pair_open(const Global& global, const PairOpenOptions& options);
int pair_close(const Global& global);

struct PairCancelOptions {
  /// Its number, or its id or how that begins; the only one unless given.
  std::optional<std::string> session;
};
int pair_cancel(const Global& global, const PairCancelOptions& options);

/// Whose place, if it is not that of every ppnd.
struct NodeRejoinOptions {
  std::optional<std::string> state_dir;
  std::optional<std::string> config;
  /// Although nothing keeps the node from starting.
  bool force = false;
  bool yes = false;
};
int node_rejoin(const Global& global, const NodeRejoinOptions& options);
/// The same for a node that is to be in no mesh any more.
int leave(const Global& global, const NodeRejoinOptions& options);

struct PeersOptions {
  /// Only what is wrong.
  bool check = false;
};
int peers(const Global& global, const PeersOptions& options);

int plan(const Global& global);

}  // namespace ppn::ctl
