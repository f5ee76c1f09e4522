// Entries as JSON and as lines for people: whatever a hostile entry holds, it
// becomes JSON that others can read, and nothing that commands a terminal.
#include <algorithm>

#include "schema/entry_text.hpp"
#include "tests/fuzz/entries.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  for_each_entry(input, [](ByteView bytes, const schema::Entry& entry) {
    auto json = schema::entry_to_json(bytes);
    require(json["sequence"] == entry.sequence(), "the sequence is exact");
    require(json["clock"]["utc_ns"] == entry.clock()->utc_ns(),
            "the time is exact");
    require(json["stream"] == entry.stream()->str(), "the stream is exact");

    auto line = schema::compact(json);
    require(line.find('\n') == std::string::npos, "JSON takes one line");
    auto parsed = schema::Json::parse(line, nullptr, false);
    require(parsed.is_object(), "it is valid JSON");
    require(schema::compact(parsed) == line, "JSON reads back");

    auto summary = schema::summary(json);
    require(std::all_of(summary.begin(), summary.end(),
                        [](char c) { return c >= ' ' && c <= '~'; }),
            "a line for people is plain text");
    require(!schema::entry_line(schema::entry_document({}, bytes)).empty(),
            "whatever it holds, it is shown");
  });
}

}  // namespace ppn::fuzz
