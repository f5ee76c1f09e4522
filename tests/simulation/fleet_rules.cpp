#include "tests/simulation/fleet_rules.hpp"

#include <algorithm>

#include "tests/simulation/host.hpp"

namespace ppn::simulation {

namespace {

using schema::GuestVerb;
using schema::RequestOutcome;
using schema::VmWish;
using Wrong = FleetRules::Wrong;

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string{} : text->str();
}

/// 0 stands for: as it is.
template <class T>
bool is_as_ordered(const std::optional<T>& ordered, T is) {
  return !ordered || *ordered == is;
}

bool is_changed(const events::VmSpec& spec, const events::GuestOrder& order) {
  return is_as_ordered(order.vcpus, spec.vcpus) &&
         is_as_ordered(order.memory_mb, spec.memory_mb) &&
         is_as_ordered(order.floor_mb, spec.floor_mb) &&
         is_as_ordered(order.cpu_weight, spec.cpu_weight);
}

/// Whether the host wants of the guest what was ordered.
bool is_wanted(const events::Vm& vm, const events::GuestOrder& order) {
  switch (order.verb) {
    case GuestVerb::start:
    case GuestVerb::resume:
      return vm.wish == VmWish::running;
    case GuestVerb::stop:
      return vm.wish == VmWish::off;
    case GuestVerb::pause:
      return vm.wish == VmWish::paused;
    case GuestVerb::reset:
      return vm.is_resetting;
    case GuestVerb::remove:
      return vm.is_deleting;
    case GuestVerb::change:
      return is_changed(vm.spec, order);
    default:
      return false;
  }
}

}  // namespace

bool is_controller(const events::Mesh& mesh, const NodeId& node) {
  return mesh.founded() && mesh.controller == node &&
         mesh.find(node) != nullptr;
}

Wrong FleetRules::take(const schema::Entry& entry,
                       const events::State& before) {
  const auto& self = before.node.id;
  switch (entry.payload_type()) {
    case schema::Event::GuestPlaced:
      return place(self, entry, *entry.payload_as_GuestPlaced(), before);
    case schema::Event::GuestOrdered:
      return order(self, entry, *entry.payload_as_GuestOrdered(), before);
    case schema::Event::RequestEnded:
      return end(self, *entry.payload_as_RequestEnded());
    case schema::Event::RequestLapsed:
      return lapse(self, Id{*entry.payload_as_RequestLapsed()->request()});
    case schema::Event::GuestGone:
      return give_up(self, Id{*entry.payload_as_GuestGone()->vm()},
                     before.mesh);
    case schema::Event::QuotaSet:
      set_quota(self, *entry.payload_as_QuotaSet());
      books_[self].decided.insert(entry.payload_as_QuotaSet()->owner()->str());
      return {};
    case schema::Event::FleetTermBegun:
      begin_term(self);
      return {};
    case schema::Event::FleetTaken:
      inherit(self, *entry.payload_as_FleetTaken());
      return {};
    case schema::Event::DispatchTaken:
      return take_dispatch(self, entry, *entry.payload_as_DispatchTaken(),
                           before);
    case schema::Event::VmDefined:
      return define(self, *entry.payload_as_VmDefined());
    case schema::Event::VmSpecChanged:
      change(self, *entry.payload_as_VmSpecChanged());
      return {};
    case schema::Event::VmDeleted:
      guests_[Id{*entry.payload_as_VmDeleted()->vm()}].is_deleted = true;
      return {};
    default:
      return {};
  }
}

// -- what controllers record --------------------------------------------------

Wrong FleetRules::begin(const Id& id, Request request) {
  steps_.push_back({request.controller, request.host});
  nodes_[request.controller].open_requests += 1;
  if (!requests_.emplace(id, std::move(request)).second)
    return "two requests have one id";
  return {};
}

