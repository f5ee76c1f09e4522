#include "actors/fleet_requests.hpp"

#include <algorithm>

#include "actors/ask_clock.hpp"
#include "actors/dispatch_document.hpp"
#include "actors/rare_path.hpp"
#include "store/sealing.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using Context = SchedulerContext;
using Drafts = std::vector<events::Draft>;

/// A guest that its host does not show for so long, while it goes on to show
/// all it has, is there no more. What it says may be older than its answer to a
/// dispatch.
constexpr std::uint64_t gone_after_ns = 60'000'000'000;

/// So many verdicts of a plan are shown.
constexpr std::size_t words_max = 16;

Origin own_will() {
  return {{schema::PrincipalKind::actor, SchedulerState::name}, {}, {}};
}

std::string name_of(const events::Mesh& mesh, const NodeId& node) {
  const auto* member = mesh.find(node);
  return member == nullptr ? node.hex() : member->name;
}

std::set<Id> shown_in(const SchedulerState& state) {
  std::set<Id> shown;
  for (const auto& [vm, guest] : state.fleet.guests) {
    auto said = state.said.find(guest.node);
    if (said != state.said.end() && said->second.shown.contains(vm))
      shown.insert(vm);
  }
  return shown;
}

std::vector<events::HostRoom> rooms_at(const Context& context,
                                       const events::Mesh& mesh,
                                       std::uint64_t now_ns) {
  const auto& state = context.self->state;
  auto given = promised(state);
  std::vector<events::HostRoom> rooms;
  rooms.reserve(mesh.members.size());
  for (const auto& [node, member] : mesh.members) {
    auto said = state.said.find(node);
    bool is_known = said != state.said.end() && said->second.report;
    rooms.push_back(
        events::room_of(node, member.name, events::host_of(state.fleet, node),
                        state.watch.standing(node, now_ns),
                        is_known ? &*said->second.report : nullptr));
    events::add_guests_of(state.fleet, rooms.back());
    events::take_away(rooms.back(), given[node]);
  }
  return rooms;
}

/// The host that has a guest of that name, or will; empty: none.
std::string where_name_is(const SchedulerState& state, const events::Mesh& mesh,
                          const std::string& name) {
  for (const auto& [id, guest] : state.fleet.guests)
    if (guest.name == name) return name_of(mesh, guest.node);
  for (const auto& [node, said] : state.said)
    for (const auto& [id, guest] : said.guests)
      if (guest.name == name) return name_of(mesh, node);
  return {};
}

// -- in words -----------------------------------------------------------------

std::string in_words(const events::Mesh& mesh,
                     const schema::PlacementVerdictT& verdict) {
  // The reason is one that was recorded here.
  auto reason = static_cast<events::PlacementReason>(
      static_cast<int>(verdict.reason) - 1);
  return name_of(mesh, NodeId{*verdict.node}) + " " +
         events::in_words(events::PlacementVerdict{
             reason, verdict.needs, verdict.has, verdict.to_fetch});
}

std::vector<std::string> in_words(const events::Mesh& mesh,
                                  const schema::GuestPlacedT& placed) {
  std::vector<std::string> words{placed.name + " goes to " +
                                 name_of(mesh, NodeId{*placed.node}) +
                                 (placed.start ? ", and is started" : "")};
  for (const auto& verdict : placed.verdicts) {
    if (words.size() > words_max) break;
    words.push_back(in_words(mesh, *verdict));
  }
  auto shown = words.size() - 1;
  auto more = placed.verdicts.size() - shown + placed.more_hosts;
  if (more != 0) words.push_back("and " + std::to_string(more) + " more");
  return words;
}

void add_change(std::string& words, const char* what, std::uint64_t value) {
  if (value != 0)
    words += std::string{words.empty() ? "" : ", "} + what + " " +
             std::to_string(value);
}

std::vector<std::string> in_words(const events::Mesh& mesh,
                                  const schema::GuestOrderedT& ordered) {
  auto whom = ordered.name + " of " + name_of(mesh, NodeId{*ordered.node});
  if (ordered.verb == schema::GuestVerb::remove)
    return {whom + " is deleted with all its disks" +
            (ordered.force ? ", also if it runs" : "")};
  std::string changes;
  add_change(changes, "vCPUs", ordered.vcpus);
  add_change(changes, "memory in MB", ordered.memory_mb);
  add_change(changes, "floor in MB", ordered.floor_mb);
  add_change(changes, "CPU weight", ordered.cpu_weight);
  return {whom + " gets " + changes};
}

