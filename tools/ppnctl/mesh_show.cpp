// ppnctl mesh show: who belongs to the mesh.
#include "tools/ppnctl/mesh_show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/clock.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr const char* no_mesh = R"(this node is in no mesh
to found one:  ppnctl mesh init
to join one:   ppnctl pair join                  here, and what it says
or by files:   ppnctl mesh export NODE.mesh      here
               ppnctl mesh import NODE.mesh      on the authority of the mesh
               ppnctl mesh export mesh.roster    there too
               ppnctl mesh import mesh.roster    here
)";

std::string joined(const std::vector<std::string>& texts) {
  return texts.empty() ? "-" : fmt::format("{}", fmt::join(texts, ","));
}

std::string with_second(const std::string& first,
                        const std::optional<std::string>& second) {
  return second ? first + "," + *second : first;
}

std::string authority_of(const Mesh& mesh) {
  for (const auto& member : mesh.members)
    if (std::find(member.roles.begin(), member.roles.end(), "authority") !=
        member.roles.end())
      return member.name;
  return "none";
}

std::string head_text(const Mesh& mesh) {
  Rows rows{{"mesh", mesh.name},
            {"range", with_second(mesh.range, mesh.range6)},
            {"version", std::to_string(mesh.version)},
            {"epoch", std::to_string(mesh.epoch)},
            {"authority", authority_of(mesh)}};
  if (mesh.left)
    rows.push_back({"to come", counted(*mesh.left, "entry", "entries") +
                                   " of the roster of that epoch"});
  if (!mesh.is_member)
    rows.push_back({"this node", "is no member of it any more"});
  return columns(rows);
}

/// Which version of the roster the member told last, and when.
std::pair<std::string, std::string> heard_of(const Member& member,
                                             const Mesh& mesh,
                                             std::int64_t now_ns) {
  if (member.is_self) return {std::to_string(mesh.version), "this node"};
  if (!member.heard) return {"-", "-"};
  auto version = std::to_string(member.heard->roster_version);
  if (member.heard->roster_epoch != mesh.epoch)
    version += fmt::format(" of epoch {}", member.heard->roster_epoch);
  return {version, member.heard->utc_ns
                       ? ago_words(*member.heard->utc_ns, now_ns)
                       : "-"};
}

template <class Named>
void sort_by_name(std::vector<Named>& all) {
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
}

std::string members_text(const Mesh& mesh, std::int64_t now_ns) {
  Rows rows{{"member", "address", "roles", "roster", "heard", "endpoints"}};
  auto members = mesh.members;
  sort_by_name(members);
  for (const auto& member : members) {
    auto [roster, heard] = heard_of(member, mesh, now_ns);
    rows.push_back({member.name, with_second(member.address, member.address6),
                    joined(member.roles), roster, heard,
                    joined(member.endpoints)});
  }
  auto text = columns(rows);
  for (const auto& member : members)
    if (member.clash)
      text += '\n' + alarm_text(fmt::format("{}: {}\n", printable(member.name),
                                            printable(*member.clash)));
  return text;
}

std::string former_text(const Mesh& mesh, std::int64_t now_ns) {
  if (mesh.former.empty()) return "no former members\n";
  Rows rows{{"former member", "address", "left", "how"}};
  auto former = mesh.former;
  sort_by_name(former);
  for (const auto& gone : former)
    rows.push_back({gone.name, gone.address,
                    gone.removed_ns ? ago_words(*gone.removed_ns, now_ns) : "-",
                    gone.was_replaced ? "replaced" : "removed"});
  return columns(rows);
}

}  // namespace

std::string mesh_text(const std::optional<Mesh>& mesh, bool all,
                      std::int64_t now_ns) {
  if (!mesh) return no_mesh;
  auto text = head_text(*mesh) + '\n' + members_text(*mesh, now_ns);
  if (all) text += '\n' + former_text(*mesh, now_ns);
  return text;
}

int mesh_show(const Global& global, const MeshShowOptions& options) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/mesh");
    if (!document) return document.error();
    auto mesh = read_mesh(*document);
    if (!mesh) return mesh.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : mesh_text(*mesh, options.all, clock_now_ns())};
  });
}

}  // namespace ppn::ctl
