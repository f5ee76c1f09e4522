// What goes wrong in a run. Each seed turns some faults on and others off, and
// draws how often they strike, so that rare combinations occur.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/random.hpp"

namespace ppn::simulation {

using tests::Random;

enum class Fault : std::uint8_t {
  /// A process dies at any step, or at a stage of a commit.
  crash,
  crash_in_commit,
  /// The whole machine starts anew: its clock since boot too.
  reboot,
  /// The node is told to stop, and started again.
  stop,
  /// One actor dies.
  actor_dies,
  /// A commit fails; it reached the disk or did not.
  commit_fails,
  disk_full,
  map_full,
  outside_fails,
  /// A bit of the disk flips while the node is down.
  bit_flip,
  /// The database goes back while the node is down; the checkpoint beside it
  /// does not.
  rollback,
  /// It stays there, and the operator lets the node rejoin under another
  /// identity.
  tail_lost,
  frame_lost,
  frame_repeated,
  frame_late,
  /// A bit of a frame flips, or its end is missing.
  frame_flipped,
  frame_truncated,
  /// An old frame comes once more, also after a restart.
  frame_replayed,
  /// Some hosts do not hear others, in both directions or in one.
  partition,
  one_way_cut,
  slow,
  /// A lid is closed for days.
  suspend,
  clock_skewed,
  clock_jumps,
  clock_absurd,
  /// The dial does nothing and says nothing, or does it and says nothing.
  dial_dumb,
  dial_acts_silently,
  /// The same of the port of the tunnels; or it stops in the middle of a change
  /// and says that it failed.
  wireguard_dumb,
  wireguard_acts_silently,
  wireguard_fails,
  /// It does nothing for a while, and then all that it was asked meanwhile.
  wireguard_hangs,
  /// Somebody else changes the device.
  device_tampered,
  /// A host is reached elsewhere from then on.
  host_roams,
  /// A host is behind a router that translates, for a while.
  translated,
  /// Another machine has the tunnel key of a host, and speaks from elsewhere.
  tunnel_key_copied,
  /// A host keeps the roster from the others, or what it should forward.
  withheld,
  /// Somebody between the two sides of a ceremony breaks their connection, or
  /// changes, repeats or holds back what they say.
  pairing_broken,
  pairing_changed,
  pairing_repeated,
  pairing_overtaken,
  /// Strangers crowd at who is open for ceremonies: they pretend to wait for a
  /// code, or guess at one.
  pairing_crowded,
  /// The port of the guests does nothing and says nothing, or does it and says
  /// nothing; or it can not start one.
  hypervisor_dumb,
  hypervisor_acts_silently,
  hypervisor_fails,
  /// The node dies at what it asks of that port, before, after or amid; its
  /// machine with it, or not.
  hypervisor_kills,
  /// A guest ends in one way or another, at once or some time.
  guest_ends,
  /// Its monitor does not answer for a while; its disk is full for a while;
  /// somebody at its monitor pauses it.
  guest_silent,
  guest_disk_full,
  guest_held,
  /// Others than guests take much of a host's memory, or let go of it.
  memory_taken,
  /// A guest says that it has more memory left than it has, says nothing of it
  /// any more, or does not follow its balloon.
  guest_lies,
  guest_mute,
  balloon_stuck,
  /// A member is not reached by those who want a document or an image of it, or
  /// gives it late.
  bulk_fails,
  bulk_late,
  /// A controller or a host dies just after it recorded something of a request,
  /// or one of the two does not hear the other any more.
  request_kills,
  request_cut,
  /// While a node is down its ledger is rewritten with its own key, or goes
  /// back
  /// with all that is kept beside it.
  history_rewritten,
  history_cut,
  /// Another machine runs with a copy of a node's disk for a while.
  node_cloned,
  count_,
};

inline constexpr std::size_t fault_kinds =
    static_cast<std::size_t>(Fault::count_);

/// Of what becomes of a frame on its way.
bool is_of_frames(Fault fault);

/// As they are spelled on a command line.
const char* name_of(Fault fault);

class Faults {
 public:
  /// None.
  Faults() : per_million_(fault_kinds) {}

  /// Drawn from `random`, of those whose names are in `allowed`; all if it is
  /// empty. bad names are ignored here and refused by the command line.
  static Faults drawn(Random& random, const std::vector<std::string>& allowed);

  [[nodiscard]] bool on(Fault fault) const {
    return per_million_[static_cast<std::size_t>(fault)] != 0;
  }
  /// Whether it strikes this time.
  [[nodiscard]] bool strikes(Fault fault, Random& random) const {
    auto rate = per_million_[static_cast<std::size_t>(fault)];
    return rate != 0 && random.below(1'000'000) < rate;
  }

 private:
  std::vector<std::uint64_t> per_million_;
};

}  // namespace ppn::simulation
