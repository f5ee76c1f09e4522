#include "tests/simulation/host.hpp"

#include <algorithm>

#include "store/audit.hpp"
#include "tests/simulation/fleet_watch.hpp"
#include "tests/simulation/mesh_rules.hpp"
#include "tests/simulation/vm_rules.hpp"
#include "tests/support/state_fold.hpp"

namespace ppn::simulation {

namespace {

Complaint check_ledger(const Process& process, const Shadow& shadow,
                       const Step& step) {
  const auto& opened = *process.opened;
  if (opened.ledger->position().head.size != shadow.entries())
    return "the ledger is of another size than its disk";
  if (!step.disk_grew) return {};
  auto* ledger = look_into<actors::LedgerActorState>(process.ledger);
  if (ledger != nullptr && opened.state != shadow.state())
    return "the ledger's state is not the replay of its entries";
  return {};
}

Complaint check_node(const Process& process, const Shadow& shadow,
                     const Step& step) {
  if (!step.concerns(process.node)) return {};
  const auto* node = look_into<actors::NodeState>(process.node);
  if (node == nullptr || !node->life.idle()) return {};
  if (node->node != shadow.state().node)
    return "the node's state is not the replay of its stream";
  return {};
}

Complaint check_gate(const Process& process, const Shadow& shadow,
                     const Step& step) {
  if (!step.concerns_kept(actors::OperatorGateState::name)) return {};
  const auto* gate =
      process.look_into_kept<actors::OperatorGateState, actors::OperatorGate>();
  if (gate == nullptr || !gate->grants.idle()) return {};
  auto granted = shadow.state().capabilities.live;
  for (const auto& [id, session] : shadow.state().pairing.open)
    granted.erase(session.grant);
  if (gate->capabilities.live != granted)
    return "the operator gate's grants are not those of the ledger";
  return {};
}

Complaint check_counter(const Process& process, const Shadow& shadow,
                        const Step& step) {
  if (!step.concerns_kept(CounterState::name)) return {};
  const auto* counter = process.look_into_kept<CounterState, CounterActor>();
  if (counter == nullptr) return {};
  if (counter->counter.count > shadow.counts())
    return "the counter holds a count that is not durable";
  if (counter->aggregate.version(counter_stream) != counter->counter.count)
    return "the counter's state and version do not agree";
  if (counter->aggregate.idle() && counter->counter.count != shadow.counts())
    return "the counter's state is not the replay of its stream";
  return {};
}

}  // namespace

Complaint check(Host& host, caf::actor_id stepped, Trace& trace,
                RosterHistory* history, FleetRules* fleet) {
  auto entries_before = host.shadow.entries();
  if (auto complaint =
          host.shadow.follow(host.disk, host.index, trace, history, fleet))
    return complaint;
  if (host.dial_shows > host.shadow.counts())
    return "the dial shows a count that is not durable";
  if (!host.process) return {};
  auto& process = *host.process;
  process.stepped = process.name_of(stepped);
  // A commit that failed may have reached the disk all the same.
  if (process.is_dying || process.opened->ledger->failure()) return {};
  Step step{stepped, host.shadow.entries() != entries_before, process.stepped};
  for (auto* rule : {check_ledger, check_node, check_vm_actors})
    if (auto complaint = rule(process, host.shadow, step)) return complaint;
  if (!step.concerns_any_kept()) return {};
  for (auto* rule : {check_gate, check_counter, check_scheduler})
    if (auto complaint = rule(process, host.shadow, step)) return complaint;
  return check_mesh_actors(process, host.shadow, step);
}

Complaint audit(Disk& disk) {
  OpenDisk opened{disk,
                  {[] { return CommitFate::failed; }, [] { return true; },
                   [] { return true; }, [] { return true; }},
                  [] { return std::uint64_t{0}; }};
  tests::StateFold fold;
  store::AuditOptions options;
  options.oracle = &fold;
  if (disk.outside_checkpoint)
    options.known_checkpoints = {{"outside", *disk.outside_checkpoint, false}};
  auto report = store::audit(opened.parts().backend, options);
  if (!report) return report.error().message;
  if (report->valid()) return {};
  if (report->findings.empty()) return "the ledger is too new";
  return "the audit finds: " + report->findings.front().message;
}

void Fight::look(bool sees_copy, std::uint64_t now_ns) {
  constexpr std::uint64_t rest_ns = 55'000'000'000;
  if (sees_copy == is_at_copy) return;
  is_at_copy = sees_copy;
  turns = now_ns - turned_ns <= rest_ns ? turns + 1 : 1;
  most_turns = std::max(most_turns, turns);
  turned_ns = now_ns;
}

}  // namespace ppn::simulation
