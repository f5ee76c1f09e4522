// What a node knows of the ledgers of the other members, and what it makes of
// what it is told of them. Trusts nothing that the node of a ledger did not
// sign. Knows no CAF and no files.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "actors/messages.hpp"
#include "events/mesh.hpp"
#include "store/fork_evidence.hpp"

namespace ppn::actors {

/// That member is to prove how a ledger grew.
struct AskGrowth {
  NodeId whom;
  GrowthRequest what;
};

/// A ledger was found to have grown only: remember that, and vouch for it.
struct Vouch {
  NodeId node;
  store::SignedHead head;
  std::optional<store::TreeHead> after;
};

/// A node signed what can not stand together.
struct Accuse {
  store::ForkEvidence evidence;
};

using WitnessStep = std::variant<std::monostate, AskGrowth, Vouch, Accuse>;

/// Whether a fork or a rollback of a node is on record.
enum class ForkStanding : std::uint8_t { none, stands, acknowledged };

/// Nobody is asked for the same more often.
inline constexpr std::uint64_t growth_asked_again_ns = 10'000'000'000;

class WitnessBook {
 public:
  struct Known {
    PublicKey key;
    ForkStanding standing{};
    /// The newest that was found to have grown only.
    std::optional<store::SignedHead> kept;
    std::uint64_t kept_seconds = 0;
    /// A newer one that is to be proved.
    std::optional<store::SignedHead> claim;
    std::int64_t claim_utc_ns = 0;
    /// Its node told of less than what is kept.
    bool is_doubted = false;
    /// When it was asked last; 0: never.
    std::uint64_t asked_ns = 0;
    /// When it told of its ledger last.
    std::int64_t heard_utc_ns = 0;
    /// It is being vouched for.
    bool is_vouching = false;
    /// What somebody else told, who is to prove it.
    std::optional<ForkTold> told;
    NodeId teller;
  };

  /// Answers who is no member any more.
  std::vector<NodeId> set_members(const events::Mesh& mesh, const NodeId& self);
  void set_standing(const NodeId& node, ForkStanding standing);

  /// What was remembered in an earlier life, as a note.
  void recall(const NodeId& node, const std::string& note);
  /// A Vouch is done, or could not be.
  void note_vouched(const NodeId& node, const store::SignedHead& head,
                    std::uint64_t seconds);
  void note_not_vouched(const NodeId& node);

  /// A head that its own node tells, or another one.
  WitnessStep hear(const NodeId& node, const store::SignedHead& head,
                   bool is_from_itself, const store::ClockReading& now);
  WitnessStep take(const NodeId& from, const Growth& growth, const Bytes& frame,
                   const store::ClockReading& now);
  WitnessStep take(const NodeId& from, const ForkTold& told,
                   const store::ClockReading& now);
  /// What is still to be asked, since no answer came.
  std::vector<AskGrowth> ask_again(const store::ClockReading& now);

  /// The newest heads of nodes with greater ids; not that of `whom`.
  [[nodiscard]] Heads heads_after(const NodeId& after,
                                  const NodeId& whom) const;

  [[nodiscard]] const std::map<NodeId, Known>& all() const { return all_; }

 private:
  Known* find(const NodeId& node);
  WitnessStep vouch(const NodeId& node, Known& known,
                    const store::SignedHead& head) const;
  static WitnessStep ask(const NodeId& node, Known& known,
                         const store::SignedHead& from,
                         const store::ClockReading& now);
  WitnessStep take_own(const NodeId& node, Known& known, const Growth& growth,
                       const Bytes& frame, const store::ClockReading& now);
  static store::ForkEvidence evidence_of(const NodeId& node, const Known& known,
                                         const store::SignedHead& first,
                                         const store::SignedHead& second);

  std::map<NodeId, Known> all_;
  Id mesh_;
};

}  // namespace ppn::actors
