#include "actors/host_news.hpp"

namespace ppn::actors {

namespace {

Id last_id() {
  Id id;
  id.bytes.fill(0xff);
  return id;
}

/// Nothing behind the last.
std::optional<Id> behind(Id id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend(); ++byte)
    if (++*byte != 0) return id;
  return std::nullopt;
}

}  // namespace

bool HostNews::note(const events::HostReport& report,
                    events::GuestSummaries guests) {
  bool is_news = guests != guests_;
  is_report_news_ |= report_ != report;
  report_ = report;
  for (const auto& [id, known] : guests_)
    if (!guests.contains(id)) changed_.insert(id);
  for (const auto& [id, guest] : guests) {
    auto known = guests_.find(id);
    if (known == guests_.end() || known->second != guest) changed_.insert(id);
  }
  if (changed_.size() > guest_news_max) round_at_ = Id{};
  if (round_at_ == Id{}) changed_.clear();
  guests_ = std::move(guests);
  digest_ = events::digest_of(report, guests_);
  return is_news;
}

void HostNews::tell_all() {
  is_report_news_ = true;
  if (!round_at_) round_at_ = Id{};
}

events::GuestPage HostNews::page_from(const Id& first) {
  events::GuestPage page{first, last_id(), {}};
  std::size_t bytes = 0;
  for (auto one = guests_.lower_bound(first); one != guests_.end(); ++one) {
    const auto& [id, guest] = *one;
    bytes += guest_bytes + guest.name.size();
    if (bytes > guest_page_bytes_max) break;
    page.guests.emplace(id, guest);
    page.last = std::next(one) == guests_.end() ? last_id() : id;
  }
  changed_.erase(changed_.lower_bound(page.first),
                 changed_.upper_bound(page.last));
  return page;
}

/// What changed and the round take turns, so that neither waits for ever.
std::optional<events::GuestPage> HostNews::next_page() {
  was_of_round_ = round_at_ && (changed_.empty() || !was_of_round_);
  if (was_of_round_) {
    auto page = page_from(*round_at_);
    round_at_ = behind(page.last);
    return page;
  }
  if (changed_.empty()) return std::nullopt;
  // One that changes again and again does not keep the others back.
  auto next = changed_.upper_bound(told_up_to_);
  auto page = page_from(next == changed_.end() ? *changed_.begin() : *next);
  told_up_to_ = page.last;
  return page;
}

events::HostTold HostNews::next(bool has_room_for_guests) {
  events::HostTold told;
  if (!report_) return told;
  if (std::exchange(is_report_news_, false)) told.report = report_;
  if (has_room_for_guests) told.guests = next_page();
  // Nobody needs to ask for what comes with the next ones anyway.
  if (changed_.empty() || round_at_) told.digest = digest_;
  return told;
}

}  // namespace ppn::actors
