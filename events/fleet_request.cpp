#include "events/fleet_request.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>

#include "events/above.hpp"
#include "events/dispatch.hpp"
#include "events/fleet.hpp"
#include "events/image.hpp"
#include "events/pool.hpp"

namespace ppn::events {

namespace {

using schema::GuestVerb;
using schema::RequestOutcome;

using Flaw = std::optional<std::string>;

/// So many hosts are told of when none can take a guest.
constexpr std::size_t hosts_told_max = 8;

template <class Struct>
std::unique_ptr<Struct> stored(const FixedBytes<Struct>& bytes) {
  return std::make_unique<Struct>(bytes.stored());
}

template <class Event>
Draft draft_of(Event event) {
  Draft draft{fleet_stream, {}};
  draft.payload.Set(std::move(event));
  return draft;
}

template <class Event>
std::vector<Draft> drafts_of(Event event) {
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(std::move(event)));
  return drafts;
}

// -- what is known ------------------------------------------------------------

std::size_t open_requests(const Fleet& fleet) {
  auto count =
      std::count_if(fleet.requests.begin(), fleet.requests.end(),
                    [](const auto& one) { return is_open(one.second); });
  return static_cast<std::size_t>(count);
}

/// The guests of open requests that are so.
template <class Predicate>
std::set<Id> guests_waiting(const Fleet& fleet, Predicate is_so) {
  std::set<Id> vms;
  for (const auto& [id, request] : fleet.requests)
    if (is_open(request) && is_so(request)) vms.insert(request.vm);
  return vms;
}

// -- placements ---------------------------------------------------------------

ImageSizes sizes_of(const std::vector<ImageOfGuest>& images) {
  ImageSizes sizes;
  for (const auto& image : images) sizes.emplace(image.digest, image.size);
  return sizes;
}

Flaw labels_flaw(const std::vector<std::string>& labels) {
  if (labels.size() > labels_max)
    return "there are more than " + std::to_string(labels_max) +
           " labels: leave some out";
  if (!std::all_of(labels.begin(), labels.end(), is_label))
    return std::string{"a label"} + label_rule;
  return {};
}

Flaw name_flaw(const std::string& name) {
  if (is_member_name(name)) return {};
  return std::string{"the name of a guest"} + label_rule;
}

/// The one of that digest; null if there is none.
const ImageOfGuest* find_image(const PlaceGuest& wish, const Hash& digest) {
  auto found =
      std::find_if(wish.images.begin(), wish.images.end(),
                   [&](const auto& image) { return image.digest == digest; });
  return found == wish.images.end() ? nullptr : &*found;
}

Flaw images_flaw(const PlaceGuest& wish) {
  for (const auto& digest : images_of(wish.spec)) {
    const auto* image = find_image(wish, digest);
    if (image == nullptr)
      return "there is no image " + digest.hex() + "; ppnctl image add FILE";
    if (!is_image_name(image->name))
      return "the image " + digest.hex() + " has no name that can be";
  }
  return {};
}

Flaw flaw_of(const PlaceGuest& wish) {
  if (auto flaw = name_flaw(wish.name)) return flaw;
  if (!wish.owner.empty() && !is_label(wish.owner))
    return std::string{"the name of an owner"} + label_rule;
  for (const auto* labels : {&wish.labels, &wish.near, &wish.apart})
    if (auto flaw = labels_flaw(*labels)) return flaw;
  if (auto flaw = flaw_of(wish.spec)) return flaw;
  return images_flaw(wish);
}

/// Of any request.
Flaw too_many(const Fleet& fleet, const Id& request) {
  if (fleet.requests.contains(request))
    return "there is such a request already";
  if (auto open = open_requests(fleet); open >= open_requests_max)
    return "the fleet waits for " + std::to_string(open) +
           " requests already: wait until some of them ended";
  return {};
}

Flaw why_not_now(const Fleet& fleet, const PlaceGuest& wish,
                 const std::string& where_name_is) {
  if (fleet.guests.contains(wish.vm)) return "there is such a guest already";
  if (!where_name_is.empty())
    return where_name_is + " has a guest of that name already";
  if (auto flaw = too_many(fleet, wish.request)) return flaw;
  return over_quota(fleet, wish.owner, needs_of(wish));
}

/// The places of the verdicts, the best first.
std::vector<std::size_t> ranking_of(
    const std::vector<PlacementVerdict>& verdicts) {
  std::vector<std::size_t> ranking(verdicts.size());
  std::iota(ranking.begin(), ranking.end(), std::size_t{0});
  std::stable_sort(ranking.begin(), ranking.end(), [&](auto one, auto other) {
    const auto& a = verdicts[one];
    const auto& b = verdicts[other];
    return a.reason != b.reason ? a.reason < b.reason : a.has > b.has;
  });
  return ranking;
}

/// In one line. That others were not named nobody needs to be told.
std::string why_nobody(const std::vector<HostRoom>& rooms,
                       const std::vector<PlacementVerdict>& verdicts) {
  auto told = ranking_of(verdicts);
  std::erase_if(told, [&](auto place) {
    return verdicts[place].reason == PlacementReason::not_named;
  });
  std::string words = "no host can take it: ";
  if (rooms.empty()) return words + "there is none";
  if (told.empty()) return words + "the one that is named is no member";
  for (std::size_t i = 0; i < std::min(told.size(), hosts_told_max); ++i)
    words += (i == 0 ? "" : "; ") + rooms[told[i]].name + " " +
             in_words(verdicts[told[i]]);
  if (told.size() > hosts_told_max)
    words += "; and " + std::to_string(told.size() - hosts_told_max) +
             " more can not";
  return words;
}

constexpr schema::PlacementReason stored(PlacementReason reason) {
  return static_cast<schema::PlacementReason>(
      static_cast<std::uint8_t>(reason) + 1);
}
static_assert(stored(PlacementReason::chosen) ==
              schema::PlacementReason::chosen);
static_assert(stored(PlacementReason::not_near) ==
              schema::PlacementReason::not_near);

std::unique_ptr<schema::PlacementVerdictT> stored(
    const NodeId& node, const PlacementVerdict& verdict) {
  auto all = std::make_unique<schema::PlacementVerdictT>();
  all->node = stored(node);
  all->reason = stored(verdict.reason);
  all->needs = verdict.needs;
  all->has = verdict.has;
  all->to_fetch = verdict.to_fetch;
  return all;
}

void add_verdicts(schema::GuestPlacedT& placed,
                  const std::vector<HostRoom>& rooms,
                  const std::vector<PlacementVerdict>& verdicts) {
  auto ranking = ranking_of(verdicts);
  auto recorded = std::min(ranking.size(), verdicts_recorded_max);
  for (std::size_t i = 0; i < recorded; ++i)
    placed.verdicts.push_back(
        stored(rooms[ranking[i]].node, verdicts[ranking[i]]));
  placed.more_hosts = static_cast<std::uint32_t>(ranking.size() - recorded);
}

void add_images(schema::GuestPlacedT& placed, const PlaceGuest& wish) {
  for (const auto& digest : images_of(wish.spec)) {
    const auto& image = *find_image(wish, digest);
    auto& all =
        placed.images.emplace_back(std::make_unique<schema::ImageOfGuestT>());
    all->digest = stored(image.digest);
    all->name = image.name;
    all->size = image.size;
    all->format = image.format;
  }
}

/// All but why it is there.
schema::GuestPlacedT placed_at(const NodeId& node, const PlaceGuest& wish) {
  schema::GuestPlacedT placed;
  placed.request = stored(wish.request);
  placed.node = stored(node);
  placed.vm = stored(wish.vm);
  placed.name = wish.name;
  auto spec = wish.spec;
  spec.node = node;
  placed.spec = std::make_unique<schema::VmSpecT>(stored(spec));
  placed.start = wish.start;
  placed.owner = wish.owner;
  std::set<std::string> labels(wish.labels.begin(), wish.labels.end());
  placed.labels.assign(labels.begin(), labels.end());
  add_images(placed, wish);
  return placed;
}

// -- orders -------------------------------------------------------------------

/// With the numbers of a change, and as little else as a guest can be.
VmSpec example_of(const GuestOrder& order) {
  auto spec = profile_of(schema::VmKind::plain);
  spec.kernel = Hash{};
  spec.vcpus = order.vcpus.value_or(spec.vcpus);
  spec.memory_mb = order.memory_mb.value_or(vm_memory_mb_max);
  spec.floor_mb = order.floor_mb.value_or(1);
  spec.cpu_weight = order.cpu_weight.value_or(spec.cpu_weight);
  return spec;
}

Flaw flaw_of(const GuestOrder& order) {
  bool is_known = order.verb > GuestVerb::unknown &&
                  order.verb <= GuestVerb::MAX;
  if (!is_known) return "there is no such order";
  bool may_force = order.verb == GuestVerb::stop ||
                   order.verb == GuestVerb::remove;
  if (order.force && !may_force)
    return "only a stop and a removal can be forced";
  bool has_numbers = order.vcpus || order.memory_mb || order.floor_mb ||
                     order.cpu_weight;
  if (order.verb != GuestVerb::change) {
    if (has_numbers) return "only a change has numbers: leave them out";
    return {};
  }
  if (!has_numbers)
    return "say what is to change: vCPUs, memory, floor or CPU weight";
  return flaw_of(example_of(order));
}

// -- ends ---------------------------------------------------------------------

Draft end_of(const Id& request, RequestOutcome outcome,
             const std::string& reason, std::uint64_t sequence = 0) {
  schema::RequestEndedT ended;
  ended.request = stored(request);
  ended.outcome = outcome;
  ended.reason = recorded_reason(reason);
  ended.sequence = sequence;
  return draft_of(std::move(ended));
}

Draft gone(const Id& vm) {
  schema::GuestGoneT event;
  event.vm = stored(vm);
  return draft_of(std::move(event));
}

bool is_outcome(RequestOutcome outcome) {
  return outcome > RequestOutcome::unknown && outcome <= RequestOutcome::MAX;
}

}  // namespace

