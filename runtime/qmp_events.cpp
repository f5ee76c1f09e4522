#include "runtime/qmp_events.hpp"

#include <algorithm>

namespace ppn::runtime {

namespace {

template <class Enum>
struct Word {
  std::string_view text;
  Enum value;
};

constexpr std::array<Word<QmpRunState>, 16> run_states{{
    {"prelaunch", QmpRunState::prelaunch},
    {"running", QmpRunState::running},
    {"paused", QmpRunState::paused},
    {"suspended", QmpRunState::suspended},
    {"shutdown", QmpRunState::shutdown},
    {"guest-panicked", QmpRunState::guest_panicked},
    {"io-error", QmpRunState::io_error},
    {"internal-error", QmpRunState::internal_error},
    {"watchdog", QmpRunState::watchdog},
    {"debug", QmpRunState::debug},
    {"inmigrate", QmpRunState::inmigrate},
    {"postmigrate", QmpRunState::postmigrate},
    {"finish-migrate", QmpRunState::finish_migrate},
    {"restore-vm", QmpRunState::restore_vm},
    {"save-vm", QmpRunState::save_vm},
    {"colo", QmpRunState::colo},
}};

constexpr std::array<Word<QmpCause>, 10> causes{{
    {"host-error", QmpCause::host_error},
    {"host-qmp-quit", QmpCause::host_quit},
    {"host-qmp-system-reset", QmpCause::host_reset},
    {"host-signal", QmpCause::host_signal},
    {"host-ui", QmpCause::host_ui},
    {"guest-shutdown", QmpCause::guest_shutdown},
    {"guest-reset", QmpCause::guest_reset},
    {"guest-panic", QmpCause::guest_panic},
    {"subsystem-reset", QmpCause::subsystem_reset},
    {"snapshot-load", QmpCause::snapshot_load},
}};

constexpr std::array<Word<QmpPanicAction>, 3> panic_actions{{
    {"pause", QmpPanicAction::pause},
    {"poweroff", QmpPanicAction::poweroff},
    {"run", QmpPanicAction::run},
}};

constexpr std::array<Word<QmpDiskAction>, 3> disk_actions{{
    {"ignore", QmpDiskAction::ignore},
    {"report", QmpDiskAction::report},
    {"stop", QmpDiskAction::stop},
}};

/// The enumerator of 0, which is unknown, if it is none of these.
template <class Enum, std::size_t size>
Enum value_of(const std::array<Word<Enum>, size>& words,
              std::string_view text) {
  auto found = std::find_if(words.begin(), words.end(), [&](const auto& word) {
    return word.text == text;
  });
  return found == words.end() ? Enum{} : found->value;
}

QmpCause cause_in(const QmpJson& data) {
  return value_of(causes, qmp_text(data, "reason"));
}

QmpDiskError read_disk_error(const QmpJson& data) {
  QmpDiskError error;
  error.device = qmp_text(data, "device");
  error.node = qmp_text(data, "node-name");
  error.is_write = qmp_text(data, "operation") == "write";
  error.is_no_space = qmp_flag(data, "nospace");
  error.action = value_of(disk_actions, qmp_text(data, "action"));
  return error;
}

}  // namespace

QmpRunState run_state_of(std::string_view name) {
  return value_of(run_states, name);
}

std::string_view name_of(QmpRunState state) {
  auto found =
      std::find_if(run_states.begin(), run_states.end(),
                   [&](const auto& word) { return word.value == state; });
  return found == run_states.end() ? "unknown" : found->text;
}

std::optional<QmpStatus> read_status(const QmpJson& value) {
  auto name = qmp_text(value, "status");
  if (name.empty()) return std::nullopt;
  return QmpStatus{run_state_of(name), qmp_flag(value, "running")};
}

std::optional<QmpNews> read_news(const QmpEvent& event) {
  const auto& [name, data, utc_ns] = event;
  if (name == "STOP") return QmpStopped{};
  if (name == "RESUME") return QmpResumed{};
  if (name == "SHUTDOWN")
    return QmpShutdown{cause_in(data), qmp_flag(data, "guest")};
  if (name == "RESET") return QmpReset{cause_in(data), qmp_flag(data, "guest")};
  if (name == "GUEST_PANICKED")
    return QmpPanic{value_of(panic_actions, qmp_text(data, "action"))};
  if (name == "BLOCK_IO_ERROR") return read_disk_error(data);
  if (name == "POWERDOWN") return QmpPowerdown{};
  return std::nullopt;
}

bool ResetStorm::take(const QmpReset& reset, std::uint64_t now_ns) {
  if (!reset.by_guest) {
    host_reset_ns_ = now_ns;
    echoes_left_ = echo_resets;
    return false;
  }
  if (is_echo(now_ns)) return false;
  while (!resets_ns_.empty() && now_ns - resets_ns_.front() > storm_ns)
    resets_ns_.pop_front();
  resets_ns_.push_back(now_ns);
  if (resets_ns_.size() <= storm_resets_max) return false;
  resets_ns_.clear();
  return true;
}

bool ResetStorm::is_echo(std::uint64_t now_ns) {
  if (echoes_left_ == 0 || now_ns - host_reset_ns_ > echo_ns) return false;
  --echoes_left_;
  return true;
}

}  // namespace ppn::runtime
