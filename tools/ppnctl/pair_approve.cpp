// ppnctl pair approve: the operator of the authority typed the code that a
// newcomer shows, sees who that is, and says whether it is to be a member.
#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/pair_code.hpp"
#include "tools/ppnctl/pair_place.hpp"
#include "tools/ppnctl/pair_progress.hpp"
#include "tools/ppnctl/pair_text.hpp"
#include "tools/ppnctl/pair_watch.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

std::string path_of(const std::string& session, const char* word) {
  return "/v1/pairing/sessions/" + session + word;
}

std::string name_of(const PairSession& session) {
  return printable(session.name.value_or("the newcomer"));
}

Result<Json> approval_of(const PairApproveOptions& options) {
  auto approval = Json::object();
  if (options.from) {
    auto from = resolve_place(*options.from, Port::optional);
    if (!from) return from.error();
    approval["from"] = *from;
  }
  auto typed = take_code(options.code);
  if (!typed) return typed.error();
  approval["code"] = typed->code;
  if (typed->number) approval["number"] = *typed->number;
  return approval;
}

int give_up(const Global& global, const PairSession& session) {
  auto cancelled = cancel_session(global, session.id);
  if (!cancelled) return fail(cancelled.error());
  say("the session is cancelled: nobody was admitted\n");
  return exit_interrupted;
}

/// The session once it is met, or over.
Result<PairSession> meet(const Global& global, const PairSession& begun,
                         const SignalWait& signals) {
  PairProgress progress;
  return watch(global, begun, signals, [&](const PairSession& session) {
    if (session.is_over() || (session.phase == "met" && session.is_met()))
      return true;
    progress.now(progress_text(session));
    return false;
  });
}

Choice ask(const PairSession& session, bool yes) {
  say(newcomer_text(session));
  return yes ? Choice::yes
             : confirm(fmt::format("Admit {}? [y/N] ", name_of(session)));
}

/// Until it is recorded that it ended.
int refuse(const Global& global, const PairSession& session) {
  auto document = Client{global.socket}.commit(path_of(session.id, "/refuse"));
  if (!document) return fail(document.error());
  SignalWait signals;
  auto ended = watch(global, session, signals,
                     [](const PairSession& now) { return now.is_over(); });
  return ended ? fail_of(global, *ended) : fail(ended.error());
}

int say_admitted(const Global& global, const PairSession& session) {
  auto address = address_of(global, session.name.value_or(""));
  auto at = address.empty() ? "" : " at " + printable(address);
  if (global.json)
    fmt::print("{}", session_line(session, address));
  else
    fmt::print("{} is a member of {}{}\n", name_of(session),
               printable(session.mesh.value_or("")), at);
  if (session.phase != "active")
    say(
        fmt::format("{} was not seen yet; its tunnel may take longer: ppnctl "
                    "peers\n",
                    name_of(session)));
  return exit_ok;
}

/// What keeps it from being admitted may have ended the session, and why is
/// said there.
int say_not_admitted(const Global& global, const PairSession& session,
                     const Failure& failure) {
  auto pairing = get_pairing(global);
  if (pairing)
    for (const auto& now : pairing->sessions)
      if (now.id == session.id && now.is_over() && !now.is_in())
        return fail_of(global, now);
  return fail(failure);
}

int admit(const Global& global, PairSession session) {
  auto document = Client{global.socket}.commit(path_of(session.id, "/admit"));
  if (!document) return say_not_admitted(global, session, document.error());
  session.outcome = "admitted";
  session.document["outcome"] = "admitted";
  SignalWait signals;
  return say_admitted(global, watch_tunnel(global, session, signals));
}

}  // namespace

int pair_approve(const Global& global, const PairApproveOptions& options) {
  if (auto failure = unable_to_ask(options.yes)) return fail(*failure);
  auto approval = approval_of(options);
  if (!approval) return fail(approval.error());
  auto signals = std::make_optional<SignalWait>();
  auto document =
      Client{global.socket}.commit("/v1/pairing/approvals", *approval);
  if (!document) return fail(document.error());
  auto id = read_pair_approval(*document);
  if (!id) return fail(id.error());
  auto begun = begun_session(*id, false);
  auto session = meet(global, begun, *signals);
  // From here on the question is what an interrupt ends.
  signals.reset();
  if (!session)
    return session.error().code == exit_interrupted ? give_up(global, begun)
                                                    : fail(session.error());
  if (session->is_over()) return fail_of(global, *session);
  switch (ask(*session, options.yes)) {
    case Choice::yes:
      return admit(global, std::move(*session));
    case Choice::no:
      return refuse(global, *session);
    case Choice::interrupted:
      break;
  }
  return give_up(global, *session);
}

}  // namespace ppn::ctl