std::vector<std::string> in_words(const schema::QuotaSetT& set) {
  auto whose = "the guests of " + set.owner;
  if (set.none) return {whose + " may come to as much as there is"};
  std::string most;
  add_change(most, "guests", set.guests.value_or(0));
  add_change(most, "MB of memory", set.memory_mb.value_or(0));
  add_change(most, "vCPUs", set.vcpus.value_or(0));
  return {whose + " may come to at most: " + (most.empty() ? "none" : most)};
}

// -- what is over -------------------------------------------------------------

/// One decision after the other, and each on what is true then.
void record(
    const Context& context, Origin origin,
    std::function<events::Decision()> decide,
    std::function<void(bool recorded)> done = [](bool) {}) {
  context.self->state.aggregate.command(
      std::move(origin), [decide](const events::Moment&) { return decide(); },
      [done](const store::Result<std::uint64_t>& result) {
        done(result && *result != 0);
      });
}

/// What that host said, if that is all of it.
const SaidOfHost* whole_of(const SchedulerState& state, const NodeId& node) {
  auto said = state.said.find(node);
  bool is_whole = said != state.said.end() && said->second.is_whole;
  return is_whole ? &said->second : nullptr;
}

/// Who was shown and is not any more is gone; who never was may be on its way
/// in what its host says next.
bool is_gone(GuestSight& sight, bool is_shown, std::uint64_t whole_ns) {
  if (is_shown) {
    sight = {true, std::nullopt};
    return false;
  }
  if (!sight.missing_ns) sight.missing_ns = whole_ns;
  return sight.was_shown || whole_ns >= *sight.missing_ns + gone_after_ns;
}

std::set<Id> gone_guests(SchedulerState& state) {
  std::set<Id> gone;
  std::erase_if(state.sights, [&](const auto& one) {
    return !state.fleet.guests.contains(one.first);
  });
  auto to_come = events::guests_to_come(state.fleet);
  for (const auto& [vm, guest] : state.fleet.guests) {
    const auto* said = whole_of(state, guest.node);
    if (said == nullptr || to_come.contains(vm)) continue;
    if (is_gone(state.sights[vm], said->guests.contains(vm), said->whole_ns))
      gone.insert(vm);
  }
  return gone;
}

void append(Drafts& drafts, events::Decision decision) {
  if (auto* more = std::get_if<Drafts>(&decision))
    std::move(more->begin(), more->end(), std::back_inserter(drafts));
}

/// What of it stands in one decision must not meet in another: each is over
/// once.
events::Decision decide_over(const Context& context, std::uint64_t now_ns) {
  auto& state = context.self->state;
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr)
    return state.roster && mesh_of_role(context) == nullptr
               ? events::decide_role_lost(state.fleet)
               : events::Decision{Drafts{}};
  auto left = events::decide_left(state.fleet, *mesh);
  if (!std::get<Drafts>(left).empty()) return left;
  Drafts drafts;
  for (const auto& request : state.dispatcher.late(now_ns)) {
    auto known = state.fleet.requests.find(request);
    bool is_promised = known != state.fleet.requests.end() &&
                       known->second.is_placement && !known->second.is_lapsed;
    if (is_promised) {
      mark(RarePath::request_lapsed);
      append(drafts, events::decide_lapsed(state.fleet, request));
    }
  }
  if (!drafts.empty()) return drafts;
  auto gone = gone_guests(state);
  if (!gone.empty()) mark(RarePath::guest_gone);
  return events::decide_gone(state.fleet, gone);
}

// -- what is told -------------------------------------------------------------

void tell(const Context& context, const Dispatcher::Told& told) {
  auto& state = context.self->state;
  auto dispatch = std::make_shared<const Dispatch>(told.dispatch);
  if (told.host == context.node)
    return state.dispatch.with(
        context.self, context.parts.node, [=](const DispatchActor& actor) {
          context.self->send(actor, dispatch_atom::value, context.node,
                             DispatchPtr{dispatch}, told.document);
        });
  state.member.with(context.self, context.parts.node,
                    [=](const MemberActor& member) {
                      context.self->send(member, dispatch_atom::value,
                                         told.host, DispatchPtr{dispatch});
                    });
}

