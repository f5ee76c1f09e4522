// The command line: which commands there are, and which one was meant.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <string>
#include <vector>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/fleet_commands.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

/// How a change that the command proposes goes on.
void take_consent(CLI::App* command, Consent& consent);

/// A member that a command is about.
void take_node(CLI::App* command, std::string& node);

/// Labels of guests that one is to be near to, or apart from.
void take_neighbours(CLI::App* command, std::vector<std::string>& near,
                     std::vector<std::string>& apart);

class CommandLine {
 public:
  explicit CommandLine(const std::string& version);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Does what the arguments ask for and returns what to exit with.
  int run(int argc, const char* const* argv);

  [[nodiscard]] const CLI::App& program() const { return program_; }

 private:
  using Command = CLI::App*;

  void add_looking();
  void add_ledger();
  void add_proposals();
  void add_changes();
  void add_mesh();
  void add_mesh_changes(Command mesh);
  void add_pair();
  void add_pair_ends(Command pair);
  void add_tunnels();
  void add_vm();
  void add_vm_changes(Command vm);
  void add_vm_looking(Command vm);
  void add_vm_verb(Command vm, VmVerb verb, const char* description);
  void add_pool();
  void add_fleet();
  void add_fleet_looking(Command fleet);
  void add_fleet_placing(Command fleet);
  void add_fleet_changes(Command fleet);
  void add_fleet_quota(Command fleet);
  void add_image();
  void add_witness();
  void add_node();
  void add_leave();
  void take_place_of_node(CLI::App* command);
  void add_completion();

  void choose(Command command, std::function<int()> work);
  int usage(const CLI::App& command, const std::string& what) const;

  CLI::App program_;
  Global global_;
  /// The command that was given, and what it does.
  Command chosen_ = nullptr;
  std::function<int()> work_;
  std::vector<Command> watched_;
  TailOptions tail_;
  ProposalOptions proposal_;
  GrantOptions grant_;
  RevokeOptions revoke_;
  MeshInitOptions mesh_init_;
  MeshShowOptions mesh_show_;
  MeshExportOptions mesh_export_;
  MeshImportOptions mesh_import_;
  MeshReplaceOptions mesh_replace_;
  MeshRemoveOptions mesh_remove_;
  MeshMoveRoleOptions mesh_move_role_;
  MeshEndpointsOptions mesh_endpoints_;
  MeshRotateKeyOptions mesh_rotate_key_;
  MeshRecoverOptions mesh_recover_;
  WitnessShowOptions witness_show_;
  WitnessAcknowledgeOptions witness_acknowledge_;
  PairJoinOptions pair_join_;
  PairApproveOptions pair_approve_;
  PairOpenOptions pair_open_;
  PairCancelOptions pair_cancel_;
  NodeRejoinOptions node_rejoin_;
  PeersOptions peers_;
  VmCreateOptions vm_create_;
  VmSetOptions vm_set_;
  VmDeleteOptions vm_delete_;
  VmAdoptOptions vm_adopt_;
  VmCommandOptions vm_command_;
  VmNameOptions vm_name_;
  VmLogsOptions vm_logs_;
  FleetPlaceOptions fleet_place_;
  FleetGuestOptions fleet_fit_;
  FleetUseOptions fleet_use_;
  FleetExplainOptions fleet_explain_;
  FleetQuotaOptions fleet_quota_;
  ImageAddOptions image_add_;
  ImageRemoveOptions image_remove_;
};

}  // namespace ppn::ctl
