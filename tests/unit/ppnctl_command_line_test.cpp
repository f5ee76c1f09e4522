// The command line of ppnctl, and the scripts that complete it.
#include <boost/test/unit_test.hpp>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"
#include "tools/ppnctl/command_line.hpp"
#include "tools/ppnctl/completion.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

/// What the program exits with. No daemon is ever asked.
int run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"ppnctl", "--socket", "/nowhere"});
  return CommandLine{"1"}.run(static_cast<int>(arguments.size()),
                              arguments.data());
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// What bash would offer for the words, the last of which is being typed.
std::string offered(const std::string& words) {
  ScratchDirectory scratch;
  auto script = (scratch / "script").string();
  auto output = (scratch / "output").string();
  std::ofstream{script} << bash_completion(CommandLine{"1"}.program())
                        << "complete -p ppnctl >/dev/null || exit\n"
                           "COMP_WORDS=("
                        << words
                        << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                           "_ppnctl && echo \"${COMPREPLY[*]}\" >"
                        << output << '\n';
  std::string bash = "bash";
  std::array<char*, 3> arguments{bash.data(), script.data(), nullptr};
  pid_t child = 0;
  BOOST_REQUIRE(::posix_spawnp(&child, "bash", nullptr, nullptr,
                               arguments.data(), environ) == 0);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  return text_of(output);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_command_line)

BOOST_AUTO_TEST_CASE(a_mistake_is_one_of_usage) {
  const std::vector<std::vector<const char*>> mistakes{
      {},
      {"stauts"},
      {"status", "--jsn"},
      {"status", "more"},
      {"ledger"},
      {"ledger", "tail", "-n", "0"},
      {"ledger", "tail", "--watch"},
      {"doctor", "--watch"},
      {"commit"},
      {"commit", "abc", "--yes"},
      {"grant", "s", "r"},
      {"grant", "s", "r", "--rights", "fly", "--yes"},
      {"grant", "s", "r", "--rights", "read", "--yes", "--propose"},
      {"revoke", "abc", "--reason", "x", "--yes"},
      {"mesh"},
      {"mesh", "init", "--propose"},
      {"mesh", "init", "a", "b"},
      {"mesh", "remove"},
      {"mesh", "remove", "a", "--watch"},
      {"mesh", "move-role", "boss", "a", "--yes"},
      {"mesh", "move-role", "hub"},
      {"mesh", "set-endpoint"},
      {"mesh", "rotate-key", "nas", "--yes"},
      {"mesh", "rotate-key", "--watch"},
      {"mesh", "import", "--yes"},
      {"mesh", "replace", "a", "--yes"},
      {"pair"},
      {"pair", "join", "nas"},
      {"pair", "join", "--symbols", "5"},
      {"pair", "join", "--via", "::1", "--only-from", "::2"},
      {"pair", "join", "--via", "192.0.2.1:"},
      {"pair", "join", "--endpoint", "192.0.2.1"},
      {"pair", "join", "--watch"},
      {"pair", "approve", "--from", "[::1", "--yes", "x"},
      {"pair", "open", "--seconds", "601"},
      {"pair", "open", "--seconds", "0"},
      {"pair", "close", "nas"},
      {"pair", "cancel", "1", "2"},
      {"node"},
      {"node", "rejoin", "--propose"},
      {"node", "rejoin", "--watch"},
      {"mesh", "export", "--json"},
      {"plan", "--watch"},
      {"pool", "web"},
      {"fleet"},
      {"fleet", "nodes", "nas"},
      {"fleet", "place", "--dry-run"},
      {"fleet", "place", "--memory", "2G"},
      {"fleet", "place", "--dry-run", "--memory", "2048"},
      {"fleet", "place", "--dry-run", "--memory", "2G", "--watch"},
      {"fleet", "fit"},
      {"fleet", "fit", "--memory", "2G", "--vcpus", "0"},
      {"fleet", "fit", "--memory", "2G", "--disk", "5"},
      {"fleet", "fit", "--memory", "2G", "--dry-run"},
      {"fleet", "drain"},
      {"fleet", "drain", "nas", "--off", "--yes"},
      {"fleet", "undrain", "nas", "--yes", "--propose"},
      {"fleet", "reserve", "nas", "--watch"},
      {"fleet", "requests", "c0ffee"},
      {"fleet", "explain"},
      {"fleet", "explain", "c0f"},
      {"fleet", "explain", "coffee"},
      {"fleet", "explain", "c0ffee", "--watch"},
      {"fleet", "quota", "--guests", "2", "--yes"},
      {"fleet", "quota", "--none", "--yes"},
      {"fleet", "quota", "shop", "--none", "--vcpus", "2", "--yes"},
      {"fleet", "quota", "shop", "--memory", "2", "--yes"},
      {"fleet", "quota", "shop", "--guests", "-1", "--yes"},
      {"completion", "tcsh"}};
  for (const auto& arguments : mistakes)
    BOOST_TEST(run(arguments) == exit_usage);
}