Wrong FleetRules::place(const NodeId& self, const schema::Entry& entry,
                        const schema::GuestPlaced& placed,
                        const events::State& before) {
  Id id{*placed.request()};
  Id vm{*placed.vm()};
  NodeId host{*placed.node()};
  if (!is_controller(before.mesh, self))
    return "it places a guest and is not the controller";
  if (events::host_of(before.fleet, host).is_drained)
    return "it places a guest on a host that is drained";
  if (guests_.contains(vm) || !placements_.emplace(vm, id).second)
    return "it places a guest that is there";
  auto& book = books_[self];
  if (auto wrong = check_verdict(book, placed)) return wrong;
  const auto& spec = *placed.spec();
  auto owner = text_of(placed.owner());
  book.placed[vm] = {id, host, owner, {spec.memory_mb(), spec.vcpus()}};
  if (auto wrong = check_quota(book, owner)) return wrong;
  return begin(id,
               {self, entry.sequence(), host, vm, placed.name()->str(), true});
}

/// The host had more than the guest needs, and what it had is not promised to
/// another one.
Wrong FleetRules::check_verdict(const Book& book,
                                const schema::GuestPlaced& placed) const {
  if (placed.verdicts() == nullptr) return "it places a guest and says no why";
  NodeId host{*placed.node()};
  auto needed_mb = placed.spec()->memory_mb() + placed.margin_mb();
  bool is_found = false;
  for (const auto* verdict : *placed.verdicts()) {
    bool is_chosen = verdict->reason() == schema::PlacementReason::chosen;
    if (is_chosen != (NodeId{*verdict->node()} == host))
      return "its verdicts say that another host gets the guest";
    if (!is_chosen) continue;
    is_found = true;
    if (verdict->needs() < needed_mb || verdict->needs() > verdict->has())
      return "it places a guest where there is no room for it";
    if (verdict->has() + given_mb(book, host) > guests_memory_mb)
      return "it gives away memory of a host that it promised before";
  }
  if (!is_found) return "its verdicts do not name the host that it chose";
  return {};
}

std::uint64_t FleetRules::given_mb(const Book& book, const NodeId& host) const {
  std::uint64_t sum = 0;
  for (const auto& [vm, placed] : book.placed) {
    const auto& request = requests_.at(placed.request);
    bool is_given_back = request.is_lapsed && request.is_open;
    if (placed.host != host || is_given_back) continue;
    auto guest = guests_.find(vm);
    if (guest == guests_.end())
      sum += placed.load.memory_mb;
    else if (!guest->second.is_deleted)
      sum += guest->second.memory_mb;
  }
  return sum;
}

Wrong FleetRules::check_quota(const Book& book,
                              const std::string& owner) const {
  auto quota = book.quotas.find(owner);
  if (owner.empty() || quota == book.quotas.end()) return {};
  std::uint64_t guests = 0;
  Load sum;
  for (const auto& [vm, placed] : book.placed) {
    if (placed.owner != owner) continue;
    guests += 1;
    sum.memory_mb += placed.load.memory_mb;
    sum.vcpus += placed.load.vcpus;
  }
  const auto& allowed = quota->second;
  bool is_more = (allowed.guests && guests > *allowed.guests) ||
                 (allowed.memory_mb && sum.memory_mb > *allowed.memory_mb) ||
                 (allowed.vcpus && sum.vcpus > *allowed.vcpus);
  if (is_more) return "it gives " + owner + " more than its quota";
  return {};
}

Wrong FleetRules::order(const NodeId& self, const schema::Entry& entry,
                        const schema::GuestOrdered& ordered,
                        const events::State& before) {
  if (!is_controller(before.mesh, self))
    return "it orders something of a guest and is not the controller";
  auto read = events::read_order(ordered);
  if (!read) return "it orders what can not be";
  Request request{self, entry.sequence(), NodeId{*ordered.node()},
                  Id{*ordered.vm()}, ordered.name()->str()};
  request.order = *read;
  return begin(Id{*ordered.request()}, std::move(request));
}

