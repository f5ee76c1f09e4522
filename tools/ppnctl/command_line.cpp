#include "tools/ppnctl/command_line.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/completion.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

namespace {

/// The innermost command among those given.
const CLI::App& innermost(const CLI::App& command) {
  auto given = command.get_subcommands();
  return given.empty() ? command : innermost(*given.back());
}

std::string full_name(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name();
  return full_name(*command.get_parent()) + ' ' + command.get_name();
}

void take_id(CLI::App* command, ProposalOptions& options) {
  command
      ->add_option("ID", options.id,
                   "of the proposal, or its first 4 digits or more")
      ->required()
      ->type_name("");
}

CLI::Option* take_file(CLI::App* command, std::string& file,
                       const char* description) {
  return command->add_option("FILE", file, description)->type_name("");
}

/// Given again for each further one.
CLI::Option* take_endpoints(CLI::App* command,
                            std::vector<std::string>& endpoints,
                            const char* description) {
  return command->add_option("--endpoint", endpoints, description)
      ->allow_extra_args(false)
      ->type_name("IP:PORT");
}

CLI::Option* take_only_from(CLI::App* command,
                            std::optional<std::string>& only_from) {
  return command
      ->add_option("--only-from", only_from, "nobody may come from elsewhere")
      ->type_name("HOST");
}

void take_introduction(CLI::App* command, MeshImportOptions& options,
                       const char* file, const char* endpoints) {
  take_file(command, options.file, file)->required();
  take_endpoints(command, options.endpoints, endpoints);
  take_consent(command, options.consent);
}

}  // namespace

void take_consent(CLI::App* command, Consent& consent) {
  auto* propose = command->add_flag("--propose", consent.propose,
                                    "leave it waiting for a commit");
  command->add_flag("--yes", consent.yes, "commit it without asking")
      ->excludes(propose);
}

void take_node(CLI::App* command, std::string& node) {
  command->add_option("NODE", node, "the name of a member, or its node id")
      ->required()
      ->type_name("");
}

CommandLine::CommandLine(const std::string& version)
    : program_("Looks at a running node and changes what it may do.",
               "ppnctl") {
  program_.fallthrough();
  // What follows is not looked up again: a node may be called like a command.
  program_.require_subcommand(0, 1);
  program_.set_help_flag("-h,--help", "print this help");
  program_.set_version_flag("--version", version, "print the version");
  program_.add_option("--socket", global_.socket, "where ppnd listens")
      ->type_name("PATH")
      ->capture_default_str();
  program_.add_flag("--json", global_.json, "print JSON, a document a line");
  program_.add_flag("--watch", global_.watch,
                    "draw again every 2 s (status, proposals, grants, mesh "
                    "show, pair list, peers, vm list, pool, fleet nodes, "
                    "fleet guests, fleet requests, image list, witness "
                    "show)");
  // What is said below the help of each command, then of the program.
  program_.footer(
      "Every command takes --socket and --json too: see ppnctl --help.");
  add_looking();
  add_ledger();
  add_proposals();
  add_changes();
  add_mesh();
  add_pair();
  add_tunnels();
  add_vm();
  add_pool();
  add_fleet();
  add_image();
  add_witness();
  add_node();
  add_leave();
  add_completion();
  program_.footer(
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 daemon not running, 4 degraded,\n"
      "5 refused, 6 permission, 7 expired, 8 ledger invalid; of pair: 20 wrong "
      "code,\n21 burned code, 22 unreachable, 23 name taken, 24 range full, 25 "
      "already a member,\n26 cancelled, 27 broken, 28 restarted.");
}

int CommandLine::run(int argc, const char* const* argv) {
  try {
    program_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", program_.help());
    return exit_ok;
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return exit_ok;
  } catch (const CLI::ExtrasError&) {
    return usage(
        innermost(program_),
        fmt::format("unknown argument '{}'", program_.remaining(true).front()));
  } catch (const CLI::ParseError& error) {
    return usage(innermost(program_), error.what());
  }
  if (chosen_ == nullptr) {
    say(program_.help());
    return exit_usage;
  }
  if (global_.watch &&
      std::find(watched_.begin(), watched_.end(), chosen_) == watched_.end())
    return usage(*chosen_,
                 "--watch goes with status, proposals, grants, mesh show, pair "
                 "list, peers, vm list, pool, fleet nodes, fleet guests, fleet "
                 "requests and image list only");
  return work_();
}

int CommandLine::usage(const CLI::App& command, const std::string& what) const {
  return fail(
      {exit_usage, what, fmt::format("see {} --help", full_name(command))});
}

