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

void take_consent(CLI::App* command, Consent& consent) {
  auto* propose = command->add_flag("--propose", consent.propose,
                                    "leave it waiting for a commit");
  command->add_flag("--yes", consent.yes, "commit it without asking")
      ->excludes(propose);
}

void take_id(CLI::App* command, ProposalOptions& options) {
  command
      ->add_option("ID", options.id,
                   "of the proposal, or its first 4 digits or more")
      ->required()
      ->type_name("");
}

}  // namespace

CommandLine::CommandLine(const std::string& version)
    : program_("Looks at a running node and changes what it may do.",
               "ppnctl") {
  program_.fallthrough();
  program_.set_help_flag("-h,--help", "print this help");
  program_.set_version_flag("--version", version, "print the version");
  program_.add_option("--socket", global_.socket, "where ppnd listens")
      ->type_name("PATH")
      ->capture_default_str();
  program_.add_flag("--json", global_.json, "print JSON, a document a line");
  program_.add_flag("--watch", global_.watch,
                    "draw again every 2 s (status, proposals, grants)");
  // What is said below the help of each command, then of the program.
  program_.footer(
      "Every command takes --socket and --json too: see ppnctl --help.");
  add_looking();
  add_ledger();
  add_proposals();
  add_changes();
  add_completion();
  program_.footer(
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 daemon not running, 4 degraded,\n"
      "5 refused, 6 permission.");
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
                 "--watch goes with status, proposals and grants only");
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