Wrong FleetRules::end(const NodeId& self, const schema::RequestEnded& ended) {
  Id id{*ended.request()};
  auto found = requests_.find(id);
  if (found == requests_.end() || found->second.controller != self ||
      !found->second.is_open)
    return "it ends a request that is not open";
  auto& request = found->second;
  request.is_open = false;
  nodes_[self].open_requests -= 1;
  auto& placed = books_[self].placed;
  bool is_done = ended.outcome() == RequestOutcome::done;
  if (request.is_placement && !is_done) placed.erase(request.vm);
  if (ended.outcome() == RequestOutcome::dropped) return {};
  auto taken = taken_.find(id);
  if (taken == taken_.end() || taken->second.sequence != ended.sequence())
    return "it says what became of a request, and its host did not";
  if (taken->second.is_refused == is_done)
    return "it does not say of a request what its host says";
  auto guest = placed.find(request.vm);
  if (is_done && guest != placed.end() && guest->second.host == request.host) {
    auto& load = guest->second.load;
    load.memory_mb = request.order.memory_mb.value_or(load.memory_mb);
    load.vcpus = request.order.vcpus.value_or(load.vcpus);
  }
  return {};
}

Wrong FleetRules::lapse(const NodeId& self, const Id& id) {
  auto found = requests_.find(id);
  if (found == requests_.end() || found->second.controller != self ||
      !found->second.is_open || !found->second.is_placement)
    return "it lapses what is no open placement";
  found->second.is_lapsed = true;
  return {};
}

Wrong FleetRules::give_up(const NodeId& self, const Id& vm,
                          const events::Mesh& mesh) {
  auto& placed = books_[self].placed;
  auto found = placed.find(vm);
  if (found == placed.end()) return "it gives up a guest that it did not place";
  if (requests_.at(found->second.request).is_open)
    return "it gives up a guest that is on its way";
  auto guest = guests_.find(vm);
  bool is_there = guest != guests_.end() && !guest->second.is_deleted;
  if (is_there && mesh.find(found->second.host) != nullptr)
    return "it gives up a guest that its host has: " + vm.hex() + " at " +
           found->second.host.hex();
  placed.erase(found);
  return {};
}

void FleetRules::set_quota(const NodeId& self, const schema::QuotaSet& set) {
  auto& quotas = books_[self].quotas;
  auto owner = set.owner()->str();
  quotas.erase(owner);
  if (set.none()) return;
  auto& quota = quotas[owner];
  if (set.guests()) quota.guests = *set.guests();
  if (set.memory_mb()) quota.memory_mb = *set.memory_mb();
  if (set.vcpus()) quota.vcpus = *set.vcpus();
}

/// What was open in an earlier one is over.
void FleetRules::begin_term(const NodeId& self) {
  auto& book = books_[self];
  for (auto& [id, request] : requests_) {
    if (request.controller != self || !request.is_open) continue;
    request.is_open = false;
    if (request.is_placement) book.placed.erase(request.vm);
  }
  nodes_[self].open_requests = 0;
  book.decided.clear();
  book.has_inherited = false;
}

void FleetRules::inherit(const NodeId& self, const schema::FleetTaken& taken) {
  auto& book = books_[self];
  if (!std::exchange(book.has_inherited, true))
    std::erase_if(book.quotas, [&](const auto& one) {
      return !book.decided.contains(one.first);
    });
  if (taken.guests() != nullptr)
    for (const auto* guest : *taken.guests()) {
      Id vm{*guest->vm()};
      // One that nobody placed is a liar's.
      auto placement = placements_.find(vm);
      if (placement != placements_.end())
        book.placed[vm] = {placement->second,
                           NodeId{*guest->node()},
                           text_of(guest->owner()),
                           {guest->memory_mb(), guest->vcpus()}};
    }
  if (taken.quotas() != nullptr)
    for (const auto* quota : *taken.quotas())
      if (!book.decided.contains(quota->owner()->str()))
        set_quota(self, *quota);
}

