#include "runtime/configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

// toml++ asserts what a file may break ("[!]"), before it says what is wrong
// with the file. With NDEBUG it would take it for granted.
#ifdef NDEBUG
#error "a mistake in a configuration would be undefined behaviour"
#endif
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include "events/mesh.hpp"
#include "events/vm_spec.hpp"
#include "runtime/wireguard.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;
using store::Status;

/// Tables in tables, one for every two bytes, must not take all of the stack.
constexpr std::size_t file_size_max = std::size_t{1} << 16U;

Error bad(const std::string& what) { return {ErrorCode::bad_input, what}; }

Status check_path(std::string_view path) {
  if (path.starts_with('/')) return {};
  return bad("must be an absolute path");
}

Status set_name(Configuration& configuration, const std::string& value) {
  configuration.name = value;
  return value.empty() ? Status{} : check_node_name(value);
}

Status set_state_dir(Configuration& configuration, const std::string& value) {
  configuration.state_dir = value;
  return check_path(value);
}

Status set_socket(Configuration& configuration, const std::string& value) {
  configuration.socket = value;
  return check_path(value);
}

Status set_commit_group(Configuration& configuration,
                        const std::string& value) {
  configuration.commit_group = value;
  return {};
}

Status set_read_group(Configuration& configuration, const std::string& value) {
  configuration.read_group = value;
  return {};
}

Status set_log_level(Configuration& configuration, const std::string& value) {
  auto level = log_level_of(value);
  if (!level) return bad("must be one of error, warning, info");
  configuration.log_level = *level;
  return {};
}

Status set_interface(Configuration& configuration, const std::string& value) {
  configuration.interface = value;
  if (is_interface_name(value)) return {};
  return bad(
      "the name of an interface has 1 to 15 letters, digits and _ = + . -");
}

/// Nothing if it is none from `lowest` to `highest`.
template <class Number>
std::optional<Number> number_in(const std::string& value, Number lowest,
                                Number highest) {
  Number number = 0;
  const auto* end = value.data() + value.size();
  auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc{} || rest != end || number < lowest ||
      number > highest)
    return std::nullopt;
  return number;
}

