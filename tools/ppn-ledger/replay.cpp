// ppn-ledger replay: the state as of a point.
#include <fmt/format.h>

#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/state_reader.hpp"
#include "tools/ppn-ledger/state_text.hpp"

namespace ppn::tools {

int replay(const ReplayOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto count = parse_point(options.at.value_or("end"), *ledger);
  if (!count) return fail(count.error());
  StateFold fold;
  if (auto folded = fold_entries(*ledger, 0, *count, fold); !folded)
    return fail(folded.error());
  auto state = state_json(fold.state());
  if (options.json) {
    schema::Json document{{"schema", "ppn-ledger.state.v1"},
                          {"entries", *count},
                          {"state", std::move(state)}};
    fmt::print("{}\n", schema::compact(document));
    return exit_ok;
  }
  auto lines = flatten(state);
  std::size_t width = 0;
  for (const auto& [path, value] : lines) width = std::max(width, path.size());
  fmt::print("{:<{}}  {}\n", "entries", width, *count);
  for (const auto& [path, value] : lines)
    fmt::print("{:<{}}  {}\n", path, width, value);
  return exit_ok;
}

}  // namespace ppn::tools
