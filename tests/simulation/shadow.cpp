#include "tests/simulation/shadow.hpp"

#include "store/byte_order.hpp"
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

Complaint Shadow::follow(const Disk& disk, int host, Trace& trace) {
  const auto& records = disk.of(store::Table::entries);
  if (records.size() < next_) return "the disk lost entries that were durable";
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
    if (auto complaint = fold(**entry)) return at_entry(next_, *complaint);
    link_ = store::hash_record(*halves).link;
  }
  return {};
}

Complaint Shadow::fold(const schema::Entry& entry) {
  if (entry.sequence() != next_) return "it says that it is another";
  if (Hash{*entry.prev()} != link_) return "it does not follow";
  auto& version = versions_[entry.stream()->str()];
  if (entry.stream_version() != ++version)
    return "its stream skips or repeats a version";
  if (entry.payload_type() == schema::Event::Noted)
    if (auto complaint = fold_count(entry)) return complaint;
  remember_grants(entry);
  if (auto contradiction = events::apply(state_, entry)) return contradiction;
  if (entry.payload_type() != schema::Event::CapabilityRevoked) return {};
  return check_nothing_hangs_from_the_dead();
}

Complaint Shadow::check_nothing_hangs_from_the_dead() const {
  const auto& live = state_.capabilities.live;
  for (const auto& [id, grant] : live)
    if (grant.parent && !live.contains(*grant.parent))
      return "grant " + id.hex() + " hangs from one that was revoked";
  return {};
}

Complaint Shadow::fold_count(const schema::Entry& entry) {
  if (!any_grant_allows_counting(entry))
    return "it counts without a live grant";
  count_places_.push_back(entry.sequence());
  return {};
}

bool Shadow::any_grant_allows_counting(const schema::Entry& entry) const {
  for (const auto& [id, grant] : state_.capabilities.live) {
    bool allows = grant.subject == counter_subject &&
                  grant.resource == counter_resource &&
                  (grant.rights & schema::Right::invoke) ==
                      schema::Right::invoke;
    bool over = false;
    for (const auto* link = &grant; link != nullptr;) {
      over = over || is_over(*link, *entry.clock(), state_.node.boot);
      if (!link->parent) break;
      auto parent = state_.capabilities.live.find(*link->parent);
      over = over || parent == state_.capabilities.live.end();
      link = parent == state_.capabilities.live.end() ? nullptr
                                                      : &parent->second;
    }
    if (allows && !over) return true;
  }
  return false;
}

void Shadow::remember_grants(const schema::Entry& entry) {
  if (const auto* granted = entry.payload_as_CapabilityGranted()) {
    Id id{*granted->grant()};
    lives_[id] = {entry.sequence(), {}};
    grants_.push_back(id);
  } else if (const auto* revoked = entry.payload_as_CapabilityRevoked()) {
    lives_[Id{*revoked->grant()}].revoked_at = entry.sequence();
  }
}

Complaint Shadow::check_count(std::uint64_t n, const Id& grant) const {
  if (n == 0 || n > counts())
    return "count " + std::to_string(n) + " was acknowledged, and only " +
           std::to_string(counts()) + " are durable";
  auto place = count_places_[n - 1];
  auto life = lives_.find(grant);
  bool live = life != lives_.end() && life->second.granted_at < place &&
              (!life->second.revoked_at || *life->second.revoked_at > place);
  if (live) return {};
  return at_entry(place, "it counts by grant " + grant.hex() +
                             ", which was not live there");
}

Complaint Shadow::check_full_replay(const Disk& disk) const {
  Shadow again;
  Trace nowhere;
  if (auto complaint = again.follow(disk, 0, nowhere))
    return "replayed from the beginning, " + *complaint;
  if (again.state_ != state_ || again.counts() != counts())
    return "a replay from the beginning makes another state";
  return {};
}

}  // namespace ppn::simulation