/// The callback of an outer command runs after that of an inner one.
void CommandLine::choose(Command command, std::function<int()> work) {
  command->callback([this, command, work = std::move(work)] {
    if (chosen_ != nullptr) return;
    chosen_ = command;
    work_ = work;
  });
}

void CommandLine::add_looking() {
  auto* command = program_.add_subcommand("status", "how the node is");
  choose(command, [this] { return status(global_); });
  watched_.push_back(command);

  command = program_.add_subcommand("doctor", "what is wrong, and what to do");
  choose(command, [this] { return doctor(global_); });
}

void CommandLine::add_ledger() {
  auto* ledger = program_.add_subcommand("ledger", "what the node recorded");

  auto* command =
      ledger->add_subcommand("head", "its size, root and signed checkpoint");
  choose(command, [this] { return ledger_head(global_); });

  command = ledger->add_subcommand("tail", "its newest entries");
  command->add_option("-n", tail_.count, "how many, up to 1000")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("COUNT")
      ->capture_default_str();
  command->add_flag("-f,--follow", tail_.follow, "go on with new entries");
  choose(command, [this] { return ledger_tail(global_, tail_); });
}

void CommandLine::add_proposals() {
  auto* proposals =
      program_.add_subcommand("proposals", "what waits for a commit");
  choose(proposals, [this] { return ctl::proposals(global_); });
  watched_.push_back(proposals);

  auto* command = proposals->add_subcommand("show", "one of them");
  take_id(command, proposal_);
  choose(command, [this] { return show_proposal(global_, proposal_); });

  command = program_.add_subcommand("commit", "do what a proposal says");
  take_id(command, proposal_);
  command->add_flag("--yes", proposal_.yes, "without asking");
  choose(command, [this] { return commit(global_, proposal_); });

  command = program_.add_subcommand("reject", "forget a proposal");
  take_id(command, proposal_);
  choose(command, [this] { return reject(global_, proposal_); });
}

void CommandLine::add_changes() {
  auto* command = program_.add_subcommand("grants", "who may do what");
  choose(command, [this] { return grants(global_); });
  watched_.push_back(command);

  command = program_.add_subcommand("grant", "give a right");
  command->add_option("SUBJECT", grant_.subject, "who gets it")
      ->required()
      ->type_name("");
  command->add_option("RESOURCE", grant_.resource, "to what")
      ->required()
      ->type_name("");
  command
      ->add_option("--rights", grant_.rights,
                   "some of read,write,invoke,grant,revoke")
      ->required()
      ->type_name("RIGHTS");
  command
      ->add_option(
          "--for", grant_.duration,
          "how long, within this boot: 90s, 15m, 2h, 3d; until revoked "
          "unless given")
      ->type_name("TIME");
  command->add_option("--parent", grant_.parent, "the grant that it hangs from")
      ->type_name("GRANT");
  take_consent(command, grant_.consent);
  choose(command, [this] { return grant(global_, grant_); });

  command = program_.add_subcommand(
      "revoke", "take back a grant, and what hangs from it");
  command->add_option("GRANT", revoke_.grant, "its id")
      ->required()
      ->type_name("");
  command->add_option("--reason", revoke_.reason, "why, for the ledger")
      ->required()
      ->type_name("TEXT");
  take_consent(command, revoke_.consent);
  choose(command, [this] { return revoke(global_, revoke_); });
}

void CommandLine::add_mesh() {
  auto* mesh = program_.add_subcommand("mesh", "who belongs to the mesh");

  auto* command = mesh->add_subcommand(
      "init", "found a mesh, and show its recovery key once");
  command->add_option("NAME", mesh_init_.name, "of the mesh")
      ->type_name("")
      ->capture_default_str();
  command->add_option("--range", mesh_init_.range, "of its addresses")
      ->type_name("RANGE")
      ->capture_default_str();
  command
      ->add_option("--range6", mesh_init_.range6,
                   "of its IPv6 addresses; none unless given")
      ->type_name("RANGE");
  take_endpoints(command, mesh_init_.endpoints,
                 "where others reach this node; may be given up to 4 times");
  command->add_flag("--yes", mesh_init_.yes, "commit it without asking");
  choose(command, [this] { return mesh_init(global_, mesh_init_); });

  command = mesh->add_subcommand("show", "the mesh and its members");
  command->add_flag("--all", mesh_show_.all, "former members too");
  choose(command, [this] { return mesh_show(global_, mesh_show_); });
  watched_.push_back(command);

  command = mesh->add_subcommand(
      "export", "write the roster, or the introduction of a node without one");
  take_file(command, mesh_export_.file, "to write; - is standard output")
      ->capture_default_str();
  command->add_flag("--force", mesh_export_.force, "replace the file");
  choose(command, [this] { return mesh_export(global_, mesh_export_); });

  command = mesh->add_subcommand(
      "import", "take a roster, or on the authority a new member");
  take_introduction(command, mesh_import_,
                    "that mesh export wrote; - is standard input",
                    "where others reach the new member; may be given up to 4 "
                    "times");
  choose(command, [this] { return mesh_import(global_, mesh_import_); });

  add_mesh_changes(mesh);
}

