// ppnctl proposals, commit and reject: what waits for an operator.
#include <fmt/format.h>

#include "tools/ppnctl/answer.hpp"
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/proposal.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

struct Found {
  schema::Json document;
  Proposal proposal;
};

/// The proposal with the id that is written out, or begins so.
Result<Found> find(const Client& client, const std::string& written) {
  auto id = read_prefix(written);
  if (!id) return id.error();
  if (id->size() < 2 * Id::size) {
    auto document = client.get("/v1/proposals");
    if (!document) return document.error();
    auto proposals = read_proposals(*document);
    if (!proposals) return proposals.error();
    auto proposal = find_by_prefix(*proposals, *id);
    if (!proposal) return proposal.error();
    id = proposal->id;
  }
  auto document = client.get("/v1/proposals/" + *id);
  if (!document) return document.error();
  auto proposal = read_proposal(*document);
  if (!proposal) return proposal.error();
  if (proposal->id != *id)
    return not_understood("it is about another proposal");
  return Found{*document, *proposal};
}

}  // namespace

int proposals(const Global& global) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/proposals");
    if (!document) return document.error();
    auto proposals = read_proposals(*document);
    if (!proposals) return proposals.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : proposals_text(*proposals)};
  });
}

int show_proposal(const Global& global, const ProposalOptions& options) {
  auto found = find(Client{global.socket}, options.id);
  if (!found) return fail(found.error());
  fmt::print("{}", global.json ? json_line(found->document) + '\n'
                               : proposal_text(found->proposal));
  return exit_ok;
}

int commit(const Global& global, const ProposalOptions& options) {
  if (auto failure = unable_to_ask(options.yes)) return fail(*failure);
  auto found = find(Client{global.socket}, options.id);
  if (!found) return fail(found.error());
  auto choice = ask(found->proposal, options.yes);
  if (choice == Choice::yes) return commit_now(global, found->proposal);
  say("not committed; the proposal still waits\n");
  return choice == Choice::interrupted ? exit_interrupted : exit_failed;
}

int reject(const Global& global, const ProposalOptions& options) {
  auto found = find(Client{global.socket}, options.id);
  if (!found) return fail(found.error());
  auto document = reject_now(global, found->proposal);
  if (!document) return fail(document.error());
  if (global.json)
    fmt::print("{}\n", json_line(*document));
  else
    fmt::print("rejected {}\n", found->proposal.id);
  return exit_ok;
}

}  // namespace ppn::ctl
