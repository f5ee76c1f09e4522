// A second opinion on a host's ledger, kept outside of its actors: every entry
// that reaches the disk is folded here at once, and held against the rules.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/state.hpp"
#include "tests/simulation/counter.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/fleet_rules.hpp"
#include "tests/simulation/roster_history.hpp"
#include "tests/simulation/trace.hpp"

namespace ppn::simulation {

/// What is wrong; nothing if all is well.
using Complaint = std::optional<std::string>;

/// A host that the controller calls silent, and when by its own clock.
struct Silence {
  NodeId node;
  std::uint64_t since_boot_ns = 0;
};

class Shadow {
 public:
  /// Folds what is new on the disk; if they are there, the entries of a roster
  /// are held against the history, and those of guests against the rules of a
  /// fleet.
  Complaint follow(const Disk& disk, int host, Trace& trace,
                   RosterHistory* history, FleetRules* fleet = nullptr);

  [[nodiscard]] const events::State& state() const { return state_; }
  [[nodiscard]] std::uint64_t entries() const { return next_; }
  /// Durable counts; each is one version of the counter's stream.
  [[nodiscard]] std::uint64_t counts() const { return counted_.size(); }
  /// Entries that the mesh led to by itself: nobody decided them.
  [[nodiscard]] std::uint64_t unasked() const { return unasked_; }
  /// The link of the newest entry of the authority.
  [[nodiscard]] const Hash& roster_head() const { return roster_head_; }
  [[nodiscard]] const std::vector<Id>& grants() const { return grants_; }

  /// Who was recorded as silent since this was asked last.
  std::vector<Silence> take_silences() { return std::exchange(silences_, {}); }

  /// Told before the counter is: whatever becomes of the request, what it
  /// leaves in the ledger is held against this grant.
  void expect_count(const Id& request, const Id& grant) {
    asked_.emplace(request, grant);
  }

  /// The tunnel of that member goes back and forth: it may be accused of it.
  void expect_fight(const NodeId& node) { fought_for_.insert(node); }

  /// The disk has other bytes for what was followed already, or less.
  void follow_anew(const Disk& disk);

  /// Whether what was acknowledged to a request as the n-th count is that.
  [[nodiscard]] Complaint check_count(std::uint64_t n, const Id& request) const;

  /// Folds all of the disk once more, from nothing, and compares.
  [[nodiscard]] Complaint check_full_replay(const Disk& disk) const;

 private:
  Complaint fold(const schema::Entry& entry, ByteView bytes);
  /// What the history says of a key that it made, or of whom it accuses.
  [[nodiscard]] Complaint check_claim(const schema::Entry& entry,
                                      const RosterHistory& history) const;
  [[nodiscard]] Complaint check_key(const RosterHistory& history) const;
  [[nodiscard]] Complaint check_evidence(const schema::ClashSeen& seen,
                                         const RosterHistory& history) const;
  /// What a tunnel or the device did is recorded so often in an hour.
  Complaint fold_unasked(const schema::Entry& entry);
  Complaint fold_count(const schema::Entry& entry);
  Complaint fold_grant(const schema::CapabilityGranted& granted);
  /// A revocation takes along what hangs from it, and that goes first.
  [[nodiscard]] Complaint check_nothing_hangs_from_the_dead() const;
  /// Whether this grant does, and no other, as all entries before left it.
  [[nodiscard]] bool allows_counting(const Id& grant,
                                     const schema::Entry& entry) const;

  events::State state_;
  std::uint64_t next_ = 0;
  Hash link_;
  std::map<std::string, std::uint64_t> versions_;
  std::vector<Silence> silences_;
  Hash roster_head_;
  std::uint64_t unasked_ = 0;
  /// Of each stream, or host of the fleet: the hour of its newest entry, and
  /// how many are of it.
  std::map<std::string, std::pair<std::int64_t, int>> in_hour_;
  /// Whose tunnels went back and forth.
  std::set<NodeId> fought_for_;
  /// The grant that each request to count calls upon.
  std::map<Id, Id> asked_;
  /// Which count each request led to.
  std::map<Id, std::uint64_t> counted_;
  /// Every grant that ever was.
  std::vector<Id> grants_;
};

}  // namespace ppn::simulation
