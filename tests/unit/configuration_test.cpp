// The configuration: what the example file says, and what each mistake is
// answered.
#include "runtime/configuration.hpp"

#include <set>
#include <sstream>

#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

using runtime::check_node_name;
using runtime::Configuration;
using runtime::parse_configuration;
using store::ErrorCode;
using namespace std::string_literals;

namespace {

Configuration parsed(std::string_view text) {
  return must(parse_configuration(text, "ppnd.toml"));
}

/// What is said of a text that will not do.
std::string complaint(std::string_view text) {
  auto refused = parse_configuration(text, "ppnd.toml");
  BOOST_TEST(is_error(refused, ErrorCode::bad_input));
  return error_of(refused).message;
}

/// The keys of a file that has one in each line.
std::set<std::string> keys_of(const std::string& text) {
  std::set<std::string> keys;
  std::string section;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('['))
      section = line.substr(1, line.find(']') - 1) + ".";
    else if (auto end = line.find(" = "); end != std::string::npos)
      keys.insert(section + line.substr(0, end));
  }
  return keys;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(configuration)

// -- the example -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_example_file_says_the_defaults) {
  auto example = project_file("runtime/package/ppnd.toml.example");
  BOOST_TEST((parsed(example) == Configuration{}));
}

BOOST_AUTO_TEST_CASE(the_example_file_has_every_key_and_no_other) {
  auto in_example = keys_of(project_file("runtime/package/ppnd.toml.example"));
  auto all = runtime::configuration_keys();
  std::set<std::string> known(all.begin(), all.end());
  BOOST_TEST(in_example == known, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_key_marked_live_and_no_other_needs_no_restart) {
  const auto example = project_file("runtime/package/ppnd.toml.example");
  Configuration other{"other",
                      "/other",
                      "/other.sock",
                      "a",
                      "b",
                      runtime::LogLevel::error,
                      "wg7",
                      7,
                      "/other.hosts",
                      7,
                      10,
                      "/a",
                      "/b",
                      "c",
                      1,
                      2,
                      3,
                      4,
                      5,
                      true,
                      {"br1"},
                      {{"d", "/e"}},
                      6,
                      false};
  auto needing = runtime::need_restart({}, other);
  std::istringstream lines{example};
  std::size_t live = 0;
  for (std::string line; std::getline(lines, line);)
    live += line.ends_with("(live)") ? 1 : 0;
  BOOST_TEST(needing == (std::vector<std::string>{"name",
                                                  "state_dir",
                                                  "socket",
                                                  "mesh.interface",
                                                  "mesh.listen_port",
                                                  "mesh.hosts_file",
                                                  "pairing.port",
                                                  "pairing.symbols",
                                                  "guests.dir",
                                                  "guests.run_dir",
                                                  "guests.user",
                                                  "guests.max",
                                                  "guests.vcpus_max",
                                                  "guests.reserve_mb",
                                                  "guests.low_mb",
                                                  "guests.high_mb",
                                                  "guests.open_forwards",
                                                  "guests.bridges",
                                                  "guests.devices",
                                                  "fleet.margin_mb",
                                                  "fleet.dispatches"}),
             boost::test_tools::per_element());
  BOOST_TEST(live + needing.size() == runtime::configuration_keys().size());
}

// -- what is good ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_empty_file_says_the_defaults) {
  BOOST_TEST((parsed("") == Configuration{}));
  BOOST_TEST((parsed("# nothing\n\n[api]\n[log]\n") == Configuration{}));
}

BOOST_AUTO_TEST_CASE(every_key_is_taken) {
  auto read = parsed(R"(name = "hub-1"
state_dir = "/srv/ppn"
socket = "/srv/ppn.sock"
api.commit_group = ""
api.read_group = "users"
[log]
level = "error"
[mesh]
interface = "wg7"
listen_port = 1
hosts_file = ""
[pairing]
port = 2
symbols = 10
[guests]
dir = "/srv/guests"
run_dir = "/run/guests"
user = "nobody"
max = 3
vcpus_max = 4
reserve_mb = 5
low_mb = 6
high_mb = 7
open_forwards = true
bridges = ["br0", "lan.2"]
devices = ["scratch=/dev/vdb"]
[fleet]
margin_mb = 8
dispatches = false
)");
  Configuration expected{"hub-1",
                         "/srv/ppn",
                         "/srv/ppn.sock",
                         "",
                         "users",
                         runtime::LogLevel::error,
                         "wg7",
                         1,
                         "",
                         2,
                         10,
                         "/srv/guests",
                         "/run/guests",
                         "nobody",
                         3,
                         4,
                         5,
                         6,
                         7,
                         true,
                         {"br0", "lan.2"},
                         {{"scratch", "/dev/vdb"}},
                         8,
                         false};
  BOOST_TEST((read == expected));
}