void CommandLine::add_mesh_changes(Command mesh) {
  auto* command = mesh->add_subcommand(
      "replace",
      "give the place of a member, its name, address, endpoints and roles, to "
      "a new one");
  command
      ->add_option("OLD", mesh_replace_.old,
                   "the name of the member, or its node id")
      ->required()
      ->type_name("");
  take_introduction(command, mesh_replace_.import,
                    "that mesh export wrote on the new one; - is standard "
                    "input",
                    "where others reach the new one, if elsewhere; may be "
                    "given up to 4 times");
  choose(command, [this] { return mesh_replace(global_, mesh_replace_); });

  command =
      mesh->add_subcommand("remove", "remove a member; no other speaks to it");
  take_node(command, mesh_remove_.node);
  command->add_option("--reason", mesh_remove_.reason, "why, for the ledger")
      ->type_name("TEXT");
  command->add_flag("--force", mesh_remove_.force, "even if it holds a role");
  take_consent(command, mesh_remove_.consent);
  choose(command, [this] { return mesh_remove(global_, mesh_remove_); });

  command = mesh->add_subcommand("move-role", "give a role to another member");
  command
      ->add_option("ROLE", mesh_move_role_.role, "authority, hub or controller")
      ->required()
      ->check(CLI::IsMember({"authority", "hub", "controller"}).description(""))
      ->type_name("");
  take_node(command, mesh_move_role_.node);
  take_consent(command, mesh_move_role_.consent);
  choose(command, [this] { return mesh_move_role(global_, mesh_move_role_); });

  command =
      mesh->add_subcommand("set-endpoint", "say where others reach a member");
  take_node(command, mesh_endpoints_.node);
  command
      ->add_option("ENDPOINT", mesh_endpoints_.endpoints,
                   "IP:PORT, up to 4; none given: those it has are removed")
      ->type_name("");
  take_consent(command, mesh_endpoints_.consent);
  choose(command,
         [this] { return mesh_set_endpoint(global_, mesh_endpoints_); });

  command = mesh->add_subcommand(
      "rotate-key", "give the tunnels of this node another key, without a gap");
  command->add_flag("--force", mesh_rotate_key_.force,
                    "do not wait for who has not acknowledged it");
  command->add_flag("--no-wait", mesh_rotate_key_.no_wait,
                    "end once it is requested; it goes on by itself");
  take_consent(command, mesh_rotate_key_.consent);
  choose(command,
         [this] { return mesh_rotate_key(global_, mesh_rotate_key_); });

  command = mesh->add_subcommand(
      "recover", "make this member the authority in the place of a lost one");
  command
      ->add_option("--words-file", mesh_recover_.words_file,
                   "has the words of the recovery key; - is standard input; "
                   "they are asked for unless given")
      ->type_name("FILE");
  command->add_flag("--yes", mesh_recover_.yes, "commit it without asking");
  choose(command, [this] { return mesh_recover(global_, mesh_recover_); });
}

void CommandLine::add_witness() {
  auto* witness = program_.add_subcommand(
      "witness", "what this node remembers of the ledgers of others");

  auto* command = witness->add_subcommand(
      "show", "whose ledger grew only, and who vouches for this node's");
  command->add_flag("--keys", witness_show_.keys,
                    "by what cosignatures are checked, as lines of a policy "
                    "file of ppn-ledger");
  watched_.push_back(command);
  choose(command, [this] { return witness_show(global_, witness_show_); });

  command = witness->add_subcommand(
      "acknowledge", "let a member go on with a ledger that did not only grow");
  take_node(command, witness_acknowledge_.node);
  take_consent(command, witness_acknowledge_.consent);
  choose(command,
         [this] { return witness_acknowledge(global_, witness_acknowledge_); });
}

