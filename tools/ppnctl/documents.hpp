// The documents of the API, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct Status {
  struct Actor {
    std::string name;
    std::uint64_t respawns;
  };
  struct Warning {
    std::string name;
    std::string detail;
  };
  struct MeshInBrief {
    std::string name;
    std::uint64_t members;
    std::string interface;
    /// Of the tunnels; empty if there are none yet.
    std::string implementation;
    std::uint64_t tunnels;
    std::uint64_t tunnels_up;
    std::uint64_t epoch;
  };

  std::string version;
  std::string node_id;
  std::string node_name;
  std::uint64_t boot;
  std::string mode;
  std::uint64_t uptime_seconds;
  /// Nothing if the node is in none.
  std::optional<MeshInBrief> mesh;
  std::uint64_t ledger_size;
  std::string ledger_root;
  std::string state_dir;
  std::vector<Actor> actors;
  std::uint64_t proposals;
  std::vector<Warning> warnings;

  [[nodiscard]] bool is_degraded() const {
    return !warnings.empty() || mode != "running";
  }
};
Result<Status> read_status(const schema::Json& document);

struct LedgerHead {
  std::uint64_t size;
  std::string root;
  /// A signed note of several lines.
  std::string checkpoint;
};
Result<LedgerHead> read_ledger_head(const schema::Json& document);

/// An entry's document, and what of it is needed apart.
struct Entry {
  std::uint64_t sequence;
  std::int64_t utc_ns;
  /// As a person reads it.
  std::string line;
  schema::Json document;
};
Result<Entry> read_entry(const schema::Json& document);

struct EntryPage {
  std::vector<Entry> entries;
  /// The sequence to go on from.
  std::uint64_t next;
};
Result<EntryPage> read_entry_page(const schema::Json& document);

struct Proposal {
  std::string id;
  /// What kind of change it is.
  std::string kind;
  /// As a person reads it.
  std::string change;
  std::vector<std::string> plan;
};
Result<Proposal> read_proposal(const schema::Json& document);
Result<std::vector<Proposal>> read_proposals(const schema::Json& document);

/// A grant that nobody revoked; its time may be over.
struct Grant {
  std::string id;
  std::string subject;
  std::string resource;
  std::vector<std::string> rights;
  /// As a person reads it.
  std::string end;
  /// Empty at the root.
  std::string parent;
};
/// Of the document of a node's state.
Result<std::vector<Grant>> read_grants(const schema::Json& document);

/// The sequence of the last entry that a commit led to.
Result<std::uint64_t> read_committed(const schema::Json& document);

/// The id of the proposal that was rejected.
Result<std::string> read_rejected(const schema::Json& document);

}  // namespace ppn::ctl
