#include "tools/ppnctl/tail.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/answer.hpp"

namespace ppn::ctl {

Request Tail::request() const {
  if (next_ == 0) return {.target = "/v1/ledger/stream?from=0"};
  return {.target = "/v1/ledger/stream", .last_event_id = next_ - 1};
}

std::optional<Failure> Tail::take(std::string_view bytes) {
  for (const auto& event : events_.take(bytes))
    if (auto failure = take_event(event)) return failure;
  if (events_.overflowed()) return not_understood("an event has no end");
  return std::nullopt;
}

std::optional<Failure> Tail::take_event(const ServerEvent& event) {
  if (event.type != "entry") return std::nullopt;
  auto document = parse_json(event.data);
  if (!document) return document.error();
  auto entry = read_entry(*document);
  if (!entry) return entry.error();
  if (entry->sequence != next_)
    return not_understood(
        fmt::format("entry {} came where {} was due", entry->sequence, next_));
  print_(*entry);
  ++next_;
  return std::nullopt;
}

}  // namespace ppn::ctl
