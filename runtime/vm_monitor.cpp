#include "runtime/vm_monitor.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <utility>

#include "runtime/clock_linux.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using events::VmEnd;
using events::VmOrder;
using events::VmRun;
using ErrorCode = boost::system::error_code;

constexpr auto room_look_interval = std::chrono::seconds{1};
/// So that a monitor that is lost shows within a second.
constexpr auto reconnect_pause = std::chrono::milliseconds{500};

std::uint64_t now_ns() { return read_clock().since_boot_ns; }

bool has_room(const std::filesystem::path& directory) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) return false;
  return disk.f_bavail * disk.f_frsize >= disk_room_bytes;
}

std::uint64_t resident_mb_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
  return resident_mb_in({std::istreambuf_iterator<char>{file}, {}});
}

const char* command_of(VmOrder order) {
  switch (order) {
    case VmOrder::resume:
      return "cont";
    case VmOrder::pause:
      return "stop";
    case VmOrder::reset:
      return "system_reset";
    case VmOrder::power_down:
      return "system_powerdown";
    case VmOrder::quit:
    case VmOrder::kill:
      break;
  }
  return "quit";
}

store::Error in_words(const QmpError& error) {
  switch (error.trouble) {
    case QmpTrouble::refused:
      return {store::ErrorCode::io, "QEMU refuses: " + error.description};
    case QmpTrouble::timeout:
      return {store::ErrorCode::io, "QEMU does not answer"};
    case QmpTrouble::closed:
      break;
  }
  return {store::ErrorCode::io, "QEMU ended before it answered"};
}

std::string in_words(const GuestEnd& end) {
  auto how = end.kind == GuestEnd::Kind::exited
                 ? fmt::format("QEMU exited with {}", end.code)
             : end.kind == GuestEnd::Kind::signalled
                 ? fmt::format("QEMU was ended by signal {}", end.code)
                 : std::string{"nobody saw how QEMU ended"};
  return end.last_words.empty() ? how : how + ": " + end.last_words;
}

VmEnd::Kind kind_of(const QmpShutdown& shutdown) {
  switch (shutdown.cause) {
    case QmpCause::guest_shutdown:
      return VmEnd::Kind::shut_down;
    case QmpCause::guest_panic:
      return VmEnd::Kind::panicked;
    case QmpCause::host_quit:
    case QmpCause::host_signal:
    case QmpCause::host_ui:
      return VmEnd::Kind::quit;
    default:
      return VmEnd::Kind::failed;
  }
}

VmEnd::Kind kind_of(const GuestEnd& end) {
  if (end.kind == GuestEnd::Kind::unknown) return VmEnd::Kind::unknown;
  if (end.kind == GuestEnd::Kind::signalled)
    return end.code == SIGKILL || end.code == SIGTERM ? VmEnd::Kind::killed
                                                      : VmEnd::Kind::failed;
  if (end.code != 0) return VmEnd::Kind::failed;
  // It says who sent it a signal that it heeds.
  bool by_signal = end.last_words.find("terminating on signal") !=
                   std::string::npos;
  return by_signal ? VmEnd::Kind::quit : VmEnd::Kind::shut_down;
}

}  // namespace

VmEnd end_of_vm(const std::optional<QmpShutdown>& shutdown, bool has_panicked,
                bool is_storming, const GuestEnd& end) {
  VmEnd told{kind_of(end), in_words(end)};
  if (is_storming) return {VmEnd::Kind::reset_storm, told.detail};
  if (has_panicked) return {VmEnd::Kind::panicked, told.detail};
  bool was_killed = end.kind == GuestEnd::Kind::signalled;
  if (shutdown && !was_killed) told.kind = kind_of(*shutdown);
  return told;
}

VmMonitor::VmMonitor(asio::io_context& io, VmPlaces places, OnSight on_sight)
    : io_(io),
      places_(std::move(places)),
      on_sight_(std::move(on_sight)),
      connection_(io),
      process_end_(io),
      keeper_end_(io),
      deadline_(io),
      room_(io),
      memory_timer_(io) {}

void VmMonitor::let_go() {
  is_let_go_ = true;
  ErrorCode ignored;
  connection_.close(ignored);
  process_end_.close(ignored);
  keeper_end_.close(ignored);
  deadline_.cancel();
  room_.cancel();
  memory_timer_.cancel();
}

