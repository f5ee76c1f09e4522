// What a node knows of the ledgers of the other members, and what it makes of
// what it is told of them. Trusts nothing that the node of a ledger did not
// sign. Knows no CAF and no files.
#pragma once

#include <map>
#include <optional>
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

/// Nobody is asked for the same more often; who does not answer is asked less
/// and less often.
inline constexpr std::uint64_t growth_asked_again_ns = 10'000'000'000;
inline constexpr unsigned growth_doublings_max = 6;
/// What did not grow is vouched for anew after so long, if its node tells of
/// it.
inline constexpr std::uint64_t vouched_again_seconds = 3600;
/// So many may tell of a fork at once.
inline constexpr std::size_t tellers_max = 8;

class WitnessBook {
 public:
  /// What is to be proved by the node of a ledger, and how it was asked.
  struct Question {
    std::uint64_t asked_ns = 0;
    unsigned times = 0;
    bool is_awaited = false;
  };

  struct Teller {
    ForkTold told;
    std::uint64_t asked_ns = 0;
  };

  struct Known {
    PublicKey key;
    ForkStanding standing{};
    /// Up to this size the operator accepted what others may hold against it.
    std::uint64_t accepted_size = 0;
    /// The newest that was found to have grown only.
    std::optional<store::SignedHead> kept;
    std::uint64_t kept_seconds = 0;
    /// A newer one, as its node tells, that is to be proved.
    std::optional<store::SignedHead> claim;
    /// One that others tell, which has to be of the same ledger.
    std::optional<store::SignedHead> foreign;
    /// Its node told of less than what is kept.
    bool is_doubted = false;
    Question own;
    Question of_foreign;
    /// Since when something is to be proved; 0: nothing is.
    std::int64_t open_since_utc_ns = 0;
    /// When it told of its ledger last.
    std::int64_t heard_utc_ns = 0;
    /// It is being vouched for.
    bool is_vouching = false;
    /// What others told of a fork, which they are to prove.
    std::map<NodeId, Teller> tellers;

    [[nodiscard]] bool is_open() const {
      return kept && (claim || foreign || is_doubted);
    }
  };

  /// Answers who is no member any more.
  std::vector<NodeId> set_members(const events::Mesh& mesh, const NodeId& self);
  void set_standing(const NodeId& node, ForkStanding standing);
  /// The operator lets it go on with what it tells next; and all that is known
  /// of it by now, or up to that size, is of no account any more.
  void accept(const NodeId& node, std::uint64_t size);
  /// Up to that size, and nothing else.
  void note_accepted(const NodeId& node, std::uint64_t size);

  /// What was remembered in an earlier life, as a note. False if it is none of
  /// that node.
  bool recall(const NodeId& node, const std::string& note);
  /// Nothing is remembered of it after all.
  void lose(const NodeId& node);
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

  /// The newest heads of nodes with greater ids; not that of `whom`, and of
  /// nobody that something stands against.
  [[nodiscard]] Heads heads_after(const NodeId& after,
                                  const NodeId& whom) const;

  [[nodiscard]] const std::map<NodeId, Known>& all() const { return all_; }

 private:
  using Now = store::ClockReading;

  Known* find(const NodeId& node);
  static WitnessStep vouch(const NodeId& node, Known& known,
                           const store::SignedHead& head);
  static WitnessStep ask(const NodeId& node, Question& question,
                         const store::SignedHead& from, std::uint64_t to,
                         const Now& now);
  static WitnessStep ask_own(const NodeId& node, Known& known, const Now& now);
  static WitnessStep ask_foreign(const NodeId& node, Known& known,
                                 const Now& now);
  WitnessStep hear_own(const NodeId& node, Known& known,
                       const store::SignedHead& head, const Now& now);
  WitnessStep hear_foreign(const NodeId& node, Known& known,
                           const store::SignedHead& head, const Now& now);
  WitnessStep take_own(const NodeId& node, Known& known, const Growth& growth,
                       const Bytes& frame);
  WitnessStep take_short(const NodeId& node, const Known& known,
                         const Growth& growth, const Bytes& frame) const;
  WitnessStep take_link(const NodeId& node, Known& known, const Growth& growth,
                        Question& question, const store::SignedHead& older,
                        const store::SignedHead& newer);

  std::map<NodeId, Known> all_;
  Id mesh_;
};

}  // namespace ppn::actors
