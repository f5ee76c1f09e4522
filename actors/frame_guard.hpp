// What a node remembers of the frames of the others, to tell which of them may
// be believed. Knows no CAF.
//
// Each node draws a nonce for its boot, and its frames carry the newest nonce
// of their recipient. A frame with the right one was made in the recipient's
// boot, so its body counts. Any other introduces its sender: its boot and its
// nonce are learned, no more.
//
//   A, just started            B
//     | -- boot 7, nonce a ----> |  learns a, ignores the body
//     | <-- nonce b, of a ------ |  whole: A's nonce came back
//     | -- nonce a, of b ------> |  whole
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "actors/frame.hpp"
#include "events/mesh.hpp"
#include "schema/outcome.hpp"

namespace ppn::actors {

/// Why a frame is dropped, in the order in which it is looked for.
enum class FrameFault : std::uint8_t {
  too_fast,
  bad_size,
  malformed,
  too_new,
  not_for_us,
  unknown_sender,
  former_sender,
  wrong_address,
  bad_signature,
  old_boot,
  other_nonce,
  replayed,
  two_places,
  count_,
};

struct FrameFaultName {
  /// For a metric.
  std::string_view label;
  /// For a person; behind "a frame was dropped: ".
  std::string_view words;
};

const FrameFaultName& name_of(FrameFault fault);

/// How many frames were dropped, by fault.
using FrameFaultCounts =
    std::array<std::uint64_t, static_cast<std::size_t>(FrameFault::count_)>;

/// A frame of another member.
struct AcceptedFrame {
  FrameHead head;
  /// Good until the next check.
  const schema::Frame* frame = nullptr;
  /// It was made in this boot of ours, so it is no replay. Otherwise its body
  /// is to be ignored, and its sender does not know our nonce yet.
  bool whole = false;
};

/// One key speaks from two machines, or from one that was rolled back.
struct TwoPlaces {
  NodeId node;
  /// In which it should not speak any more, or not so.
  std::uint64_t boot = 0;
  /// The datagram.
  Bytes evidence;
};

struct DroppedFrame {
  FrameFault fault{};
  /// To be logged: the last time that this came from there is long ago.
  bool explain = false;
  /// Set when a member is seen so in its newest boot, and again after a while:
  /// what was told may not have been recorded.
  std::optional<TwoPlaces> clash;
};

/// A source may send so many frames at once, and then one in each interval.
inline constexpr std::uint64_t frame_burst = 100;
inline constexpr std::uint64_t frame_interval_ns = 20'000'000;
/// Sources are told apart by the end of their address. So as many as a usual
/// mesh has are, and no number of forged ones takes more memory.
inline constexpr std::size_t frame_sources_max = 1024;
/// A frame may be overtaken by others that its sender made so much later: they
/// take other ways. The counters are times.
inline constexpr std::uint64_t overtaken_ns_max = 2'000'000'000;
/// More than a source may send in that time.
inline constexpr std::size_t counters_kept_max = 256;
/// A member is told to be at two places once in such a time.
inline constexpr std::uint64_t tell_clash_interval_ns = 60'000'000'000;
/// A fault of a source is explained once in such a time.
inline constexpr std::uint64_t explain_interval_ns = 600'000'000'000;

class FrameGuard {
 public:
  /// `nonce` is the same for all of a boot: who speaks with two is taken for
  /// two machines.
  FrameGuard(const NodeId& self, std::uint64_t boot, const Id& nonce);

  /// Judges a datagram that came from that address, or that a member of that
  /// address passed on. `now_ns` is since the boot of the host, suspended time
  /// included.
  Outcome<AcceptedFrame, DroppedFrame> check(ByteView datagram,
                                             const events::IpAddress& from,
                                             bool was_passed_on,
                                             const events::Mesh& mesh,
                                             std::uint64_t now_ns);

  /// Of the next frame that goes out.
  FrameHead next_head(const NodeId& recipient, const events::Mesh& mesh,
                      std::uint64_t now_ns);

  /// Whether a frame to it is more than an introduction, as far as is known.
  [[nodiscard]] bool has_heard(const NodeId& node) const {
    return speakers_.contains(node);
  }

  [[nodiscard]] const FrameFaultCounts& dropped() const { return dropped_; }

 private:
  struct Source {
    /// When it has used up what it sent so far.
    std::uint64_t idle_from_ns = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(FrameFault::count_)>
        explain_from_ns{};
  };

  /// The newest boot that a member was heard in.
  struct Speaker {
    std::uint64_t boot = 0;
    LastHeard last;
    /// Nothing that was made before is young enough.
    std::uint64_t oldest = 0;
    /// The counters from there on that came.
    std::set<std::uint64_t> seen;
    /// Our own frames with a higher counter were made after it was first heard.
    std::uint64_t our_counter = 0;
    std::uint64_t tell_clash_from_ns = 0;
  };

  static bool take_counter(Speaker& speaker, std::uint64_t counter);
  Source& source_of(const events::IpAddress& from);
  void forget_removed(const events::Mesh& mesh);
  Outcome<OpenedFrame, FrameFault> open(ByteView datagram);
  std::optional<FrameFault> fault_of_sender(const OpenedFrame& opened,
                                            const events::IpAddress& from,
                                            bool was_passed_on,
                                            const events::Mesh& mesh) const;
  std::optional<FrameFault> fault_of_place(const FrameHead& head,
                                           std::uint64_t now_ns);
  [[nodiscard]] bool is_whole(const FrameHead& head) const;
  DroppedFrame drop(FrameFault fault, Source& source, std::uint64_t now_ns);
  std::optional<TwoPlaces> clash_of(const FrameHead& head, ByteView datagram,
                                    std::uint64_t now_ns);

  NodeId self_;
  std::uint64_t boot_;
  Id nonce_;
  std::uint64_t counter_ = 0;
  store::AlignedBytes aligned_;
  std::map<std::size_t, Source> sources_;
  std::map<NodeId, Speaker> speakers_;
  /// Where the roster was that `speakers_` are members of.
  events::RosterPlace roster_;
  FrameFaultCounts dropped_{};
};

}  // namespace ppn::actors