BOOST_AUTO_TEST_CASE(options_may_stand_before_and_after_the_command) {
  BOOST_TEST(run({"--json", "status"}) == exit_not_running);
  BOOST_TEST(run({"status", "--json"}) == exit_not_running);
  BOOST_TEST(run({"proposals", "--watch"}) == exit_not_running);
  BOOST_TEST(run({"pair", "list", "--watch"}) == exit_not_running);
  BOOST_TEST(run({"pool", "--watch", "--json"}) == exit_not_running);
  BOOST_TEST(run({"fleet", "nodes", "--watch"}) == exit_not_running);
  BOOST_TEST(run({"fleet", "guests", "--watch", "--json"}) == exit_not_running);
  BOOST_TEST(run({"fleet", "requests", "--watch"}) == exit_not_running);
  BOOST_TEST(run({"pair", "approve", "--yes", "7", "x", "--json"}) ==
             exit_not_running);
  BOOST_TEST(run({"ledger", "tail", "-f", "--json"}) == exit_not_running);
}

BOOST_AUTO_TEST_CASE(an_argument_may_be_called_like_a_command) {
  BOOST_TEST(run({"mesh", "init", "mesh", "--yes"}) == exit_not_running);
  BOOST_TEST(run({"mesh", "remove", "status", "--yes"}) == exit_not_running);
  BOOST_TEST(run({"mesh", "set-endpoint", "peers", "--yes"}) ==
             exit_not_running);
  BOOST_TEST(run({"fleet", "drain", "fleet", "--yes"}) == exit_not_running);
  BOOST_TEST(run({"status", "doctor"}) == exit_usage);
}

BOOST_AUTO_TEST_CASE(help_and_version_are_no_mistakes) {
  BOOST_TEST(run({"--help"}) == exit_ok);
  BOOST_TEST(run({"--version"}) == exit_ok);
  BOOST_TEST(run({"ledger", "tail", "--help"}) == exit_ok);
  BOOST_TEST(run({"pool", "--help"}) == exit_ok);
}

// -- completion --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(bash_completes_commands) {
  BOOST_TEST(offered("ppnctl sta") == "status\n");
  BOOST_TEST(offered("ppnctl ledger ''") == "head tail\n");
  BOOST_TEST(offered("ppnctl ledger --json t") == "tail\n");
  BOOST_TEST(offered("ppnctl completion ''") == "bash zsh fish\n");
  BOOST_TEST(offered("ppnctl status ''") == "\n");
  BOOST_TEST(offered("ppnctl mesh s") == "show set-endpoint\n");
  BOOST_TEST(offered("ppnctl node ''") == "rejoin\n");
  BOOST_TEST(offered("ppnctl pair c") == "close cancel\n");
  BOOST_TEST(offered("ppnctl po") == "pool\n");
  BOOST_TEST(offered("ppnctl fleet ''") ==
             "nodes guests requests explain place fit drain undrain reserve "
             "quota\n");
}

BOOST_AUTO_TEST_CASE(bash_completes_options) {
  BOOST_TEST(offered("ppnctl --v") == "--version\n");
  BOOST_TEST(offered("ppnctl ledger tail --") ==
             "--help --follow --socket --json --watch\n");
}

BOOST_AUTO_TEST_CASE(bash_takes_no_value_for_a_command) {
  BOOST_TEST(offered("ppnctl --socket ledger led") == "ledger\n");
  BOOST_TEST(offered("ppnctl --socket = ledger led") == "ledger\n");
  BOOST_TEST(offered("ppnctl grant --for ''") == "\n");
  BOOST_TEST(offered("ppnctl --socket /etc/passw").find("/etc/passwd") == 0U);
  BOOST_TEST(offered("ppnctl --socket = /etc/passw").find("/etc/passwd") == 0U);
  BOOST_TEST(
      offered("ppnctl node rejoin --config /etc/passw").find("/etc/passwd") ==
      0U);
}

BOOST_AUTO_TEST_CASE(bash_completes_files_where_a_command_takes_one) {
  BOOST_TEST(offered("ppnctl mesh import /etc/passw").find("/etc/passwd") ==
             0U);
  BOOST_TEST(offered("ppnctl mesh import --e") == "--endpoint\n");
  BOOST_TEST(offered("ppnctl mesh remove /etc/passw") == "\n");
}

BOOST_AUTO_TEST_CASE(every_command_is_in_every_script) {
  CommandLine line{"1"};
  auto bash = bash_completion(line.program());
  auto zsh = zsh_completion(line.program());
  auto fish = fish_completion(line.program());
  for (const auto* command : line.program().get_subcommands(nullptr)) {
    const auto& name = command->get_name();
    BOOST_TEST(mentions(bash, "\n    '" + name + "')\n"));
    BOOST_TEST(mentions(zsh, "'" + name + ":"));
    BOOST_TEST(mentions(fish, "-a " + name + " -d"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