const FleetGuest* find_guest(const Fleet& fleet, const Id& vm,
                             const NodeId& node) {
  auto found = fleet.guests.find(vm);
  bool is_there = found != fleet.guests.end() && found->second.node == node;
  return is_there ? &found->second : nullptr;
}

bool is_open(const FleetRequest& request) {
  return request.outcome == RequestOutcome::unknown;
}

std::set<Id> guests_to_come(const Fleet& fleet) {
  return guests_waiting(
      fleet, [](const auto& request) { return request.is_placement; });
}

GuestNeeds needs_of(const PlaceGuest& wish) {
  return needs_of(wish.spec, sizes_of(wish.images));
}

PlacementRequest placement_of(const PlaceGuest& wish) {
  auto needs = needs_of(wish);
  PlacementRequest request;
  request.node = wish.spec.node;
  request.memory_mb = needs.memory_mb;
  request.vcpus = needs.vcpus;
  request.disk_mb = needs.disk_mb;
  request.prefers_accelerator = wish.prefers_accelerator;
  request.near = wish.near;
  request.apart = wish.apart;
  for (const auto& digest : images_of(wish.spec))
    if (const auto* image = find_image(wish, digest))
      request.images.push_back({digest, image->size});
  return request;
}

// -- what is promised ---------------------------------------------------------