Status set_port(std::uint16_t& port, const std::string& value) {
  auto number = number_in<std::uint16_t>(value, 1, 65'535);
  if (!number) return bad("must be a port from 1 to 65535");
  port = *number;
  return {};
}

Status set_listen_port(Configuration& configuration, const std::string& value) {
  return set_port(configuration.listen_port, value);
}

Status set_pairing_port(Configuration& configuration,
                        const std::string& value) {
  return set_port(configuration.pairing_port, value);
}

Status set_pairing_symbols(Configuration& configuration,
                           const std::string& value) {
  auto symbols = number_in(value, events::ShortCode::symbols_min,
                           events::ShortCode::symbols_max);
  if (!symbols) return bad("must be a number of symbols from 6 to 10");
  configuration.pairing_symbols = *symbols;
  return {};
}

Status set_hosts_file(Configuration& configuration, const std::string& value) {
  configuration.hosts_file = value;
  return value.empty() ? Status{} : check_path(value);
}

/// What a unit of systemd is told has another meaning for these.
Status check_guest_path(const std::string& value) {
  if (value.find_first_of(":\\\"% ") != std::string::npos)
    return bad(
        "must be a path without blanks, colons, quotes, percent signs and "
        "backslashes");
  return check_path(value);
}

Status set_guest_dir(Configuration& configuration, const std::string& value) {
  configuration.guest_dir = value;
  return check_guest_path(value);
}

Status set_guest_run_dir(Configuration& configuration,
                         const std::string& value) {
  configuration.guest_run_dir = value;
  return check_guest_path(value);
}

Status set_guest_user(Configuration& configuration, const std::string& value) {
  configuration.guest_user = value;
  return value.empty() ? bad("must be the name of a user") : Status{};
}

/// A number of something that a host has.
Status set_amount(std::uint32_t& amount, const std::string& value) {
  constexpr std::uint32_t amount_max = 1U << 20U;
  auto number = number_in<std::uint32_t>(value, 0, amount_max);
  if (!number)
    return bad("must be a number from 0 to " + std::to_string(amount_max));
  amount = *number;
  return {};
}

Status set_guests_max(Configuration& configuration, const std::string& value) {
  return set_amount(configuration.guests_max, value);
}

Status set_guest_vcpus_max(Configuration& configuration,
                           const std::string& value) {
  return set_amount(configuration.guest_vcpus_max, value);
}

Status set_guest_reserve(Configuration& configuration,
                         const std::string& value) {
  return set_amount(configuration.guest_reserve_mb, value);
}

Status set_guest_low(Configuration& configuration, const std::string& value) {
  return set_amount(configuration.guest_low_mb, value);
}

Status set_guest_high(Configuration& configuration, const std::string& value) {
  return set_amount(configuration.guest_high_mb, value);
}

Status set_fleet_margin(Configuration& configuration,
                        const std::string& value) {
  return set_amount(configuration.fleet_margin_mb, value);
}

Status set_fleet_dispatches(Configuration& configuration,
                            const std::string& value) {
  configuration.fleet_dispatches = value == "true";
  return {};
}

Status set_open_forwards(Configuration& configuration,
                         const std::string& value) {
  configuration.guest_open_forwards = value == "true";
  return {};
}

std::vector<std::string> lines_of(const std::string& value) {
  std::vector<std::string> lines;
  std::istringstream text{value};
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// A line for each.
Status set_guest_bridges(Configuration& configuration,
                         const std::string& value) {
  configuration.guest_bridges.clear();
  for (const auto& name : lines_of(value)) {
    if (!events::is_bridge_name(name))
      return bad("'" + name + "' is not the name of a bridge");
    configuration.guest_bridges.insert(name);
  }
  return {};
}

/// A line for each: NAME=PATH.
Status set_guest_devices(Configuration& configuration,
                         const std::string& value) {
  configuration.guest_devices.clear();
  for (const auto& line : lines_of(value)) {
    auto sign = line.find('=');
    auto name = line.substr(0, sign);
    bool is_good = sign != std::string::npos && events::is_member_name(name) &&
                   check_guest_path(line.substr(sign + 1));
    if (!is_good)
      return bad("'" + line +
                 "' is not NAME=/PATH, with a name of a-z, 0-9 "
                 "and inner hyphens");
    configuration.guest_devices[name] = line.substr(sign + 1);
  }
  return {};
}

/// What stands in the file. Of a list each text has a line for itself.
enum class Kind : std::uint8_t { text, number, flag, list };

/// All keys there are.
struct Key {
  std::string_view path;
  Status (*set)(Configuration&, const std::string&);
  Kind kind = Kind::text;
};

constexpr std::array keys{
    Key{"name", set_name},
    Key{"state_dir", set_state_dir},
    Key{"socket", set_socket},
    Key{"api.commit_group", set_commit_group},
    Key{"api.read_group", set_read_group},
    Key{"log.level", set_log_level},
    Key{"mesh.interface", set_interface},
    Key{"mesh.listen_port", set_listen_port, Kind::number},
    Key{"mesh.hosts_file", set_hosts_file},
    Key{"pairing.port", set_pairing_port, Kind::number},
    Key{"pairing.symbols", set_pairing_symbols, Kind::number},
    Key{"guests.dir", set_guest_dir},
    Key{"guests.run_dir", set_guest_run_dir},
    Key{"guests.user", set_guest_user},
    Key{"guests.max", set_guests_max, Kind::number},
    Key{"guests.vcpus_max", set_guest_vcpus_max, Kind::number},
    Key{"guests.reserve_mb", set_guest_reserve, Kind::number},
    Key{"guests.low_mb", set_guest_low, Kind::number},
    Key{"guests.high_mb", set_guest_high, Kind::number},
    Key{"guests.open_forwards", set_open_forwards, Kind::flag},
    Key{"guests.bridges", set_guest_bridges, Kind::list},
    Key{"guests.devices", set_guest_devices, Kind::list},
    Key{"fleet.margin_mb", set_fleet_margin, Kind::number},
    Key{"fleet.dispatches", set_fleet_dispatches, Kind::flag},
};

bool is_section(std::string_view path) {
  return std::any_of(keys.begin(), keys.end(), [&](const Key& key) {
    return key.path.starts_with(std::string{path} + '.');
  });
}

/// Levenshtein's, two rows at a time.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> above(other.size() + 1);
  std::iota(above.begin(), above.end(), 0);
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::vector<std::size_t> row{i + 1};
    for (std::size_t j = 0; j < other.size(); ++j)
      row.push_back(std::min({row[j] + 1, above[j + 1] + 1,
                              above[j] + (one[i] == other[j] ? 0 : 1)}));
    above = std::move(row);
  }
  return above.back();
}

