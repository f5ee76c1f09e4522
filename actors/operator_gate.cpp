#include "actors/operator_gate.hpp"

#include <algorithm>

#include "actors/kept_actor.hpp"
#include "actors/rare_path.hpp"
#include "schema/right_text.hpp"
#include "schema/time_text.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using Self = OperatorGate::stateful_pointer<OperatorGateState>;

constexpr auto expiry_interval = std::chrono::seconds{60};

bool is_of_mesh(const Change& change) {
  return std::holds_alternative<events::MeshCommand>(change) ||
         std::holds_alternative<ImportRoster>(change);
}

bool is_of_device(const Change& change) {
  return std::holds_alternative<RotateTunnelKey>(change);
}

bool is_of_guests(const Change& change) {
  return std::holds_alternative<events::DefineVm>(change) ||
         std::holds_alternative<events::ChangeVm>(change) ||
         std::holds_alternative<events::DeleteVm>(change) ||
         std::holds_alternative<events::AdoptVm>(change) ||
         std::holds_alternative<RemoveImage>(change);
}

bool is_of_fleet(const Change& change) {
  return std::holds_alternative<events::UseHost>(change) ||
         std::holds_alternative<events::PlaceGuest>(change) ||
         std::holds_alternative<events::OrderGuest>(change) ||
         std::holds_alternative<events::SetQuota>(change);
}

bool is_of_witness(const Change& change) {
  return std::holds_alternative<AcknowledgeClash>(change);
}

/// Of a change that is decided here.
events::Decision decide(const events::Capabilities& capabilities,
                        const Change& change, const events::Moment& now) {
  if (const auto* grant = std::get_if<events::GrantWish>(&change)) {
    if (events::is_of_session(grant->subject))
      return events::Refusal{"a session gets its grant when it begins"};
    return events::decide_grant(capabilities, *grant, now);
  }
  const auto& revoke = std::get<RevokeWish>(change);
  auto decision =
      events::decide_revoke(capabilities, revoke.grant, revoke.reason);
  const auto* drafts = std::get_if<std::vector<events::Draft>>(&decision);
  if (drafts != nullptr && drafts->size() > 2) mark(RarePath::cascade_of_three);
  return decision;
}

std::string rights_in_words(schema::Right rights) {
  std::string words;
  for (const auto& name : schema::names_of(rights))
    words += (words.empty() ? "" : ", ") + name;
  return words.empty() ? "nothing" : words;
}

std::string end_in_words(const schema::ExpiryT& end) {
  std::string words;
  if (end.utc_ns != 0) words += " until " + schema::format_time(end.utc_ns);
  if (end.boot != 0) words += ", no longer than this boot of the node";
  return words;
}

/// One line for each event that a commit would record.
std::vector<std::string> plan_of(const events::Capabilities& capabilities,
                                 const std::vector<events::Draft>& drafts) {
  std::vector<std::string> plan;
  for (const auto& draft : drafts) {
    if (const auto* granted = draft.payload.AsCapabilityGranted()) {
      plan.push_back(
          "grant " + Id{*granted->grant}.hex() + ": " + granted->subject +
          " may " + rights_in_words(granted->rights) + " " + granted->resource +
          (granted->expiry ? end_in_words(*granted->expiry) : ""));
    } else if (const auto* revoked = draft.payload.AsCapabilityRevoked()) {
      const auto& grant = capabilities.live.at(Id{*revoked->grant});
      plan.push_back("revoke " + Id{*revoked->grant}.hex() + ": " +
                     grant.subject + " may no longer " +
                     rights_in_words(grant.rights) + " " + grant.resource);
    }
  }
  return plan;
}

auto find_proposal(OperatorGateState& state, const Id& id) {
  return std::find_if(state.proposals.begin(), state.proposals.end(),
                      [&](const auto& proposal) { return proposal.id == id; });
}

Error too_many_proposals() {
  return {ErrorCode::bad_input,
          "too many proposals wait: commit or reject some first"};
}

Error is_being_committed(const Id& id) {
  return {ErrorCode::bad_input, "proposal " + id.hex() + " is being committed"};
}

Error no_such_proposal(const Id& id) {
  return {ErrorCode::not_found, "no proposal " + id.hex() + " waits"};
}

