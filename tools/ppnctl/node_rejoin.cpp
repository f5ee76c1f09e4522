// ppnctl node rejoin: a node that lost its tail begins a new identity. ppnd
// does not run then, so it is called to do it.
#include "tools/ppnctl/node_rejoin.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/fields.hpp"
#include "tools/ppnctl/ppnd_program.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

/// Those of ppnd, behind what it is to do.
std::vector<std::string> with_place(std::vector<std::string> arguments,
                                    const NodeRejoinOptions& options) {
  if (options.state_dir)
    arguments.insert(arguments.end(), {"--state-dir", *options.state_dir});
  if (options.config)
    arguments.insert(arguments.end(), {"--config", *options.config});
  return arguments;
}

Result<RejoinPlan> ask_for_plan(const std::string& ppnd,
                                const NodeRejoinOptions& options) {
  auto document = ask_program(ppnd, with_place({"--rejoin-plan"}, options));
  if (!document) return document.error();
  return read_rejoin_plan(*document);
}

Result<Json> rejoin(const std::string& ppnd, const std::string& node,
                    const NodeRejoinOptions& options) {
  std::vector<std::string> arguments{"--rejoin", node};
  if (options.force) arguments.emplace_back("--force");
  return ask_program(ppnd, with_place(std::move(arguments), options));
}

std::string why_text(const RejoinPlan& plan) {
  if (plan.is_begun)
    return fmt::format(
        "a rejoin of node {} was begun, and not done to the end\n",
        printable(plan.node));
  if (!plan.why)
    return fmt::format("nothing keeps node {} ({}) from starting\n",
                       printable(plan.node), printable(plan.name));
  return fmt::format("node {} does not start in {}:\n  {}\n",
                     printable(plan.node), printable(plan.state_dir),
                     printable(*plan.why));
}

std::string doubts_text(const RejoinPlan& plan) {
  if (plan.is_checkpoint_verified) return {};
  return "its ledger can not be read: which node it was, and its last "
         "checkpoint, is\nonly what the checkpoint outside says\n";
}

/// What becomes of the old identity.
std::string identity_text(const RejoinPlan& plan) {
  auto text = fmt::format(
      "  give up this identity for ever, and wipe its private keys\n"
      "  keep its ledger, for reading only, in {}\n"
      "  begin a new identity called {}, whose first entry names the old one "
      "and its\n  last checkpoint, of {}\n",
      printable(plan.former), printable(plan.name),
      counted(plan.checkpoint_size, "entry", "entries"));
  if (!plan.is_name_told)
    text += fmt::format(
        "  the old name is not known: {} is that of the "
        "configuration, or of this host\n",
        printable(plan.name));
  return text;
}

/// The one in whose place another is to be, as these words say it.
struct Wording {
  std::string (*plan)(const RejoinPlan&);
  std::string (*done)(const Rejoined&);
};

int begin_anew(const Global& global, const NodeRejoinOptions& options,
               const Wording& wording) {
  if (auto failure = unable_to_ask(options.yes)) return fail(*failure);
  auto ppnd = find_ppnd();
  auto plan = ask_for_plan(ppnd, options);
  if (!plan) return fail(plan.error());
  if (auto fault = fault_of_rejoin(*plan, options.force)) return fail(*fault);
  say(wording.plan(*plan));
  auto choice = options.yes ? Choice::yes : confirm("Do this? [y/N] ");
  if (choice == Choice::interrupted) return exit_interrupted;
  if (choice == Choice::no) {
    say("nothing was changed\n");
    return exit_failed;
  }
  auto document = rejoin(ppnd, plan->node, options);
  if (!document) return fail(document.error());
  auto rejoined = read_rejoined(*document);
  if (!rejoined) return fail(rejoined.error());
  fmt::print("{}", global.json ? json_line(*document) + '\n'
                               : wording.done(*rejoined));
  return exit_ok;
}

}  // namespace

