// One guest of this host as it runs: its process, its monitor, and what the two
// show of it. Lives in the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>

#include "actors/interfaces.hpp"
#include "events/vm.hpp"
#include "runtime/guest_process_linux.hpp"
#include "runtime/qmp_session.hpp"
#include "runtime/vm_memory.hpp"

namespace ppn::runtime {

/// A disk that was full has room again once that much is free.
inline constexpr std::uint64_t disk_room_bytes = std::uint64_t{16} << 20U;

/// Where its files are.
struct VmPlaces {
  std::filesystem::path run_dir;
  std::filesystem::path guest_dir;
  std::filesystem::path log;
};

class VmMonitor : public std::enable_shared_from_this<VmMonitor> {
 public:
  using OnSight = std::function<void(const events::VmSight&)>;
  using Done = std::function<void(const store::Status&)>;

  VmMonitor(boost::asio::io_context& io, VmPlaces places, OnSight on_sight);

  /// Follows a process that is there. Its accelerator is what it was started
  /// with; a new one may take its time until it answers.
  void follow(RunningGuest guest, const std::string& accelerator,
              std::optional<std::uint16_t> cpu_weight, bool is_new);
  /// What it gets of the CPUs now, if it still is that start.
  void note_weight(std::uint64_t start,
                   std::optional<std::uint16_t> cpu_weight);
  /// There is none: the newest start whose end is known, and that.
  void note_end(std::uint64_t start, const events::VmEnd& end);
  /// Nobody can tell whether there is one.
  void note_unknown(const std::string& why);

  /// `done` is told once QEMU was. not_found if it has no such process, io.
  void order(std::uint64_t start, events::VmOrder order, const Done& done);
  /// How many MB its balloon is to leave it. `done` is told once QEMU was,
  /// which is before the guest follows. not_found if it has no such process,
  /// io.
  void set_balloon(std::uint64_t start, std::uint64_t mb, const Done& done);

  /// By what was heard last. Nothing if it has no process, or one whose QEMU
  /// did not answer yet.
  [[nodiscard]] std::optional<actors::VmMemory> memory() const;

  [[nodiscard]] const events::VmSight& sight() const { return sight_; }
  [[nodiscard]] bool is_running() const { return sight_.process != 0; }

  /// Nothing more is told.
  void let_go();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  QmpCallbacks callbacks();
  void show();
  [[nodiscard]] bool is_process(std::uint64_t start) const {
    return start != 0 && sight_.process == start;
  }
  void tell(std::uint64_t start, QmpCommand command, QmpClass kind,
            const Done& done);

  // -- the connection ---------------------------------------------------------

  void connect(const store::FileHandle& connection,
               std::uint64_t negotiation_ns);
  void connect_again(const std::string& why);
  /// Whether that one still is: what was read may be of the one before.
  [[nodiscard]] bool is_connected(std::uint64_t number) const {
    return !is_let_go_ && session_ && number == connections_;
  }
  void read();
  void write();
  void after_use();
  void await_deadline();
  void lose_connection(const std::string& why);

  // -- what it says -----------------------------------------------------------

  void take_status(const QmpStatus& status);
  void take_event(const QmpEvent& event);
  void take_news(const QmpStopped& news);
  void take_news(const QmpResumed& news);
  void take_news(const QmpShutdown& news);
  void take_news(const QmpReset& news);
  void take_news(const QmpPanic& news);
  void take_news(const QmpDiskError& news);
  void take_news(const QmpPowerdown& news);
  void look_for_room();

  // -- its memory -------------------------------------------------------------

  void keep_asking_memory();
  void ask_memory();
  using Heard = std::function<void(const QmpJson&)>;
  void ask(QmpCommand question, Heard heard);

  // -- its end ----------------------------------------------------------------

  void await_end();
  void await_keeper();
  void take_end();

  boost::asio::io_context& io_;
  VmPlaces places_;
  OnSight on_sight_;
  bool is_let_go_ = false;
  events::VmSight sight_;

  pid_t pid_ = 0;
  store::FileHandle process_;
  Descriptor connection_;
  Descriptor process_end_;
  Descriptor keeper_end_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer room_;
  boost::asio::steady_timer memory_timer_;
  std::unique_ptr<QmpSession> session_;
  /// How many there were.
  std::uint64_t connections_ = 0;
  std::array<char, 16'384> input_{};
  bool is_writing_ = false;

  /// What was said of its end before it came.
  std::optional<QmpShutdown> shutdown_;
  bool has_panicked_ = false;
  bool is_storming_ = false;
  bool is_disk_full_ = false;
  ResetStorm storm_;

  HeardMemory heard_;
  std::uint64_t resets_ = 0;
  /// Questions of its memory that are not answered yet, on this connection.
  std::size_t open_questions_ = 0;
};

/// How the process of a start ended, of what its monitor said before and what
/// its keeper did.
events::VmEnd end_of_vm(const std::optional<QmpShutdown>& shutdown,
                        bool has_panicked, bool is_storming,
                        const GuestEnd& end);

}  // namespace ppn::runtime
