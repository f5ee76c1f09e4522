// ppnctl pair join: shows a code on this terminal alone, and says what comes of
// it.
#include <fmt/format.h>
#include <unistd.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/pair_place.hpp"
#include "tools/ppnctl/pair_progress.hpp"
#include "tools/ppnctl/pair_text.hpp"
#include "tools/ppnctl/pair_watch.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

/// Puts it into the offer, if it is given.
std::optional<Failure> add_place(Json& offer, const char* field,
                                 const std::optional<std::string>& written,
                                 Port port) {
  if (!written) return std::nullopt;
  auto place = resolve_place(*written, port);
  if (!place) return place.error();
  offer[field] = *place;
  return std::nullopt;
}

Result<Json> offer_of(const PairJoinOptions& options) {
  auto offer = Json::object();
  if (options.symbols) offer["symbols"] = *options.symbols;
  if (auto fault = add_place(offer, "only_from", options.only_from, Port::none))
    return *fault;
  if (auto fault = add_place(offer, "via", options.via, Port::optional))
    return *fault;
  for (const auto& written : options.endpoints) {
    auto endpoint = resolve_place(written, Port::required);
    if (!endpoint) return endpoint.error();
    offer["endpoints"].push_back(*endpoint);
  }
  return offer;
}

/// To standard output and nowhere else, be it a terminal or a script.
std::optional<Failure> show_code(const Global& global, const Json& document,
                                 const PairOffer& offer,
                                 const PairJoinOptions& options) {
  if (global.json)
    fmt::print("{}\n", json_line(document));
  else
    fmt::print("{}", code_text(offer, options.via.value_or(""),
                               ::isatty(STDOUT_FILENO) != 0));
  return flush_output();
}

/// Says once what happened, and all the time what is waited for.
class JoinReport {
 public:
  void take(const PairSession& session) {
    if (session.guesses > guesses_) {
      guesses_ = session.guesses;
      progress_.note(fmt::format("{} at the code {} answered so far\n",
                                 counted(guesses_, "guess", "guesses"),
                                 guesses_ == 1 ? "is" : "are"));
    }
    if (session.is_met() && session.symbols != symbols_) {
      symbols_ = session.symbols;
      progress_.note(authority_text(session));
    }
    if (session.is_in() && !is_in_) {
      is_in_ = true;
      progress_.note("this node is admitted\n");
    }
    if (!session.is_over() || session.phase == "admitted")
      progress_.now(progress_text(session));
  }

 private:
  PairProgress progress_;
  std::uint64_t guesses_ = 0;
  std::optional<std::string> symbols_;
  bool is_in_ = false;
};

Result<PairSession> follow(const Global& global, const std::string& id,
                           const SignalWait& signals) {
  JoinReport report;
  auto take = [&](const PairSession& session) {
    report.take(session);
    return session.is_over();
  };
  auto session = watch(global, begun_session(id, true), signals, take);
  if (!session || !session->is_in()) return session;
  return watch_tunnel(global, *session, signals);
}

/// Nobody looks at the code any more.
int give_up(const Global& global, const PairOffer& offer) {
  auto cancelled = cancel_session(global, offer.session);
  if (!cancelled) return fail(cancelled.error());
  say(fmt::format("session {} is cancelled: its code is worthless\n",
                  offer.number));
  return exit_interrupted;
}

int say_joined(const Global& global, const PairSession& session) {
  auto address = own_address(global);
  if (global.json) {
    fmt::print("{}", session_line(session, address));
    return exit_ok;
  }
  fmt::print("joined the mesh {}{}\n", printable(session.mesh.value_or("")),
             address.empty() ? "" : " at " + printable(address));
  if (session.phase != "active")
    say(
        fmt::format("{} was not reached yet; its tunnel may take longer: "
                    "ppnctl peers\n",
                    printable(session.name.value_or("the authority"))));
  return exit_ok;
}

}  // namespace

int pair_join(const Global& global, const PairJoinOptions& options) {
  auto wanted = offer_of(options);
  if (!wanted) return fail(wanted.error());
  SignalWait signals;
  auto document = Client{global.socket}.commit("/v1/pairing/offers", *wanted);
  if (!document) return fail(document.error());
  auto offer = read_pair_offer(*document);
  if (!offer) return fail(offer.error());
  if (auto failure = show_code(global, *document, *offer, options)) {
    give_up(global, *offer);
    return fail(*failure);
  }
  if (options.no_wait) return exit_ok;
  auto session = follow(global, offer->session, signals);
  if (!session)
    return session.error().code == exit_interrupted ? give_up(global, *offer)
                                                    : fail(session.error());
  return session->is_in() ? say_joined(global, *session)
                          : fail_of(global, *session);
}

}  // namespace ppn::ctl
