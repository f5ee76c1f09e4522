// What a guest that runs says of its memory, as its QEMU hands it on, and how
// long ago it said so.
//
// QEMU keeps what it was told last, with a date by the clock of the host, which
// may be set. So that only tells one statement from the one before; the age is
// counted here, from when it was heard.
#pragma once

#include "events/balloon.hpp"
#include "runtime/qmp.hpp"

namespace ppn::runtime {

// -- what QEMU is told --------------------------------------------------------

/// To ask the guest once in balloon_interval_ns. One that does already goes on
/// as before.
QmpCommand poll_guest_memory();
QmpCommand ask_guest_memory();
QmpCommand ask_balloon();
/// Answered before the guest follows, if it does.
QmpCommand set_balloon_to(std::uint64_t mb);

// -- what it answers ----------------------------------------------------------

struct GuestStatement {
  /// When the guest made it; 0 if it never made one.
  std::uint64_t made_at = 0;
  /// What it could still give to its programs, or what is free where it does
  /// not say that; nothing if it says neither.
  std::optional<std::uint64_t> available_mb;

  bool operator==(const GuestStatement&) const = default;
};

/// What ask_guest_memory() is answered; nothing if it is not that.
std::optional<GuestStatement> read_guest_memory(const QmpJson& value);

/// What ask_balloon() is answered: how many MB it leaves the guest; nothing if
/// it is not that.
std::optional<std::uint64_t> read_balloon(const QmpJson& value);

/// Of the host, by /proc/PID/status (proc(5)); 0 if that does not say it.
std::uint64_t resident_mb_in(const std::string& status);

/// What was heard of one process. All times are of one clock that never goes
/// back.
class HeardMemory {
 public:
  /// What was answered; what makes no sense is nothing said.
  void take_guest_memory(const QmpJson& value, std::uint64_t now_ns);
  void take_balloon(const QmpJson& value);

  /// The guest was reset, or there is another connection: what it said before
  /// does not count any more, nor does what is answered first.
  void await_news();

  /// Nothing if that is not known yet.
  [[nodiscard]] std::optional<std::uint64_t> actual_mb() const {
    return actual_mb_;
  }
  [[nodiscard]] std::optional<events::GuestMemory> says(
      std::uint64_t now_ns) const;

 private:
  std::optional<std::uint64_t> actual_mb_;
  /// Of the statement that was answered last, heard before or not.
  std::optional<std::uint64_t> made_at_;
  std::optional<std::uint64_t> available_mb_;
  std::uint64_t heard_ns_ = 0;
  /// What the balloon left it, as far as that was known then.
  std::uint64_t of_mb_ = 0;
};

}  // namespace ppn::runtime
