// ppn-ledger: the auditor's program. Looks at a state directory, live, stopped
// or copied, and needs nothing of a running node.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <set>
#include <thread>

#include "store/audit.hpp"
#include "store/signing.hpp"
#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/guard.hpp"

namespace {

using namespace ppn::tools;

/// Registers the commands; the chosen one leaves what to run in `chosen`.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", PPN_VERSION);
    app_.footer(
        "Exit codes: 0 ok, 1 failed, 2 usage, 6 permission, 8 ledger invalid.");
    add_verify();
    add_show();
    add_replay();
    add_diff();
    add_checkpoint_and_key();
    add_prove();
    add_transfers();
    add_stats();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? exit_ok : exit_usage;
    }
    return chosen_();
  }

 private:
  using Command = CLI::App*;

  Command add(Command parent, const std::string& name,
              const std::string& description) {
    return parent->add_subcommand(name, description);
  }

  template <class Options>
  void choose(Command command, Options& options, int (*work)(const Options&)) {
    command->callback([this, &options, work] {
      chosen_ = [&options, work] {
        return guarded([&options, work] { return work(options); });
      };
    });
  }

  static void take_directory(Command command, std::string& directory) {
    command->add_option("DIR", directory, "a state directory")->required();
  }

  static void take_json(Command command, bool& json) {
    command->add_flag("--json", json, "print JSON");
  }

  static void take_policy(Command command, PolicyOptions& policy) {
    auto* file = command
                     ->add_option("--policy", policy.file,
                                  "a C2SP tlog-policy: whose cosignatures are "
                                  "wanted")
                     ->type_name("FILE");
    auto* missing = command
                        ->add_option("--missing", policy.missing,
                                     "what to do if some are missing")
                        ->check(CLI::IsMember({"fail", "tell"}));
    file->needs(missing);
    missing->needs(file);
  }

  void add_verify() {
    auto* command = add(&app_, "verify", "check every entry and say so");
    take_directory(command, verify_.directory);
    verify_.jobs = std::clamp(std::thread::hardware_concurrency(), 1U,
                              ppn::store::audit_jobs_max);
    command->add_option("--jobs", verify_.jobs, "threads that check")
        ->check(CLI::Range(1U, ppn::store::audit_jobs_max))
        ->capture_default_str();
    command->add_option("--level", verify_.level, "how deep to look")
        ->check(CLI::IsMember({"chain", "signatures", "replay"}))
        ->capture_default_str();
    command
        ->add_option("--against", verify_.against,
                     "a checkpoint from elsewhere (may be repeated)")
        ->type_name("CHECKPOINT")
        ->allow_extra_args(false);
    command
        ->add_option("--witness", verify_.witnesses,
                     "the state directory of another node, or its witness "
                     "folder: what it remembers of this ledger (may be "
                     "repeated)")
        ->type_name("WDIR")
        ->allow_extra_args(false);
    take_policy(command, verify_.policy);
    take_json(command, verify_.json);
    // It brings a guard of its own, which still gives a verdict.
    command->callback([this] { chosen_ = [this] { return verify(verify_); }; });
  }

  void add_show() {
    auto* command = add(&app_, "show", "print entries");
    take_directory(command, show_.directory);
    command->add_option("--stream", show_.stream, "only of this stream");
    command->add_option("--from", show_.from, "first sequence");
    command->add_option("--to", show_.to, "last sequence");
    command->add_option("--since", show_.since,
                        "only from this time on: 2026-11-23T10:00:00Z, or "
                        "how long ago: 90s, 15m, 2h, 3d");
    command->add_option("--type", show_.type, "only events of this type");
    command->add_flag("--follow", show_.follow, "go on with new entries");
    take_json(command, show_.json);
    choose(command, show_, show);
  }

  void add_replay() {
    auto* command = add(&app_, "replay", "print the state as of a point");
    take_directory(command, replay_.directory);
    command->add_option("--at", replay_.at,
                        "after this sequence, or up to this time");
    take_json(command, replay_.json);
    choose(command, replay_, replay);
  }

  void add_diff() {
    auto* command =
        add(&app_, "diff", "print what changed in the state between points");
    take_directory(command, diff_.directory);
    command->add_option("A", diff_.before, "a sequence, a time or 'start'")
        ->required();
    command->add_option("B", diff_.after, "a sequence, a time or 'end'")
        ->required();
    take_json(command, diff_.json);
    choose(command, diff_, diff);
  }

  void add_checkpoint_and_key() {
    auto* command =
        add(&app_, "checkpoint", "print the signed checkpoint, cosigned");
    take_directory(command, checkpoint_.directory);
    take_policy(command, checkpoint_.policy);
    choose(command, checkpoint_, checkpoint);

    command = add(&app_, "key", "print the verifier key in force");
    take_directory(command, key_.directory);
    command->add_flag("--all", key_.all, "every key so far, and since when");
    take_json(command, key_.json);
    choose(command, key_, key);
  }

  void add_prove() {
    auto* prove = add(&app_, "prove", "make or check a proof");
    prove->require_subcommand(1);
    auto* inclusion = add(prove, "inclusion",
                          "that an entry is in the ledger: "
                          "ppn-ledger prove DIR inclusion SEQ");
    take_directory(inclusion, inclusion_.directory);
    inclusion->add_option("SEQ", inclusion_.sequence, "its sequence")
        ->required();
    choose(inclusion, inclusion_, prove_inclusion);

    auto* consistency = add(prove, "consistency",
                            "that a ledger only grew: "
                            "ppn-ledger prove DIR consistency A B");
    take_directory(consistency, consistency_.directory);
    consistency->add_option("A", consistency_.before, "older size")->required();
    consistency->add_option("B", consistency_.after, "newer size")->required();
    choose(consistency, consistency_, prove_consistency);

    auto* fork = add(prove, "fork",
                     "that a node forked its ledger or lost entries, as "
                     "another one recorded it: ppn-ledger prove fork DIR NODE");
    take_directory(fork, fork_.directory);
    fork->add_option("NODE", fork_.node, "its id, or how it begins")
        ->required();
    choose(fork, fork_, prove_fork);

    auto* check = add(prove, "check", "a proof, with nothing but its file");
    check->add_option("FILE", check_.file, "the proof, or - for standard input")
        ->required();
    check
        ->add_option("--key", check_.key,
                     "the verifier key, or a file that holds it")
        ->required();
    take_json(check, check_.json);
    choose(check, check_, prove_check);
  }

  void add_transfers() {
    auto* command = add(&app_, "export", "write the log as tlog-tiles");
    take_directory(command, export_.from);
    command->add_option("OUT", export_.to, "a directory")->required();
    take_policy(command, export_.policy);
    choose(command, export_, export_log);

    command = add(&app_, "restore", "make a ledger from an export");
    command->add_option("OUT", restore_.from, "an exported log")->required();
    command->add_option("DIR", restore_.to, "a new directory")->required();
    choose(command, restore_, restore);

    command = add(&app_, "backup", "copy a ledger, also a live one");
    take_directory(command, backup_.from);
    command->add_option("OUT", backup_.to, "a new directory")->required();
    choose(command, backup_, backup);
  }

  void add_stats() {
    auto* command = add(&app_, "stats", "print how large what is, and grows");
    take_directory(command, stats_.directory);
    take_json(command, stats_.json);
    choose(command, stats_, stats);
  }

  CLI::App app_{"Checks, shows and copies the ledger of a node, offline."};
  std::function<int()> chosen_;
  VerifyOptions verify_;
  ShowOptions show_;
  ReplayOptions replay_;
  DiffOptions diff_;
  CheckpointOptions checkpoint_;
  DirectoryOptions stats_;
  KeyOptions key_;
  ProveInclusionOptions inclusion_;
  ProveConsistencyOptions consistency_;
  ProveForkOptions fork_;
  ProveCheckOptions check_;
  ExportOptions export_;
  TransferOptions restore_;
  TransferOptions backup_;
};

/// `prove DIR inclusion SEQ` reads better than it parses: the directory goes
/// behind the word that says what to prove.
std::vector<std::string> reorder(int argc, char** argv) {
  std::vector<std::string> words{argv, argv + argc};
  const std::set<std::string> kinds{"inclusion", "consistency", "fork"};
  bool is_prove = words.size() > 3 && words[1] == "prove";
  if (is_prove && kinds.contains(words[3]) && !kinds.contains(words[2]))
    std::swap(words[2], words[3]);
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  if (!ppn::store::initialise_crypto()) return exit_failed;
  auto words = reorder(argc, argv);
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (auto& word : words) pointers.push_back(word.data());
  return CommandLine{}.run(argc, pointers.data());
}
