// The full check of a ledger, for a reader who trusts nothing in it: every
// record, link, node, index and snapshot, on all cores.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "schema/entry_generated.h"
#include "store/backend.hpp"
#include "store/checkpoint.hpp"
#include "store/snapshot.hpp"

namespace ppn::store {

/// What kind of thing is wrong.
enum class Damage : std::uint8_t {
  /// The bytes of an entry, or what it says of itself.
  payload,
  /// An entry's signature.
  signature,
  /// An entry is signed by, or hands over to, a key that has no right to it.
  key,
  /// The chain of entries is broken.
  hash,
  /// A node of the tree.
  tree,
  /// A checkpoint contradicts the entries.
  checkpoint,
  snapshot,
  /// An entry is signed and whole, but no well-formed entry.
  schema,
  /// The index of streams, or a table that holds what it should not.
  index,
  /// The database itself can not be read.
  storage,
};

std::string_view name_of(Damage damage);

struct Finding {
  Damage damage = Damage::payload;
  /// The entry that is bad, where it is one.
  std::optional<std::uint64_t> sequence;
  /// Where its record stands in the database file.
  std::optional<std::uint64_t> offset;
  std::string message;
};

enum class AuditLevel : std::uint8_t {
  /// Links, tree, indexes and checkpoints.
  chain,
  /// And every signature.
  signatures,
  /// And the state that the entries make, compared with the snapshots.
  replay,
};

/// Folds entries into a state and compares snapshots with it.
class StateOracle {
 public:
  StateOracle() = default;
  StateOracle(const StateOracle&) = delete;
  StateOracle& operator=(const StateOracle&) = delete;
  virtual ~StateOracle() = default;

  virtual Status apply(const schema::Entry& entry) = 0;
  /// Whether `state` is what the entries so far make; too_new if it is in a
  /// layout that can not be compared.
  virtual Status check_snapshot(ByteView state) = 0;
};

struct AuditOptions {
  AuditLevel level = AuditLevel::replay;
  /// Threads that check entries, at most audit_jobs_max.
  unsigned jobs = 1;
  /// Needed for AuditLevel::replay.
  StateOracle* oracle = nullptr;
  /// Checkpoint notes to hold the ledger against, each with a name for
  /// messages. One that lay beside the ledger goes back together with it.
  struct Known {
    std::string name;
    std::string note;
    bool from_elsewhere = true;
  };
  std::vector<Known> known_checkpoints;
  /// Called now and then, from one thread, with the entries done and the first
  /// bad one so far.
  std::function<void(std::uint64_t done, std::uint64_t total,
                     std::optional<std::uint64_t> first_bad)>
      progress;
  std::function<std::optional<std::uint64_t>(ByteView)> offset_of;
};

struct AuditReport {
  NodeId node;
  TreeHead head;
  KeyHistory keys;
  /// The first of each kind and place, in the order of the entries; at most
  /// max_findings, counted in full.
  std::vector<Finding> findings;
  std::uint64_t findings_total = 0;
  /// Set if something needs a newer program. If it is an entry that the key in
  /// force signed, this is no sign of tampering; anything else may have been
  /// put there by anyone.
  std::optional<std::string> too_new;
  bool too_new_is_signed = false;
  std::optional<std::uint64_t> last_good;
  std::optional<std::uint64_t> first_bad;
  std::uint64_t signatures_checked = 0;
  std::uint64_t snapshots_checked = 0;
  std::vector<std::string> checked;
  std::vector<std::string> not_checked;

  [[nodiscard]] bool valid() const { return findings_total == 0 && !too_new; }
};

inline constexpr std::size_t max_findings = 100;
/// Each thread takes one of the places for readers that LMDB has.
inline constexpr unsigned audit_jobs_max = 64;

/// What is wrong with the ledger is a finding. io only if the machine gives no
/// transaction or no memory, so that nothing can be said.
Result<AuditReport> audit(Backend& backend, const AuditOptions& options);

}  // namespace ppn::store
