#include "tools/ppnctl/vm_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tools/ppnctl/pair_progress.hpp"
#include "tools/ppnctl/pair_signal.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_find.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds interval_at_first{50};
constexpr std::chrono::milliseconds interval_later{250};
constexpr std::chrono::seconds at_first{5};
/// ppnd may be started again: guests do not notice.
constexpr std::chrono::seconds absence_max{5};
/// One that does not shut down is made to within two minutes.
constexpr std::chrono::minutes patience{5};

const Vm* find(const std::vector<Vm>& vms, const std::string& id) {
  auto found = std::find_if(vms.begin(), vms.end(),
                            [&](const Vm& vm) { return vm.id == id; });
  return found == vms.end() ? nullptr : &*found;
}

/// With what to look at.
VmVerdict failed(const Vm& vm, const std::string& what) {
  auto advice = fmt::format(
      "all of it: ppnctl vm show {0}; what it said: ppnctl vm logs {0}",
      vm.name);
  return {Failure{exit_failed, fmt::format("{} {}", vm.name, what), advice}};
}

VmVerdict ended(const Vm& vm) {
  auto words = "has " + vm.phase;
  if (auto cause = cause_words(vm); !cause.empty()) words += ": " + cause;
  if (vm.gave_up)
    words = ailment_of(vm).value_or(words);
  else if (vm.wish != "off")
    words += " (it is tried again by itself)";
  return failed(vm, words);
}

VmVerdict overruled(const Vm& vm) {
  return failed(
      vm, fmt::format("is to be {}: somebody else said so meanwhile", vm.wish));
}

std::optional<VmVerdict> judge_running(const VmAwaited& awaited, const Vm& vm) {
  bool is_before = vm.has_ended() && vm.start <= awaited.start_before;
  if (vm.has_ended() && (!is_before || vm.gave_up)) return ended(vm);
  if (vm.wish != "running") return overruled(vm);
  if (vm.phase == "running") return VmVerdict{};
  // As it was, until it goes on.
  bool is_held_anew = vm.is_held() && vm.since_ns != awaited.since_before_ns;
  if (is_held_anew) return failed(vm, ailment_of(vm).value_or("is held"));
  return std::nullopt;
}

std::optional<VmVerdict> judge_paused(const Vm& vm) {
  if (vm.has_ended()) return ended(vm);
  if (vm.wish != "paused") return overruled(vm);
  if (vm.phase == "paused") return VmVerdict{};
  return std::nullopt;
}

std::optional<VmVerdict> judge_off(const Vm& vm) {
  if (vm.phase == "deleting") return std::nullopt;
  if (vm.wish != "off") return overruled(vm);
  if (vm.has_ended()) return VmVerdict{};
  return std::nullopt;
}

VmVerdict missing(const VmAwaited& awaited) {
  return {Failure{exit_failed,
                  fmt::format("the guest {} was deleted", awaited.name),
                  "those that there are: ppnctl vm list"}};
}

std::string names_of(const std::vector<VmAwaited>& awaited) {
  std::string names;
  for (const auto& one : awaited) names += " " + one.name;
  return names;
}

Failure stands(const char* what, const std::vector<VmAwaited>& awaited,
               ExitCode code) {
  return {
      code,
      fmt::format("{}; what was asked for stands:{}", what, names_of(awaited)),
      "how far it is: ppnctl vm list"};
}

std::string done_words(const VmAwaited& awaited, const Vm* vm) {
  switch (awaited.goal) {
    case VmGoal::runs:
      return vm != nullptr && vm->accelerator
                 ? fmt::format("runs by {}", *vm->accelerator)
                 : "runs";
    case VmGoal::paused:
      return "is paused";
    case VmGoal::off:
      return "is off";
    case VmGoal::gone:
      break;
  }
  return "is deleted";
}

void say_done(const Global& global, const VmAwaited& awaited, const Vm* vm) {
  if (!global.json)
    fmt::print("{} {}\n", printable(awaited.name),
               printable(done_words(awaited, vm)));
  else if (vm != nullptr)
    fmt::print("{}", vm_line(*vm));
}

/// Those without a verdict yet, after all others were handed over.
std::vector<VmAwaited> judge_all(const std::vector<Vm>& vms,
                                 const std::vector<VmAwaited>& awaited,
                                 PairProgress& progress, const VmOver& over) {
  std::vector<VmAwaited> left;
  std::string line;
  for (const auto& one : awaited) {
    const auto* vm = find(vms, one.id);
    if (auto verdict = judge(one, vm)) {
      progress.note({});
      over(one, vm, *verdict);
    } else {
      line += (line.empty() ? "" : "; ") + waiting_text(one, vm);
      left.push_back(one);
    }
  }
  if (!left.empty()) progress.now(line);
  return left;
}

}  // namespace

std::optional<VmVerdict> judge(const VmAwaited& awaited, const Vm* vm) {
  if (awaited.goal == VmGoal::gone)
    return vm == nullptr ? std::optional{VmVerdict{}} : std::nullopt;
  if (vm == nullptr) return missing(awaited);
  switch (awaited.goal) {
    case VmGoal::runs:
      return judge_running(awaited, *vm);
    case VmGoal::paused:
      return judge_paused(*vm);
    case VmGoal::off:
    case VmGoal::gone:
      break;
  }
  return judge_off(*vm);
}

std::string waiting_text(const VmAwaited& awaited, const Vm* vm) {
  auto text = printable(awaited.name);
  if (vm == nullptr) return text;
  text += ": " + printable(vm->phase);
  if (vm->is_unresponsive) text += ", does not answer";
  if (vm->problem) text += ", " + printable(*vm->problem);
  return text;
}

std::optional<Failure> watch(const Global& global,
                             std::vector<VmAwaited> awaited,
                             const VmOver& over) {
  SignalWait signals;
  PairProgress progress;
  auto begun = Clock::now();
  for (auto seen = begun;;) {
    auto vms = get_vms(global);
    auto now = Clock::now();
    if (!vms && (!may_come_back(vms.error()) || now - seen >= absence_max))
      return vms.error();
    if (vms) {
      seen = now;
      awaited = judge_all(vms->vms, awaited, progress, over);
      if (awaited.empty()) return std::nullopt;
    }
    if (now - begun >= patience)
      return stands("that takes long", awaited, exit_failed);
    auto interval = now - begun < at_first ? interval_at_first : interval_later;
    if (signals.comes_within(interval))
      return stands("interrupted", awaited, exit_interrupted);
  }
}

int follow(const Global& global, const std::vector<VmAwaited>& awaited) {
  int code = exit_ok;
  auto failure =
      watch(global, awaited,
            [&](const VmAwaited& one, const Vm* vm, const VmVerdict& verdict) {
              if (verdict.failure)
                code = fail(*verdict.failure);
              else
                say_done(global, one, vm);
            });
  return failure ? fail(*failure) : code;
}

}  // namespace ppn::ctl