Result<RejoinPlan> read_rejoin_plan(const Json& document) {
  Fields fields{document, "ppn.rejoin-plan.v1"};
  return fields.unless_faulty(RejoinPlan{
      .state_dir = fields.text("state_dir"),
      .node = fields.text("node"),
      .name = fields.text("name"),
      .is_name_told = fields.flag(document, "name_told"),
      .is_begun = fields.flag(document, "begun"),
      .is_lost = fields.flag(document, "lost"),
      .why = fields.text_or_null("why"),
      .checkpoint_size = fields.number("checkpoint_size"),
      .is_checkpoint_verified = fields.flag(document, "checkpoint_verified"),
      .former = fields.text("former")});
}

Result<Rejoined> read_rejoined(const Json& document) {
  Fields fields{document, "ppn.rejoin.v1"};
  return fields.unless_faulty(Rejoined{.node = fields.text("node"),
                                       .name = fields.text("name"),
                                       .replaces = fields.text("replaces"),
                                       .former = fields.text("former")});
}

std::optional<Failure> fault_of_rejoin(const RejoinPlan& plan, bool force) {
  if (plan.is_lost || force) return std::nullopt;
  if (plan.why)
    return Failure{exit_refused,
                   fmt::format("node {} is not lost: {}", plan.node, *plan.why),
                   "to give up this identity all the same: --force"};
  return Failure{exit_refused,
                 fmt::format("nothing keeps node {} ({}) from starting",
                             plan.node, plan.name),
                 "if it was set back all the same, or runs elsewhere, and "
                 "others say so: --force gives up this identity"};
}

std::string rejoin_plan_text(const RejoinPlan& plan) {
  return why_text(plan) + doubts_text(plan) + "a rejoin will:\n" +
         identity_text(plan);
}

std::string leave_plan_text(const RejoinPlan& plan) {
  return fmt::format(
      "to leave its mesh, node {} ({}) gives up its identity. That will:\n{}",
      printable(plan.node), printable(plan.name), identity_text(plan));
}

std::string left_text(const Rejoined& rejoined) {
  return fmt::format(
      "{0} is node {1} now, and in no mesh\n"
      "the old ledger is kept for reading: ppn-ledger verify {3}\n"
      "next, start ppnd, and to join another mesh:\n"
      "  ppnctl pair join\n"
      "the mesh that it left still counts on node {2}; on its authority:\n"
      "  ppnctl mesh remove {0}\n",
      printable(rejoined.name), printable(rejoined.node),
      printable(rejoined.replaces), printable(rejoined.former));
}

std::string rejoined_text(const Rejoined& rejoined) {
  return fmt::format(
      "{0} is node {1} now, in the place of {2}\n"
      "the old ledger is kept for reading; what is wrong with it is still to "
      "be "
      "seen:\n  ppn-ledger verify {3}\n"
      "next, if it was in a mesh, start ppnd, and here:\n"
      "  ppnctl mesh export {0}.mesh\n"
      "on the authority, with that file; if this was the authority, first "
      "ppnctl "
      "mesh\nrecover on another member, and then there:\n"
      "  ppnctl mesh replace {0} {0}.mesh\n"
      "  ppnctl mesh export mesh.roster\n"
      "and with that one, here again:\n"
      "  ppnctl mesh import mesh.roster\n"
      "the guests that it had, which go on meanwhile:\n"
      "  ppnctl vm adopt\n",
      printable(rejoined.name), printable(rejoined.node),
      printable(rejoined.replaces), printable(rejoined.former));
}

int node_rejoin(const Global& global, const NodeRejoinOptions& options) {
  return begin_anew(global, options, {rejoin_plan_text, rejoined_text});
}

int leave(const Global& global, const NodeRejoinOptions& options) {
  // Whoever says that it leaves means it, though the node is well.
  auto forced = options;
  forced.force = true;
  return begin_anew(global, forced, {leave_plan_text, left_text});
}

}  // namespace ppn::ctl