/// The id of a grant, a mesh, a guest or a request comes from this node alone,
/// so that it is never one that was.
Change with_own_id(Change change, const NextId& next_id) {
  if (auto* grant = std::get_if<events::GrantWish>(&change))
    grant->grant = next_id();
  if (auto* define = std::get_if<events::DefineVm>(&change))
    define->vm = next_id();
  if (auto* place = std::get_if<events::PlaceGuest>(&change)) {
    place->request = next_id();
    place->vm = next_id();
  }
  if (auto* order = std::get_if<events::OrderGuest>(&change))
    order->request = next_id();
  if (auto* command = std::get_if<events::MeshCommand>(&change))
    if (auto* founding = std::get_if<events::FoundMesh>(command))
      founding->mesh = next_id();
  return change;
}

void keep(OperatorGateState& state, const Proposal& proposal,
          const caf::typed_response_promise<Id>& promise) {
  if (state.proposals.size() >= proposals_max)
    return answer(promise, store::Result<Id>{too_many_proposals()});
  state.proposals.push_back(proposal);
  answer(promise, store::Result<Id>{proposal.id});
}

/// To the kept actor of that name, which decides it.
template <class Decider>
void propose_to(const char* name, Self self, const NodeActor& node,
                const Id& id, const Change& change,
                const caf::typed_response_promise<Id>& promise) {
  auto wanted = std::make_shared<const Change>(change);
  auto failed = [promise](const caf::error& error) {
    answer(promise, store::Result<Id>{from_message(error)});
  };
  with_kept<Decider>(
      self, node, name,
      [=](const Decider& decider) {
        on_answer<WordsPtr>(
            self->request(decider, caf::infinite, plan_atom::value, wanted),
            [=](const WordsPtr& plan) {
              keep(self->state, {id, *wanted, *plan}, promise);
            },
            failed);
      },
      failed);
}

/// What can not be decided now is refused at once, with the reason.
caf::result<Id> propose(Self self, const GateParts& parts, const Change& wish) {
  auto& state = self->state;
  if (state.proposals.size() >= proposals_max)
    return to_message(too_many_proposals());
  auto promise = self->make_response_promise<Id>();
  auto change = with_own_id(wish, parts.next_id);
  auto id = parts.next_id();
  if (is_of_mesh(change)) {
    propose_to<MeshActor>("mesh", self, parts.node, id, change, promise);
    return promise;
  }
  if (is_of_device(change)) {
    propose_to<DeviceActor>("device", self, parts.node, id, change, promise);
    return promise;
  }
  if (is_of_guests(change)) {
    propose_to<PoolActor>("pool", self, parts.node, id, change, promise);
    return promise;
  }
  if (is_of_fleet(change)) {
    propose_to<SchedulerActor>("scheduler", self, parts.node, id, change,
                               promise);
    return promise;
  }
  if (is_of_witness(change)) {
    propose_to<WitnessActor>("witness", self, parts.node, id, change, promise);
    return promise;
  }
  auto plan = std::make_shared<std::vector<std::string>>();
  auto rehearse = [&state, change, plan](const events::Moment& now) {
    auto decision = decide(state.capabilities, change, now);
    if (auto* drafts = std::get_if<std::vector<events::Draft>>(&decision)) {
      *plan = plan_of(state.capabilities, *drafts);
      drafts->clear();
    }
    return decision;
  };
  state.grants.command(
      {}, rehearse, [&state, change, plan, id, promise](const auto& result) {
        if (!result) return answer(promise, store::Result<Id>{result.error()});
        keep(state, {id, change, *plan}, promise);
      });
  return promise;
}

/// What became of a commit: it is done, or waits again.
void settle(OperatorGateState& state, const Id& id,
            const caf::typed_response_promise<std::uint64_t>& promise,
            const store::Result<std::uint64_t>& result) {
  auto proposal = find_proposal(state, id);
  if (result)
    state.proposals.erase(proposal);
  else
    proposal->committing = false;
  answer(promise, result);
}

template <class Decider>
void commit_to(const char* name, Self self, const NodeActor& node,
               const Proposal& proposal, const store::Principal& principal,
               const caf::typed_response_promise<std::uint64_t>& promise) {
  auto change = std::make_shared<const Change>(proposal.change);
  auto id = proposal.id;
  auto failed = [=](const caf::error& error) {
    settle(self->state, id, promise, from_message(error));
  };
  with_kept<Decider>(
      self, node, name,
      [=](const Decider& decider) {
        on_answer<std::uint64_t>(
            self->request(decider, caf::infinite, commit_atom::value, change,
                          id, principal),
            [=](std::uint64_t sequence) {
              settle(self->state, id, promise, sequence);
            },
            failed);
      },
      failed);
}

