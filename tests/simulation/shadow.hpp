// A second opinion on a host's ledger, kept outside of its actors: every entry
// that reaches the disk is folded here at once, and held against the rules.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/state.hpp"
#include "tests/simulation/counter.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/trace.hpp"

namespace ppn::simulation {

/// What is wrong; nothing if all is well.
using Complaint = std::optional<std::string>;

class Shadow {
 public:
  /// Folds what is new on the disk.
  Complaint follow(const Disk& disk, int host, Trace& trace);

  [[nodiscard]] const events::State& state() const { return state_; }
  [[nodiscard]] std::uint64_t entries() const { return next_; }
  /// Durable counts; each is one version of the counter's stream.
  [[nodiscard]] std::uint64_t counts() const { return count_places_.size(); }
  [[nodiscard]] const std::vector<Id>& grants() const { return grants_; }

  /// Whether a count that was acknowledged as the n-th called upon a grant that
  /// was live there.
  [[nodiscard]] Complaint check_count(std::uint64_t n, const Id& grant) const;

  /// Folds all of the disk once more, from nothing, and compares.
  [[nodiscard]] Complaint check_full_replay(const Disk& disk) const;

 private:
  struct GrantLife {
    std::uint64_t granted_at = 0;
    std::optional<std::uint64_t> revoked_at;
  };

  Complaint fold(const schema::Entry& entry);
  Complaint fold_count(const schema::Entry& entry);
  void remember_grants(const schema::Entry& entry);
  /// A revocation takes along what hangs from it, and that goes first.
  [[nodiscard]] Complaint check_nothing_hangs_from_the_dead() const;
  [[nodiscard]] bool any_grant_allows_counting(
      const schema::Entry& entry) const;

  events::State state_;
  std::uint64_t next_ = 0;
  Hash link_;
  std::map<std::string, std::uint64_t> versions_;
  /// Sequence of each count.
  std::vector<std::uint64_t> count_places_;
  std::map<Id, GrantLife> lives_;
  /// Every grant that ever was.
  std::vector<Id> grants_;
};

}  // namespace ppn::simulation