std::string_view nearest_key(std::string_view path) {
  return std::min_element(keys.begin(), keys.end(),
                          [&](const Key& one, const Key& other) {
                            return distance(one.path, path) <
                                   distance(other.path, path);
                          })
      ->path;
}

std::optional<std::string> list_of(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string lines;
  for (const auto& one : *array) {
    auto text = one.value_exact<std::string>();
    if (!text || text->find('\n') != std::string::npos) return std::nullopt;
    lines += *text + '\n';
  }
  return lines;
}

std::optional<std::string> text_of(const toml::node& node, Kind kind) {
  switch (kind) {
    case Kind::text:
      break;
    case Kind::number: {
      auto number = node.value_exact<std::int64_t>();
      if (!number) return std::nullopt;
      return std::to_string(*number);
    }
    case Kind::flag: {
      auto flag = node.value_exact<bool>();
      if (!flag) return std::nullopt;
      return *flag ? "true" : "false";
    }
    case Kind::list:
      return list_of(node);
  }
  return node.value_exact<std::string>();
}

std::string_view in_words(Kind kind) {
  switch (kind) {
    case Kind::text:
      break;
    case Kind::number:
      return "number";
    case Kind::flag:
      return "true or false";
    case Kind::list:
      return "list of texts in quotes";
  }
  return "text in quotes";
}

class Reader {
 public:
  explicit Reader(std::string source) : source_(std::move(source)) {}

  Result<Configuration> read(const toml::table& root) {
    if (auto done = read_table(root, ""); !done) return done.error();
    if (configuration_.guest_high_mb < configuration_.guest_low_mb)
      return bad(source_ +
                 ": guests.high_mb is less than guests.low_mb, "
                 "which it must not be");
    return configuration_;
  }

 private:
  Status read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      auto path = prefix + std::string{key.str()};
      if (key.str().find('.') != std::string_view::npos)
        return complain(key.source(),
                        fmt::format("there is no key with a dot in its name, "
                                    "'{}': write it without quotes",
                                    path));
      const auto* section = is_section(path) ? node.as_table() : nullptr;
      auto done = section != nullptr ? read_table(*section, path + '.')
                                     : read_value(path, node, key.source());
      if (!done) return done;
    }
    return {};
  }

  Status read_value(const std::string& path, const toml::node& node,
                    const toml::source_region& place) {
    if (is_section(path))
      return complain(place,
                      fmt::format("'{}' is a section: write [{}]", path, path));
    const auto* key =
        std::find_if(keys.begin(), keys.end(),
                     [&](const Key& known) { return known.path == path; });
    if (key == keys.end())
      return complain(
          place, fmt::format("there is no key '{}'; did you mean '{}'?", path,
                             nearest_key(path)));
    auto value = text_of(node, key->kind);
    if (!value || value->find('\0') != std::string::npos)
      return complain(place, fmt::format("'{}' must be {}{}", path,
                                         key->kind == Kind::flag ? "" : "a ",
                                         in_words(key->kind)));
    if (auto set = key->set(configuration_, *value); !set)
      return complain(place,
                      fmt::format("'{}': {}", path, set.error().message));
    return {};
  }

  [[nodiscard]] Error complain(const toml::source_region& place,
                               const std::string& what) const {
    return bad(fmt::format("{}:{}: {}", source_, place.begin.line, what));
  }

  std::string source_;
  Configuration configuration_;
};

}  // namespace

