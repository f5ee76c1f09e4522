// The choice of the path to each member, from what the device says of its
// tunnels and from what the other ends say.
//
//   - While packets pass, a word follows each second through the tunnel between
//     the two, whatever path the packets take, or through the relay. Some in a
//     row without an answer mean that this way is dead.
//   - Both ends of a path must take it together: a device takes the packets of
//     a member from one peer alone. So each word says which path its sender
//     takes or wishes to take, and goes that very way; the path is taken once
//     the other end said the same. Where two ends differ, the one with the
//     lower node id is right, and asks by its relay whether it still is.
//   - A path that failed soon after it was taken is not tried again for a
//     while, and then for a longer one.
//
// Level-triggered: what is not answered is said again, and the next word of
// either end shows where the two differ.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "events/key_use.hpp"
#include "events/path.hpp"

namespace ppn::events {

/// "I send to you by this path. Do you?"
struct PathWord {
  /// Of the question; the answer has the same.
  std::uint64_t number = 0;
  bool is_answer = false;
  Path path;
};

/// A word as it came.
struct HeardWord {
  NodeId sender;
  /// Who passed it on; nothing: it came through the tunnel between the two.
  std::optional<NodeId> through;
  PathWord word;
  /// When its sender said it: boot and counter of the frame, which rise.
  std::pair<std::uint64_t, std::uint64_t> said;
};

struct PathLetter {
  NodeId to;
  /// Who passes it on; nothing: it goes through the tunnel between the two.
  std::optional<NodeId> through;
  PathWord word;
};
using PathLetters = std::vector<PathLetter>;

/// So many words in a row without an answer: that way is dead. One follows each
/// second.
inline constexpr std::uint32_t unanswered_max = 5;
/// A tunnel that has no handshake for so many looks is not waited for.
inline constexpr std::uint32_t dark_looks_max = 5;
/// For so long is not tried what failed, if it held before; twice as long each
/// time that it does not hold for `path_settled_ns`.
inline constexpr std::uint64_t path_hold_first_ns = 10'000'000'000;
inline constexpr std::uint64_t path_hold_max_ns = 600'000'000'000;
inline constexpr std::uint64_t path_settled_ns = 60'000'000'000;

/// What a device counts of a datagram of UDP that has `size` bytes: padded to
/// 16 and with 32 around it (WireGuard's paper, section 5.4.6).
std::uint64_t tunnel_bytes(std::size_t size, bool is_v6);

/// What a device counts of a tunnel in one direction, and what explains it.
struct ByteCount {
  std::uint64_t counted = 0;
  /// Since the last look.
  std::int64_t explained = 0;
  /// Explained before the last look, and not counted then.
  std::int64_t ahead = 0;
  /// More were counted than explained within so many looks from now on back.
  std::uint32_t looks_left = 0;
};

/// What is known of the way to one member.
struct PeerPath {
  Path path;
  schema::PathReason why{};

  /// It said a word once. Who never does is judged by handshakes alone.
  bool has_spoken = false;
  /// When it said the newest of its words. What was said earlier and comes
  /// later, by another way, moves nothing.
  std::pair<std::uint64_t, std::uint64_t> said;

  // -- of the tunnel between the two
  bool is_live = false;
  /// The other end says by itself that it is there.
  bool is_told_first = false;
  /// What was sent through it came back when that was looked at last.
  bool works = true;
  std::uint32_t dark_looks = 0;
  std::uint32_t unanswered = 0;
  /// When a word came back through it last.
  std::uint64_t answered_ns = 0;
  /// Words that are still to ask whether it works again.
  std::uint32_t questions = 0;
  std::uint64_t asked_ns = 0;
  std::int64_t handshake_ns = 0;
  ByteCount received;
  ByteCount sent;
  /// Since something was received last.
  std::uint32_t silent_looks = 0;
  /// For so many looks more packets are taken to pass.
  std::uint32_t busy_looks = 0;

  // -- of the direct path
  std::uint64_t left_ns = 0;
  std::uint64_t took_ns = 0;
  std::uint64_t hold_ns = 0;

  // -- of the relays
  std::uint32_t relay_unanswered = 0;
  /// Words that are still to ask whether it passes on at all.
  std::uint32_t relay_questions = 0;
  std::set<NodeId> failed_relays;
  std::uint64_t relays_due_ns = 0;
  std::uint64_t relay_hold_ns = 0;

  // -- of what is asked of the other end
  /// Answers to what was asked up to here are late.
  std::uint64_t asked_before = 0;
  std::optional<Path> wished;
  schema::PathReason wished_why{};
  std::uint32_t wishes = 0;
};

class Paths {
 public:
  explicit Paths(const NodeId& self) : self_(self) {}

  /// The path that was recorded last; before anything else.
  void restore(const NodeId& node, const TakenPath& taken);

  /// Those that are no members any more are forgotten, and new ones get the
  /// usual path. To be called with each roster, before anything else is done
  /// with it.
  void keep_members(const Mesh& mesh);

  /// What the device says of each tunnel; those of all but the `changed` look
  /// as they did before. With another roster, or for other keys, all are
  /// `changed`. `utc_ns` is by this node's clock.
  void look(const Mesh& mesh, const ObservedDevice& device,
            const std::set<NodeId>& changed, std::int64_t utc_ns,
            const KeyUses& keys = {});

