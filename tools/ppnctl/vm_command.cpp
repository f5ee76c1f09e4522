// ppnctl vm start, stop, pause, resume and reset: what a guest is to do. The
// node goes on with it by itself; this program shows when it is so. One of
// another host is told over the controller.
#include <fmt/format.h>

#include <optional>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"
#include "tools/ppnctl/vm_elsewhere.hpp"
#include "tools/ppnctl/vm_find.hpp"
#include "tools/ppnctl/vm_watch.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

/// Nothing if it is not seen when it is done.
std::optional<VmGoal> goal_of(VmVerb verb) {
  switch (verb) {
    case VmVerb::start:
    case VmVerb::resume:
      return VmGoal::runs;
    case VmVerb::stop:
      return VmGoal::off;
    case VmVerb::pause:
      return VmGoal::paused;
    case VmVerb::reset:
      break;
  }
  return std::nullopt;
}

std::optional<Failure> request(const Global& global, VmVerb verb, const Vm& vm,
                               const VmCommandOptions& options) {
  std::optional<Json> body;
  if (options.force) body = Json{{"force", true}};
  auto document = Client{global.socket}.commit(
      path_of(vm, fmt::format("/{}", name_of(verb))), body);
  if (!document) return document.error();
  if (goal_of(verb) && !options.no_wait) return std::nullopt;
  if (global.json)
    fmt::print("{}\n", json_line(*document));
  else
    fmt::print("{}: a {} is requested\n", printable(vm.name), name_of(verb));
  return std::nullopt;
}

VmAwaited awaited_of(const Vm& vm, VmVerb verb, VmGoal goal) {
  // One whose process is there has no other start to wait for.
  bool is_new_start = verb == VmVerb::start || vm.has_ended();
  auto start_before = is_new_start ? vm.start : vm.start - 1;
  return {vm.id, vm.name, goal, start_before, vm.since_ns};
}

/// The first thing that went wrong is what the program exits with.
void note(int& code, int other) { code = code == exit_ok ? other : code; }

int command_here(const Global& global, VmVerb verb,
                 const std::vector<std::string>& names,
                 const VmCommandOptions& options) {
  auto vms = get_vms(global);
  if (!vms) return fail(vms.error());
  int code = exit_ok;
  std::vector<VmAwaited> awaited;
  auto goal = goal_of(verb);
  for (const auto& name : names) {
    auto vm = find_vm(vms->vms, name);
    if (!vm) {
      note(code, fail(vm.error()));
    } else if (auto failure = request(global, verb, *vm, options)) {
      note(code, fail(*failure));
    } else if (goal && !options.no_wait) {
      awaited.push_back(awaited_of(*vm, verb, *goal));
    }
  }
  if (!awaited.empty()) note(code, follow(global, awaited));
  return code;
}

/// All are told before any is waited for.
class Elsewhere {
 public:
  Elsewhere(const Global& global, VmVerb verb, const VmCommandOptions& options)
      : global_(global), verb_(verb), options_(options) {}

  int order(const GuestPlace& place) {
    auto awaited = order_elsewhere(global_, place, verb_, options_);
    if (!awaited) return fail(awaited.error());
    awaited_.push_back(std::move(*awaited));
    return exit_ok;
  }

  [[nodiscard]] int finish() const {
    int code = exit_ok;
    for (const auto& awaited : awaited_)
      note(code, options_.no_wait ? say_request(global_, awaited.request)
                                  : follow_request(global_, awaited));
    return code;
  }

 private:
  const Global& global_;
  VmVerb verb_;
  const VmCommandOptions& options_;
  std::vector<FleetAwaited> awaited_;
};

}  // namespace

const char* name_of(VmVerb verb) {
  switch (verb) {
    case VmVerb::start:
      return "start";
    case VmVerb::stop:
      return "stop";
    case VmVerb::pause:
      return "pause";
    case VmVerb::resume:
      return "resume";
    case VmVerb::reset:
      return "reset";
  }
  return "";
}

int vm_command(const Global& global, VmVerb verb,
               const VmCommandOptions& options) {
  int code = exit_ok;
  GuestPlaces places{global};
  Elsewhere elsewhere{global, verb, options};
  std::vector<std::string> here;
  for (const auto& written : options.names) {
    auto place = places.find(written);
    if (!place)
      note(code, fail(place.error()));
    else if (place->node)
      note(code, elsewhere.order(*place));
    else
      here.push_back(place->name);
  }
  if (!here.empty()) note(code, command_here(global, verb, here, options));
  note(code, elsewhere.finish());
  return code;
}

}  // namespace ppn::ctl
