// Guests as units of systemd, on hosts that it runs: each is a service of its
// own in the slice of all guests, with what it may take and reach.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ppn::runtime {

/// Whether systemd runs this host, and this process is not in namespaces with
/// another first process, whose files and ports it would not see. sd_booted(3).
bool is_run_by_systemd();

/// Its paths are without what systemd would not take for a part of them.
struct GuestUnit {
  /// Without ".service"; used once.
  std::string name;
  /// In words, for whoever lists units.
  std::string description;
  /// More than that ends the guest.
  std::uint64_t memory_max_mb = 0;
  /// Against the other guests, if all want to compute: 1 to 10000, 100 being
  /// the usual.
  std::uint32_t cpu_weight = 100;
  /// Of the host, which it may open.
  std::vector<std::filesystem::path> devices;
  /// Places that it does not see, but for what follows.
  std::vector<std::filesystem::path> hidden;
  std::vector<std::filesystem::path> readable;
  std::vector<std::filesystem::path> writable;
  /// Whether it has forwards to listen for; without, it has no network at all.
  bool has_forwards = false;
  /// Whether others than this host may reach those.
  bool is_open = false;
};

/// What runs `program` as that service, by systemd-run(1), with the standard
/// files of whoever runs this; it stays until the service has ended, which does
/// not depend on it.
std::vector<std::string> unit_command(const GuestUnit& unit,
                                      const std::vector<std::string>& program);

/// Ends the service, however far it came.
void kill_unit(const std::string& name);

}  // namespace ppn::runtime