// -- what hosts record --------------------------------------------------------

Wrong FleetRules::take_dispatch(const NodeId& self, const schema::Entry& entry,
                                const schema::DispatchTaken& taken,
                                const events::State& before) {
  Id id{*taken.request()};
  NodeId controller{*taken.controller()};
  if (!is_controller(before.mesh, controller))
    return "it does what one wants who is not its controller";
  bool is_refused = taken.refused() != nullptr;
  if (!taken_.emplace(id, Taken{self, entry.sequence(), is_refused}).second)
    return "a request is taken a second time";
  auto found = requests_.find(id);
  if (found == requests_.end()) {
    if (lies_.contains(id)) return {};
    return "it takes a request that no controller recorded";
  }
  const auto& request = found->second;
  if (request.controller != controller || request.sequence != taken.sequence())
    return "it takes a request that its controller recorded elsewhere";
  if (request.host != self) return "it takes a request that is for another";
  steps_.push_back({self, controller});
  nodes_[self].unsettled.erase(request.vm);
  return is_refused ? Wrong{} : check_done(request, before);
}

Wrong FleetRules::check_done(const Request& request,
                             const events::State& before) const {
  auto vm = before.vms.find(request.vm);
  if (vm == before.vms.end())
    return "it says that it did what is asked of a guest that it has not";
  if (request.is_placement && vm->second.name != request.name)
    return "it calls a guest otherwise than its controller does";
  if (!request.is_placement && !is_wanted(vm->second, request.order))
    return "it says that it did what was ordered, and it did not";
  return {};
}

Wrong FleetRules::define(const NodeId& self, const schema::VmDefined& defined) {
  Id vm{*defined.vm()};
  Guest guest{self, defined.name()->str(), defined.spec()->memory_mb()};
  if (!guests_.emplace(vm, guest).second)
    return "a guest is defined a second time";
  nodes_[self].has_grown = true;
  auto placement = placements_.find(vm);
  if (placement == placements_.end()) return {};
  if (taken_.contains(placement->second))
    return "it makes a guest of a request that was settled before";
  nodes_[self].unsettled.insert(vm);
  return {};
}

void FleetRules::change(const NodeId& self,
                        const schema::VmSpecChanged& changed) {
  auto& memory_mb = guests_[Id{*changed.vm()}].memory_mb;
  memory_mb = std::min<std::uint64_t>(memory_mb, changed.spec()->memory_mb());
  nodes_[self].has_grown = true;
}

Wrong FleetRules::check(const events::State& state) {
  auto found = nodes_.find(state.node.id);
  if (found == nodes_.end()) return {};
  if (!found->second.unsettled.empty())
    return "it made a guest of a dispatch, and does not say that it took it";
  if (!std::exchange(found->second.has_grown, false)) return {};
  Load sum;
  for (const auto& [id, vm] : state.vms) {
    sum.memory_mb += vm.spec.memory_mb;
    sum.vcpus += vm.spec.vcpus;
  }
  if (state.vms.size() > guests_max || sum.vcpus > guests_vcpus_max ||
      sum.memory_mb > guests_memory_mb)
    return "its guests come to more than it has for them";
  return {};
}

// -- at rest ------------------------------------------------------------------

Wrong FleetRules::check_at_rest(const events::State& state) const {
  const auto& self = state.node.id;
  if (auto found = nodes_.find(self);
      found != nodes_.end() && found->second.open_requests != 0)
    return std::to_string(found->second.open_requests) +
           " of its requests are open though all faults are over";
  auto book = books_.find(self);
  if (book == books_.end() || !is_controller(state.mesh, self)) return {};
  for (const auto& [vm, placed] : book->second.placed) {
    auto guest = guests_.find(vm);
    if (guest == guests_.end() || guest->second.is_deleted)
      return "it counts a guest that its host has no more";
  }
  return {};
}

}  // namespace ppn::simulation
