// Where a member may be called if the tunnel to it has no handshake: where it
// says that it is, where others see it, and what the roster says.
//
//   A                          (by path)                          B
//     | -- question: A is at ... ------------------------------> |
//     | <----------------------------------- answer: B is at ... |
//     | == calls B, one candidate after the other =============> |
//     | <============= calls A, one candidate after the other == |
//
// Both call, so that a translating router on either side lets the other one's
// call in. Nobody can be made to flood somebody: whatever others say, a few are
// called at a time, each a few times, and after that there is a pause that
// grows.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "events/key_use.hpp"

namespace ppn::events {

/// In the order in which they are tried.
enum class CandidateKind : std::uint8_t { local, observed, configured };

/// "local", for a person and for the API.
const char* in_words(CandidateKind kind);

struct Candidate {
  CandidateKind kind{};
  Endpoint endpoint;

  bool operator==(const Candidate&) const = default;
};

/// Where a member is, in its own words.
struct Whereabouts {
  bool is_answer = false;
  /// Its own addresses, with the port of its tunnels.
  std::vector<Endpoint> local;
  /// Where others see it.
  std::vector<Endpoint> observed;

  bool operator==(const Whereabouts&) const = default;
};

struct WhereaboutsLetter {
  NodeId to;
  /// Through the tunnel between the two, so that it shakes hands; otherwise
  /// like packets.
  bool knocks = false;
  Whereabouts what;
};
using WhereaboutsLetters = std::vector<WhereaboutsLetter>;

/// How a member is called, or was last.
struct Call {
  /// Where it is called now.
  std::optional<Endpoint> endpoint;
  /// Nothing was sent there yet. Once something was, it may be the member who
  /// gets through first, from elsewhere.
  bool begins = false;
  /// What was tried since it was reached last.
  std::vector<Candidate> tried;

  bool operator==(const Call&) const = default;
};
using Calls = std::map<NodeId, Call>;

/// Of each kind.
inline constexpr std::size_t candidates_max = 4;
/// So many members are called at a time; one of them is the hub or the
/// controller.
inline constexpr std::size_t calls_at_once = 3;
/// WireGuard says its first word twice in that time.
inline constexpr std::uint64_t call_ns = 6'000'000'000;
/// When none was the right one it rests that long, then twice as long.
inline constexpr std::uint64_t call_hold_first_ns = 30'000'000'000;
inline constexpr std::uint64_t call_hold_max_ns = 600'000'000'000;
/// News of another place end a rest, and are told to who rests, but of no
/// member and to no member more often than that.
inline constexpr std::uint64_t move_interval_ns = 120'000'000'000;

/// Whether something can be sent there that is not for the mesh itself: an
/// address of one host, beyond this one.
bool is_callable(const Mesh& mesh, const Endpoint& endpoint);

using SeenAt = std::map<NodeId, Endpoint>;

/// Where a device sees those that it reaches.
SeenAt places_of(const Mesh& mesh, const ObservedDevice& device,
                 std::int64_t utc_ns);

class Candidates {
 public:
  explicit Candidates(const NodeId& self) : self_(self) {}

  /// This host's addresses, without those of its tunnels.
  void note_own(std::vector<IpAddress> addresses);
  /// A member sees this one there. Those who are called in vain learn of it.
  WhereaboutsLetters note_seen_at(const Mesh& mesh, const NodeId& by,
                                  const Endpoint& at, std::uint64_t now_ns);
  /// Those that are no members any more are forgotten. To be called with each
  /// roster, before anything else is done with it.
  void keep_members(const Mesh& mesh);
  /// What the device says of each tunnel; those of all but the `changed` look
  /// as they did before. With another roster, or for other keys, all are
  /// `changed`. Nothing passes through those of the `broken`, whatever their
  /// handshakes are. `utc_ns` is by this node's clock.
  void look(const Mesh& mesh, const ObservedDevice& device,
            const std::set<NodeId>& changed, const std::set<NodeId>& broken,
            std::int64_t utc_ns, const KeyUses& keys = {});

  /// From another member.
  WhereaboutsLetters take(const Mesh& mesh, const NodeId& sender,
                          const Whereabouts& whereabouts, std::uint64_t now_ns);