std::map<NodeId, Promised> promised_in(const Fleet& fleet,
                                       const std::set<Id>& shown) {
  auto lapsed = guests_waiting(
      fleet, [](const auto& request) { return request.is_lapsed; });
  std::map<NodeId, Promised> all;
  for (const auto& [vm, guest] : fleet.guests) {
    if (shown.contains(vm) || lapsed.contains(vm)) continue;
    auto& promised = all[guest.node];
    promised.memory_mb += guest.needs.memory_mb;
    promised.vcpus += guest.needs.vcpus;
    promised.disk_mb += guest.needs.disk_mb;
    promised.guests += 1;
  }
  return all;
}

void take_away(HostRoom& room, const Promised& promised) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  auto left = [](std::uint32_t count, std::uint64_t taken) {
    return static_cast<std::uint32_t>(above<std::uint64_t>(count, taken));
  };
  room.memory_left_mb = above(room.memory_left_mb, promised.memory_mb);
  room.vcpus_left = left(room.vcpus_left, promised.vcpus);
  room.disk_left_mb = above(room.disk_left_mb, promised.disk_mb);
  room.guests_left = left(room.guests_left, promised.guests);
  auto more = std::min(promised.guests, most - room.guests);
  room.guests += static_cast<std::uint32_t>(more);
}

