#include "schema/entry_text.hpp"

#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "schema/entry_generated.h"
#include "schema/time_text.hpp"

namespace ppn::schema {

namespace {

/// Nobody has checked the structure of what an entry holds.
constexpr flatbuffers::uoffset_t depth_max = 16;
constexpr flatbuffers::uoffset_t tables_max = 256;

/// The authority's entry in one that was taken; null if there is none, or none
/// that is known here.
Json held_entry(const Entry& entry) {
  const auto* taken = entry.payload_as_RosterEntryTaken();
  if (taken == nullptr) return {};
  std::vector<std::uint64_t> words((taken->entry()->size() + 7) / 8);
  std::memcpy(words.data(), taken->entry()->data(), taken->entry()->size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
  flatbuffers::Verifier verifier{bytes, taken->entry()->size(), depth_max,
                                 tables_max};
  if (!VerifyEntryBuffer(verifier) ||
      GetEntry(bytes)->payload_type() == Event::NONE)
    return {};
  Json json{{"time", format_time(GetEntry(bytes)->clock()->utc_ns())}};
  json.update(entry_to_json({bytes, taken->entry()->size()}));
  return json.contains("payload") ? json : Json{};
}

/// What an entry says: what another one that it holds says, and who said it.
std::string saying(const Json& document) {
  if (!document.contains("holds")) return summary(document.at("payload"));
  const auto& holds = document.at("holds");
  auto said = Json::object();
  said[holds.at("payload_type").get<std::string>()] = holds.at("payload");
  for (const auto* field : {"node", "time"}) said[field] = holds.at(field);
  return summary(said);
}

}  // namespace

Json entry_document(Json first, ByteView entry) {
  const auto* read = GetEntry(entry.data());
  first["time"] = format_time(read->clock()->utc_ns());
  first.update(entry_to_json(entry));
  if (auto held = held_entry(*read); !held.is_null())
    first["holds"] = std::move(held);
  return first;
}

std::string entry_line(const Json& document) {
  auto text = [&](const char* field) {
    return document.at(field).get<std::string>();
  };
  auto stream = fmt::format("{}@{}", text("stream"),
                            document.at("stream_version").dump());
  bool synchronised = document.at("clock").at("synchronised").get<bool>();
  return fmt::format("{:>8}  {}{}  {:<18}  {:<19}  {}",
                     document.at("sequence").dump(), text("time"),
                     synchronised ? ' ' : '?', stream, text("payload_type"),
                     saying(document));
}

}  // namespace ppn::schema
