// ppnctl mesh init: founds a mesh, and shows its recovery key once.
#include "tools/ppnctl/mesh_init.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/mesh_change.hpp"
#include "tools/ppnctl/proposal.hpp"
#include "tools/ppnctl/recovery_key.hpp"
#include "tools/ppnctl/recovery_words.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

/// Nothing is committed before this has reached whoever reads it.
std::optional<Failure> show_key(const Global& global, const RecoveryKey& key,
                                const Proposal& proposal) {
  auto words = key.words();
  if (global.json)
    fmt::print("{}\n", json_line({{"schema", "ppnctl.mesh-init.v1"},
                                  {"proposal", proposal.id},
                                  {"recovery_key", key.public_half().hex()},
                                  {"recovery_words", words}}));
  else
    fmt::print("{}", recovery_text(words));
  return flush_output();
}

constexpr const char* worthless =
    "no mesh was founded: the words above are worthless\n";

/// Says what failed, and what it means for the words: whatever failed for a
/// reason of its own did not happen.
int explain(const Failure& failure) {
  fail(failure);
  say(failure.code == exit_failed
          ? "keep the words above until ppnctl mesh show says whether there is "
            "a mesh:\nwithout one they are worthless\n"
          : worthless);
  return failure.code;
}

/// Somebody else may have committed it meanwhile.
int give_up(const Global& global, const Proposal& proposal, Choice choice) {
  auto rejected = reject_now(global, proposal);
  if (!rejected) return explain(rejected.error());
  say(worthless);
  return choice == Choice::interrupted ? exit_interrupted : exit_failed;
}

}  // namespace

std::string recovery_text(const std::vector<std::string>& words) {
  return fmt::format(
      "\nThe recovery key of this mesh. It is shown this once, and stored "
      "nowhere:\n\n{}\n"
      "Write it on paper and keep that away from this host. Who has it can "
      "put another\nnode in the place of the authority; without it nobody "
      "can, should that be lost.\n\n",
      recovery_words_text(words));
}

std::string command_here(const Global& global) {
  std::string here = "ppnctl";
  if (global.socket != api::default_socket)
    here += " --socket " + printable(global.socket);
  return here;
}

std::string joining_text(const Global& global) {
  return fmt::format(
      "To add a host, such as laptop, on that host:\n"
      "  ppnctl pair join\n"
      "and here what it says. Or by files, on that host:\n"
      "  ppnctl mesh export laptop.mesh\n"
      "bring the file here, and here:\n"
      "  {0} mesh import laptop.mesh\n"
      "  {0} mesh export mesh.roster\n"
      "take that file there, and there:\n"
      "  ppnctl mesh import mesh.roster\n",
      command_here(global));
}

int mesh_init(const Global& global, const MeshInitOptions& options) {
  if (auto failure = unable_to_ask(options.yes)) return fail(*failure);
  auto key = RecoveryKey::make();
  if (!key) return fail(key.error());
  auto proposed =
      post_proposal(global, init_change(options, key->public_half()));
  if (!proposed) return fail(proposed.error());
  const auto& proposal = proposed->proposal;
  say(plan_text(proposal));
  if (auto failure = show_key(global, *key, proposal)) {
    give_up(global, proposal, Choice::no);
    return fail(*failure);
  }
  auto choice = options.yes ? Choice::yes
                            : confirm(
                                  "Is the recovery key written down, and "
                                  "shall this be committed? [y/N] ");
  if (choice != Choice::yes) return give_up(global, proposal, choice);
  if (auto failure = try_commit(global, proposal)) return explain(*failure);
  if (!global.json) fmt::print("{}", joining_text(global));
  return exit_ok;
}

}  // namespace ppn::ctl