BOOST_AUTO_TEST_CASE(every_level_has_its_name) {
  BOOST_TEST(
      (parsed("log.level = 'error'").log_level == runtime::LogLevel::error));
  BOOST_TEST((parsed("log.level = 'warning'").log_level ==
              runtime::LogLevel::warning));
  BOOST_TEST(
      (parsed("log.level = 'info'").log_level == runtime::LogLevel::info));
}

// -- what is not -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_unknown_key_is_answered_with_its_line_and_the_nearest) {
  BOOST_TEST(complaint("\nstate_dri = '/srv'\n") ==
             "ppnd.toml:2: there is no key 'state_dri'; did you mean "
             "'state_dir'?");
  BOOST_TEST(complaint("[api]\n\ncommit_grup = 'ppn'\n") ==
             "ppnd.toml:3: there is no key 'api.commit_grup'; did you mean "
             "'api.commit_group'?");
  BOOST_TEST(complaint("[lag]\nlevel = 'info'\n") ==
             "ppnd.toml:1: there is no key 'lag'; did you mean 'name'?");
  BOOST_TEST(mentions(complaint("[log.level]\nx = 1\n"), "ppnd.toml:1: "));
}

BOOST_AUTO_TEST_CASE(a_value_of_another_type_is_refused) {
  for (auto value : {"1", "true", "['x']", "2026-11-25", "1.5", "{a = 'b'}"})
    BOOST_TEST(complaint("name = "s + value) ==
               "ppnd.toml:1: 'name' must be a text in quotes");
}

BOOST_AUTO_TEST_CASE(a_section_is_no_value_and_a_value_no_section) {
  BOOST_TEST(complaint("\napi = 'ppn'\n") ==
             "ppnd.toml:2: 'api' is a section: write [api]");
  BOOST_TEST(mentions(complaint("[[api]]\n"), "'api' is a section"));
  BOOST_TEST(complaint("[socket]\n") ==
             "ppnd.toml:1: 'socket' must be a text in quotes");
}

BOOST_AUTO_TEST_CASE(a_key_is_there_once) {
  auto twice = complaint("name = 'a'\nname = 'b'\n");
  BOOST_TEST(mentions(twice, "ppnd.toml:2:"));
  BOOST_TEST(mentions(twice, "name"));
  BOOST_TEST(mentions(complaint("[api]\n[log]\n[api]\n"), "ppnd.toml:3:"));
}

/// In quotes, a dot is part of a name: the key would be there twice, and one of
/// the two would win.
BOOST_AUTO_TEST_CASE(a_section_is_not_hidden_in_quotes) {
  auto said =
      complaint("\"api.commit_group\" = 'a'\n[api]\ncommit_group = 'b'\n");
  BOOST_TEST(mentions(said, "ppnd.toml:1: "));
  BOOST_TEST(mentions(said, "without quotes"));
}

BOOST_AUTO_TEST_CASE(what_is_no_toml_is_answered_with_its_place) {
  BOOST_TEST(mentions(complaint("name = 'a'\nname\n"), "ppnd.toml:"));
  BOOST_TEST(
      mentions(complaint("a = 'x'\nb = \"unfinished\n"), "ppnd.toml:2:"));
  BOOST_TEST(mentions(complaint("]"), "ppnd.toml:1:1: "));
}

/// None of it ends the program, which may be in the middle of a reload.
BOOST_AUTO_TEST_CASE(whatever_stands_where_a_key_is_due_is_answered) {
  for (const auto begin : {"[", "[[", "[a.", "a.", "a = {", "a = [", "a = "})
    for (int byte = 0; byte < 256; ++byte) {
      auto text = begin + std::string{static_cast<char>(byte)};
      for (const auto end : {"", "]", "\n"}) {
        auto read = parse_configuration(text + end, "ppnd.toml");
        BOOST_TEST(!read, text + end);
      }
    }
}