void add_guests_of(const Fleet& fleet, HostRoom& room) {
  auto awaited = guests_to_come(fleet);
  std::set<std::string> labels(room.labels.begin(), room.labels.end());
  std::set<ImageMark> images(room.images.begin(), room.images.end());
  for (const auto& [vm, guest] : fleet.guests) {
    if (guest.node != room.node) continue;
    labels.insert(guest.labels.begin(), guest.labels.end());
    if (!awaited.contains(vm))
      for (const auto& image : guest.images) images.insert(mark_of(image));
  }
  room.labels.assign(labels.begin(), labels.end());
  room.images.assign(images.begin(), images.end());
}

// -- what is decided ----------------------------------------------------------

Decision decide_place(const Fleet& fleet, const PlaceGuest& wish,
                      std::uint64_t margin_mb,
                      const std::vector<HostRoom>& rooms,
                      const std::string& where_name_is) {
  if (auto flaw = flaw_of(wish)) return Refusal{*flaw};
  if (auto why = why_not_now(fleet, wish, where_name_is)) return Refusal{*why};
  auto placement = place(placement_of(wish), margin_mb, rooms);
  if (!placement.chosen) return Refusal{why_nobody(rooms, placement.verdicts)};
  auto placed = placed_at(rooms[*placement.chosen].node, wish);
  placed.margin_mb = margin_mb;
  add_verdicts(placed, rooms, placement.verdicts);
  return drafts_of(std::move(placed));
}

Decision decide_order(const Fleet& fleet, const Mesh& mesh,
                      const OrderGuest& wish) {
  if (mesh.find(wish.node) == nullptr)
    return Refusal{"there is no such member"};
  if (auto flaw = name_flaw(wish.name)) return Refusal{*flaw};
  if (auto flaw = flaw_of(wish.order)) return Refusal{*flaw};
  if (auto flaw = too_many(fleet, wish.request)) return Refusal{*flaw};
  if (const auto* guest = find_guest(fleet, wish.vm, wish.node))
    if (auto flaw = over_quota(fleet, wish.vm, *guest,
                               wish.order.vcpus.value_or(0),
                               wish.order.memory_mb.value_or(0)))
      return Refusal{*flaw};
  schema::GuestOrderedT ordered;
  ordered.request = stored(wish.request);
  ordered.node = stored(wish.node);
  ordered.vm = stored(wish.vm);
  ordered.name = wish.name;
  ordered.verb = wish.order.verb;
  ordered.force = wish.order.force;
  ordered.vcpus = wish.order.vcpus.value_or(0);
  ordered.memory_mb = wish.order.memory_mb.value_or(0);
  ordered.floor_mb = wish.order.floor_mb.value_or(0);
  ordered.cpu_weight = wish.order.cpu_weight.value_or(0);
  return drafts_of(std::move(ordered));
}

Decision decide_ended(const Fleet& fleet, const Id& request,
                      RequestOutcome outcome, const std::string& reason,
                      std::uint64_t sequence) {
  if (!is_outcome(outcome)) return Refusal{"there is no such outcome"};
  auto found = fleet.requests.find(request);
  std::vector<Draft> drafts;
  if (found != fleet.requests.end() && is_open(found->second))
    drafts.push_back(end_of(request, outcome, reason, sequence));
  return drafts;
}

