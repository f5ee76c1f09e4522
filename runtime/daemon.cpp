#include "runtime/daemon.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>

#include "runtime/api_server.hpp"
#include "runtime/clock_linux.hpp"
#include "runtime/console_log.hpp"
#include "runtime/peer_linux.hpp"
#include "runtime/process_linux.hpp"
#include "runtime/service_linux.hpp"
#include "runtime/state_directory_linux.hpp"
#include "runtime/user_data.hpp"
#include "schema/time_text.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr auto look_again_after = std::chrono::milliseconds{5};
constexpr std::uint64_t low_disk_bytes = std::uint64_t{256} << 20U;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

/// What an operator may do about a node that does not start.
std::string advice_on(store::ErrorCode code, const std::string& state_dir) {
  auto user = ::geteuid();
  auto rejoin = fmt::format(
      "`{}ppnctl node rejoin --state-dir {}` keeps this ledger for the audit, "
      "and begins a new identity in its place",
      user == 0 ? "" : fmt::format("sudo -u {} ", user_name(user)), state_dir);
  switch (code) {
    case store::ErrorCode::damaged:
      return "nothing was changed; `ppn-ledger verify` shows the whole damage, "
             "and " +
             rejoin;
    case store::ErrorCode::rolled_back:
    case store::ErrorCode::forked:
      return "nothing was changed; " + rejoin;
    case store::ErrorCode::too_new:
      return "nothing was changed; install the version that wrote it, or a "
             "newer one";
    case store::ErrorCode::no_outside_checkpoint:
      return "nothing was changed; --accept-outside-checkpoint opens it all "
             "the same and records that you said so; if you do not know that "
             "it was not rolled back, " +
             rejoin;
    default:
      return {};
  }
}

void log_not_started(const store::Error& error, const std::string& state_dir) {
  auto advice = advice_on(error.code, state_dir);
  std::string_view event = "node.not_started";
  if (advice.empty())
    log(LogLevel::error, event, {{"error", error.message}});
  else
    log(LogLevel::error, event, {{"error", error.message}, {"advice", advice}});
}

class Daemon {
 public:
  explicit Daemon(DaemonSettings settings)
      : settings_(std::move(settings)),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        timer_(io_) {}

  int run() {
    set_log_level(settings_.configuration.log_level);
    if (auto started = start(); !started) {
      log_not_started(started.error(), settings_.configuration.state_dir);
      return exit_code_of(started.error().code);
    }
    await_signal();
    await_running();
    io_.run();
    return exit_code_;
  }

 private:
  // -- start ------------------------------------------------------------------

  store::Status start() {
    const auto& configuration = settings_.configuration;
    if (auto prepared = prepare_state_directory(configuration.state_dir);
        !prepared)
      return prepared;
    // Before the node, which records that it was started.
    auto server =
        ApiServer::listen(configuration.socket, io_, rules_of(configuration));
    if (!server) return server.error();
    server_ = std::move(*server);
    NodeSettings node;
    node.state_dir = configuration.state_dir;
    auto name = founding_name();
    if (!name) return name.error();
    node.name = *name;
    node.version = settings_.version;
    node.interface = configuration.interface;
    node.listen_port = configuration.listen_port;
    node.hosts_file = configuration.hosts_file;
    node.pairing_port = configuration.pairing_port;
    node.hypervisor = {
        configuration.guest_dir,     configuration.guest_run_dir,
        configuration.guest_user,    keeper_beside_this_program(),
        configuration.guest_bridges, configuration.guest_devices};
    node.pool = limits_of(configuration);
    node.margin_mb = configuration.fleet_margin_mb;
    node.takes_dispatches = configuration.fleet_dispatches;
    node.balloons = {configuration.guest_low_mb, configuration.guest_high_mb};
    if (settings_.accept_outside_checkpoint)
      node.accept_outside_checkpoint =
          store::Principal{schema::PrincipalKind::operator_,
                           "uid/" + std::to_string(::getuid())};
    auto running = RunningNode::start(
        node, io_,
        [this](std::uint64_t entries) { server_->take_growth(entries); },
        [this](const std::string& reason) { take_end(reason); });
    if (!running) return running.error();
    node_ = std::move(*running);
    api_ = std::make_unique<Api>(
        *node_,
        Api::Facts{
            settings_.version, configuration.state_dir, configuration.interface,
            [this] { return warnings(); }, configuration.pairing_symbols,
            [this](std::string_view text) { return keep(text); },
            [this](const Id& vm, std::uint64_t from, std::uint64_t limit) {
              return told(read_console_log(settings_.configuration.guest_dir,
                                           vm, from, limit));
            },
            node_->former_guests(), configuration.guest_run_dir});
    server_->take_growth(node_->entries_at_start());
    server_->serve(*api_);
    return {};
  }

