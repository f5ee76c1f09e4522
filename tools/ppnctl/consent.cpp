#include "tools/ppnctl/consent.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/proposal.hpp"
#include "tools/ppnctl/signal_ends_read.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

/// A line from standard input without its end; nothing after an interrupt. The
/// end of the input is an empty line.
std::optional<std::string> read_line() {
  SignalEndsRead guard{SIGINT};
  std::string line;
  for (char c = 0;;) {
    auto got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) return std::nullopt;
    if (got <= 0 || c == '\n') return line;
    line += c;
  }
}

int say_rejected(const Global& global, const Proposal& proposal,
                 Choice choice) {
  auto rejected = reject_now(global, proposal);
  if (!rejected) return fail(rejected.error());
  say("not committed; the proposal is gone\n");
  return choice == Choice::interrupted ? exit_interrupted : exit_failed;
}

int show_only(const Global& global, const Proposed& proposed) {
  auto rejected = reject_now(global, proposed.proposal);
  if (!rejected) return fail(rejected.error());
  fmt::print("{}", global.json ? json_line(proposed.document) + '\n'
                               : plan_text(proposed.proposal));
  return exit_ok;
}

}  // namespace

std::optional<Failure> unable_to_ask(bool yes) {
  bool is_terminal = ::isatty(STDIN_FILENO) != 0 &&
                     ::isatty(STDERR_FILENO) != 0;
  if (yes || is_terminal) return std::nullopt;
  return Failure{exit_usage,
                 "nobody can be asked without a terminal: to commit "
                 "unasked, use --yes"};
}

std::optional<std::string> ask_line(const std::string& question) {
  say(question);
  auto line = read_line();
  if (!line) say("\n");
  return line;
}

Choice confirm(const std::string& question) {
  auto line = ask_line(question);
  if (!line) return Choice::interrupted;
  return *line == "y" || *line == "Y" || *line == "yes" ? Choice::yes
                                                        : Choice::no;
}

Choice ask(const Proposal& proposal, bool yes) {
  say(plan_text(proposal));
  return yes ? Choice::yes : confirm("Commit this? [y/N] ");
}

std::optional<Failure> try_commit(const Global& global,
                                  const Proposal& proposal) {
  auto document =
      Client{global.socket}.commit("/v1/proposals/" + proposal.id + "/commit");
  if (!document) return document.error();
  auto sequence = read_committed(*document);
  if (!sequence) return sequence.error();
  if (global.json)
    fmt::print("{}\n", json_line(*document));
  else
    fmt::print("committed, up to entry {}\n", *sequence);
  return std::nullopt;
}

int commit_now(const Global& global, const Proposal& proposal) {
  auto failure = try_commit(global, proposal);
  return failure ? fail(*failure) : exit_ok;
}

Result<schema::Json> reject_now(const Global& global,
                                const Proposal& proposal) {
  auto document = Client{global.socket}.post(
      "/v1/proposals/" + proposal.id + "/reject", std::nullopt);
  if (!document) return document.error();
  auto id = read_rejected(*document);
  if (!id) return id.error();
  return document;
}

Result<Proposed> post_proposal(const Global& global,
                               const schema::Json& change) {
  auto document = Client{global.socket}.post("/v1/proposals",
                                             schema::Json{{"change", change}});
  if (!document) return document.error();
  auto proposal = read_proposal(*document);
  if (!proposal) return proposal.error();
  return Proposed{std::move(*document), std::move(*proposal)};
}

int settle(const Global& global, const Consent& consent,
           const Proposed& proposed) {
  const auto& proposal = proposed.proposal;
  if (consent.dry_run) return show_only(global, proposed);
  if (consent.propose) {
    if (global.json) {
      fmt::print("{}\n", json_line(proposed.document));
      return exit_ok;
    }
    say(plan_text(proposal));
    fmt::print("{}\n", proposal.id);
    return exit_ok;
  }
  auto choice = ask(proposal, consent.yes);
  if (choice == Choice::yes) return commit_now(global, proposal);
  return say_rejected(global, proposal, choice);
}

int propose(const Global& global, const Consent& consent,
            const schema::Json& change) {
  if (is_committed(consent))
    if (auto failure = unable_to_ask(consent.yes)) return fail(*failure);
  auto proposed = post_proposal(global, change);
  if (!proposed) return fail(proposed.error());
  return settle(global, consent, *proposed);
}

}  // namespace ppn::ctl