Decision decide_lapsed(const Fleet& fleet, const Id& request) {
  auto found = fleet.requests.find(request);
  if (found == fleet.requests.end()) return std::vector<Draft>{};
  const auto& known = found->second;
  if (!is_open(known) || !known.is_placement || known.is_lapsed)
    return std::vector<Draft>{};
  schema::RequestLapsedT lapsed;
  lapsed.request = stored(request);
  return drafts_of(std::move(lapsed));
}

Decision decide_gone(const Fleet& fleet, const std::set<Id>& vms) {
  auto waiting = guests_waiting(fleet, [](const auto&) { return true; });
  std::vector<Draft> drafts;
  for (const auto& vm : vms)
    if (fleet.guests.contains(vm) && !waiting.contains(vm))
      drafts.push_back(gone(vm));
  return drafts;
}

Decision decide_left(const Fleet& fleet, const Mesh& mesh) {
  auto has_left = [&](const NodeId& node) {
    return mesh.find(node) == nullptr;
  };
  std::vector<Draft> drafts;
  for (const auto& [id, request] : fleet.requests)
    if (is_open(request) && has_left(request.node))
      drafts.push_back(end_of(id, RequestOutcome::dropped,
                              "its host is no member any more"));
  // A placement that is dropped takes its guest with it.
  auto awaited = guests_to_come(fleet);
  for (const auto& [vm, guest] : fleet.guests)
    if (has_left(guest.node) && !awaited.contains(vm))
      drafts.push_back(gone(vm));
  return drafts;
}

Decision decide_role_lost(const Fleet& fleet) {
  std::vector<Draft> drafts;
  for (const auto& [id, request] : fleet.requests)
    if (is_open(request))
      drafts.push_back(end_of(id, RequestOutcome::dropped,
                              "this node is not the controller any more"));
  return drafts;
}

// -- what is recorded ---------------------------------------------------------

namespace {

template <class Number>
std::optional<Number> unless_0(Number number) {
  return number == 0 ? std::nullopt : std::optional{number};
}

std::optional<FleetGuest> read_guest(const schema::GuestPlaced& event) {
  FleetGuest guest;
  guest.node = NodeId{*event.node()};
  guest.name = event.name()->str();
  if (event.owner() != nullptr) guest.owner = event.owner()->str();
  bool is_owned = event.owner() != nullptr;
  auto spec = read_spec(*event.spec());
  auto labels = read_labels(event.labels());
  if (!is_member_name(guest.name) || (is_owned && !is_label(guest.owner)) ||
      !labels || !spec || spec->node != guest.node)
    return std::nullopt;
  auto images = read_images(event, *spec);
  if (!images) return std::nullopt;
  auto sizes = sizes_of(*images);
  guest.labels = std::move(*labels);
  guest.needs = needs_of(*spec, sizes);
  for (const auto& [digest, size] : sizes) guest.images.push_back(digest);
  return guest;
}

void take_outcome(Fleet& fleet, const FleetRequest& request) {
  bool is_done = request.outcome == RequestOutcome::done;
  if (request.is_placement) {
    if (!is_done) fleet.guests.erase(request.vm);
    return;
  }
  if (!is_done || find_guest(fleet, request.vm, request.node) == nullptr)
    return;
  auto& needs = fleet.guests.at(request.vm).needs;
  needs = changed(needs, request.vcpus, request.memory_mb);
}

/// Of those that ended.
void forget_oldest(Fleet& fleet) {
  std::vector<std::pair<std::uint64_t, Id>> ended;
  for (const auto& [id, request] : fleet.requests)
    if (!is_open(request)) ended.emplace_back(request.sequence, id);
  std::sort(ended.begin(), ended.end());
  auto too_many = above(ended.size(), ended_requests_max);
  for (std::size_t i = 0; i < too_many; ++i)
    fleet.requests.erase(ended[i].second);
}

}  // namespace