  template <class T>
  static Answer<T> told(const store::Result<T>& result) {
    if (result) return *result;
    return problem_of(result.error());
  }

  [[nodiscard]] Answer<Hash> keep(std::string_view user_data) const {
    return told(keep_user_data(settings_.configuration.guest_dir, user_data));
  }

  static events::PoolLimits limits_of(const Configuration& configuration) {
    events::PoolLimits limits;
    limits.guests_max = configuration.guests_max;
    limits.vcpus_max = configuration.guest_vcpus_max;
    auto memory = host_memory_mb();
    limits.memory_mb = memory - std::min<std::uint64_t>(
                                    configuration.guest_reserve_mb, memory);
    limits.allowance.open_forwards = configuration.guest_open_forwards;
    limits.allowance.bridges = configuration.guest_bridges;
    for (const auto& [name, path] : configuration.guest_devices)
      limits.allowance.devices.insert(name);
    return limits;
  }

  /// A node that there is keeps its own.
  [[nodiscard]] store::Result<std::string> founding_name() const {
    const auto& configured = settings_.configuration;
    if (!configured.name.empty()) return configured.name;
    store::StateDirectory directory{configured.state_dir};
    auto good = check_node_name(settings_.host_name);
    if (good || std::filesystem::exists(directory.database()))
      return settings_.host_name;
    return store::Error{
        good.error().code,
        fmt::format("the host's name, '{}', can not be the node's: {}; name it "
                    "with --name",
                    settings_.host_name, good.error().message)};
  }

  /// Ready once the boot is recorded.
  void await_running() {
    api_->report([this](const Answer<NodeReport>& answer) {
      const auto* report = std::get_if<NodeReport>(&answer);
      if (stopping_) return;
      // A slow disk may keep the first answers away.
      if (report == nullptr || report->node.mode == actors::NodeMode::starting)
        return await_running_again();
      say_started(*report);
    });
  }

  void await_running_again() {
    timer_.expires_after(look_again_after);
    timer_.async_wait([this](ErrorCode error) {
      if (!error) await_running();
    });
  }

  void say_started(const NodeReport& report) {
    const auto& name = settings_.configuration.name;
    log(LogLevel::info, "node.started",
        {{"node", report.node.id.hex()},
         {"name", report.node.name},
         {"boot", std::to_string(report.node.boot)},
         {"version", report.version},
         {"entries", std::to_string(report.ledger.head.size)},
         {"socket", settings_.configuration.socket}});
    if (!name.empty() && name != report.node.name)
      log(LogLevel::warning, "node.name_kept",
          {{"name", report.node.name},
           {"configured", name},
           {"why", "a node keeps the name that it was founded with"}});
    for (const auto& warning : report.warnings)
      log(LogLevel::warning, "node.warning",
          {{"name", warning.name}, {"detail", warning.detail}});
    status_ =
        fmt::format("node {}, boot {}", report.node.name, report.node.boot);
    say_ready(status_);
    if (auto interval = watchdog_interval()) show_life(*interval / 2);
    if (reload_waits_) reload();
  }

  // -- while it runs ----------------------------------------------------------

  /// Alive is a node that answers, not a thread that turns. The ledger is not
  /// asked: a disk may be slow, and a node that was killed would be no better.
  void show_life(std::chrono::microseconds interval) {
    node_->bridge().ask<actors::NodeStatus>(
        node_->node(), look_patience,
        [](const Answer<actors::NodeStatus>& answer) {
          if (std::holds_alternative<actors::NodeStatus>(answer)) say_alive();
        },
        actors::status_atom::value);
    timer_.expires_after(interval);
    timer_.async_wait([this, interval](ErrorCode error) {
      if (!error) show_life(interval);
    });
  }

  std::vector<Warning> warnings() const {
    std::vector<Warning> found;
    auto now_ns = read_clock().utc_ns;
    if (now_ns < node_->newest_entry_ns())
      found.push_back(
          {"clock-behind-ledger",
           fmt::format("the clock says {}, and the newest entry at the start "
                       "was written at {}: set the clock; the order of entries "
                       "does not depend on it",
                       schema::format_time(now_ns),
                       schema::format_time(node_->newest_entry_ns()))});
    auto free = free_space(settings_.configuration.state_dir);
    if (!free)
      found.push_back({"state-dir-gone",
                       fmt::format("{} is not there any more: bring it back",
                                   settings_.configuration.state_dir)});
    if (free && *free < low_disk_bytes)
      found.push_back(
          {"disk-low",
           fmt::format("{} MiB are left for {}: free some space",
                       *free / mebibyte, settings_.configuration.state_dir)});
    if (is_on_same_disk(settings_.configuration.state_dir,
                        settings_.configuration.guest_dir))
      found.push_back(
          {"guests-share-disk",
           fmt::format("{} is on the file system of {}: guests that fill it "
                       "stop the ledger; give it one of its own, or name "
                       "another place in [guests] dir",
                       settings_.configuration.guest_dir,
                       settings_.configuration.state_dir)});
    if (!reload_problem_.empty())
      found.push_back({"configuration-refused", reload_problem_});
    return found;
  }

