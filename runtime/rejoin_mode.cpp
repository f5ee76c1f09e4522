#include "runtime/rejoin_mode.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "runtime/daemon.hpp"
#include "runtime/rejoin_documents.hpp"
#include "runtime/state_directory_linux.hpp"

namespace ppn::runtime {

namespace {

using store::Error;
using store::ErrorCode;

int say(const schema::Json& document, int code) {
  fmt::print("{}\n", schema::compact(document));
  return code;
}

store::Result<RejoinPlan> plan_for(const RejoinSettings& settings) {
  const auto& name = settings.configuration.name;
  const auto& state_dir = settings.configuration.state_dir;
  // Unlike that of a new node it is not made.
  std::error_code ignored;
  if (!std::filesystem::exists(state_dir, ignored))
    return Error{ErrorCode::not_found,
                 fmt::format("there is no {}", state_dir)};
  if (auto prepared = prepare_state_directory(state_dir); !prepared)
    return prepared.error();
  return plan_rejoin({state_dir}, name.empty() ? settings.host_name : name);
}

}  // namespace

int show_rejoin_plan(const RejoinSettings& settings) {
  auto plan = plan_for(settings);
  if (!plan) return refuse_rejoin(plan.error());
  return say(rejoin_plan_document({settings.configuration.state_dir}, *plan),
             exit_ok);
}

int run_rejoin(const RejoinSettings& settings) {
  store::StateDirectory directory{settings.configuration.state_dir};
  auto plan = plan_for(settings);
  if (!plan) return refuse_rejoin(plan.error());
  auto node = plan->founding.rejoin->replaces.hex();
  if (node != settings.node)
    return refuse_rejoin(
        {ErrorCode::bad_input,
         fmt::format("{} is of node {}, not of {}", directory.root.string(),
                     node, settings.node)});
  if (!plan->is_lost() && !settings.force)
    return say(
        rejoin_refusal_document(
            {ErrorCode::bad_input, fmt::format("node {} is not lost", node)}),
        exit_refused);
  auto position = rejoin(directory, *plan);
  if (!position) return refuse_rejoin(position.error());
  return say(rejoin_document(directory, plan->founding, *position), exit_ok);
}

int refuse_rejoin(const Error& error) {
  return say(rejoin_refusal_document(error), exit_code_of(error.code));
}

}  // namespace ppn::runtime