// -- what it is told by -------------------------------------------------------

void take_document(const Context& context, const Id& request,
                   const BytesPtr& document, const BytesPtr& sealed) {
  context.self->state.dispatcher.take_document(request, document, sealed);
  offer_documents(context);
  with_clock(context.self, context.parts.clock,
             [=](const store::ClockReading& now) {
               dispatch_requests(context, now.since_boot_ns);
             });
}

/// Nobody can do it any more.
void drop(const Context& context, const Id& request,
          const std::string& reason) {
  record(context, own_will(), [=] {
    return events::decide_ended(context.self->state.fleet, request,
                                schema::RequestOutcome::dropped, reason, 0);
  });
}

store::Result<Bytes> seal_for(const Context& context, const NodeId& host,
                              const store::SecretBuffer& secret) {
  const auto* mesh = own_mesh(context);
  const auto* member = mesh == nullptr ? nullptr : mesh->find(host);
  if (member == nullptr) return Error{ErrorCode::not_found, "it left the mesh"};
  store::WipedBytes<32> entropy;
  context.parts.entropy(entropy);
  return store::seal(secret.view(), member->key, entropy);
}

void seal_user_data(const Context& context, const Id& request,
                    const Hash& user_data, const BytesPtr& document) {
  auto host = context.self->state.fleet.requests.at(request).node;
  // It has it already.
  if (host == context.node)
    return take_document(context, request, document, nullptr);
  on_answer<SecretBufferPtr>(
      context.self->request(context.parts.hypervisor, caf::infinite,
                            read_atom::value, user_data),
      [=](const SecretBufferPtr& secret) {
        auto sealed = seal_for(context, host, *secret);
        if (!sealed) return drop(context, request, sealed.error().message);
        take_document(context, request, document,
                      std::make_shared<const Bytes>(std::move(*sealed)));
      },
      [=](caf::error& error) {
        auto why = from_message(error);
        if (why.code == ErrorCode::io)
          return context.self->state.dispatcher.note_no_document(request);
        drop(context, request, "its user data: " + why.message);
      });
}

/// Of the guest that is placed, if it has some.
std::optional<Hash> user_data_of(const Bytes& record) {
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  const auto* placed = opened ? opened->entry->payload_as_GuestPlaced()
                              : nullptr;
  if (placed == nullptr || placed->spec()->cloud_init() == nullptr)
    return std::nullopt;
  return Hash{*placed->spec()->cloud_init()};
}

/// The proof that hosts are shown, made once.
void make_document(const Context& context, const Id& request) {
  auto& state = context.self->state;
  auto sequence = state.fleet.requests.at(request).sequence;
  on_answer<EntryProofPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            prove_atom::value, sequence),
      [=, &state](const EntryProofPtr& proof) {
        // It may have ended meanwhile.
        if (!state.fleet.requests.contains(request)) return;
        auto document = std::make_shared<const Bytes>(build_document(*proof));
        if (auto user_data = user_data_of(proof->record))
          return seal_user_data(context, request, *user_data, document);
        take_document(context, request, document, nullptr);
      },
      [=, &state](const caf::error&) {
        state.dispatcher.note_no_document(request);
      });
}

/// What its host has now, or nobody is to have.
void forget_user_data(const Context& context,
                      const events::FleetRequest& known) {
  if (!known.is_placement || known.node == context.node) return;
  on_answer<EntryProofPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            prove_atom::value, known.sequence),
      [=](const EntryProofPtr& proof) {
        if (auto user_data = user_data_of(proof->record))
          context.self->send(context.parts.hypervisor, forget_atom::value,
                             *user_data);
      },
      [](const caf::error&) {});
}

}  // namespace

std::map<NodeId, events::Promised> promised(const SchedulerState& state) {
  return events::promised_in(state.fleet, shown_in(state));
}

events::Decision decide_request(const Context& context, const Change& change,
                                std::uint64_t now_ns) {
  const auto& state = context.self->state;
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr) return events::Refusal{not_the_controller(context)};
  if (const auto* place = std::get_if<events::PlaceGuest>(&change))
    return events::decide_place(state.fleet, *place, context.parts.margin_mb,
                                rooms_at(context, *mesh, now_ns),
                                where_name_is(state, *mesh, place->name));
  if (const auto* order = std::get_if<events::OrderGuest>(&change))
    return events::decide_order(state.fleet, *mesh, *order);
  return events::decide_quota(state.fleet, std::get<events::SetQuota>(change));
}

