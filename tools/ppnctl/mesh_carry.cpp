// ppnctl mesh export, import and replace: a mesh as a file that is carried by
// hand.
#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/mesh_change.hpp"
#include "tools/ppnctl/mesh_file.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

/// All lines but the first are records.
std::size_t records_of(const std::string& text) {
  auto lines = std::count(text.begin(), text.end(), '\n');
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(lines, 1) - 1);
}

/// A new member has no tunnel yet by which it could learn of the mesh.
std::string next_after(const std::string& kind) {
  if (kind != "mesh-add" && kind != "mesh-replace") return {};
  return fmt::format(
      "next, here:\n  ppnctl mesh export mesh.roster\n"
      "and, with that file, on the new member:\n  ppnctl mesh import "
      "mesh.roster\n");
}

/// Proposes what `change_of` makes of the text of the file, and settles it.
template <class ChangeOf>
int carry_in(const Global& global, const MeshImportOptions& options,
             const ChangeOf& change_of) {
  if (!options.consent.propose)
    if (auto failure = unable_to_ask(options.consent.yes))
      return fail(*failure);
  auto file = read_mesh_file(options.file);
  if (!file) return fail(file.error());
  auto proposed = post_proposal(global, change_of(*file));
  if (!proposed) return fail(proposed.error());
  auto code = settle(global, options.consent, *proposed);
  if (code == exit_ok && !options.consent.propose && !global.json)
    fmt::print("{}", next_after(proposed->proposal.kind));
  return code;
}

}  // namespace

int mesh_export(const Global& global, const MeshExportOptions& options) {
  bool is_output = options.file == "-";
  if (is_output && global.json)
    return fail({exit_usage, "a mesh file is no JSON",
                 "leave out --json, or name a FILE"});
  auto text = Client{global.socket}.get_text("/v1/mesh/file");
  if (!text) return fail(text.error());
  if (is_output) {
    fmt::print("{}", *text);
    return exit_ok;
  }
  if (auto failure = write_mesh_file(options.file, *text, options.force))
    return fail(*failure);
  auto records = records_of(*text);
  if (global.json)
    fmt::print("{}\n", json_line({{"schema", "ppnctl.mesh-export.v1"},
                                  {"file", options.file},
                                  {"records", records}}));
  else
    fmt::print("wrote {}: {}\n", printable(options.file),
               counted(records, "record", "records"));
  return exit_ok;
}

int mesh_import(const Global& global, const MeshImportOptions& options) {
  return carry_in(global, options, [&](const std::string& file) {
    return import_change(options, file);
  });
}

int mesh_replace(const Global& global, const MeshReplaceOptions& options) {
  return carry_in(global, options.import, [&](const std::string& file) {
    return replace_change(options, file);
  });
}

}  // namespace ppn::ctl