std::vector<std::string_view> configuration_keys() {
  std::vector<std::string_view> paths;
  paths.reserve(keys.size());
  for (const auto& key : keys) paths.push_back(key.path);
  return paths;
}

Result<Configuration> parse_configuration(std::string_view text,
                                          const std::string& source) {
  try {
    return Reader{source}.read(toml::parse(text, source));
  } catch (const toml::parse_error& error) {
    const auto& place = error.source().begin;
    return bad(fmt::format("{}:{}:{}: {}", source, place.line, place.column,
                           error.description()));
  }
}

Result<Configuration> read_configuration(const std::string& path) {
  auto text = store::read_file(path, file_size_max);
  if (!text) return text.error();
  return parse_configuration(*text, path);
}

Status check_node_name(std::string_view name) {
  if (events::is_member_name(name)) return {};
  return bad(
      "a node's name has 1 to 63 lower-case letters, digits and inner hyphens");
}

std::string node_name_of_host(std::string_view host) {
  std::string name{host.substr(0, host.find('.'))};
  for (auto& letter : name)
    if (letter >= 'A' && letter <= 'Z')
      letter = static_cast<char>(letter - 'A' + 'a');
  return name;
}

std::vector<std::string> need_restart(const Configuration& before,
                                      const Configuration& after) {
  std::vector<std::string> differing;
  if (before.name != after.name) differing.emplace_back("name");
  if (before.state_dir != after.state_dir) differing.emplace_back("state_dir");
  if (before.socket != after.socket) differing.emplace_back("socket");
  if (before.interface != after.interface)
    differing.emplace_back("mesh.interface");
  if (before.listen_port != after.listen_port)
    differing.emplace_back("mesh.listen_port");
  if (before.hosts_file != after.hosts_file)
    differing.emplace_back("mesh.hosts_file");
  if (before.pairing_port != after.pairing_port)
    differing.emplace_back("pairing.port");
  if (before.pairing_symbols != after.pairing_symbols)
    differing.emplace_back("pairing.symbols");
  if (before.guest_dir != after.guest_dir) differing.emplace_back("guests.dir");
  if (before.guest_run_dir != after.guest_run_dir)
    differing.emplace_back("guests.run_dir");
  if (before.guest_user != after.guest_user)
    differing.emplace_back("guests.user");
  if (before.guests_max != after.guests_max)
    differing.emplace_back("guests.max");
  if (before.guest_vcpus_max != after.guest_vcpus_max)
    differing.emplace_back("guests.vcpus_max");
  if (before.guest_reserve_mb != after.guest_reserve_mb)
    differing.emplace_back("guests.reserve_mb");
  if (before.guest_low_mb != after.guest_low_mb)
    differing.emplace_back("guests.low_mb");
  if (before.guest_high_mb != after.guest_high_mb)
    differing.emplace_back("guests.high_mb");
  if (before.guest_open_forwards != after.guest_open_forwards)
    differing.emplace_back("guests.open_forwards");
  if (before.guest_bridges != after.guest_bridges)
    differing.emplace_back("guests.bridges");
  if (before.guest_devices != after.guest_devices)
    differing.emplace_back("guests.devices");
  if (before.fleet_margin_mb != after.fleet_margin_mb)
    differing.emplace_back("fleet.margin_mb");
  if (before.fleet_dispatches != after.fleet_dispatches)
    differing.emplace_back("fleet.dispatches");
  return differing;
}

}  // namespace ppn::runtime
