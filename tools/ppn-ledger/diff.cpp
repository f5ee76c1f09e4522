// ppn-ledger diff: what changed in the state between two points.
#include <fmt/format.h>

#include "tools/ppn-ledger/commands.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/state_reader.hpp"
#include "tools/ppn-ledger/state_text.hpp"

namespace ppn::tools {

namespace {

struct Change {
  std::string path;
  std::optional<std::string> before;
  std::optional<std::string> after;
};

std::vector<Change> changes_between(
    const std::map<std::string, std::string>& before,
    const std::map<std::string, std::string>& after) {
  std::map<std::string, Change> changes;
  for (const auto& [path, value] : before)
    changes[path] = {path, value, std::nullopt};
  for (const auto& [path, value] : after) {
    auto& change = changes[path];
    change.path = path;
    change.after = value;
  }
  std::vector<Change> different;
  for (auto& [path, change] : changes)
    if (change.before != change.after) different.push_back(std::move(change));
  return different;
}

void print_text(const std::vector<Change>& changes) {
  for (const auto& change : changes) {
    if (!change.before)
      fmt::print("+ {}  {}\n", change.path, *change.after);
    else if (!change.after)
      fmt::print("- {}  {}\n", change.path, *change.before);
    else
      fmt::print("~ {}  {} -> {}\n", change.path, *change.before,
                 *change.after);
  }
  if (changes.empty()) fmt::print("no difference\n");
}

void print_json(EntryCount before, EntryCount after,
                const std::vector<Change>& changes) {
  auto list = schema::Json::array();
  for (const auto& change : changes) {
    schema::Json item{{"path", change.path}};
    if (change.before) item["before"] = *change.before;
    if (change.after) item["after"] = *change.after;
    list.push_back(std::move(item));
  }
  fmt::print("{}\n",
             schema::compact(schema::Json{{"schema", "ppn-ledger.diff.v1"},
                                          {"entries_before", before},
                                          {"entries_after", after},
                                          {"changes", std::move(list)}}));
}

}  // namespace

int diff(const DiffOptions& options) {
  auto ledger = open_ledger(options.directory);
  if (!ledger) return fail(ledger.error());
  auto before = parse_point(options.before, *ledger);
  if (!before) return fail(before.error());
  auto after = parse_point(options.after, *ledger);
  if (!after) return fail(after.error());
  if (*before > *after)
    return fail_usage(
        "the first point is later than the second; turn them "
        "round");
  StateFold fold;
  if (auto folded = fold_entries(*ledger, 0, *before, fold); !folded)
    return fail(folded.error());
  auto state_before = flatten(state_json(fold.state()));
  if (auto folded = fold_entries(*ledger, *before, *after, fold); !folded)
    return fail(folded.error());
  auto changes =
      changes_between(state_before, flatten(state_json(fold.state())));
  if (options.json)
    print_json(*before, *after, changes);
  else
    print_text(changes);
  return exit_ok;
}

}  // namespace ppn::tools
