#include "schema/entry_text.hpp"

#include <fmt/format.h>

#include "schema/entry_generated.h"
#include "schema/time_text.hpp"

namespace ppn::schema {

Json entry_document(Json first, ByteView entry) {
  first["time"] = format_time(GetEntry(entry.data())->clock()->utc_ns());
  first.update(entry_to_json(entry));
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
                     summary(document.at("payload")));
}

}  // namespace ppn::schema
