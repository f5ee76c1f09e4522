#include "actors/fleet_inheritance.hpp"

#include "actors/fleet_requests.hpp"
#include "actors/inheritance_document.hpp"
#include "store/hash.hpp"

namespace ppn::actors {

namespace {

using Context = SchedulerContext;
using Drafts = std::vector<events::Draft>;

// -- giving -------------------------------------------------------------------

/// Whether that member got the role from this node.
bool comes_after_this(const Context& context, const NodeId& node) {
  const auto& roster = context.self->state.roster;
  return roster && node != context.node && roster->mesh.controller == node &&
         roster->mesh.former_controller == context.node &&
         roster->mesh.find(node) != nullptr;
}

void give(const Context& context, const NodeId& to, const StateAt& at) {
  auto& state = context.self->state;
  if (!comes_after_this(context, to)) return;
  auto bytes =
      std::make_shared<const Bytes>(build_inheritance(at.state.fleet, at.size));
  state.legacy = GivenLegacy{store::sha256(*bytes), bytes};
  offer_documents(context);
  auto inheritance = std::make_shared<const Inheritance>(Inheritance{
      state.legacy->hash, static_cast<std::uint32_t>(bytes->size())});
  state.member.with(context.self, context.parts.node,
                    [=](const MemberActor& member) {
                      context.self->send(member, inherit_atom::value, to,
                                         InheritancePtr{inheritance});
                    });
}

// -- taking -------------------------------------------------------------------

Origin gift_of(const Context& context, const events::FleetLegacy& legacy) {
  return {{schema::PrincipalKind::node, legacy.from.hex()},
          store::Causation{
              schema::CausationKind::entry, legacy.from, legacy.size - 1, {}},
          {},
          context.node};
}

/// What was asked for in an earlier term is not taken in this one.
void record(const Context& context, const events::FleetTerm& term,
            const events::FleetLegacy& legacy) {
  auto& state = context.self->state;
  state.aggregate.command(
      gift_of(context, legacy),
      [=, &state](const events::Moment&) -> events::Decision {
        if (state.fleet.term != term || awaited_from(context) != legacy.from)
          return Drafts{};
        return events::decide_taken(state.fleet, legacy);
      },
      [&state](const auto&) { state.is_inheriting = false; });
}

}  // namespace

void begin_term(const Context& context) {
  auto& state = context.self->state;
  bool is_due = mesh_of_role(context) != nullptr &&
                own_mesh(context) == nullptr;
  if (!is_due || std::exchange(state.is_beginning, true)) return;
  state.aggregate.command(
      {{schema::PrincipalKind::actor, SchedulerState::name},
       {},
       {},
       context.node},
      [=, &state](const events::Moment&) -> events::Decision {
        const auto* mesh = mesh_of_role(context);
        if (mesh == nullptr) return Drafts{};
        return events::decide_term(state.fleet, events::term_of(*mesh));
      },
      [=, &state](const auto&) {
        state.is_beginning = false;
        if (own_mesh(context) == nullptr) return;
        state.legacy.reset();
        // It begins to listen.
        context.self->send(context.self, roster_atom::value, state.roster);
        ask_for_inheritance(context);
      });
}

std::optional<NodeId> awaited_from(const Context& context) {
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr || context.self->state.fleet.taken_from)
    return std::nullopt;
  const auto& former = mesh->former_controller;
  bool is_there = former != context.node && mesh->find(former) != nullptr;
  return is_there ? std::optional{former} : std::nullopt;
}

void ask_for_inheritance(const Context& context) {
  auto former = awaited_from(context);
  if (!former) return;
  context.self->state.member.with(
      context.self, context.parts.node, [=](const MemberActor& member) {
        context.self->send(member, inherit_atom::value, *former);
      });
}

void give_inheritance(const Context& context, const NodeId& asker) {
  if (!comes_after_this(context, asker)) return;
  // In its turn, for what is being recorded belongs to it.
  context.self->state.aggregate.command(
      {}, [](const events::Moment&) { return Drafts{}; },
      [=](const store::Result<std::uint64_t>& result) {
        if (!result) return;
        on_answer<StatePtr>(
            context.self->request(context.parts.ledger, caf::infinite,
                                  state_atom::value),
            [=](const StatePtr& at) { give(context, asker, *at); },
            [](const caf::error&) {});
      });
}

void take_inheritance(const Context& context, const NodeId& giver,
                      const Inheritance& inheritance) {
  auto& state = context.self->state;
  if (awaited_from(context) != giver ||
      std::exchange(state.is_inheriting, true))
    return;
  // It is asked again.
  auto drop = [&state] { state.is_inheriting = false; };
  on_answer<BytesPtr>(
      context.self->request(
          context.parts.bulk, caf::infinite, fetch_atom::value,
          state.roster->mesh.members.at(giver).address, inheritance.document),
      [=, term = state.fleet.term](const BytesPtr& document) {
        auto legacy = open_inheritance(*document, giver);
        if (!legacy) return drop();
        record(context, term, *legacy);
      },
      [drop](const caf::error&) { drop(); });
}

}  // namespace ppn::actors