  static std::optional<gid_t> group_of(const std::string& name) {
    if (name.empty()) return std::nullopt;
    auto group = find_group(name);
    if (!group) log(LogLevel::warning, "api.group_unknown", {{"group", name}});
    return group;
  }

  static AccessRules rules_of(const Configuration& configuration) {
    return {::geteuid(), group_of(configuration.commit_group),
            group_of(configuration.read_group)};
  }

  // -- signals ----------------------------------------------------------------

  void await_signal() {
    signals_.async_wait([this](ErrorCode error, int signal) {
      if (error) return;
      await_signal();
      if (signal == SIGHUP) return reload();
      if (!stopping_) return stop(signal);
      log(LogLevel::warning, "node.stop_forced");
      // What is durable stays, at whatever instant.
      ::_exit(exit_failed);
    });
  }

  void reload() {
    if (stopping_) return;
    // Not ready yet: once it is.
    reload_waits_ = status_.empty();
    if (reload_waits_) return;
    say_reloading();
    auto fresh = settings_.reload();
    if (fresh)
      apply(*fresh);
    else
      refuse(fresh.error());
    say_ready(status_);
  }

  void apply(const Configuration& fresh) {
    reload_problem_.clear();
    set_log_level(fresh.log_level);
    server_->set_rules(rules_of(fresh));
    for (const auto& key : need_restart(settings_.configuration, fresh))
      log(LogLevel::warning, "configuration.needs_restart", {{"key", key}});
    log(LogLevel::info, "configuration.reloaded");
  }

  /// The one before stays in force.
  void refuse(const store::Error& error) {
    reload_problem_ = error.message;
    log(LogLevel::error, "configuration.refused", {{"error", error.message}});
  }

  // -- the end ----------------------------------------------------------------

  void stop(int signal) {
    stopping_ = true;
    log(LogLevel::info, "node.stopping", {{"signal", std::to_string(signal)}});
    say_stopping();
    timer_.cancel();
    server_->stop();
    node_->bridge().ask<bool>(
        node_->node(), commit_patience,
        [this](const Answer<bool>& answer) { take_stopped(answer); },
        actors::stop_atom::value, schema::StopReason::requested);
  }

  void take_stopped(const Answer<bool>& answer) {
    if (const auto* problem = std::get_if<Problem>(&answer)) {
      log(LogLevel::warning, "node.stop_unrecorded",
          {{"why", problem->detail}});
      exit_code_ = exit_failed;
    } else {
      log(LogLevel::info, "node.stopped");
    }
    io_.stop();
  }

  void take_end(const std::string& reason) {
    if (stopping_) return;
    stopping_ = true;
    log(LogLevel::error, "node.ended", {{"error", reason}});
    exit_code_ = exit_failed;
    server_->stop();
    io_.stop();
  }

  DaemonSettings settings_;
  asio::io_context io_{1};
  asio::signal_set signals_;
  /// Until the node runs, to look again; then for the watchdog.
  asio::steady_timer timer_;
  std::unique_ptr<RunningNode> node_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<ApiServer> server_;
  std::string status_;
  std::string reload_problem_;
  bool reload_waits_ = false;
  bool stopping_ = false;
  int exit_code_ = exit_ok;
};

}  // namespace

int exit_code_of(store::ErrorCode code) {
  switch (code) {
    case store::ErrorCode::bad_input:
      return exit_usage;
    case store::ErrorCode::key:
    case store::ErrorCode::permission:
      return exit_permission;
    case store::ErrorCode::damaged:
    case store::ErrorCode::too_new:
    case store::ErrorCode::rolled_back:
    case store::ErrorCode::forked:
    case store::ErrorCode::no_outside_checkpoint:
      return exit_ledger_invalid;
    default:
      return exit_failed;
  }
}

int run_daemon(DaemonSettings settings) {
  return Daemon{std::move(settings)}.run();
}

}  // namespace ppn::runtime
