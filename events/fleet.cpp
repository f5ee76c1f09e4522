#include "events/fleet.hpp"

#include "events/hourly.hpp"
#include "events/stored_fleet.hpp"

namespace ppn::events {

namespace {

template <class Event>
Draft draft_in_fleet(Event event) {
  Draft draft{fleet_stream, {}};
  draft.payload.Set(std::move(event));
  return draft;
}

template <class Event>
Draft draft_of(const NodeId& node, Event event) {
  event.node = std::make_unique<schema::NodeId>(node.stored());
  return draft_in_fleet(std::move(event));
}

bool is_too_often(const FleetHost& host, const Moment& now) {
  return in_the_same_hour(host.silent_ns, now.utc_ns) &&
         host.silences_in_hour >= silences_an_hour;
}

/// What a controller left, as entries that each are small enough.
class TakenEntries {
 public:
  explicit TakenEntries(const FleetLegacy& legacy) : legacy_(legacy) {
    begin_next();
  }

  void add(const NodeId& node, const FleetHost& host) {
    make_room(taken_item_size);
    entry_.hosts.push_back(stored(node, host));
  }
  void add(const std::string& owner, const Quota& quota) {
    make_room(taken_item_size + owner.size());
    entry_.quotas.push_back(stored(owner, quota));
  }
  void add(const Id& vm, const FleetGuest& guest) {
    if (entry_.guests.size() == guests_taken_max) begin_next();
    make_room(taken_item_size + size_of_texts(guest));
    entry_.guests.push_back(stored(vm, guest));
  }

  std::vector<Draft> drafts() {
    begin_next();
    return std::move(drafts_);
  }

 private:
  /// More than anything takes beside its texts.
  static constexpr std::size_t taken_item_size = 128;
  /// Of an entry, which has room for more.
  static constexpr std::size_t taken_size_max = 48'000;

  void make_room(std::size_t size) {
    if (size_ + size > taken_size_max) begin_next();
    size_ += size;
  }

  void begin_next() {
    if (entry_.from)
      drafts_.push_back(draft_in_fleet(std::exchange(entry_, {})));
    entry_.from = std::make_unique<schema::NodeId>(legacy_.from.stored());
    entry_.size = legacy_.size;
    size_ = 0;
  }

  const FleetLegacy& legacy_;
  schema::FleetTakenT entry_;
  std::size_t size_ = 0;
  std::vector<Draft> drafts_;
};

}  // namespace

FleetTerm term_of(const Mesh& mesh) {
  return {mesh.controller_epoch, mesh.controller_version};
}

FleetHost host_of(const Fleet& fleet, const NodeId& node) {
  auto found = fleet.hosts.find(node);
  return found == fleet.hosts.end() ? FleetHost{} : found->second;
}

Decision decide_use(const Fleet& fleet, const Mesh& mesh, const UseHost& wish) {
  const auto* member = mesh.find(wish.node);
  if (member == nullptr) return Refusal{"there is no such member"};
  auto host = host_of(fleet, wish.node);
  schema::HostUseSetT set;
  set.drained = wish.drained.value_or(host.is_drained);
  set.reserved = wish.reserved.value_or(host.is_reserved);
  if (set.drained == host.is_drained && set.reserved == host.is_reserved)
    return Refusal{member->name + " is used like that already"};
  std::vector<Draft> drafts;
  drafts.push_back(draft_of(wish.node, std::move(set)));
  return drafts;
}

Decision decide_silence(const Fleet& fleet, const SilentHosts& silent,
                        const Moment& now) {
  std::vector<Draft> drafts;
  for (const auto& [node, is_silent] : silent) {
    auto host = host_of(fleet, node);
    if (host.is_silent == is_silent) continue;
    if (!is_silent)
      drafts.push_back(draft_of(node, schema::HostHeardAgainT{}));
    else if (!is_too_often(host, now))
      drafts.push_back(draft_of(node, schema::HostFellSilentT{}));
  }
  return drafts;
}

Decision decide_term(const Fleet& fleet, const FleetTerm& term) {
  std::vector<Draft> drafts;
  if (term <= fleet.term) return drafts;
  schema::FleetTermBegunT begun;
  begun.epoch = term.epoch;
  begun.version = term.version;
  drafts.push_back(draft_in_fleet(begun));
  return drafts;
}

Decision decide_taken(const Fleet& fleet, const FleetLegacy& legacy) {
  if (fleet.taken_from) return std::vector<Draft>{};
  TakenEntries entries{legacy};
  for (const auto& [node, host] : legacy.hosts) entries.add(node, host);
  for (const auto& [owner, quota] : legacy.quotas) entries.add(owner, quota);
  for (const auto& [vm, guest] : legacy.guests) entries.add(vm, guest);
  return entries.drafts();
}

Contradiction apply(Fleet& fleet, const schema::HostUseSet& event) {
  auto& host = fleet.hosts[NodeId{*event.node()}];
  host.is_decided = true;
  host.is_drained = event.drained();
  host.is_reserved = event.reserved();
  return {};
}

Contradiction apply(Fleet& fleet, const schema::Entry& entry,
                    const schema::HostFellSilent& event) {
  auto& host = fleet.hosts[NodeId{*event.node()}];
  if (host.is_silent) return "the host is silent already";
  host.is_silent = true;
  count_in_hour(host.silent_ns, host.silences_in_hour, entry.clock()->utc_ns());
  return {};
}

Contradiction apply(Fleet& fleet, const schema::HostHeardAgain& event) {
  auto host = fleet.hosts.find(NodeId{*event.node()});
  if (host == fleet.hosts.end() || !host->second.is_silent)
    return "the host was not silent";
  host->second.is_silent = false;
  return {};
}

Contradiction apply(Fleet& fleet, const schema::FleetTermBegun& event) {
  FleetTerm term{event.epoch(), event.version()};
  if (term.epoch == 0 || term.version == 0)
    return "no term begins at such a place of a roster";
  if (term <= fleet.term) return "that term began already, or is over";
  drop_open(fleet, "another term of this controller began");
  fleet.term = term;
  fleet.taken_from.reset();
  for (auto& [node, host] : fleet.hosts) host.is_decided = false;
  for (auto& [owner, quota] : fleet.quotas) quota.is_decided = false;
  return {};
}

Contradiction apply(Fleet& fleet, const schema::FleetTaken& event) {
  NodeId from{*event.from()};
  if (from == NodeId{} || fleet.term == FleetTerm{})
    return "there is nobody to take it, or to take it from";
  if (fleet.taken_from && fleet.taken_from != from)
    return "what another one left was taken already";
  auto legacy = read_legacy(event.hosts(), event.guests(), event.quotas());
  if (!legacy) return "no controller can have left that";
  // What is not in the first of the entries the one before took away.
  if (!fleet.taken_from)
    std::erase_if(fleet.quotas,
                  [](const auto& one) { return !one.second.is_decided; });
  for (const auto& [node, left] : legacy->hosts) {
    auto& host = fleet.hosts[node];
    if (host.is_decided) continue;
    host.is_drained = left.is_drained;
    host.is_reserved = left.is_reserved;
  }
  for (const auto& [owner, left] : legacy->quotas) {
    auto& quota = fleet.quotas[owner];
    if (!quota.is_decided) quota = left;
  }
  for (const auto& [vm, left] : legacy->guests) {
    auto [guest, is_new] = fleet.guests.try_emplace(vm, left);
    if (!is_new) guest->second.needs = left.needs;
  }
  fleet.taken_from = from;
  return {};
}

}  // namespace ppn::events