  /// The tunnel to a member has another key: a word through it shakes hands.
  void doubt(const NodeId& node);

  /// This program's own frames to or from a member, as bytes that the device
  /// counts; by the path that packets take, or through the tunnel between the
  /// two.
  void note_own(const NodeId& node, bool by_path, std::uint64_t received,
                std::uint64_t sent);

  /// To be called each second while it is restless. `now_ns` is since the boot
  /// of the host.
  PathLetters tick(const Mesh& mesh, std::uint64_t now_ns);

  /// From another member.
  PathLetters take(const Mesh& mesh, const HeardWord& heard,
                   std::uint64_t now_ns);

  /// Whether a word from one may be passed on to the other: both are reached
  /// directly, so that packets would be passed on too.
  [[nodiscard]] bool passes_on(const NodeId& from, const NodeId& to) const;

  /// Nothing comes back through their tunnels.
  [[nodiscard]] const std::set<NodeId>& broken() const { return broken_; }
  /// Whose packets may be among those that somebody passes on now, or should.
  [[nodiscard]] std::set<NodeId> behind_busy_relays() const;

  /// Something is to be asked, agreed or changed. To be asked behind a tick.
  [[nodiscard]] bool is_restless(const Mesh& mesh, std::uint64_t now_ns);

  /// To every other member whose path is not the usual one, or was chosen.
  [[nodiscard]] TakenPaths taken(const Mesh& mesh) const;
  /// Rises whenever, in one roster, one of them becomes another.
  [[nodiscard]] std::uint64_t moves() const { return moves_; }

 private:
  /// A path that would be better than the one that is taken.
  struct Wish {
    Path path;
    schema::PathReason why{};
    /// Nothing is lost if the other end learns of it later.
    bool alone = false;
  };

  [[nodiscard]] bool rests(std::uint64_t now_ns) const {
    return now_ns < rests_until_ns_;
  }
  /// Something may be to do again.
  void wake() { rests_until_ns_ = 0; }
  /// To be called whenever something changed that the two sets are of.
  void sort_in(const NodeId& node, const PeerPath& peer);
  [[nodiscard]] bool leads(const NodeId& other) const { return self_ < other; }
  [[nodiscard]] bool is_busy(const NodeId& node) const;
  [[nodiscard]] bool can_relay(const NodeId& node) const {
    return relays_.contains(node);
  }
  [[nodiscard]] bool is_dark(const NodeId& node) const;
  /// Who may pass packets on and did not fail, the hub first.
  [[nodiscard]] std::optional<NodeId> relay_left(const Mesh& mesh,
                                                 const NodeId& other,
                                                 const PeerPath& peer) const;
  [[nodiscard]] std::optional<NodeId> relay_to(const Mesh& mesh,
                                               const NodeId& other,
                                               const PeerPath& peer,
                                               std::uint64_t now_ns) const;
  [[nodiscard]] std::optional<Wish> wish(const Mesh& mesh, const NodeId& other,
                                         const PeerPath& peer,
                                         std::uint64_t now_ns) const;
  [[nodiscard]] std::optional<Wish> wish_instead_of_direct(
      const Mesh& mesh, const NodeId& other, const PeerPath& peer,
      std::uint64_t now_ns) const;
  void move(const NodeId& other, PeerPath& peer, const Path& path,
            schema::PathReason why, std::uint64_t now_ns);
  [[nodiscard]] static bool asks(const PeerPath& peer, std::uint64_t now_ns);
  [[nodiscard]] bool asks_relay(const PeerPath& peer) const;
  void ask(const NodeId& other, PeerPath& peer, const Path& path,
           const std::optional<NodeId>& through, PathLetters& letters);
  void ask_behind_relays(std::uint64_t now_ns, PathLetters& letters);
  void forgive(const Mesh& mesh, const NodeId& other, PeerPath& peer,
               std::uint64_t now_ns) const;
  void pursue(const NodeId& other, PeerPath& peer, const Wish& wish,
              std::uint64_t now_ns, PathLetters& letters);
  [[nodiscard]] bool can_take(const Mesh& mesh, const NodeId& sender,
                              const PeerPath& peer, const Path& path) const;
  /// Whether the other end is followed to the path that it wishes.
  [[nodiscard]] bool may_follow(const Mesh& mesh, const NodeId& sender,
                                const PeerPath& peer, const Path& path) const;
  [[nodiscard]] static bool is_proved(const PeerPath& peer,
                                      std::uint64_t now_ns);
  void take_answer(const Mesh& mesh, const NodeId& sender, PeerPath& peer,
                   const PathWord& word, std::uint64_t now_ns);

  NodeId self_;
  std::map<NodeId, PeerPath> peers_;
  std::uint64_t last_number_ = 0;
  std::uint64_t moves_ = 0;
  /// Nothing comes back through their tunnels.
  std::set<NodeId> broken_;
  /// Who can pass packets on.
  std::set<NodeId> relays_;
  /// Nothing is to do before then, unless something is seen or heard.
  std::uint64_t rests_until_ns_ = 0;
  /// Who was asked last behind a relay.
  NodeId turn_;
};

}  // namespace ppn::events
