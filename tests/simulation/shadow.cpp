#include "tests/simulation/shadow.hpp"

#include "store/byte_order.hpp"
#include "store/fork_evidence.hpp"
#include "store/hash.hpp"
#include "store/record.hpp"

namespace ppn::simulation {

namespace {

std::string at_entry(std::uint64_t sequence, const std::string& what) {
  return "entry " + std::to_string(sequence) + ": " + what;
}

/// Written anew here rather than borrowed: what is checked is the other one.
bool is_over(const events::Grant& grant, const schema::ClockReading& clock,
             std::uint64_t boot) {
  if (!grant.expiry) return false;
  const auto& end = *grant.expiry;
  if (end.boot != 0 && end.boot != boot) return true;
  if (end.boot == boot && end.boot != 0 &&
      clock.since_boot_ns() >= end.since_boot_ns)
    return true;
  return end.utc_ns != 0 && clock.synchronised() &&
         clock.utc_ns() >= end.utc_ns;
}

}  // namespace

Complaint Shadow::follow(const Disk& disk, int host, Trace& trace,
                         RosterHistory* history, FleetRules* fleet) {
  const auto& records = disk.of(store::Table::entries);
  if (records.size() < next_) return "the disk lost entries that were durable";
  if (records.size() == next_) return {};
  bool has_roster_news = false;
  for (; next_ < records.size(); ++next_) {
    auto record = records.find([&] {
      auto key = store::big_endian(next_);
      return Bytes{key.begin(), key.end()};
    }());
    if (record == records.end()) return at_entry(next_, "it is missing");
    trace.note(host, "durable", next_, record->second);
    auto halves = store::split_record(record->second);
    if (!halves) return at_entry(next_, halves.error().message);
    store::AlignedBytes aligned;
    auto entry = store::check_entry(aligned.assign(halves->entry));
    if (!entry) return at_entry(next_, entry.error().message);
    bool is_of_roster =
        events::epoch_of((*entry)->stream()->string_view()).has_value();
    if (history != nullptr && is_of_roster)
      if (auto complaint = history->take(**entry, record->second))
        return at_entry(next_, *complaint);
    if (fleet != nullptr)
      if (auto complaint = fleet->take(**entry, state_))
        return at_entry(next_, *complaint);
    if (auto complaint = fold(**entry, halves->entry))
      return at_entry(next_, *complaint);
    has_roster_news |= is_of_roster;
    if (history != nullptr)
      if (auto complaint = check_claim(**entry, *history))
        return at_entry(next_, *complaint);
    link_ = store::hash_record(*halves).link;
  }
  // What became durable together was seen together.
  if (history != nullptr && has_roster_news)
    if (auto complaint = history->check(state_.node.id, state_.mesh))
      return at_entry(next_ - 1, *complaint);
  return fleet == nullptr ? Complaint{} : fleet->check(state_);
}

Complaint Shadow::fold(const schema::Entry& entry, ByteView bytes) {
  if (entry.sequence() != next_) return "it says that it is another";
  if (Hash{*entry.prev()} != link_) return "it does not follow";
  auto& version = versions_[entry.stream()->str()];
  if (entry.stream_version() != ++version)
    return "its stream skips or repeats a version";
  if (entry.payload_type() == schema::Event::Noted)
    if (auto complaint = fold_count(entry)) return complaint;
  if (const auto* granted = entry.payload_as_CapabilityGranted())
    if (auto complaint = fold_grant(*granted)) return complaint;
  if (auto complaint = fold_unasked(entry)) return complaint;
  if (const auto* silent = entry.payload_as_HostFellSilent())
    silences_.push_back(
        {NodeId{*silent->node()}, entry.clock()->since_boot_ns()});
  if (auto contradiction = events::apply(state_, entry)) return contradiction;
  if (events::epoch_of(entry.stream()->string_view())) {
    const auto* taken = entry.payload_as_RosterEntryTaken();
    roster_head_ = store::link_of(
        taken == nullptr
            ? bytes
            : ByteView{taken->entry()->data(), taken->entry()->size()});
  }
  if (entry.payload_type() != schema::Event::CapabilityRevoked) return {};
  return check_nothing_hangs_from_the_dead();
}

Complaint Shadow::fold_unasked(const schema::Entry& entry) {
  constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;
  constexpr int an_hour_max = 20;
  switch (entry.payload_type()) {
    case schema::Event::DeviceRepaired:
    case schema::Event::TunnelUp:
    case schema::Event::TunnelDown:
    case schema::Event::HostFellSilent:
      break;
    default:
      return {};
  }
  unasked_ += 1;
  auto whose = entry.stream()->str();
  // All hosts share one.
  if (const auto* silent = entry.payload_as_HostFellSilent())
    whose += NodeId{*silent->node()}.hex();
  auto& [newest, count] = in_hour_[whose];
  auto this_hour = entry.clock()->utc_ns() / hour_ns;
  count = newest == this_hour ? count + 1 : 1;
  newest = this_hour;
  if (count > an_hour_max)
    return "its stream has more than " + std::to_string(an_hour_max) +
           " entries in an hour";
  return {};
}

Complaint Shadow::check_claim(const schema::Entry& entry,
                              const RosterHistory& history) const {
  if (entry.payload_as_TunnelKeyMade() != nullptr) return check_key(history);
  const auto* seen = entry.payload_as_ClashSeen();
  if (seen == nullptr) return {};
  bool is_split = seen->clash() == schema::Clash::two_recoveries &&
                  history.is_split(seen->number());
  bool is_fight = seen->clash() == schema::Clash::two_endpoints &&
                  fought_for_.contains(NodeId{*seen->node()});
  NodeId node{*seen->node()};
  if (history.was_cloned(node) && seen->clash() == schema::Clash::two_endpoints)
    return {};
  bool may_have_forked = history.may_have_forked(node);
  if (may_have_forked && seen->clash() == schema::Clash::two_places) return {};
  if (may_have_forked && (seen->clash() == schema::Clash::fork ||
                          seen->clash() == schema::Clash::rollback))
    return check_evidence(*seen, history);
  if (is_split || is_fight) return {};
  return "it accuses a member of what none did: " +
         events::in_words(seen->clash()) + ", " +
         std::to_string(seen->number());
}

/// What it recorded proves itself to whoever has the node's key.
Complaint Shadow::check_evidence(const schema::ClashSeen& seen,
                                 const RosterHistory& history) const {
  NodeId node{*seen.node()};
  // Two machines go on to contradict each other.
  if (!history.was_cloned(node) && seen.number() > history.rewrites(node))
    return "it accuses a member more often than that rewrote its history";
  const auto* member = state_.mesh.find(node);
  auto evidence = store::decode_fork_evidence(
      {seen.evidence()->data(), seen.evidence()->size()});
  if (!evidence) return "the evidence of a fork is none";
  if (member == nullptr) return {};
  auto verified = store::verify_fork_evidence(*evidence, member->key);
  return verified ? Complaint{} : Complaint{verified.error().message};
}

void Shadow::follow_anew(const Disk& disk) {
  Shadow again;
  again.asked_ = asked_;
  again.fought_for_ = fought_for_;
  Trace nowhere;
  // Whatever is wrong with it shows when it is replayed at rest.
  (void)again.follow(disk, 0, nowhere, nullptr);
  *this = std::move(again);
}

/// Of a key that is not the first: nobody is lost by it whom no operator gave
/// up.
Complaint Shadow::check_key(const RosterHistory& history) const {
  const auto& device = state_.device;
  if (device.former_keys.empty() || device.is_forced) return {};
  auto who = history.who_does_not_know(state_.node.id, *device.key);
  if (!who) return {};
  return "it uses a key that " + *who + " was not told of";
}

Complaint Shadow::fold_grant(const schema::CapabilityGranted& granted) {
  grants_.emplace_back(*granted.grant());
  if (granted.parent() == nullptr) return {};
  const auto& live = state_.capabilities.live;
  auto parent = live.find(Id{*granted.parent()});
  if (parent == live.end()) return "it hangs from a grant that is not live";
  if (granted.resource()->str() != parent->second.resource)
    return "it hangs from a grant for something else";
  if ((granted.rights() & ~parent->second.rights) != schema::Right{})
    return "it allows more than the grant that it hangs from";
  return {};
}

Complaint Shadow::check_nothing_hangs_from_the_dead() const {
  const auto& live = state_.capabilities.live;
  for (const auto& [id, grant] : live)
    if (grant.parent && !live.contains(*grant.parent))
      return "grant " + id.hex() + " hangs from one that was revoked";
  return {};
}

Complaint Shadow::fold_count(const schema::Entry& entry) {
  const auto* causation = entry.causation();
  if (causation == nullptr || causation->request() == nullptr)
    return "it counts and does not say by which request";
  Id request{*causation->request()};
  auto asked = asked_.find(request);
  if (asked == asked_.end()) return "it counts and nobody asked for it";
  if (!allows_counting(asked->second, entry))
    return "it counts by grant " + asked->second.hex() +
           ", which does not allow it there";
  if (!counted_.emplace(request, counts() + 1).second)
    return "it counts by a request that was counted before";
  return {};
}

bool Shadow::allows_counting(const Id& grant,
                             const schema::Entry& entry) const {
  const auto& live = state_.capabilities.live;
  auto found = live.find(grant);
  if (found == live.end()) return false;
  const auto& asked = found->second;
  if (asked.subject != counter_subject || asked.resource != counter_resource ||
      (asked.rights & schema::Right::invoke) != schema::Right::invoke)
    return false;
  while (!is_over(found->second, *entry.clock(), state_.node.boot)) {
    if (!found->second.parent) return true;
    found = live.find(*found->second.parent);
    if (found == live.end()) return false;
  }
  return false;
}

Complaint Shadow::check_count(std::uint64_t n, const Id& request) const {
  auto counted = counted_.find(request);
  if (counted == counted_.end())
    return "count " + std::to_string(n) +
           " was acknowledged, and it is not durable";
  if (counted->second != n)
    return "count " + std::to_string(n) +
           " was acknowledged, and it is count " +
           std::to_string(counted->second);
  return {};
}

Complaint Shadow::check_full_replay(const Disk& disk) const {
  Shadow again;
  again.asked_ = asked_;
  again.fought_for_ = fought_for_;
  Trace nowhere;
  if (auto complaint = again.follow(disk, 0, nowhere, nullptr))
    return "replayed from the beginning, " + *complaint;
  if (again.state_ != state_ || again.counts() != counts())
    return "a replay from the beginning makes another state";
  return {};
}

}  // namespace ppn::simulation
