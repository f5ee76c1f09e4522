#include "runtime/api_documents.hpp"

#include <fmt/format.h>

#include "events/state_codec.hpp"
#include "runtime/api_fleet.hpp"
#include "runtime/api_fleet_wish.hpp"
#include "runtime/api_mesh.hpp"
#include "runtime/api_witness.hpp"
#include "schema/entry_text.hpp"
#include "schema/right_text.hpp"

namespace ppn::runtime {

namespace {

using actors::NodeMode;
using schema::Json;

const char* name_of(NodeMode mode) {
  switch (mode) {
    case NodeMode::starting:
      return "starting";
    case NodeMode::running:
      return "running";
    case NodeMode::read_only:
      return "read_only";
    case NodeMode::stopping:
      return "stopping";
  }
  return "unknown";
}

Json change_json(const actors::Change& change) {
  if (const auto* revoke = std::get_if<actors::RevokeWish>(&change))
    return {{"kind", "revoke"},
            {"grant", revoke->grant.hex()},
            {"reason", revoke->reason}};
  if (const auto* command = std::get_if<events::MeshCommand>(&change))
    return mesh_change_json(*command);
  if (const auto* import = std::get_if<actors::ImportRoster>(&change))
    return {{"kind", "mesh-import"}, {"records", import->records.size()}};
  if (const auto* rotate = std::get_if<actors::RotateTunnelKey>(&change))
    return {{"kind", "mesh-rotate-key"}, {"force", rotate->force}};
  if (const auto* acknowledged = std::get_if<actors::AcknowledgeClash>(&change))
    return witness_change_json(*acknowledged);
  if (const auto* use = std::get_if<events::UseHost>(&change))
    return fleet_change_json(*use);
  if (const auto* place = std::get_if<events::PlaceGuest>(&change))
    return place_change_json(*place);
  if (const auto* order = std::get_if<events::OrderGuest>(&change))
    return order_change_json(*order);
  if (const auto* quota = std::get_if<events::SetQuota>(&change))
    return quota_change_json(*quota);
  if (auto json = guest_change_json(change); !json.is_null()) return json;
  const auto& grant = std::get<events::GrantWish>(change);
  Json json{{"kind", "grant"},
            {"grant", grant.grant.hex()},
            {"subject", grant.subject},
            {"resource", grant.resource},
            {"rights", schema::names_of(grant.rights)}};
  if (grant.expiry)
    json["expiry"] = {{"utc_ns", grant.expiry->utc_ns},
                      {"boot", grant.expiry->boot},
                      {"since_boot_ns", grant.expiry->since_boot_ns}};
  if (grant.parent) json["parent"] = grant.parent->hex();
  return json;
}

Json mesh_json(const std::optional<MeshReport>& mesh) {
  if (!mesh) return {};
  return {
      {"name", mesh->name},           {"version", mesh->version},
      {"epoch", mesh->epoch},         {"members", mesh->members},
      {"interface", mesh->interface}, {"implementation", mesh->implementation},
      {"tunnels", mesh->tunnels},     {"tunnels_up", mesh->tunnels_up}};
}

/// A label's value, as Prometheus wants it.
std::string label(std::string_view value) {
  std::string text;
  for (auto letter : value) {
    if (letter == '\\' || letter == '"') text += '\\';
    if (letter == '\n')
      text += "\\n";
    else
      text += letter;
  }
  return text;
}

class MetricsText {
 public:
  void family(std::string_view name, std::string_view type,
              std::string_view help) {
    text_ +=
        fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  void sample(std::string_view name, std::string_view labels,
              std::uint64_t value) {
    auto all = labels.empty() ? std::string{} : fmt::format("{{{}}}", labels);
    text_ += fmt::format("{}{} {}\n", name, all, value);
  }

  void gauge(std::string_view name, std::string_view help,
             std::uint64_t value) {
    family(name, "gauge", help);
    sample(name, "", value);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_guests(MetricsText& text, const GuestReport& guests) {
  constexpr std::uint64_t bytes_per_mb = 1U << 20U;
  text.family("ppn_guests", "gauge", "Guests by their phase.");
  for (const auto& [phase, count] : guests.by_phase)
    text.sample("ppn_guests", fmt::format(R"(phase="{}")", label(phase)),
                count);
  text.gauge("ppn_guests_memory_bytes",
             "Memory that is reserved for guests, QEMU's own included.",
             guests.memory_mb * bytes_per_mb);
}

}  // namespace

bool is_healthy(const NodeReport& report) {
  return report.node.mode == NodeMode::running && !report.ledger.read_only;
}

Json health_document(const NodeReport& report) {
  Json reason;
  if (!is_healthy(report)) {
    reason = fmt::format("the node is {}", name_of(report.node.mode));
    if (!report.node.reason.empty()) reason = report.node.reason;
    if (report.ledger.read_only) reason = *report.ledger.read_only;
  }
  return {{"schema", "ppn.health.v1"},
          {"healthy", is_healthy(report)},
          {"reason", reason}};
}

Json unhealthy_document(const std::string& reason) {
  return {{"schema", "ppn.health.v1"}, {"healthy", false}, {"reason", reason}};
}

Json status_document(const NodeReport& report) {
  auto actors = Json::object();
  for (const auto& [name, respawns] : report.node.respawns)
    actors[name] = {{"respawns", respawns}};
  auto warnings = Json::array();
  for (const auto& warning : report.warnings)
    warnings.push_back({{"name", warning.name}, {"detail", warning.detail}});
  return {{"schema", "ppn.status.v1"},
          {"version", report.version},
          {"node", {{"id", report.node.id.hex()}, {"name", report.node.name}}},
          {"boot", report.node.boot},
          {"mode", name_of(report.node.mode)},
          {"uptime_seconds", report.uptime_seconds},
          {"ledger",
           {{"size", report.ledger.head.size},
            {"root", report.ledger.head.root.hex()}}},
          {"state_dir", report.state_dir},
          {"actors", std::move(actors)},
          {"proposals", report.proposals},
          {"mesh", mesh_json(report.mesh)},
          {"guests", report.guests ? Json(report.guests->guests) : Json()},
          {"warnings", std::move(warnings)}};
}

Json ledger_document(const actors::LedgerStatus& ledger) {
  return {{"schema", "ppn.ledger.v1"},
          {"size", ledger.head.size},
          {"root", ledger.head.root.hex()},
          {"checkpoint", ledger.checkpoint}};
}

Json state_document(std::uint64_t entries, const events::State& state) {
  return {{"schema", "ppn-ledger.state.v1"},
          {"entries", entries},
          {"state", schema::state_to_json(events::encode(state))}};
}

Json entry_document(ByteView entry) {
  return schema::entry_document({{"schema", "ppn.entry.v1"}}, entry);
}

Json entries_document(std::uint64_t from, std::span<const Bytes> entries) {
  auto list = Json::array();
  for (const auto& entry : entries) list.push_back(entry_document(entry));
  return {{"schema", "ppn.entries.v1"},
          {"entries", std::move(list)},
          {"next", from + entries.size()}};
}

Json proposal_document(const actors::Proposal& proposal) {
  return {{"schema", "ppn.proposal.v1"},
          {"id", proposal.id.hex()},
          {"change", change_json(proposal.change)},
          {"plan", proposal.plan}};
}

Json proposals_document(std::span<const actors::Proposal> proposals) {
  auto list = Json::array();
  for (const auto& proposal : proposals)
    list.push_back(proposal_document(proposal));
  return {{"schema", "ppn.proposals.v1"}, {"proposals", std::move(list)}};
}

Json commit_document(const Id& proposal, std::uint64_t sequence) {
  return {{"schema", "ppn.commit.v1"},
          {"proposal", proposal.hex()},
          {"sequence", sequence}};
}

Json reject_document(const Id& proposal) {
  return {{"schema", "ppn.reject.v1"}, {"proposal", proposal.hex()}};
}

std::string metrics_text(const NodeReport& report,
                         const ProcessFigures& figures) {
  MetricsText text;
  text.family("ppn_info", "gauge", "What runs here.");
  text.sample(
      "ppn_info",
      fmt::format(R"(version="{}",node="{}",name="{}")", label(report.version),
                  report.node.id.hex(), label(report.node.name)),
      1);
  text.gauge("ppn_ledger_entries", "Entries in the ledger.",
             report.ledger.head.size);
  text.gauge("ppn_read_only", "1 if the ledger takes no more appends.",
             report.ledger.read_only ? 1 : 0);
  text.gauge("ppn_boot", "Number of this boot of the node.", report.node.boot);
  text.gauge("ppn_uptime_seconds", "Since this boot of the node.",
             report.uptime_seconds);
  text.gauge("ppn_proposals", "Proposals that wait for a commit.",
             report.proposals);
  auto mesh = report.mesh.value_or(MeshReport{});
  text.gauge("ppn_roster_version",
             "Of the newest entry of the roster; 0 without a mesh.",
             mesh.version);
  text.gauge("ppn_roster_epoch",
             "In which that is, rising with each recovery; 0 without a mesh.",
             mesh.epoch);
  text.gauge("ppn_mesh_members", "Members of the mesh, this node among them.",
             mesh.members);
  text.gauge("ppn_tunnels", "Tunnels that there should be.", mesh.tunnels);
  text.gauge("ppn_tunnels_up", "Tunnels through which packets pass.",
             mesh.tunnels_up);
  text.family("ppn_frames_dropped_total", "counter",
              "Frames of others that were dropped.");
  for (const auto& [fault, count] : mesh.frames_dropped)
    text.sample("ppn_frames_dropped_total",
                fmt::format(R"(fault="{}")", label(fault)), count);
  add_guests(text, report.guests.value_or(GuestReport{}));
  text.gauge("ppn_process_resident_bytes", "Resident memory.",
             figures.resident_bytes);
  text.family("ppn_actor_respawns_total", "counter",
              "How often an actor was brought back.");
  for (const auto& [name, respawns] : report.node.respawns)
    text.sample("ppn_actor_respawns_total",
                fmt::format(R"(actor="{}")", label(name)), respawns);
  text.family("ppn_api_requests_total", "counter",
              "Requests to the control API.");
  text.sample("ppn_api_requests_total", "", figures.requests);
  return text.take();
}

}  // namespace ppn::runtime
