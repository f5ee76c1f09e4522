// A host and its guests, whose balloons do as they are told: what comes of many
// decisions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "events/balloon.hpp"

namespace ppn::tests {

/// What a guest has available of what its balloon leaves it.
inline std::uint64_t available_of(std::uint64_t actual_mb,
                                  std::uint64_t use_mb) {
  return actual_mb - std::min(use_mb, actual_mb);
}

/// Others than guests take of its memory, too. What a guest used once stays
/// with it until its balloon takes it, unless there is less of it resident.
class BalloonHost {
 public:
  BalloonHost(const events::BalloonMarks& marks, std::uint64_t memory_mb)
      : marks_(marks), memory_mb_(memory_mb) {}

  /// What others than guests take.
  std::uint64_t others_mb = 0;

  void add(const events::BalloonGuest& guest, std::uint64_t use_mb) {
    guests_.push_back(guest);
    lives_.push_back({use_mb, std::nullopt, false});
  }

  void use(std::size_t guest, std::uint64_t mb) {
    lives_.at(guest).use_mb = mb;
  }
  [[nodiscard]] std::uint64_t use_of(std::size_t guest) const {
    return lives_.at(guest).use_mb;
  }

  void set_resident(std::size_t guest, std::uint64_t mb) {
    lives_.at(guest).resident_mb = mb;
  }

  /// From now on it says nothing, and follows nothing.
  void hang(std::size_t guest) { lives_.at(guest).hangs = true; }
  void wake(std::size_t guest) { lives_.at(guest).hangs = false; }
  [[nodiscard]] bool hangs(std::size_t guest) const {
    return lives_.at(guest).hangs;
  }

  [[nodiscard]] std::uint64_t available() const {
    auto used = others_mb;
    for (std::size_t i = 0; i < guests_.size(); ++i)
      used += std::min(lives_[i].resident_mb.value_or(guests_[i].actual_mb),
                       guests_[i].actual_mb);
    return memory_mb_ - std::min(used, memory_mb_);
  }

  /// All balloons follow within a step; says whether any target changed.
  bool step() {
    for (std::size_t i = 0; i < guests_.size(); ++i) follow(i);
    plan_ = events::decide_balloons(marks_, available(), plan_.host_is_short,
                                    guests_);
    bool changed = false;
    for (std::size_t i = 0; i < guests_.size(); ++i) {
      auto& guest = guests_[i];
      const auto& verdict = plan_.verdicts[i];
      changed = changed || verdict.target_mb != guest.target_mb;
      if (verdict.reason == events::BalloonReason::in_need)
        guest.since_need_ns = 0;
      guest.target_mb = verdict.target_mb;
    }
    return changed;
  }

  [[nodiscard]] std::vector<events::BalloonGuest>& guests() { return guests_; }
  [[nodiscard]] const std::vector<events::BalloonGuest>& guests() const {
    return guests_;
  }
  /// That of the last step.
  [[nodiscard]] const events::BalloonPlan& plan() const { return plan_; }

 private:
  struct Life {
    std::uint64_t use_mb = 0;
    /// As much as its balloon leaves it, if it is not said.
    std::optional<std::uint64_t> resident_mb;
    bool hangs = false;
  };

  void follow(std::size_t i) {
    using events::balloon_interval_ns;
    auto& guest = guests_[i];
    if (guest.since_need_ns) *guest.since_need_ns += balloon_interval_ns;
    if (lives_[i].hangs) {
      if (guest.says) guest.says->age_ns += balloon_interval_ns;
      return;
    }
    // What it says is of the look before.
    auto before_mb = guest.actual_mb;
    guest.actual_mb = guest.target_mb;
    guest.says = events::GuestMemory{available_of(before_mb, lives_[i].use_mb),
                                     balloon_interval_ns, before_mb};
  }

  events::BalloonMarks marks_;
  std::uint64_t memory_mb_;
  std::vector<events::BalloonGuest> guests_;
  std::vector<Life> lives_;
  events::BalloonPlan plan_;
};

}  // namespace ppn::tests
