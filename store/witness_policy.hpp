// C2SP tlog-policy: which logs and witnesses an auditor trusts, and how many of
// the witnesses have to vouch for a checkpoint.
//
//   log <verifier key> [<url>]
//   witness <name> <verifier key> [<url>]
//   group <name> all|any|<number> <witness or group>...
//   quorum <witness or group>|none
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/cosignature.hpp"

namespace ppn::store {

inline constexpr std::size_t max_policy_size = 65'536;

class WitnessPolicy {
 public:
  struct Witness {
    /// In the policy only.
    std::string name;
    VerifierKey key;
  };

  /// What the cosignatures of a note come to.
  struct Verdict {
    /// Of those that the quorum counts.
    std::vector<Witness> cosigned;
    std::vector<Witness> missing;
    /// Of all: a line under the key of a witness that it did not make.
    std::vector<Witness> wrong;
    /// Enough cosigned, and no line is wrong.
    bool holds = false;
  };

  /// bad_input names the line and what is wrong with it.
  static Result<WitnessPolicy> parse(std::string_view text);

  [[nodiscard]] Verdict judge(const Note& note) const;

  /// Whether that log is one of those that the policy names, if it names any.
  [[nodiscard]] bool accepts_log(const VerifierKey& log) const;

 private:
  friend class PolicyReader;

  WitnessPolicy() = default;

  /// A witness, or a group of what stands before it.
  struct Party {
    std::string name;
    std::optional<VerifierKey> key;
    std::size_t threshold = 0;
    std::vector<std::size_t> members;
    bool has_group = false;
  };

  /// Which parties the quorum depends on.
  [[nodiscard]] std::vector<bool> counted() const;

  std::vector<VerifierKey> logs_;
  std::vector<Party> parties_;
  /// Nothing: no cosignature is wanted.
  std::optional<std::size_t> quorum_;
};

}  // namespace ppn::store
