#include "actors/frame_guard.hpp"

#include <utility>

#include "actors/turns.hpp"
#include "events/topology.hpp"
#include "store/byte_order.hpp"
#include "store/signing.hpp"

namespace ppn::actors {

namespace {

constexpr auto index_of(FrameFault fault) {
  return static_cast<std::size_t>(fault);
}

constexpr std::array<FrameFaultName, index_of(FrameFault::count_)> fault_names{{
    {"too_fast", "its source sends too many"},
    {"bad_size", "it is too small or too large to be one"},
    {"malformed", "it is not well-formed"},
    {"too_new", "it is of a kind that only a newer version knows"},
    {"not_for_us", "it is meant for another node"},
    {"unknown_sender", "its sender is no other member of the mesh"},
    {"former_sender", "its sender was removed from the mesh"},
    {"wrong_address", "it does not come from an address of its sender"},
    {"bad_signature", "its sender did not sign it"},
    {"old_boot", "its sender was started again since"},
    {"other_nonce", "its sender introduced itself otherwise in that boot"},
    {"replayed", "it was here before, or is older than it may be"},
    {"two_places",
     "its sender's key speaks from two machines, or from one that was rolled "
     "back"},
}};

}  // namespace

const FrameFaultName& name_of(FrameFault fault) {
  return fault_names[index_of(fault)];
}

FrameGuard::FrameGuard(const NodeId& self, std::uint64_t boot, const Id& nonce)
    : self_(self), boot_(boot), nonce_(nonce) {}

Outcome<AcceptedFrame, DroppedFrame> FrameGuard::check(
    ByteView datagram, const events::IpAddress& from, bool was_passed_on,
    const events::Mesh& mesh, std::uint64_t now_ns) {
  auto& source = source_of(from);
  if (!take_turn(source.idle_from_ns, {frame_burst, frame_interval_ns}, now_ns))
    return drop(FrameFault::too_fast, source, now_ns);
  auto opened = open(datagram);
  if (!opened) return drop(opened.error(), source, now_ns);
  if (auto fault = fault_of_sender(*opened, from, was_passed_on, mesh))
    return drop(*fault, source, now_ns);
  forget_removed(mesh);
  const auto& head = opened->head;
  if (auto fault = fault_of_place(head, now_ns)) {
    auto dropped = drop(*fault, source, now_ns);
    if (fault == FrameFault::two_places)
      dropped.clash = clash_of(head, datagram, now_ns);
    return dropped;
  }
  return AcceptedFrame{head, opened->frame, is_whole(head)};
}

// It rises even if this guard takes the place of one that was lost in the same
// boot, since nobody sends a frame in each nanosecond.
FrameHead FrameGuard::next_head(const NodeId& recipient,
                                const events::Mesh& mesh,
                                std::uint64_t now_ns) {
  forget_removed(mesh);
  counter_ = std::max(counter_ + 1, now_ns);
  FrameHead head{self_, recipient, boot_, counter_, nonce_, {}};
  if (auto speaker = speakers_.find(recipient); speaker != speakers_.end())
    head.heard = speaker->second.last;
  return head;
}

FrameGuard::Source& FrameGuard::source_of(const events::IpAddress& from) {
  return sources_[store::from_big_endian(from.view().last(2)) %
                  frame_sources_max];
}

void FrameGuard::forget_removed(const events::Mesh& mesh) {
  if (place_of(mesh) == roster_) return;
  roster_ = place_of(mesh);
  std::erase_if(speakers_, [&](const auto& speaker) {
    return !mesh.members.contains(speaker.first);
  });
}

Outcome<OpenedFrame, FrameFault> FrameGuard::open(ByteView datagram) {
  auto opened = open_frame(datagram, aligned_);
  if (opened) return *opened;
  if (opened.error().code == store::ErrorCode::bad_input)
    return FrameFault::bad_size;
  if (opened.error().code == store::ErrorCode::too_new)
    return FrameFault::too_new;
  return FrameFault::malformed;
}

std::optional<FrameFault> FrameGuard::fault_of_sender(
    const OpenedFrame& opened, const events::IpAddress& from,
    bool was_passed_on, const events::Mesh& mesh) const {
  const auto& sender = opened.head.sender;
  if (opened.head.recipient != self_) return FrameFault::not_for_us;
  auto found = mesh.members.find(sender);
  if (found == mesh.members.end() || sender == self_)
    return mesh.former.contains(sender) ? FrameFault::former_sender
                                        : FrameFault::unknown_sender;
  const auto& member = found->second;
  bool is_its_own = from == member.address || from == member.address6 ||
                    from == events::tunnel_address(mesh, member);
  if (!was_passed_on && !is_its_own) return FrameFault::wrong_address;
  if (!store::verify(member.key, store::frame_domain,
                     signed_part(mesh.id, opened.bytes), opened.signature))
    return FrameFault::bad_signature;
  return std::nullopt;
}

// A boot has one nonce, so a second one shows two machines even if the first
// was heard by a replay. But a frame of an older boot may only have been held
// back on its way; it shows two machines if it knows of a frame that we sent
// after the newer boot was heard.
std::optional<FrameFault> FrameGuard::fault_of_place(const FrameHead& head,
                                                     std::uint64_t now_ns) {
  auto found = speakers_.find(head.sender);
  if (found == speakers_.end() || head.boot > found->second.boot) {
    speakers_[head.sender] = {head.boot,
                              {head.nonce, head.counter},
                              head.counter,
                              {head.counter},
                              std::max(counter_, now_ns)};
    return std::nullopt;
  }
  auto& speaker = found->second;
  if (head.boot < speaker.boot)
    return is_whole(head) && head.heard->counter > speaker.our_counter
               ? FrameFault::two_places
               : FrameFault::old_boot;
  if (head.nonce != speaker.last.nonce)
    return is_whole(head) ? FrameFault::two_places : FrameFault::other_nonce;
  if (!take_counter(speaker, head.counter)) return FrameFault::replayed;
  return std::nullopt;
}

/// False if it came before, or may have.
bool FrameGuard::take_counter(Speaker& speaker, std::uint64_t counter) {
  auto& [nonce, newest] = speaker.last;
  if (counter < speaker.oldest || !speaker.seen.insert(counter).second)
    return false;
  newest = std::max(newest, counter);
  if (newest > overtaken_ns_max)
    speaker.oldest = std::max(speaker.oldest, newest - overtaken_ns_max);
  // Whoever counts as it likes must not take more memory.
  if (speaker.seen.size() > counters_kept_max)
    speaker.oldest = std::max(speaker.oldest, *speaker.seen.begin() + 1);
  speaker.seen.erase(speaker.seen.begin(),
                     speaker.seen.lower_bound(speaker.oldest));
  return true;
}

bool FrameGuard::is_whole(const FrameHead& head) const {
  return head.heard && head.heard->nonce == nonce_;
}

DroppedFrame FrameGuard::drop(FrameFault fault, Source& source,
                              std::uint64_t now_ns) {
  dropped_[index_of(fault)] += 1;
  auto& explain_from_ns = source.explain_from_ns[index_of(fault)];
  if (now_ns < explain_from_ns) return {fault, false, {}};
  explain_from_ns = now_ns + explain_interval_ns;
  return {fault, true, {}};
}

std::optional<TwoPlaces> FrameGuard::clash_of(const FrameHead& head,
                                              ByteView datagram,
                                              std::uint64_t now_ns) {
  auto& from_ns = speakers_[head.sender].tell_clash_from_ns;
  if (now_ns < from_ns) return std::nullopt;
  from_ns = now_ns + tell_clash_interval_ns;
  return TwoPlaces{head.sender, head.boot, {datagram.begin(), datagram.end()}};
}

}  // namespace ppn::actors
