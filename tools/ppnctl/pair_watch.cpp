#include "tools/ppnctl/pair_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/mesh_documents.hpp"
#include "tools/ppnctl/pair_outcome.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Clock = std::chrono::steady_clock;
using schema::Json;

/// Between a code that was typed and the first ping nobody wants to wait for
/// this program.
constexpr std::chrono::milliseconds interval_at_first{50};
constexpr std::chrono::milliseconds interval_later{250};
constexpr std::chrono::seconds at_first{5};
/// ppnd may be started again, or an actor of it be brought back.
constexpr std::chrono::seconds absence_max{5};
constexpr std::chrono::seconds tunnel_max{30};

PairSession forgotten(PairSession session) {
  if (session.is_in()) return session;
  session.phase = "ended";
  session.outcome = "restarted";
  session.why = "the node was started again";
  session.document["phase"] = session.phase;
  session.document["outcome"] = *session.outcome;
  session.document["why"] = *session.why;
  return session;
}

Result<PairSession> look_at(const Global& global, const PairSession& known) {
  auto pairing = get_pairing(global);
  if (!pairing) return pairing.error();
  auto found =
      std::find_if(pairing->sessions.begin(), pairing->sessions.end(),
                   [&](const auto& session) { return session.id == known.id; });
  return found == pairing->sessions.end() ? forgotten(known)
                                          : std::move(*found);
}

template <class IsMeant>
std::string find_address(const Global& global, IsMeant is_meant) {
  auto document = Client{global.socket}.get("/v1/mesh");
  if (!document) return {};
  auto mesh = read_mesh(*document);
  if (!mesh || !*mesh) return {};
  const auto& members = (*mesh)->members;
  auto found = std::find_if(members.begin(), members.end(), is_meant);
  return found == members.end() ? std::string{} : found->address;
}

}  // namespace

Result<Pairing> get_pairing(const Global& global) {
  auto document = Client{global.socket}.get("/v1/pairing");
  if (!document) return document.error();
  return read_pairing(*document);
}

PairSession begun_session(const std::string& id, bool is_newcomer) {
  PairSession session{};
  session.id = id;
  session.is_newcomer = is_newcomer;
  session.document = {{"id", id}};
  return session;
}

Result<PairSession> watch(
    const Global& global, PairSession known, const SignalWait& signals,
    const std::function<bool(const PairSession&)>& is_enough) {
  auto begun = Clock::now();
  for (auto seen = begun;;) {
    auto looked = look_at(global, known);
    auto now = Clock::now();
    if (!looked &&
        (!may_come_back(looked.error()) || now - seen >= absence_max))
      return looked.error();
    if (looked) {
      seen = now;
      known = std::move(*looked);
      if (is_enough(known)) return known;
    }
    auto interval = now - begun < at_first ? interval_at_first : interval_later;
    if (signals.comes_within(interval))
      return Failure{exit_interrupted, "interrupted"};
  }
}

PairSession watch_tunnel(const Global& global, const PairSession& admitted,
                         const SignalWait& signals) {
  auto until = Clock::now() + tunnel_max;
  auto last = watch(global, admitted, signals, [until](const PairSession& now) {
    return now.phase == "active" || Clock::now() >= until;
  });
  // It comes up whoever looks.
  return last ? *last : admitted;
}

std::string own_address(const Global& global) {
  return find_address(global,
                      [](const Member& member) { return member.is_self; });
}

std::string address_of(const Global& global, const std::string& name) {
  return find_address(
      global, [&](const Member& member) { return member.name == name; });
}

Result<Json> cancel_session(const Global& global, const std::string& session) {
  return Client{global.socket}.remove("/v1/pairing/sessions/" + session);
}

std::string session_line(const PairSession& session,
                         const std::string& address) {
  Json document{{"schema", "ppnctl.pair.v1"}};
  for (const auto& [name, value] : session.document.items())
    document[name] = value;
  document["address"] = address.empty() ? Json() : Json(address);
  return json_line(document) + '\n';
}

int fail_of(const Global& global, const PairSession& session) {
  if (global.json) fmt::print("{}", session_line(session, {}));
  return fail(failure_of(session));
}

}  // namespace ppn::ctl