caf::result<std::uint64_t> commit(Self self, const NodeActor& node,
                                  const Id& id,
                                  const store::Principal& principal) {
  auto& state = self->state;
  auto proposal = find_proposal(state, id);
  if (proposal == state.proposals.end())
    return to_message(no_such_proposal(id));
  if (proposal->committing) return to_message(is_being_committed(id));
  proposal->committing = true;
  auto promise = self->make_response_promise<std::uint64_t>();
  if (is_of_mesh(proposal->change)) {
    commit_to<MeshActor>("mesh", self, node, *proposal, principal, promise);
    return promise;
  }
  if (is_of_device(proposal->change)) {
    commit_to<DeviceActor>("device", self, node, *proposal, principal, promise);
    return promise;
  }
  if (is_of_guests(proposal->change)) {
    commit_to<PoolActor>("pool", self, node, *proposal, principal, promise);
    return promise;
  }
  if (is_of_fleet(proposal->change)) {
    commit_to<SchedulerActor>("scheduler", self, node, *proposal, principal,
                              promise);
    return promise;
  }
  if (is_of_witness(proposal->change)) {
    commit_to<WitnessActor>("witness", self, node, *proposal, principal,
                            promise);
    return promise;
  }
  Origin origin{principal,
                store::Causation{schema::CausationKind::request, {}, 0, id},
                {}};
  state.grants.command(
      std::move(origin),
      [&state, change = proposal->change](const events::Moment& now) {
        return decide(state.capabilities, change, now);
      },
      [&state, id, promise](const auto& result) {
        settle(state, id, promise, result);
      });
  return promise;
}

caf::result<bool> reject(OperatorGateState& state, const Id& id) {
  auto proposal = find_proposal(state, id);
  if (proposal == state.proposals.end())
    return to_message(no_such_proposal(id));
  if (proposal->committing) return to_message(is_being_committed(id));
  state.proposals.erase(proposal);
  return true;
}

/// Revokes what is past its time, now and then.
void expire(Self self) {
  auto& state = self->state;
  state.grants.command(
      {{schema::PrincipalKind::actor, OperatorGateState::name}, {}, {}},
      [&state](const events::Moment& now) {
        return events::decide_expiry(state.capabilities, now);
      },
      [](const auto& result) {
        if (result && *result != 0) mark(RarePath::grant_expired);
      });
  self->delayed_send(self, expiry_interval, expire_atom::value);
}

events::Contradiction apply(OperatorGateState& state,
                            const schema::Entry& entry) {
  if (const auto* granted = entry.payload_as_CapabilityGranted())
    return events::apply(state.capabilities, entry, *granted);
  if (const auto* revoked = entry.payload_as_CapabilityRevoked())
    return events::apply(state.capabilities, *revoked);
  return "it is no event of a capability";
}

/// The grants are as many streams, so they are taken from the ledger's state
/// rather than replayed. Those of sessions end with them, and not here.
void begin(Self self, AggregateParts parts) {
  on_answer<StatePtr>(
      self->request(parts.ledger, caf::infinite, state_atom::value),
      [self, parts](const StatePtr& all) {
        auto& state = self->state;
        state.capabilities = all->state.capabilities;
        for (const auto& [id, session] : all->state.pairing.open)
          state.capabilities.live.erase(session.grant);
        std::map<std::string, std::uint64_t> versions;
        for (const auto& [id, grant] : state.capabilities.live)
          versions[events::capability_stream(id)] = 1;
        state.grants.begin_with_state(self, parts, std::move(versions));
        expire(self);
      },
      [self](caf::error& error) { self->quit(error); });
}

}  // namespace

OperatorGate::behavior_type operator_gate(Self self, const GateParts& parts,
                                          std::uint64_t boot) {
  auto& state = self->state;
  begin(self,
        {parts.ledger, parts.clock, [boot] { return boot; },
         [&state](const auto& entry, ByteView) { return apply(state, entry); },
         [] {}});
  return {
      [=](propose_atom, const ChangePtr& change) {
        return propose(self, parts, *change);
      },
      [=](list_atom) {
        return std::make_shared<const std::vector<Proposal>>(
            self->state.proposals);
      },
      [=](commit_atom, const Id& id, const store::Principal& principal) {
        return commit(self, parts.node, id, principal);
      },
      [=](reject_atom, const Id& id) { return reject(self->state, id); },
      [=](expire_atom) { expire(self); },
  };
}

}  // namespace ppn::actors
