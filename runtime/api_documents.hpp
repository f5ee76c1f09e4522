// The documents of the control API; see runtime/API.md.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "events/state.hpp"
#include "runtime/api_vm.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

/// Something that an operator should know.
struct Warning {
  std::string name;
  std::string detail;
};

/// The mesh and the tunnels of this node, in short.
struct MeshReport {
  std::string name;
  std::uint64_t version = 0;
  std::uint64_t members = 0;
  std::string interface;
  /// Empty if no device was seen yet.
  std::string implementation;
  /// Tunnels that there should be, and those through which packets pass.
  std::uint64_t tunnels = 0;
  std::uint64_t tunnels_up = 0;
  std::map<std::string, std::uint64_t> frames_dropped;
  std::uint64_t epoch = 0;
};

/// What is true of a running node now.
struct NodeReport {
  std::string version;
  std::string state_dir;
  actors::NodeStatus node;
  actors::LedgerStatus ledger;
  std::uint64_t uptime_seconds = 0;
  std::uint64_t proposals = 0;
  /// Nothing if it is in no mesh.
  std::optional<MeshReport> mesh;
  /// Nothing while the pool is brought back.
  std::optional<GuestReport> guests;
  std::vector<Warning> warnings;
};

bool is_healthy(const NodeReport& report);

schema::Json health_document(const NodeReport& report);
/// Of a node that does not even answer.
schema::Json unhealthy_document(const std::string& reason);
schema::Json status_document(const NodeReport& report);
schema::Json ledger_document(const actors::LedgerStatus& ledger);
schema::Json state_document(std::uint64_t entries, const events::State& state);
/// Of entries that begin with the sequence `from`; each is checked already.
schema::Json entries_document(std::uint64_t from,
                              std::span<const Bytes> entries);
schema::Json entry_document(ByteView entry);
schema::Json proposal_document(const actors::Proposal& proposal);
schema::Json proposals_document(std::span<const actors::Proposal> proposals);
schema::Json commit_document(const Id& proposal, std::uint64_t sequence);
schema::Json reject_document(const Id& proposal);

/// What a scrape of /metrics is answered beside the report.
struct ProcessFigures {
  std::uint64_t requests = 0;
  std::uint64_t resident_bytes = 0;
};

/// Prometheus text, version 0.0.4.
std::string metrics_text(const NodeReport& report,
                         const ProcessFigures& figures);

}  // namespace ppn::runtime