void VmMonitor::show() {
  if (!is_let_go_) on_sight_(sight_);
}

void VmMonitor::follow(RunningGuest guest, const std::string& accelerator,
                       std::optional<std::uint16_t> cpu_weight, bool is_new) {
  if (sight_.process == guest.start) return;
  sight_.is_unknown = false;
  sight_.process = guest.start;
  sight_.run = VmRun::unknown;
  sight_.accelerator = accelerator;
  sight_.cpu_weight = cpu_weight;
  sight_.silence.reset();
  shutdown_.reset();
  has_panicked_ = is_storming_ = is_disk_full_ = false;
  storm_ = {};
  heard_ = {};
  resets_ = 0;
  pid_ = guest.pid;
  process_ = std::move(guest.process);
  // Each waits on a descriptor of its own, which it closes.
  process_end_.assign(::dup(process_.get()));
  if (guest.keeper.open()) keeper_end_.assign(::dup(guest.keeper.get()));
  show();
  await_end();
  connect(guest.connection, is_new ? qmp_negotiation_ns : qmp_watch_ns);
}

void VmMonitor::note_weight(std::uint64_t start,
                            std::optional<std::uint16_t> cpu_weight) {
  if (!is_process(start)) return;
  sight_.cpu_weight = cpu_weight;
  show();
}

void VmMonitor::note_end(std::uint64_t start, const VmEnd& end) {
  sight_ = {};
  sight_.ended = start;
  sight_.end = end;
  show();
}

void VmMonitor::note_unknown(const std::string& why) {
  if (sight_.is_unknown && sight_.silence == why) return;
  sight_ = {};
  sight_.is_unknown = true;
  sight_.silence = why;
  show();
}

void VmMonitor::order(std::uint64_t start, VmOrder order, const Done& done) {
  bool is_killed = order == VmOrder::kill && is_process(start);
  if (is_killed) return done(signal_process(process_, SIGKILL));
  tell(start, {command_of(order)}, QmpClass::control, done);
}

void VmMonitor::set_balloon(std::uint64_t start, std::uint64_t mb,
                            const Done& done) {
  // Later it would be by what was said long before.
  bool is_heard = session_ && session_->is_ready() && !session_->is_silent();
  if (is_process(start) && !is_heard)
    return done(store::Error{store::ErrorCode::io,
                             "the guest's monitor does not answer"});
  tell(start, set_balloon_to(mb), QmpClass::query, done);
}

void VmMonitor::tell(std::uint64_t start, QmpCommand command, QmpClass kind,
                     const Done& done) {
  if (!is_process(start))
    return done(store::Error{store::ErrorCode::not_found,
                             "the guest has no such process"});
  if (!session_)
    return done(store::Error{store::ErrorCode::io,
                             "the guest's monitor is not connected"});
  session_->execute(
      std::move(command), kind,
      [done](const QmpResult& result) {
        done(result ? store::Status{} : in_words(result.error()));
      },
      now_ns());
  after_use();
}

// -- the connection -----------------------------------------------------------

void VmMonitor::connect(const store::FileHandle& connection,
                        std::uint64_t negotiation_ns) {
  connection_.assign(::dup(connection.get()));
  connections_ += 1;
  is_writing_ = false;
  open_questions_ = 0;
  heard_.await_news();
  session_ =
      std::make_unique<QmpSession>(callbacks(), now_ns(), negotiation_ns);
  session_->watch(true);
  read();
  after_use();
}

/// Whatever was missed meanwhile the new session asks for.
void VmMonitor::connect_again(const std::string& why) {
  deadline_.expires_after(reconnect_pause);
  deadline_.async_wait([self = shared_from_this(), why](ErrorCode cancelled) {
    bool is_due = !cancelled && !self->is_let_go_ && !self->session_ &&
                  self->is_running();
    if (!is_due) return;
    auto found = find_guest(self->places_.run_dir);
    bool is_there = found && *found && (*found)->start == self->sight_.process;
    if (is_there) {
      self->sight_.silence.reset();
      self->connect((*found)->connection, qmp_watch_ns);
    } else {
      self->sight_.silence = "its monitor is lost: " + why;
      self->connect_again(why);
    }
    self->show();
  });
}

