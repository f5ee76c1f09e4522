#include "tools/ppnctl/fleet_follow.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "tools/ppnctl/fleet_find.hpp"
#include "tools/ppnctl/fleet_request_text.hpp"
#include "tools/ppnctl/pair_progress.hpp"
#include "tools/ppnctl/pair_signal.hpp"
#include "tools/ppnctl/rate.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds interval_at_first{50};
constexpr std::chrono::milliseconds interval_later{500};
constexpr std::chrono::seconds at_first{5};
/// ppnd may be started again.
constexpr std::chrono::seconds absence_max{5};
/// So long nothing may change.
constexpr std::chrono::minutes patience{5};

std::string how_far(const std::string& request) {
  return "how far it is: ppnctl fleet explain " + request;
}

/// Looks again and again, as long as there is reason to.
class Looks {
 public:
  explicit Looks(std::string request) : request_(std::move(request)) {}

  /// Waits for the next look; a failure if there is none. `seen`: what changes
  /// if anything goes on.
  std::optional<Failure> wait(const std::string& seen) {
    auto now = Clock::now();
    found_ = now;
    if (seen != seen_) {
      seen_ = seen;
      changed_ = now;
    }
    if (now - changed_ >= patience)
      return stands("nothing changed for too long", exit_failed);
    return pause(now);
  }

  /// The same after nobody answered.
  std::optional<Failure> wait(const Failure& failure) {
    auto now = Clock::now();
    if (!may_come_back(failure) || now - found_ >= absence_max) return failure;
    return pause(now);
  }

 private:
  std::optional<Failure> pause(Clock::time_point now) {
    auto interval = now - begun_ < at_first ? interval_at_first
                                            : interval_later;
    if (!signals_.comes_within(interval)) return std::nullopt;
    return stands("interrupted", exit_interrupted);
  }

  [[nodiscard]] Failure stands(const char* what, ExitCode code) const {
    return {code, fmt::format("{}; what was asked for goes on by itself", what),
            how_far(request_)};
  }

  SignalWait signals_;
  std::string request_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point found_ = begun_;
  Clock::time_point changed_ = begun_;
  std::string seen_;
};

/// Until its host took it, or nobody will.
Result<FleetRequestTold> await_taken(const Global& global,
                                     const std::string& id, Looks& looks,
                                     PairProgress& progress) {
  bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  std::optional<Rate> rate;
  for (;;) {
    auto told = get_request(global, id);
    if (!told) {
      if (auto failure = looks.wait(told.error())) return *failure;
      continue;
    }
    const auto& request = told->request;
    if (request.is_over()) return told;
    if (!rate && request.state == "fetching") rate.emplace(request.fetched);
    progress.now(fleet_waiting_text(request, is_terminal,
                                    rate ? rate->of(request.fetched) : 0));
    auto seen = fmt::format("{} {}", request.state, request.fetched);
    if (auto failure = looks.wait(seen)) return *failure;
  }
}

const FleetGuest* find(const Fleet& fleet, const std::string& vm) {
  auto found =
      std::find_if(fleet.guests.begin(), fleet.guests.end(),
                   [&](const FleetGuest& guest) { return guest.id == vm; });
  return found == fleet.guests.end() ? nullptr : &*found;
}

std::string waiting_text(const FleetRequestTold& told,
                         const FleetGuest* guest) {
  return fmt::format(
      "{} on {}: {}", printable(told.name), printable(told.request.host()),
      guest == nullptr ? "not there" : printable(guest->outcome));
}

/// Until the guest came to what it is to come to: empty; else what it did.
Result<std::string> await_guest(const Global& global,
                                const FleetAwaited& awaited,
                                const FleetRequestTold& told, Looks& looks,
                                PairProgress& progress) {
  if (awaited.goal == FleetGoal::taken) return std::string{};
  for (;;) {
    auto fleet = get_fleet(global);
    if (!fleet) {
      if (auto failure = looks.wait(fleet.error())) return *failure;
      continue;
    }
    const auto* guest = find(*fleet, told.request.vm);
    if (auto ended = judge_guest(awaited, guest)) return *ended;
    auto line = waiting_text(told, guest);
    progress.now(line);
    if (auto failure = looks.wait(line)) return *failure;
  }
}

Failure not_taken(const FleetRequest& request) {
  auto why = request.reason.value_or("it is not said why");
  auto explain = "how it came there: ppnctl fleet explain " + request.id;
  if (request.state == "refused")
    return {exit_refused, fmt::format("{} refused it: {}", request.host(), why),
            explain};
  return {exit_failed, fmt::format("nobody will do it any more: {}", why),
          explain};
}

int say_done(const Global& global, const FleetAwaited& awaited,
             const FleetRequestTold& told) {
  if (!global.json)
    fmt::print("{} {} on {}\n", printable(told.name), awaited.done,
               printable(told.request.host()));
  return exit_ok;
}

}  // namespace

std::optional<std::string> judge_guest(const FleetAwaited& awaited,
                                       const FleetGuest* guest) {
  if (awaited.goal == FleetGoal::taken) return std::string{};
  if (awaited.goal == FleetGoal::gone)
    return guest == nullptr ? std::optional{std::string{}} : std::nullopt;
  // Its host did not say anything of it yet.
  if (guest == nullptr || guest->outcome == "promised") return std::nullopt;
  const auto& outcome = guest->outcome;
  bool has_ended = outcome == "stopped" || outcome == "crashed";
  if (awaited.goal == FleetGoal::off) {
    bool is_off = has_ended || outcome == "defined";
    return is_off ? std::optional{std::string{}} : std::nullopt;
  }
  if (outcome == (awaited.goal == FleetGoal::runs ? "running" : "paused"))
    return std::string{};
  // As it was, until its host says more.
  if (has_ended && outcome != awaited.outcome_before) return "has " + outcome;
  return std::nullopt;
}

int follow_request(const Global& global, const FleetAwaited& awaited) {
  Looks looks{awaited.request};
  auto told = [&]() -> Result<FleetRequestTold> {
    PairProgress progress;
    auto over = await_taken(global, awaited.request, looks, progress);
    if (!over || over->request.state != "done") return over;
    auto ended = await_guest(global, awaited, *over, looks, progress);
    if (!ended) return ended.error();
    if (ended->empty()) return over;
    return Failure{
        exit_failed,
        fmt::format("{} {} on {}", over->name, *ended, over->request.host()),
        fmt::format("what it said: ppnctl vm logs {}/{}", over->request.host(),
                    over->name)};
  }();
  if (!told) return fail(told.error());
  if (global.json) fmt::print("{}\n", json_line(told->request.document));
  if (told->request.state != "done") return fail(not_taken(told->request));
  return say_done(global, awaited, *told);
}

int say_request(const Global& global, const std::string& request) {
  if (!global.json) {
    fmt::print("request {}\n", request);
    return exit_ok;
  }
  auto told = get_request(global, request);
  if (!told) return fail(told.error());
  fmt::print("{}\n", json_line(told->request.document));
  return exit_ok;
}

}  // namespace ppn::ctl
