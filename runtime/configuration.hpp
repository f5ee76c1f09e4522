// What the operator may set: one TOML file, every key with a default. The
// example file in runtime/package/ describes each.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "events/short_code.hpp"
#include "runtime/control_api.hpp"
#include "runtime/log.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

struct Configuration {
  /// Empty: the host's own.
  std::string name;
  std::string state_dir = "/var/lib/ppn";
  std::string socket{api::default_socket};
  std::string commit_group = "ppn";
  std::string read_group;
  LogLevel log_level = LogLevel::info;
  /// Of the tunnels.
  std::string interface = "ppn0";
  std::uint16_t listen_port = 51'820;
  /// Where the names of members are written; empty: nowhere.
  std::string hosts_file = "/etc/hosts";
  /// TCP, for ceremonies.
  std::uint16_t pairing_port = 9205;
  /// Of a code, without the one that checks them.
  std::size_t pairing_symbols = events::ShortCode::symbols_usual;
  /// Where images and disks of guests are, and what their processes need.
  std::string guest_dir = "/var/lib/ppn-guests";
  std::string guest_run_dir = "/run/ppn-guests";
  /// Whom QEMU runs as.
  std::string guest_user = "ppn-guest";
  std::uint32_t guests_max = 128;
  std::uint32_t guest_vcpus_max = 256;
  /// Memory that the host keeps for itself.
  std::uint32_t guest_reserve_mb = 1024;
  /// When balloons take memory for the host, and up to what.
  std::uint32_t guest_low_mb = 512;
  std::uint32_t guest_high_mb = 1024;
  bool guest_open_forwards = false;
  /// Of the host, into which guests may be put.
  std::set<std::string, std::less<>> guest_bridges = {};
  /// Of the host, each under the name that guests have for it.
  std::map<std::string, std::string> guest_devices = {};
  /// What the controller leaves each host beside what guests ask for.
  std::uint32_t fleet_margin_mb = 512;
  /// The controller's guests are taken, and what it orders is done.
  bool fleet_dispatches = true;

  bool operator==(const Configuration&) const = default;
};

/// All keys there are, one in a section as section.key.
std::vector<std::string_view> configuration_keys();

/// `source` is what the text is called in messages. bad_input, with the line
/// and, if a key is not known, the nearest one that is.
store::Result<Configuration> parse_configuration(std::string_view text,
                                                 const std::string& source);

/// The same for a file. not_found, io.
store::Result<Configuration> read_configuration(const std::string& path);

/// bad_input unless it is one to 63 of a-z, 0-9 and inner hyphens.
store::Status check_node_name(std::string_view name);

/// A host's name as the name of a node: its first label, in lower case.
std::string node_name_of_host(std::string_view host);

/// Keys whose values differ and that only a restart applies.
std::vector<std::string> need_restart(const Configuration& before,
                                      const Configuration& after);

}  // namespace ppn::runtime
