// ppnd: the node runtime.
#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "runtime/daemon.hpp"
#include "runtime/process_linux.hpp"
#include "runtime/rejoin_mode.hpp"
#include "store/signing.hpp"

namespace {

using namespace ppn;
using runtime::Configuration;

constexpr const char* default_configuration = "/etc/ppn/ppnd.toml";

/// What the command line says; it wins over the file.
struct Flags {
  std::optional<std::string> file;
  std::optional<std::string> state_dir;
  std::optional<std::string> socket;
  std::optional<std::string> name;
  bool accept_outside_checkpoint = false;
  bool check = false;
  bool plan_rejoin = false;
  /// The identity that is to be given up.
  std::optional<std::string> rejoin;
  bool force = false;
};

std::string host_name() {
  std::array<char, 256> buffer{};
  ::gethostname(buffer.data(), buffer.size() - 1);
  return buffer.data();
}

/// As it is if there is no directory that it could be below.
std::string absolute(const std::string& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

store::Result<Configuration> read_file(const Flags& flags) {
  if (flags.file) {
    auto named = runtime::read_configuration(*flags.file);
    if (named || named.error().code != store::ErrorCode::not_found)
      return named;
    return store::Error{store::ErrorCode::bad_input, named.error().message};
  }
  auto read = runtime::read_configuration(default_configuration);
  // Nobody has to write one.
  if (!read && read.error().code == store::ErrorCode::not_found)
    return Configuration{};
  return read;
}

store::Result<Configuration> read_all(const Flags& flags) {
  auto configuration = read_file(flags);
  if (!configuration) return configuration;
  if (flags.state_dir) configuration->state_dir = absolute(*flags.state_dir);
  if (flags.socket) configuration->socket = absolute(*flags.socket);
  if (flags.name) configuration->name = *flags.name;
  for (const auto* path : {&configuration->state_dir, &configuration->socket})
    if (!path->starts_with('/'))
      return store::Error{store::ErrorCode::bad_input,
                          fmt::format("{} is below no directory", *path)};
  if (configuration->name.empty()) return configuration;
  if (auto good = runtime::check_node_name(configuration->name); !good)
    return good.error();
  return configuration;
}

/// Keys reach neither a core file nor another process of this user, and what is
/// made here is nobody else's.
void close_doors() {
  runtime::hide_memory();
  ::umask(S_IRWXG | S_IRWXO);
  std::signal(SIGPIPE, SIG_IGN);
}

/// What is opened later must not take the place of a standard stream.
void fill_standard_streams() {
  int opened = 0;
  do opened = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (opened >= 0 && opened <= STDERR_FILENO);
  ::close(opened);
}

int fail(const store::Error& error) {
  runtime::log(runtime::LogLevel::error, "node.not_started",
               {{"error", error.message}});
  return runtime::exit_code_of(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  runtime::share_free_memory();
  Flags flags;
  CLI::App app{"Runs a node: its ledger, its actors and its control API."};
  app.add_option("--config", flags.file,
                 fmt::format("the configuration; {} unless given, if it is "
                             "there",
                             default_configuration))
      ->type_name("FILE");
  app.add_option("--state-dir", flags.state_dir, "where the node lives")
      ->type_name("DIR");
  app.add_option("--socket", flags.socket, "where the control API listens")
      ->type_name("PATH");
  app.add_option("--name", flags.name, "what a new node is called");
  app.add_flag("--accept-outside-checkpoint", flags.accept_outside_checkpoint,
               "open a ledger although the checkpoint kept outside of it is "
               "missing or invalid; this is recorded");
  app.add_flag("--check", flags.check,
               "say whether the configuration is good, and end");
  app.add_flag("--rejoin-plan", flags.plan_rejoin,
               "say as JSON what --rejoin would do, and end");
  auto* rejoin_flag =
      app.add_option("--rejoin", flags.rejoin,
                     "give up this identity, begin a new one in its place, and "
                     "end; ppnctl node rejoin asks before it does that")
          ->type_name("NODE")
          ->excludes("--rejoin-plan");
  app.add_flag("--force", flags.force,
               "rejoin although nothing keeps the node from starting")
      ->needs(rejoin_flag);
  app.set_version_flag("--version", "ppnd " PPN_VERSION);
  app.footer(
      "Exit codes: 0 ok, 1 failed, 2 usage or configuration, 5 refused, "
      "6 permission,\n8 ledger invalid.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? runtime::exit_ok : runtime::exit_usage;
  }
  close_doors();
  auto configuration = read_all(flags);
  if (!configuration)
    return flags.plan_rejoin || flags.rejoin
               ? runtime::refuse_rejoin(configuration.error())
               : fail(configuration.error());
  if (flags.check) {
    fmt::print("the configuration is good\n");
    return runtime::exit_ok;
  }
  if (!store::initialise_crypto())
    return fail({store::ErrorCode::io, "the system gives no randomness"});
  auto host = runtime::node_name_of_host(host_name());
  if (flags.plan_rejoin)
    return runtime::show_rejoin_plan({*configuration, host, {}, false});
  if (flags.rejoin)
    return runtime::run_rejoin(
        {*configuration, host, *flags.rejoin, flags.force});
  return runtime::run_daemon({*configuration, host,
                              [flags] { return read_all(flags); },
                              flags.accept_outside_checkpoint, PPN_VERSION});
}
