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

/// All keys there are; each is a text or a number.
struct Key {
  std::string_view path;
  Status (*set)(Configuration&, const std::string&);
  bool is_number = false;
};

constexpr std::array keys{
    Key{"name", set_name},
    Key{"state_dir", set_state_dir},
    Key{"socket", set_socket},
    Key{"api.commit_group", set_commit_group},
    Key{"api.read_group", set_read_group},
    Key{"log.level", set_log_level},
    Key{"mesh.interface", set_interface},
    Key{"mesh.listen_port", set_listen_port, true},
    Key{"mesh.hosts_file", set_hosts_file},
    Key{"pairing.port", set_pairing_port, true},
    Key{"pairing.symbols", set_pairing_symbols, true},
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

std::optional<std::string> text_of(const toml::node& node, bool is_number) {
  if (!is_number) return node.value_exact<std::string>();
  auto number = node.value_exact<std::int64_t>();
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

class Reader {
 public:
  explicit Reader(std::string source) : source_(std::move(source)) {}

  Result<Configuration> read(const toml::table& root) {
    if (auto done = read_table(root, ""); !done) return done.error();
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
    auto value = text_of(node, key->is_number);
    if (!value || value->find('\0') != std::string::npos)
      return complain(
          place, fmt::format("'{}' must be a {}", path,
                             key->is_number ? "number" : "text in quotes"));
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
  return differing;
}

}  // namespace ppn::runtime
