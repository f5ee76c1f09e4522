// Entries as JSON and as lines for people: whatever a hostile entry holds, it
// becomes JSON that others can read, and nothing that commands a terminal.
#include <algorithm>

#include "tests/fuzz/entries.hpp"
#include "tools/ppn-ledger/reflection_json.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  for_each_entry(input, [](ByteView bytes, const schema::Entry& entry) {
    auto json = tools::entry_to_json(bytes);
    require(json["sequence"] == entry.sequence(), "the sequence is exact");
    require(json["clock"]["utc_ns"] == entry.clock()->utc_ns(),
            "the time is exact");
    require(json["stream"] == entry.stream()->str(), "the stream is exact");

    auto line = tools::compact(json);
    require(line.find('\n') == std::string::npos, "JSON takes one line");
    auto parsed = tools::Json::parse(line, nullptr, false);
    require(parsed.is_object(), "it is valid JSON");
    require(tools::compact(parsed) == line, "JSON reads back");

    auto summary = tools::summary(json);
    require(std::all_of(summary.begin(), summary.end(),
                        [](char c) { return c >= ' ' && c <= '~'; }),
            "a line for people is plain text");
  });
}

}  // namespace ppn::fuzz