void CommandLine::add_pair() {
  auto* pair = program_.add_subcommand(
      "pair", "join a mesh, or let a node join, with a short code");

  auto* command = pair->add_subcommand(
      "join", "show a code that is to be typed on the authority");
  auto* only_from = take_only_from(command, pair_join_.only_from);
  command
      ->add_option("--via", pair_join_.via,
                   "call this member, which passes it on, instead of waiting "
                   "to be called")
      ->excludes(only_from)
      ->type_name("HOST[:PORT]");
  command
      ->add_option("--symbols", pair_join_.symbols,
                   "of the code, 6 to 10; as ppnd is configured unless given")
      ->check(CLI::Range(6, 10).description(""))
      ->type_name("COUNT");
  take_endpoints(command, pair_join_.endpoints,
                 "where else others reach this node; may be given up to 4 "
                 "times")
      ->type_name("HOST:PORT");
  command->add_flag("--no-wait", pair_join_.no_wait,
                    "end once the code is shown; it stays good");
  choose(command, [this] { return pair_join(global_, pair_join_); });

  command = pair->add_subcommand(
      "approve", "type the code that a newcomer shows, and admit it");
  command
      ->add_option("--from", pair_approve_.from,
                   "call the newcomer there; unless given it has come by a "
                   "member")
      ->type_name("HOST[:PORT]");
  command->add_flag("--yes", pair_approve_.yes, "admit it without asking");
  command
      ->add_option("CODE", pair_approve_.code,
                   "as it is shown, with the number of its session or without; "
                   "asked for unless given")
      ->type_name("");
  choose(command, [this] { return pair_approve(global_, pair_approve_); });

  command = pair->add_subcommand("list", "sessions, and newcomers that wait");
  choose(command, [this] { return pair_list(global_); });
  watched_.push_back(command);

  add_pair_ends(pair);
}

void CommandLine::add_pair_ends(Command pair) {
  auto* command = pair->add_subcommand(
      "open", "let newcomers come by this member for a while");
  command->add_option("--seconds", pair_open_.seconds, "how long, up to 600")
      ->check(CLI::Range(1, 600).description(""))
      ->type_name("COUNT")
      ->capture_default_str();
  take_only_from(command, pair_open_.only_from);
  choose(command, [this] { return pair_open(global_, pair_open_); });

  command = pair->add_subcommand("close", "end that");
  choose(command, [this] { return pair_close(global_); });

  command = pair->add_subcommand("cancel", "end a session");
  command
      ->add_option("SESSION", pair_cancel_.session,
                   "its number, or its id or the first 4 digits or more; the "
                   "only one unless given")
      ->type_name("");
  choose(command, [this] { return pair_cancel(global_, pair_cancel_); });
}

void CommandLine::add_tunnels() {
  auto* command = program_.add_subcommand(
      "peers", "the tunnels to other members, and why one is down");
  command->add_flag("--check", peers_.check,
                    "print only what is wrong, a line each");
  command->footer(
      "Exits with 4 if a peer with a path of its own is down, or if the device "
      "can not\nbe set right.\n" +
      program_.get_footer());
  choose(command, [this] { return peers(global_, peers_); });
  watched_.push_back(command);

  command = program_.add_subcommand(
      "plan", "what the next apply would change on the device");
  choose(command, [this] { return plan(global_); });
}

void CommandLine::add_node() {
  auto* node =
      program_.add_subcommand("node", "this node while ppnd is stopped");
  auto* command = node->add_subcommand(
      "rejoin",
      "begin a new identity in the place of one whose ledger lost its tail");
  command->add_flag("--force", node_rejoin_.force,
                    "although nothing keeps the node from starting");
  take_place_of_node(command);
  choose(command, [this] { return node_rejoin(global_, node_rejoin_); });
}

void CommandLine::add_leave() {
  auto* command = program_.add_subcommand(
      "leave", "take this node out of its mesh while ppnd is stopped");
  take_place_of_node(command);
  choose(command, [this] { return leave(global_, node_rejoin_); });
}

void CommandLine::take_place_of_node(CLI::App* command) {
  command
      ->add_option("--state-dir", node_rejoin_.state_dir,
                   "where the node lives")
      ->type_name("DIR");
  command
      ->add_option("--config", node_rejoin_.config, "the configuration of ppnd")
      ->type_name("FILE");
  command->add_flag("--yes", node_rejoin_.yes, "without asking");
  command->footer(
      "The old ledger is kept, for reading only. To be run by the user that "
      "ppnd runs as.\n" +
      program_.get_footer());
}

void CommandLine::add_completion() {
  auto* completion = program_.add_subcommand(
      "completion", "print a script that completes commands in a shell");
  auto add = [&](const char* shell, const char* description,
                 std::string (*script)(const CLI::App&)) {
    choose(completion->add_subcommand(shell, description), [this, script] {
      fmt::print("{}", script(program_));
      return exit_ok;
    });
  };
  add("bash", "to use: source <(ppnctl completion bash)", bash_completion);
  add("zsh", "to use: source <(ppnctl completion zsh)", zsh_completion);
  add("fish", "to use: ppnctl completion fish | source", fish_completion);
}

}  // namespace ppn::ctl
