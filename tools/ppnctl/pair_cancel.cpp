// ppnctl pair cancel: ends a session before its time.
#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/pair_watch.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

bool is_meant(const PairSession& session,
              const std::optional<std::string>& named) {
  constexpr std::size_t digits_min = 4;
  if (session.is_over()) return false;
  bool has_number = named && session.number &&
                    *named == std::to_string(*session.number);
  bool begins_so = named && named->size() >= digits_min &&
                   session.id.starts_with(*named);
  return !named || has_number || begins_so;
}

Result<PairSession> find(const Global& global,
                         const std::optional<std::string>& named) {
  auto pairing = get_pairing(global);
  if (!pairing) return pairing.error();
  std::vector<PairSession> found;
  std::copy_if(pairing->sessions.begin(), pairing->sessions.end(),
               std::back_inserter(found), [&](const PairSession& session) {
                 return is_meant(session, named);
               });
  constexpr const char* advice = "those that there are: ppnctl pair list";
  if (found.empty())
    return Failure{exit_failed,
                   named ? fmt::format("no session that is open is {}", *named)
                         : "no session is open",
                   advice};
  if (found.size() > 1)
    return Failure{exit_usage,
                   fmt::format("{} sessions are open that may be meant: name "
                               "one by its id",
                               found.size()),
                   advice};
  return found.front();
}

}  // namespace

int pair_cancel(const Global& global, const PairCancelOptions& options) {
  auto session = find(global, options.session);
  if (!session) return fail(session.error());
  auto document = cancel_session(global, session->id);
  if (!document) return fail(document.error());
  if (global.json)
    fmt::print("{}\n", json_line(*document));
  else
    fmt::print("cancelled session {}\n", session->number
                                             ? std::to_string(*session->number)
                                             : session->id);
  return exit_ok;
}

}  // namespace ppn::ctl