void VmMonitor::read() {
  connection_.async_read_some(
      asio::buffer(input_), [self = shared_from_this(), number = connections_](
                                ErrorCode error, std::size_t size) {
        if (!self->is_connected(number)) return;
        if (error)
          return self->lose_connection("QEMU closed it: " + error.message());
        self->session_->take({self->input_.data(), size}, now_ns());
        self->after_use();
        if (self->session_) self->read();
      });
}

void VmMonitor::write() {
  if (is_writing_ || !session_ || session_->output().empty()) return;
  is_writing_ = true;
  auto bytes = session_->output();
  connection_.async_write_some(
      asio::buffer(bytes.data(), bytes.size()),
      [self = shared_from_this(), number = connections_](ErrorCode error,
                                                         std::size_t size) {
        if (error || !self->is_connected(number)) return;
        self->is_writing_ = false;
        self->session_->note_written(size, now_ns());
        self->after_use();
      });
}

void VmMonitor::after_use() {
  if (!session_) return;
  write();
  await_deadline();
}

void VmMonitor::await_deadline() {
  auto deadline = session_->next_deadline();
  if (!deadline) return void(deadline_.cancel());
  auto now = now_ns();
  deadline_.expires_after(
      std::chrono::nanoseconds{*deadline > now ? *deadline - now : 0});
  deadline_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
    if (cancelled || self->is_let_go_ || !self->session_) return;
    self->session_->tick(now_ns());
    self->after_use();
  });
}

/// Mostly its process is about to end. If it lives on, that is all there is to
/// see of it.
void VmMonitor::lose_connection(const std::string& why) {
  if (!session_) return;
  auto session = std::move(session_);
  session->close(why);
  deadline_.cancel();
  memory_timer_.cancel();
  ErrorCode ignored;
  connection_.close(ignored);
  if (is_running()) connect_again(why);
}

QmpCallbacks VmMonitor::callbacks() {
  QmpCallbacks told;
  told.on_ready = [this](const QmpStatus& status) {
    take_status(status);
    keep_asking_memory();
  };
  told.on_status = [this](const QmpStatus& status) { take_status(status); };
  told.on_event = [this](const QmpEvent& event) { take_event(event); };
  told.on_silence = [this](bool is_silent, const std::string& evidence) {
    if (is_silent)
      sight_.silence = evidence + "; " + process_evidence(pid_);
    else
      sight_.silence.reset();
    show();
  };
  told.on_broken = [this](const std::string& why) {
    asio::post(
        io_, [self = shared_from_this(), why] { self->lose_connection(why); });
  };
  return told;
}

// -- what it says -------------------------------------------------------------

void VmMonitor::take_status(const QmpStatus& status) {
  auto before = sight_.run;
  if (before == VmRun::ending) return;
  switch (status.state) {
    case QmpRunState::prelaunch:
      sight_.run = VmRun::prepared;
      break;
    case QmpRunState::running:
    case QmpRunState::suspended:
    case QmpRunState::watchdog:
      sight_.run = VmRun::running;
      is_disk_full_ = false;
      break;
    case QmpRunState::io_error:
      if (before == VmRun::disk_full || before == VmRun::disk_error) return;
      // Of one that fell into it unseen nobody knows why: trying shows it.
      is_disk_full_ = true;
      sight_.run = VmRun::disk_full;
      look_for_room();
      break;
    case QmpRunState::shutdown:
    case QmpRunState::guest_panicked:
    case QmpRunState::internal_error:
      sight_.run = VmRun::ending;
      break;
    default:
      sight_.run = VmRun::paused;
  }
  if (sight_.run != before) show();
}

void VmMonitor::take_event(const QmpEvent& event) {
  if (auto news = read_news(event))
    std::visit([this](const auto& one) { take_news(one); }, *news);
}

void VmMonitor::take_news(const QmpStopped&) {
  if (sight_.run == VmRun::disk_full || sight_.run == VmRun::disk_error ||
      sight_.run == VmRun::ending)
    return;
  sight_.run = VmRun::paused;
  show();
}

void VmMonitor::take_news(const QmpResumed&) {
  room_.cancel();
  is_disk_full_ = false;
  sight_.has_room = false;
  sight_.run = VmRun::running;
  show();
}

void VmMonitor::take_news(const QmpShutdown& news) {
  shutdown_ = news;
  sight_.run = VmRun::ending;
  show();
}

void VmMonitor::take_news(const QmpReset& news) {
  heard_.await_news();
  resets_ += 1;
  if (!storm_.take(news, now_ns()) || is_storming_) return;
  is_storming_ = true;
  order(sight_.process, VmOrder::quit, [](const store::Status&) {});
}

