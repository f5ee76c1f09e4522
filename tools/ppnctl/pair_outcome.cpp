#include "tools/ppnctl/pair_outcome.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ppn::ctl {

namespace {

struct Ending {
  std::string_view outcome;
  ExitCode code;
  const char* to_newcomer;
  const char* to_authority;
};

constexpr const char* ask_for_new_code =
    "only a new code helps: ppnctl pair join on the newcomer shows one";

constexpr std::array endings{
    Ending{"expired", exit_expired,
           "only a new code helps: ppnctl pair join, and type it within its "
           "time on the authority",
           ask_for_new_code},
    Ending{"burned", exit_burned,
           "only a new code helps: ppnctl pair join. If it was not you who "
           "typed: --only-from lets in one address alone",
           "only a new code helps: ppnctl pair join on the newcomer shows one. "
           "If it was not you who typed, somebody guesses: there "
           "--only-from lets in this host alone"},
    Ending{"wrong_code", exit_wrong_code,
           "type the code that is shown: ppnctl pair join shows another",
           "compare it with the one that the newcomer shows, and type it "
           "again: ppnctl pair approve. A code is good for few guesses"},
    Ending{"refused", exit_refused,
           "ask the operator of the authority why; for another try: ppnctl "
           "pair join",
           "if that was a mistake: ppnctl pair join on the newcomer shows "
           "another code"},
    Ending{"cancelled", exit_cancelled,
           "to begin another session, with another code: ppnctl pair join",
           "to go on all the same: type the code again while the newcomer "
           "shows it, or another of ppnctl pair join"},
    Ending{"restarted", exit_restarted,
           "its code is worthless: ppnctl pair join shows another",
           "type the code again, while the newcomer shows it: ppnctl pair "
           "approve"},
    Ending{"unreachable", exit_unreachable,
           "is the address right, does ppnctl pair open hold on the member "
           "that --via names, and does the authority run? Then ppnctl pair "
           "join",
           "is the address of --from right, does ppnctl pair join wait there, "
           "and may TCP port 9205 be reached? Or let it come by a member: "
           "ppnctl pair open there, and pair join --via on the newcomer"},
    Ending{"name_taken", exit_name_taken,
           "begin with another name, in a new state directory: ppnd --name; or "
           "have that member removed",
           "if that member is gone: ppnctl mesh remove NAME, and another code "
           "of ppnctl pair join; else the newcomer needs another name"},
    Ending{"range_full", exit_range_full,
           "have a member removed that is gone; then ppnctl pair join",
           "remove a member that is gone, ppnctl mesh remove NAME; its address "
           "is free again later"},
    Ending{"already_member", exit_already_member,
           "a member that lacks the roster takes it by ppnctl mesh import; "
           "ppnctl leave gives this node another identity, which may join",
           "if it lacks the roster: ppnctl mesh export, and mesh import there; "
           "to join anew it needs another identity: ppnctl leave there"},
    Ending{"broken", exit_broken,
           "are both ppnd of one version? ppnctl --version on both hosts; if "
           "they are, somebody in between may have meddled",
           "are both ppnd of one version? ppnctl --version on both hosts; if "
           "they are, somebody in between may have meddled"},
};

}  // namespace

Failure failure_of(const PairSession& session) {
  auto outcome = session.outcome.value_or("");
  auto what = session.why.value_or(outcome);
  const auto* ending = std::find_if(
      endings.begin(), endings.end(),
      [&](const Ending& known) { return known.outcome == outcome; });
  if (ending == endings.end()) return {exit_failed, what};
  return {ending->code, what,
          session.is_newcomer ? ending->to_newcomer : ending->to_authority};
}

}  // namespace ppn::ctl
