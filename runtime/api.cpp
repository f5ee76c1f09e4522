#include "runtime/api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/mesh_file.hpp"
#include "events/recovery.hpp"
#include "runtime/api_mesh.hpp"
#include "runtime/api_pairing.hpp"
#include "runtime/api_witness.hpp"
#include "runtime/clock_linux.hpp"
#include "runtime/log.hpp"
#include "runtime/process_linux.hpp"
#include "runtime/route_overlap_linux.hpp"

namespace ppn::runtime {

namespace {

using actors::EntriesPtr;
using actors::LedgerStatus;
using actors::NodeStatus;
using actors::ProposalsPtr;
using actors::RosterPtr;
using actors::StatePtr;
using schema::Json;

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr unsigned created = 201;
constexpr unsigned unavailable = 503;
const char* const gate = "operator_gate";
const char* const mesh_name = "mesh";
const char* const device_name = "device";
const char* const pairing_name = "pairing";
const char* const witness_name = "witness";

void add_roster(NodeReport& report, const events::Mesh& mesh,
                const NodeId& self, const std::string& interface) {
  MeshReport summary;
  summary.name = mesh.name;
  summary.version = mesh.version;
  summary.epoch = mesh.epoch;
  summary.members = mesh.members.size();
  summary.interface = interface;
  report.mesh = summary;
  if (mesh.restating)
    report.warnings.push_back(
        {"roster-incomplete",
         fmt::format("{} recovered the mesh in epoch {}, and {} of what it "
                     "restates did not come yet",
                     events::authority_name(mesh), mesh.epoch,
                     events::entries_left(*mesh.restating))});
  if (mesh.find(self) == nullptr)
    report.warnings.push_back(
        {"removed-from-mesh",
         fmt::format("this node was removed from the mesh {}", mesh.name)});
  for (const auto& range : overlapping_routes(mesh, interface))
    report.warnings.push_back(
        {"mesh-range-overlaps",
         fmt::format("{} and the addresses of the mesh overlap: some of them "
                     "can not be reached",
                     range)});
}

void add_device(NodeReport& report, const actors::DeviceStatus& device) {
  report.mesh->implementation = device.implementation;
  report.mesh->tunnels = device.desired.peers.size();
  for (const auto& [key, peer] : device.observed.peers)
    if (events::is_live(peer, device.observed_ns)) report.mesh->tunnels_up += 1;
  if (device.problem) report.warnings.push_back({"tunnels", *device.problem});
}

void add_member(NodeReport& report, const actors::MemberStatus& member) {
  report.mesh->frames_dropped = member.dropped;
}

/// Has the pairing actor do something, and answers with the document once it
/// is done.
template <class... Words>
void do_in_pairing(ActorBridge& bridge, Api::Reply reply, Json document,
                   Words... words) {
  auto tell = [document = std::move(document)](bool, const Api::Reply& to) {
    to(json_response(document));
  };
  bridge.ask_kept<bool, actors::PairingActor>(
      pairing_name, commit_patience, or_problem<bool>(std::move(reply), tell),
      words...);
}

/// A grant that is to hold for some time ends with this boot too.
actors::Change with_expiry(actors::Change change, const ChangeWish& wish,
                           std::uint64_t boot) {
  const auto* grant = std::get_if<GrantWishFor>(&wish);
  if (grant == nullptr || !grant->seconds) return change;
  auto now = read_clock();
  auto lasts_ns = *grant->seconds * ns_per_s;
  std::get<events::GrantWish>(change).expiry = {
      now.utc_ns + static_cast<std::int64_t>(lasts_ns), boot,
      now.since_boot_ns + lasts_ns};
  return change;
}

}  // namespace

ApiResponse to_response(const Problem& problem) {
  return {kind_of(problem).status, "application/problem+json",
          schema::compact(problem_document(problem)) + "\n"};
}

ApiResponse json_response(const Json& document, unsigned status) {
  return {status, "application/json", schema::compact(document) + "\n"};
}

store::Principal operator_of(uid_t peer) {
  return {schema::PrincipalKind::operator_, fmt::format("uid/{}", peer)};
}

Api::Api(RunningNode& node, Facts facts)
    : node_(node),
      facts_(std::move(facts)),
      started_at_ns_(read_clock().since_boot_ns) {}

void Api::handle(const Call& call, uid_t peer, std::string_view body,
                 Reply reply) {
  ++requests_;
  switch (call.route->endpoint) {
    case Endpoint::health:
      return answer_health(std::move(reply));
    case Endpoint::metrics:
      return answer_metrics(std::move(reply));
    case Endpoint::status:
      return answer_status(std::move(reply));
    case Endpoint::state:
      return answer_state(std::move(reply));
    case Endpoint::ledger:
      return answer_ledger(std::move(reply));
    case Endpoint::entries:
      return answer_entries(call, std::move(reply));
    case Endpoint::proposals:
      return answer_proposals(std::move(reply));
    case Endpoint::propose:
      return propose(body, std::move(reply));
    case Endpoint::proposal:
      return answer_proposal(call.id, 200, std::move(reply));
    case Endpoint::commit:
      return commit(call.id, peer, std::move(reply));
    case Endpoint::reject:
      return reject(call.id, std::move(reply));
    case Endpoint::mesh:
      return answer_mesh(std::move(reply));
    case Endpoint::mesh_file:
      return answer_mesh_file(std::move(reply));
    case Endpoint::peers:
      return answer_peers(std::move(reply));
    case Endpoint::device_plan:
      return answer_device_plan(std::move(reply));
    case Endpoint::pairing:
      return answer_pairing(std::move(reply));
    case Endpoint::pairing_offer:
      return offer_pairing(body, peer, std::move(reply));
    case Endpoint::pairing_approve:
      return approve_pairing(body, peer, std::move(reply));
    case Endpoint::pairing_admit:
      return decide_on_pairing(call.id, true, peer, std::move(reply));
    case Endpoint::pairing_refuse:
      return decide_on_pairing(call.id, false, peer, std::move(reply));
    case Endpoint::pairing_cancel:
      return cancel_pairing(call.id, peer, std::move(reply));
    case Endpoint::pairing_door:
      return open_pairing_door(body, std::move(reply));
    case Endpoint::vms:
      return answer_vms(std::move(reply));
    case Endpoint::vm:
      return answer_vm(call.id, std::move(reply));
    case Endpoint::vm_start:
      return command_vm(call.id, {events::VmVerb::start}, peer,
                        std::move(reply));
    case Endpoint::vm_stop:
      return stop_vm(call.id, body, peer, std::move(reply));
    case Endpoint::vm_pause:
      return command_vm(call.id, {events::VmVerb::pause}, peer,
                        std::move(reply));
    case Endpoint::vm_resume:
      return command_vm(call.id, {events::VmVerb::resume}, peer,
                        std::move(reply));
    case Endpoint::vm_reset:
      return command_vm(call.id, {events::VmVerb::reset}, peer,
                        std::move(reply));
    case Endpoint::vm_console_log:
      return answer_console_log(call, std::move(reply));
    case Endpoint::fleet_console_log:
      return answer_fleet_console_log(call, std::move(reply));
    case Endpoint::pool:
      return answer_pool(std::move(reply));
    case Endpoint::fleet:
      return answer_fleet(std::move(reply));
    case Endpoint::placement:
      return answer_placement(body, std::move(reply));
    case Endpoint::fleet_order:
      return order_guest(body, peer, std::move(reply));
    case Endpoint::fleet_requests:
      return answer_fleet_requests(std::move(reply));
    case Endpoint::fleet_request:
      return answer_fleet_request(call.id, std::move(reply));
    case Endpoint::former_guests:
      return answer_former_guests(std::move(reply));
    case Endpoint::witness:
      return answer_witness(std::move(reply));
    case Endpoint::images:
      return answer_images(std::move(reply));
    case Endpoint::image_add:
      return add_image(body, peer, std::move(reply));
    case Endpoint::stream:
    case Endpoint::vm_console:
    case Endpoint::fleet_console:
      break;
  }
  reply(to_response({ProblemType::failed, "this is answered elsewhere"}));
}

void Api::read_entries(std::uint64_t from, std::uint64_t limit, Entries done) {
  node_.bridge().ask<EntriesPtr>(node_.ledger(), look_patience, std::move(done),
                                 actors::read_atom::value, from, limit);
}

void Api::report(Report done) {
  auto& bridge = node_.bridge();
  auto report = std::make_shared<NodeReport>();
  report->version = facts_.version;
  report->state_dir = facts_.state_dir;
  report->warnings = facts_.warnings();
  report->uptime_seconds =
      (read_clock().since_boot_ns - started_at_ns_) / ns_per_s;
  auto take_proposals = [this, report, done](Answer<ProposalsPtr> answer) {
    // While the gate is brought back nothing waits there.
    if (const auto* proposals = std::get_if<ProposalsPtr>(&answer))
      report->proposals = (*proposals)->size();
    report_guests(report, [this, report, done] { report_mesh(report, done); });
  };
  auto take_ledger = [&bridge, report, done,
                      take_proposals](Answer<LedgerStatus> answer) {
    if (const auto* problem = std::get_if<Problem>(&answer))
      return done(*problem);
    report->ledger = std::get<LedgerStatus>(answer);
    const auto& ledger = report->ledger;
    if (ledger.read_only)
      report->warnings.push_back({"ledger-read-only", *ledger.read_only});
    if (ledger.unpublished_why)
      report->warnings.push_back(
          {"checkpoint-behind",
           "the checkpoint outside the ledger, which shows whether it was "
           "rolled back, can not be renewed: " +
               *ledger.unpublished_why});
    bridge.ask_kept<ProposalsPtr, actors::OperatorGate>(
        gate, look_patience, take_proposals, actors::list_atom::value);
  };
  auto take_node = [this, &bridge, report, done,
                    take_ledger](Answer<NodeStatus> answer) {
    if (const auto* problem = std::get_if<Problem>(&answer))
      return done(*problem);
    report->node = std::get<NodeStatus>(answer);
    bridge.ask<LedgerStatus>(node_.ledger(), look_patience, take_ledger,
                             actors::status_atom::value);
  };
  bridge.ask<NodeStatus>(node_.node(), look_patience, take_node,
                         actors::status_atom::value);
}

/// While one of these actors is brought back its part is left out.
void Api::report_mesh(const std::shared_ptr<NodeReport>& report, Report done) {
  auto& bridge = node_.bridge();
  auto roster = std::make_shared<RosterPtr>();
  auto take_witness = [report, done,
                       roster](Answer<actors::WitnessStatusPtr> answer) {
    if (const auto* status = std::get_if<actors::WitnessStatusPtr>(&answer))
      for (auto& warning : witness_warnings((*roster)->mesh, **status))
        report->warnings.push_back(std::move(warning));
    done(*report);
  };
  auto take_member = [&bridge, report,
                      take_witness](Answer<actors::MemberStatusPtr> answer) {
    if (const auto* status = std::get_if<actors::MemberStatusPtr>(&answer))
      add_member(*report, **status);
    bridge.ask_kept<actors::WitnessStatusPtr, actors::WitnessActor>(
        witness_name, look_patience, take_witness, actors::status_atom::value);
  };
  auto take_device = [&bridge, report,
                      take_member](Answer<actors::DeviceStatusPtr> answer) {
    if (const auto* status = std::get_if<actors::DeviceStatusPtr>(&answer))
      add_device(*report, **status);
    bridge.ask_kept<actors::MemberStatusPtr, actors::MemberActor>(
        "member", look_patience, take_member, actors::status_atom::value);
  };
  auto take_roster = [this, &bridge, report, done, roster,
                      take_device](Answer<RosterPtr> answer) {
    const auto* known = std::get_if<RosterPtr>(&answer);
    if (known == nullptr || !(*known)->mesh.founded()) return done(*report);
    *roster = *known;
    add_roster(*report, (*roster)->mesh, node_.id(), facts_.interface);
    bridge.ask_kept<actors::DeviceStatusPtr, actors::DeviceActor>(
        device_name, look_patience, take_device, actors::status_atom::value);
  };
  bridge.ask_kept<RosterPtr, actors::MeshActor>(
      mesh_name, look_patience, take_roster, actors::roster_atom::value);
}

void Api::answer_status(Reply reply) {
  report(or_problem<NodeReport>(std::move(reply),
                                [](const NodeReport& report, const Reply& to) {
                                  to(json_response(status_document(report)));
                                }));
}

void Api::answer_health(Reply reply) {
  report([reply = std::move(reply)](const Answer<NodeReport>& answer) {
    const auto* report = std::get_if<NodeReport>(&answer);
    auto document = report != nullptr
                        ? health_document(*report)
                        : unhealthy_document(std::get<Problem>(answer).detail);
    bool healthy = report != nullptr && is_healthy(*report);
    reply(json_response(document, healthy ? 200 : unavailable));
  });
}

void Api::answer_metrics(Reply reply) {
  report(or_problem<NodeReport>(
      std::move(reply), [this](const NodeReport& report, const Reply& to) {
        to({200, "text/plain; version=0.0.4",
            metrics_text(report, {requests_, resident_bytes()})});
      }));
}

void Api::answer_state(Reply reply) {
  node_.bridge().ask<StatePtr>(
      node_.ledger(), look_patience,
      or_problem<StatePtr>(
          std::move(reply),
          [](const StatePtr& at, const Reply& to) {
            to(json_response(state_document(at->size, at->state)));
          }),
      actors::state_atom::value);
}

void Api::answer_ledger(Reply reply) {
  node_.bridge().ask<LedgerStatus>(
      node_.ledger(), look_patience,
      or_problem<LedgerStatus>(std::move(reply),
                               [](const LedgerStatus& ledger, const Reply& to) {
                                 to(json_response(ledger_document(ledger)));
                               }),
      actors::status_atom::value);
}

void Api::answer_entries(const Call& call, Reply reply) {
  auto read = [this, parameters = call.parameters](const LedgerStatus& ledger,
                                                   const Reply& to) {
    auto range = read_range(parameters, ledger.head.size);
    if (const auto* problem = std::get_if<Problem>(&range))
      return to(to_response(*problem));
    auto [begin, limit] = std::get<EntryRange>(range);
    read_entries(
        begin, limit,
        or_problem<EntriesPtr>(
            to, [from = begin](const EntriesPtr& entries, const Reply& last) {
              last(json_response(entries_document(from, *entries)));
            }));
  };
  node_.bridge().ask<LedgerStatus>(
      node_.ledger(), look_patience,
      or_problem<LedgerStatus>(std::move(reply), read),
      actors::status_atom::value);
}

void Api::ask_roster(Reply reply, RosterThen then) {
  node_.bridge().ask_kept<RosterPtr, actors::MeshActor>(
      mesh_name, look_patience,
      or_problem<RosterPtr>(std::move(reply), std::move(then)),
      actors::roster_atom::value);
}

/// While the mesh's actor is brought back that is not known.
void Api::ask_own_address(std::function<void(const MeshAddress&)> then) {
  auto take = [this, then = std::move(then)](const Answer<RosterPtr>& answer) {
    const auto* roster = std::get_if<RosterPtr>(&answer);
    const auto* own = roster == nullptr ? nullptr
                                        : (*roster)->mesh.find(node_.id());
    then(own == nullptr ? MeshAddress{} : own->address);
  };
  node_.bridge().ask_kept<RosterPtr, actors::MeshActor>(
      mesh_name, look_patience, take, actors::roster_atom::value);
}

void Api::answer_mesh(Reply reply) {
  auto with_roster = [this](const RosterPtr& roster, const Reply& to) {
    node_.bridge().ask_kept<actors::MemberStatusPtr, actors::MemberActor>(
        "member", look_patience,
        or_problem<actors::MemberStatusPtr>(
            to,
            [this, roster](const auto& status, const Reply& then) {
              tell_mesh(roster, status, then);
            }),
        actors::status_atom::value);
  };
  ask_roster(std::move(reply), with_roster);
}

/// While the witness's actor is brought back nothing stands against anybody.
void Api::tell_mesh(const RosterPtr& roster,
                    const actors::MemberStatusPtr& member, Reply reply) {
  auto take = [=, this, reply = std::move(reply)](
                  const Answer<actors::WitnessStatusPtr>& answer) {
    const auto* witness = std::get_if<actors::WitnessStatusPtr>(&answer);
    reply(json_response(mesh_document(
        *roster, node_.id(), *member,
        witness == nullptr ? actors::WitnessStatus{} : **witness)));
  };
  node_.bridge().ask_kept<actors::WitnessStatusPtr, actors::WitnessActor>(
      witness_name, look_patience, take, actors::status_atom::value);
}

void Api::ask_witness(Reply reply, WitnessThen then) {
  node_.bridge().ask_kept<actors::WitnessStatusPtr, actors::WitnessActor>(
      witness_name, look_patience,
      or_problem<actors::WitnessStatusPtr>(std::move(reply), std::move(then)),
      actors::status_atom::value);
}

void Api::answer_witness(Reply reply) {
  ask_roster(
      std::move(reply), [this](const RosterPtr& roster, const Reply& to) {
        ask_witness(to, [roster](const auto& witness, const Reply& then) {
          then(json_response(witness_document(roster->mesh, *witness)));
        });
      });
}

void Api::answer_peers(Reply reply) {
  auto with_roster = [this](const RosterPtr& roster, const Reply& to) {
    node_.bridge().ask_kept<actors::DeviceStatusPtr, actors::DeviceActor>(
        device_name, look_patience,
        or_problem<actors::DeviceStatusPtr>(
            to,
            [this, roster](const auto& status, const Reply& then) {
              then(json_response(peers_document(*roster, node_.id(), *status,
                                                facts_.interface)));
            }),
        actors::status_atom::value);
  };
  ask_roster(std::move(reply), with_roster);
}

void Api::answer_device_plan(Reply reply) {
  node_.bridge().ask_kept<actors::WordsPtr, actors::DeviceActor>(
      device_name, commit_patience,
      or_problem<actors::WordsPtr>(
          std::move(reply),
          [](const auto& words, const Reply& to) {
            to(json_response(device_plan_document(*words)));
          }),
      actors::plan_atom::value);
}

void Api::answer_mesh_file(Reply reply) {
  node_.bridge().ask_kept<EntriesPtr, actors::MeshActor>(
      mesh_name, look_patience,
      or_problem<EntriesPtr>(
          std::move(reply),
          [](const EntriesPtr& records, const Reply& to) {
            to({200, "text/plain", actors::write_mesh_file(*records)});
          }),
      actors::export_atom::value);
}

void Api::answer_proposals(Reply reply) {
  node_.bridge().ask_kept<ProposalsPtr, actors::OperatorGate>(
      gate, look_patience,
      or_problem<ProposalsPtr>(
          std::move(reply),
          [](const ProposalsPtr& proposals, const Reply& to) {
            to(json_response(proposals_document(*proposals)));
          }),
      actors::list_atom::value);
}

void Api::answer_proposal(const Id& id, unsigned status, Reply reply) {
  auto find = [id, status](const ProposalsPtr& proposals, const Reply& to) {
    auto found =
        std::find_if(proposals->begin(), proposals->end(),
                     [&](const auto& proposal) { return proposal.id == id; });
    if (found == proposals->end())
      return to(to_response({ProblemType::not_found,
                             fmt::format("no proposal {} waits", id.hex())}));
    to(json_response(proposal_document(*found), status));
  };
  node_.bridge().ask_kept<ProposalsPtr, actors::OperatorGate>(
      gate, look_patience, or_problem<ProposalsPtr>(std::move(reply), find),
      actors::list_atom::value);
}

void Api::propose(std::string_view body, Reply reply) {
  auto read = read_change(body);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  auto& either = std::get<ProposalWish>(read);
  if (auto* of_guests = std::get_if<GuestWish>(&either))
    return propose(std::move(*of_guests), std::move(reply));
  if (const auto* of_former = std::get_if<AdoptVmWish>(&either))
    return propose(*of_former, std::move(reply));
  if (auto* of_fleet = std::get_if<OrderGuestWish>(&either))
    return propose(std::move(*of_fleet), std::move(reply));
  // Names, and the boot that a grant ends with, are looked up in what is true.
  auto resolve = [this, wish = std::get<ChangeWish>(std::move(either))](
                     const StatePtr& state, const Reply& to) {
    auto change = to_change(wish, state->state);
    if (const auto* problem = std::get_if<Problem>(&change))
      return to(to_response(*problem));
    auto changed = with_expiry(std::get<actors::Change>(std::move(change)),
                               wish, state->state.node.boot);
    const auto* place = std::get_if<PlaceGuestWish>(&wish);
    if (place != nullptr && place->guest.user_data)
      return propose(std::get<events::PlaceGuest>(std::move(changed)),
                     *place->guest.user_data, to);
    propose(std::move(changed), to);
  };
  node_.bridge().ask<StatePtr>(node_.ledger(), look_patience,
                               or_problem<StatePtr>(std::move(reply), resolve),
                               actors::state_atom::value);
}

void Api::propose(actors::Change change, Reply reply) {
  node_.bridge().ask_kept<Id, actors::OperatorGate>(
      gate, look_patience,
      or_problem<Id>(std::move(reply),
                     [this](const Id& id, const Reply& to) {
                       answer_proposal(id, created, to);
                     }),
      actors::propose_atom::value,
      actors::ChangePtr{
          std::make_shared<const actors::Change>(std::move(change))});
}

void Api::commit(const Id& id, uid_t peer, Reply reply) {
  auto tell = [id, peer](std::uint64_t sequence, const Reply& to) {
    log(LogLevel::info, "proposal.committed",
        {{"proposal", id.hex()},
         {"uid", std::to_string(peer)},
         {"sequence", std::to_string(sequence)}});
    to(json_response(commit_document(id, sequence)));
  };
  node_.bridge().ask_kept<std::uint64_t, actors::OperatorGate>(
      gate, commit_patience, or_problem<std::uint64_t>(std::move(reply), tell),
      actors::commit_atom::value, id, operator_of(peer));
}

void Api::reject(const Id& id, Reply reply) {
  node_.bridge().ask_kept<bool, actors::OperatorGate>(
      gate, look_patience,
      or_problem<bool>(std::move(reply),
                       [id](bool, const Reply& to) {
                         to(json_response(reject_document(id)));
                       }),
      actors::reject_atom::value, id);
}

void Api::answer_pairing(Reply reply) {
  node_.bridge().ask_kept<actors::PairingStatusPtr, actors::PairingActor>(
      pairing_name, look_patience,
      or_problem<actors::PairingStatusPtr>(
          std::move(reply),
          [](const auto& status, const Reply& to) {
            to(json_response(pairing_document(*status)));
          }),
      actors::status_atom::value);
}

/// Nothing of the bodies and answers from here on is logged: some have a code.
void Api::offer_pairing(std::string_view body, uid_t peer, Reply reply) {
  auto read = read_pairing_offer(body, facts_.code_symbols);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  auto wish = std::get<actors::PairingOfferWish>(std::move(read));
  wish.principal = operator_of(peer);
  node_.bridge().ask_kept<actors::ShownCode, actors::PairingActor>(
      pairing_name, commit_patience,
      or_problem<actors::ShownCode>(
          std::move(reply),
          [](const auto& shown, const Reply& to) {
            to(json_response(pairing_offer_document(shown), created));
          }),
      actors::offer_atom::value, wish);
}

void Api::approve_pairing(std::string_view body, uid_t peer, Reply reply) {
  auto read = read_pairing_approval(body);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  auto approval = std::get<actors::PairingApproval>(std::move(read));
  approval.principal = operator_of(peer);
  node_.bridge().ask_kept<Id, actors::PairingActor>(
      pairing_name, commit_patience,
      or_problem<Id>(std::move(reply),
                     [](const Id& session, const Reply& to) {
                       to(json_response(pairing_approval_document(session),
                                        created));
                     }),
      actors::approve_atom::value, approval);
}

void Api::decide_on_pairing(const Id& session, bool is_wanted, uid_t peer,
                            Reply reply) {
  do_in_pairing(node_.bridge(), std::move(reply),
                is_wanted ? pairing_admit_document(session)
                          : pairing_refuse_document(session),
                actors::approve_atom::value, session, is_wanted,
                operator_of(peer));
}

void Api::cancel_pairing(const Id& session, uid_t peer, Reply reply) {
  do_in_pairing(node_.bridge(), std::move(reply),
                pairing_cancel_document(session), actors::close_atom::value,
                session, operator_of(peer));
}

void Api::open_pairing_door(std::string_view body, Reply reply) {
  auto read = read_pairing_door(body);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  const auto& wish = std::get<PairingDoorWish>(read);
  do_in_pairing(node_.bridge(), std::move(reply),
                pairing_door_document(wish.seconds),
                actors::open_door_atom::value, wish.seconds, wish.only_from);
}

}  // namespace ppn::runtime