void VmMonitor::take_news(const QmpPanic&) { has_panicked_ = true; }

void VmMonitor::take_news(const QmpDiskError& news) {
  if (news.action != QmpDiskAction::stop) return;
  auto run = news.is_no_space ? VmRun::disk_full : VmRun::disk_error;
  if (sight_.run == run) return;
  sight_.run = run;
  is_disk_full_ = news.is_no_space;
  if (is_disk_full_) look_for_room();
  show();
}

void VmMonitor::take_news(const QmpPowerdown&) {}

/// Told each time that there is some: who went on with too little is soon here
/// again.
void VmMonitor::look_for_room() {
  sight_.has_room = has_room(places_.guest_dir);
  if (sight_.has_room) return;
  room_.expires_after(room_look_interval);
  room_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
    if (cancelled || self->is_let_go_ || !self->is_disk_full_) return;
    self->look_for_room();
    if (self->sight_.has_room) self->show();
  });
}

// -- its memory ---------------------------------------------------------------

std::optional<actors::VmMemory> VmMonitor::memory() const {
  auto actual_mb = heard_.actual_mb();
  if (!is_running() || !actual_mb) return std::nullopt;
  return actors::VmMemory{sight_.process, resets_, *actual_mb,
                          resident_mb_of(pid_), heard_.says(now_ns())};
}

/// As long as there is that connection.
void VmMonitor::keep_asking_memory() {
  ask_memory();
  memory_timer_.expires_after(
      std::chrono::nanoseconds{events::balloon_interval_ns});
  memory_timer_.async_wait(
      [self = shared_from_this(), number = connections_](ErrorCode cancelled) {
        if (!cancelled && self->is_connected(number))
          self->keep_asking_memory();
      });
}

/// Who does not answer is not asked more. QEMU is told each time to poll the
/// guest: where it does so already that changes nothing.
void VmMonitor::ask_memory() {
  bool is_heard = session_->is_ready() && !session_->is_silent();
  if (!is_heard || open_questions_ != 0) return;
  ask(poll_guest_memory(), [](const QmpJson&) {});
  ask(ask_guest_memory(), [this](const QmpJson& value) {
    heard_.take_guest_memory(value, now_ns());
  });
  ask(ask_balloon(),
      [this](const QmpJson& value) { heard_.take_balloon(value); });
  after_use();
}

/// What is refused says nothing: a guest that was started long ago may have no
/// balloon of that name.
void VmMonitor::ask(QmpCommand question, Heard heard) {
  open_questions_ += 1;
  session_->execute(
      std::move(question), QmpClass::query,
      [this, number = connections_,
       heard = std::move(heard)](const QmpResult& result) {
        if (!is_connected(number)) return;
        open_questions_ -= 1;
        if (result) heard(*result);
      },
      now_ns());
}

// -- its end ------------------------------------------------------------------

void VmMonitor::await_end() {
  process_end_.async_wait(Descriptor::wait_read,
                          [self = shared_from_this()](ErrorCode error) {
                            if (!error && !self->is_let_go_)
                              self->await_keeper();
                          });
}

/// Who has the last word, unless it is gone.
void VmMonitor::await_keeper() {
  if (!keeper_end_.is_open()) return take_end();
  keeper_end_.async_wait(Descriptor::wait_read,
                         [self = shared_from_this()](ErrorCode error) {
                           if (!error && !self->is_let_go_) self->take_end();
                         });
}

void VmMonitor::take_end() {
  // What it said last may still be there to be read.
  if (session_) {
    ErrorCode error;
    connection_.non_blocking(true, error);
    while (session_ && !error) {
      auto size = connection_.read_some(asio::buffer(input_), error);
      if (!error) session_->take({input_.data(), size}, now_ns());
    }
  }
  auto start = sight_.process;
  auto end = end_of_vm(shutdown_, has_panicked_, is_storming_,
                       end_of_guest(places_.run_dir, start, places_.log));
  sight_.run = VmRun::ending;
  lose_connection("QEMU ended");
  ErrorCode ignored;
  process_end_.close(ignored);
  keeper_end_.close(ignored);
  process_ = {};
  heard_ = {};
  room_.cancel();
  note_end(start, end);
}

}  // namespace ppn::runtime