BOOST_AUTO_TEST_CASE(letters_beyond_ascii_stand_in_quotes_and_comments_only) {
  BOOST_TEST(parsed("socket = '/run/\xc3\xa9' # \xe2\x82\xac\n").socket ==
             "/run/\xc3\xa9");
  for (const auto text : {"\xc3\xa9 = 1", "[\xe2\x82\xac]", "name \xc3\xa9",
                          "name = 'a' \xf0\x9f\x90\xa7", "\xe3\x80\x81"})
    BOOST_TEST(mentions(complaint(text), "ppnd.toml:1:"));
}

BOOST_AUTO_TEST_CASE(no_text_has_zero_bytes) {
  BOOST_TEST(mentions(complaint("name = 'a\0b'\n"s), "ppnd.toml:1:"));
  BOOST_TEST(mentions(complaint("socket = \"/run/a\\u0000b\"\n"),
                      "'socket' must be a text in quotes"));
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_refused) {
  BOOST_TEST(mentions(complaint("name = '\xff'\n"), "ppnd.toml:1:"));
  BOOST_TEST(mentions(complaint("name = '\xed\xa0\x80'\n"), "ppnd.toml:1:"));
  BOOST_TEST(mentions(complaint("# \xc3(\n"), "ppnd.toml:1:"));
}

BOOST_AUTO_TEST_CASE(a_path_is_absolute) {
  BOOST_TEST(complaint("socket = 'run/ppnd.sock'") ==
             "ppnd.toml:1: 'socket': must be an absolute path");
  BOOST_TEST(complaint("state_dir = ''") ==
             "ppnd.toml:1: 'state_dir': must be an absolute path");
}

BOOST_AUTO_TEST_CASE(a_level_is_one_of_three) {
  for (auto level : {"", "Info", "trace", "warn"})
    BOOST_TEST(complaint("[log]\nlevel = '"s + level + "'") ==
               "ppnd.toml:2: 'log.level': must be one of error, warning, "
               "info");
}

BOOST_AUTO_TEST_CASE(a_port_is_a_number_from_1_to_65535) {
  BOOST_TEST(parsed("mesh.listen_port = 65535").listen_port == 65'535U);
  for (auto port : {"0", "65536", "-1", "9223372036854775807"})
    BOOST_TEST(complaint("mesh.listen_port = "s + port) ==
               "ppnd.toml:1: 'mesh.listen_port': must be a port from 1 to "
               "65535");
  for (auto port : {"'51820'", "1.5", "true", "[1]"})
    BOOST_TEST(complaint("mesh.listen_port = "s + port) ==
               "ppnd.toml:1: 'mesh.listen_port' must be a number");
}

BOOST_AUTO_TEST_CASE(a_code_has_6_to_10_symbols) {
  BOOST_TEST(parsed("pairing.symbols = 6").pairing_symbols == 6U);
  for (auto symbols : {"5", "11", "-8"})
    BOOST_TEST(complaint("pairing.symbols = "s + symbols) ==
               "ppnd.toml:1: 'pairing.symbols': must be a number of symbols "
               "from 6 to 10");
}

/// Fifteen bytes are what a kernel takes.
BOOST_AUTO_TEST_CASE(an_interface_has_a_name_that_a_kernel_takes) {
  BOOST_TEST(parsed("mesh.interface = 'wg-0_a=+.7'").interface == "wg-0_a=+.7");
  BOOST_TEST(parsed("mesh.interface = 'abcdefghijklmno'").interface.size() ==
             15U);
  for (auto name : {"", "abcdefghijklmnop", "a/b", "a b", "..", "\xc3\xa9"})
    BOOST_TEST(mentions(complaint("mesh.interface = '"s + name + "'"),
                        "'mesh.interface': the name of an interface has"));
  BOOST_TEST(mentions(complaint("mesh.interface = 0"),
                      "'mesh.interface' must be a text in quotes"));
}

BOOST_AUTO_TEST_CASE(a_file_of_hosts_is_at_an_absolute_path_or_none) {
  BOOST_TEST(parsed("mesh.hosts_file = ''").hosts_file == "");
  BOOST_TEST(complaint("mesh.hosts_file = 'etc/hosts'") ==
             "ppnd.toml:1: 'mesh.hosts_file': must be an absolute path");
}

BOOST_AUTO_TEST_CASE(a_bad_name_is_refused_where_it_is_written) {
  BOOST_TEST(mentions(complaint("name = 'Hub'"), "ppnd.toml:1: 'name': "));
}

// -- files -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_is_named_in_what_is_said_of_it) {
  ScratchDirectory scratch;
  auto path = (scratch / "some.toml").string();
  BOOST_TEST(is_error(runtime::read_configuration(path), ErrorCode::not_found));
  must(store::replace_file(path, store::as_bytes("\nnam = ''\n"), 0600));
  BOOST_TEST(mentions(error_of(runtime::read_configuration(path)).message,
                      path + ":2: "));
}

