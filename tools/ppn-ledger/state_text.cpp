#include "tools/ppn-ledger/state_text.hpp"

#include "events/state_codec.hpp"

namespace ppn::tools {

namespace {

/// Deeper than this, a thing is shown in the line of what it belongs to.
constexpr int lines_depth = 3;

void flatten_into(std::map<std::string, std::string>& lines,
                  const std::string& path, const schema::Json& json,
                  int depth) {
  if (!json.is_structured() || depth == lines_depth) {
    lines[path] = schema::summary(json);
    return;
  }
  auto prefix = path.empty() ? path : path + ".";
  for (const auto& [name, value] : json.items())
    flatten_into(lines, std::string{prefix}.append(name), value, depth + 1);
}

}  // namespace

schema::Json state_json(const events::State& state) {
  return schema::state_to_json(events::encode(state));
}

std::map<std::string, std::string> flatten(const schema::Json& state) {
  std::map<std::string, std::string> lines;
  flatten_into(lines, "", state, 0);
  return lines;
}

}  // namespace ppn::tools
