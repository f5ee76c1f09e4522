#include "events/dispatch.hpp"

#include <memory>
#include <utility>

namespace ppn::events {

std::string dispatch_stream(const Id& request) {
  return "dispatch/" + request.hex();
}

std::string recorded_reason(std::string text) {
  if (text.size() <= refusal_length_max) return text;
  auto is_midst = [](char byte) { return (byte & '\xc0') == '\x80'; };
  constexpr std::size_t letter_size_max = 4;
  auto end = refusal_length_max;
  // More bytes in a row that are no beginning are no text.
  while (is_midst(text[end]) && end + letter_size_max > refusal_length_max + 1)
    --end;
  text.resize(end);
  return text;
}

Decision settle(Decision decision, const TakenDispatch& dispatch) {
  schema::DispatchTakenT taken;
  taken.request = std::make_unique<schema::Id>(dispatch.request.stored());
  taken.controller =
      std::make_unique<schema::NodeId>(dispatch.controller.stored());
  taken.sequence = dispatch.sequence;
  std::vector<Draft> drafts;
  if (const auto* refusal = std::get_if<Refusal>(&decision))
    // An empty text is not stored: it would say that it was done.
    taken.refused = refusal->reason.empty() ? "no reason is given"
                                            : recorded_reason(refusal->reason);
  else
    drafts = std::move(std::get<std::vector<Draft>>(decision));
  Draft draft{dispatch_stream(dispatch.request), {}, 0};
  draft.payload.Set(std::move(taken));
  drafts.push_back(std::move(draft));
  return drafts;
}

Contradiction apply(const schema::Entry& entry,
                    const schema::DispatchTaken& event) {
  if (entry.stream()->string_view() != dispatch_stream(Id{*event.request()}))
    return "the dispatch has another stream";
  if (entry.stream_version() != 1) return "the dispatch was taken already";
  const auto* refused = event.refused();
  if (refused != nullptr && refused->size() > refusal_length_max)
    return "the refusal is too long";
  return {};
}

}  // namespace ppn::events