/// Each would be a table in a table, and their ends take the stack.
BOOST_AUTO_TEST_CASE(a_file_is_not_read_if_it_is_huge) {
  ScratchDirectory scratch;
  auto path = scratch / "deep.toml";
  auto deep = [](std::size_t depth) {
    std::string text = "a";
    for (std::size_t i = 0; i < depth; ++i) text += ".a";
    return text + " = 1\n";
  };
  must(store::replace_file(path, store::as_bytes(deep(500'000)), 0600));
  BOOST_TEST(is_error(runtime::read_configuration(path.string()),
                      ErrorCode::bad_input));
}

// -- names -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_nodes_name_is_like_a_hosts) {
  for (auto name : {"a"s, "7"s, "hub-1"s, "a--b"s, std::string(63, 'x')})
    BOOST_TEST(check_node_name(name).ok());
  for (auto name : {""s, "-a"s, "a-"s, "-"s, "A"s, "a.b"s, "a_b"s, "a b"s,
                    "a\n"s, "a\0"s, "\xc3\xa9"s, std::string(64, 'x')})
    BOOST_TEST(is_error(check_node_name(name), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(a_hosts_name_is_taken_to_its_first_dot_in_lower_case) {
  BOOST_TEST(runtime::node_name_of_host("Laptop-A.Example.ORG") == "laptop-a");
  BOOST_TEST(runtime::node_name_of_host("hub") == "hub");
  BOOST_TEST(runtime::node_name_of_host(".org") == "");
  BOOST_TEST(runtime::node_name_of_host("") == "");
}

BOOST_AUTO_TEST_CASE(nothing_needs_a_restart_if_nothing_changed) {
  BOOST_TEST(runtime::need_restart({}, {}).empty());
}

BOOST_AUTO_TEST_CASE(the_places_of_guests_mean_nothing_else_to_systemd) {
  for (const auto* dir : {"'/a b'", "'/a:b'", "'/a%b'", "'/a\\\\b'", "'a'"}) {
    BOOST_TEST(complaint("guests.dir = "s + dir) != "", dir);
    BOOST_TEST(complaint("guests.run_dir = "s + dir) != "", dir);
  }
}

BOOST_AUTO_TEST_CASE(the_high_mark_is_not_below_the_low_one) {
  BOOST_TEST(mentions(complaint("guests.high_mb = 511\n"), "guests.low_mb"));
  BOOST_TEST((parsed("guests.high_mb = 512\n").guest_high_mb == 512U));
}

BOOST_AUTO_TEST_CASE(a_bridge_has_a_name_that_linux_has_for_interfaces) {
  for (const auto* bridges :
       {"['']", "['a b']", "['../x']", "['-x']", "['sixteen-letters-']", "[1]"})
    BOOST_TEST(!runtime::parse_configuration("guests.bridges = "s + bridges,
                                             "ppnd.toml"));
}

BOOST_AUTO_TEST_CASE(a_device_of_guests_has_a_name_and_a_path) {
  for (const auto* devices : {"['=/dev/vdb']", "['a']", "['a=dev']",
                              "['A b=/dev/vdb']", "[1]", "'a=/dev/vdb'"})
    BOOST_TEST(!runtime::parse_configuration("guests.devices = "s + devices,
                                             "ppnd.toml"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