void drop_open(Fleet& fleet, const std::string& reason) {
  for (auto& [id, request] : fleet.requests) {
    if (!is_open(request)) continue;
    request.outcome = RequestOutcome::dropped;
    request.reason = reason;
    take_outcome(fleet, request);
  }
  forget_oldest(fleet);
}

Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::GuestPlaced& event) {
  Id vm{*event.vm()};
  FleetRequest request{NodeId{*event.node()}, vm, true};
  request.sequence = entry.sequence();
  if (fleet.guests.contains(vm)) return "there is such a guest already";
  auto guest = read_guest(event);
  if (!guest) return "no guest can be placed so";
  if (!fleet.requests.emplace(Id{*event.request()}, request).second)
    return "there is such a request already";
  fleet.guests.emplace(vm, std::move(*guest));
  return {};
}

Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::GuestOrdered& event) {
  auto order = read_order(event);
  if (!order || !is_member_name(event.name()->string_view()))
    return "there can be no such order";
  FleetRequest request{NodeId{*event.node()}, Id{*event.vm()}};
  request.sequence = entry.sequence();
  request.vcpus = order->vcpus.value_or(0);
  request.memory_mb = order->memory_mb.value_or(0);
  if (!fleet.requests.emplace(Id{*event.request()}, request).second)
    return "there is such a request already";
  return {};
}

Contradiction apply(Fleet& fleet, const schema::RequestEnded& event) {
  auto found = fleet.requests.find(Id{*event.request()});
  if (found == fleet.requests.end() || !is_open(found->second))
    return "no such request is open";
  if (!is_outcome(event.outcome())) return "there is no such outcome";
  const auto* reason = event.reason();
  if (reason != nullptr && reason->size() > refusal_length_max)
    return "the reason is too long";
  auto& request = found->second;
  request.outcome = event.outcome();
  if (reason != nullptr) request.reason = reason->str();
  take_outcome(fleet, request);
  forget_oldest(fleet);
  return {};
}

Contradiction apply(Fleet& fleet, const schema::RequestLapsed& event) {
  auto found = fleet.requests.find(Id{*event.request()});
  if (found == fleet.requests.end() || !is_open(found->second))
    return "no such request is open";
  if (!found->second.is_placement) return "only a placement lapses";
  if (found->second.is_lapsed) return "the request lapsed already";
  found->second.is_lapsed = true;
  return {};
}

Contradiction apply(Fleet& fleet, const schema::GuestGone& event) {
  Id vm{*event.vm()};
  if (guests_to_come(fleet).contains(vm)) return "the guest waits for its host";
  if (fleet.guests.erase(vm) == 0) return "there is no such guest";
  return {};
}

std::optional<std::vector<ImageOfGuest>> read_images(
    const schema::GuestPlaced& event, const VmSpec& spec) {
  auto due = images_of(spec);
  std::vector<ImageOfGuest> images;
  if (event.images() != nullptr) {
    if (event.images()->size() != due.size()) return std::nullopt;
    for (const auto* image : *event.images()) {
      Hash digest{*image->digest()};
      auto name = image->name()->string_view();
      if (due.erase(digest) == 0 || !is_image_name(name)) return std::nullopt;
      images.push_back(
          {digest, std::string{name}, image->size(), image->format()});
    }
  }
  if (!due.empty()) return std::nullopt;
  return images;
}

std::optional<GuestOrder> read_order(const schema::GuestOrdered& event) {
  GuestOrder order;
  order.verb = event.verb();
  order.force = event.force();
  order.vcpus = unless_0(event.vcpus());
  order.memory_mb = unless_0(event.memory_mb());
  order.floor_mb = unless_0(event.floor_mb());
  order.cpu_weight = unless_0(event.cpu_weight());
  return flaw_of(order) ? std::nullopt : std::optional{order};
}

std::optional<std::vector<std::string>> read_labels(
    const StoredLabels* stored) {
  std::vector<std::string> labels;
  if (stored == nullptr) return labels;
  if (stored->size() > labels_max) return std::nullopt;
  for (const auto* label : *stored) {
    bool is_next = labels.empty() || labels.back() < label->str();
    if (!is_next || !is_label(label->string_view())) return std::nullopt;
    labels.push_back(label->str());
  }
  return labels;
}

}  // namespace ppn::events