  /// To be called each second while it is restless. `wanted` are those for whom
  /// there is traffic that somebody else passes on. `now_ns` is since the boot
  /// of the host.
  WhereaboutsLetters tick(const Mesh& mesh, const std::set<NodeId>& wanted,
                          std::uint64_t now_ns);

  /// Somebody is to be called now, or to be asked. To be asked behind a tick.
  [[nodiscard]] bool is_restless(const Mesh& mesh,
                                 const std::set<NodeId>& wanted,
                                 std::uint64_t now_ns);

  /// Those who are called or were, in vain so far.
  [[nodiscard]] const Calls& calls() const { return calls_; }

 private:
  struct Peer {
    /// Since it was reached last, or for ever.
    std::uint32_t dark_looks = 0;
    /// As it said last.
    std::optional<Whereabouts> whereabouts;
    /// It asked: it wants to be called until then.
    std::uint64_t wanted_until_ns = 0;
    std::uint64_t answered_ns = 0;
    std::uint32_t questions = 0;
    bool has_answered = false;
    std::uint64_t call_began_ns = 0;
    std::uint64_t knocked_ns = 0;
    /// When the last round of calls ended, and when the next one may begin.
    std::uint64_t rested_ns = 0;
    std::uint64_t due_ns = 0;
    std::uint64_t hold_ns = 0;
    std::uint64_t rest_cut_ns = 0;
    /// When it was told last that this node is seen elsewhere.
    std::uint64_t told_ns = 0;
  };

  /// Nobody is to be called or asked before some time, unless something is seen
  /// or heard.
  [[nodiscard]] bool rests(const std::set<NodeId>& wanted,
                           std::uint64_t now_ns) const {
    return wanted.empty() && now_ns < rests_until_ns_;
  }
  void wake() { rests_until_ns_ = 0; }
  void note_reached(const NodeId& node, Peer& peer);
  [[nodiscard]] static bool is_still(const Peer& peer);
  [[nodiscard]] Whereabouts own(bool is_answer) const;
  [[nodiscard]] bool is_own(const Endpoint& endpoint) const;
  [[nodiscard]] bool is_seen_at(const Endpoint& endpoint) const;
  [[nodiscard]] bool wants(const Mesh& mesh, const NodeId& node,
                           const Peer& peer, const std::set<NodeId>& wanted,
                           std::uint64_t now_ns) const;
  [[nodiscard]] std::vector<Candidate> candidates(const Mesh& mesh,
                                                  const NodeId& node,
                                                  const Peer& peer) const;
  [[nodiscard]] bool has_untried(const NodeId& node, const Peer& peer) const;
  static void cut_rest(Peer& peer, std::uint64_t now_ns);
  /// Null if it is not called and was not.
  [[nodiscard]] const Call* call_of(const NodeId& node) const;
  [[nodiscard]] bool is_called(const NodeId& node) const;
  /// It is called, or asked before that.
  [[nodiscard]] bool takes_room(const NodeId& node, const Peer& peer) const;
  [[nodiscard]] static bool is_asked(const Peer& peer);
  void begin_calling(const Mesh& mesh, const NodeId& node, Peer& peer,
                     std::uint64_t now_ns, WhereaboutsLetters& letters);
  void go_on_calling(const Mesh& mesh, const NodeId& node, Peer& peer,
                     std::uint64_t now_ns, WhereaboutsLetters& letters);
  void call_next(const Mesh& mesh, const NodeId& node, Peer& peer,
                 std::uint64_t now_ns);

  NodeId self_;
  std::uint16_t port_ = 0;
  std::vector<IpAddress> own_;
  /// Who began to be called last; the next one is behind it.
  NodeId turn_;
  /// No tunnel works: anybody who can be reached is a help.
  bool reaches_nobody_ = false;
  SeenAt seen_at_;
  /// At the last look.
  std::set<NodeId> broken_;
  Calls calls_;
  std::map<NodeId, Peer> peers_;
  /// Nobody is called before then, unless something is seen or heard.
  std::uint64_t rests_until_ns_ = 0;
};

}  // namespace ppn::events