std::vector<std::string> in_words(const Context& context,
                                  const Drafts& drafts) {
  const auto* mesh = own_mesh(context);
  if (mesh == nullptr || drafts.empty()) return {};
  const auto& payload = drafts.front().payload;
  if (const auto* placed = payload.AsGuestPlaced())
    return in_words(*mesh, *placed);
  if (const auto* ordered = payload.AsGuestOrdered())
    return in_words(*mesh, *ordered);
  return in_words(*payload.AsQuotaSet());
}

caf::result<Id> order_guest(const Context& context,
                            const events::OrderGuest& wish,
                            const store::Principal& principal) {
  auto promise = context.self->make_response_promise<Id>();
  auto order = wish;
  order.request = context.parts.next_id();
  context.self->state.aggregate.command(
      {principal, {}, {}, context.node},
      [=](const events::Moment& now) {
        return decide_request(context, order, now.since_boot_ns);
      },
      [=](const store::Result<std::uint64_t>& result) {
        answer(promise, result ? store::Result<Id>{order.request}
                               : store::Result<Id>{result.error()});
      });
  return promise;
}

void offer_documents(const Context& context) {
  const auto& state = context.self->state;
  auto documents = state.dispatcher.documents();
  if (state.legacy) documents.emplace(state.legacy->hash, state.legacy->bytes);
  context.self->send(
      context.parts.bulk, offer_atom::value,
      DocumentsPtr{std::make_shared<const std::map<Hash, BytesPtr>>(
          std::move(documents))});
}

void dispatch_requests(const Context& context, std::uint64_t now_ns) {
  auto& state = context.self->state;
  if (!state.aggregate.ready()) return;
  bool is_controller = own_mesh(context) != nullptr;
  // Of what ended nothing is given any more.
  if (state.dispatcher.follow(is_controller ? state.fleet : events::Fleet{},
                              now_ns))
    offer_documents(context);
  if (!is_controller) return;
  for (const auto& request : state.dispatcher.without_document())
    make_document(context, request);
  for (const auto& told : state.dispatcher.due(now_ns)) tell(context, told);
}

void take_dispatch_answer(const Context& context, const NodeId& host,
                          const DispatchAnswer& answer) {
  using enum schema::DispatchStage;
  auto& state = context.self->state;
  auto request = state.fleet.requests.find(answer.request);
  if (own_mesh(context) == nullptr || request == state.fleet.requests.end() ||
      request->second.node != host)
    return;
  if (answer.stage == fetching) return state.dispatcher.note_progress(answer);
  auto outcome = answer.stage == done ? schema::RequestOutcome::done
                                      : schema::RequestOutcome::refused;
  record(
      context,
      {{schema::PrincipalKind::node, host.hex()},
       store::Causation{
           schema::CausationKind::entry, host, answer.sequence, {}},
       {}},
      [=, &state] {
        return events::decide_ended(state.fleet, answer.request, outcome,
                                    answer.reason, answer.sequence);
      },
      [=, known = request->second](bool recorded) {
        if (recorded) forget_user_data(context, known);
      });
}

void tidy_requests(const Context& context, std::uint64_t now_ns) {
  auto& state = context.self->state;
  if (std::exchange(state.is_tidying, true)) return;
  record(
      context, own_will(), [=] { return decide_over(context, now_ns); },
      [&state](bool) { state.is_tidying = false; });
}

caf::result<BytesPtr> read_request(const Context& context, const Id& request) {
  const auto& requests = context.self->state.fleet.requests;
  auto known = requests.find(request);
  if (known == requests.end())
    return to_message({ErrorCode::not_found,
                       "no such request is known here; `ppnctl fleet requests` "
                       "shows the newest"});
  auto promise = context.self->make_response_promise<BytesPtr>();
  on_answer<EntriesPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            read_atom::value, known->second.sequence,
                            std::uint64_t{1}),
      [promise](const EntriesPtr& entries) {
        // It is recorded, or the request would not be known.
        answer(promise, store::Result<BytesPtr>{
                            std::make_shared<const Bytes>(entries->at(0))});
      },
      [promise](caf::error& error) {
        answer(promise, store::Result<BytesPtr>{from_message(error)});
      });
  return promise;
}

}  // namespace ppn::actors
