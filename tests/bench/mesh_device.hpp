// A WireGuard device of this host with many peers, told by ppnd's own adapter
// and by wg.
//
// It is left down while it is measured: one that is up calls each peer, and
// there is nobody.
#pragma once

#include <filesystem>

#include "runtime/wireguard.hpp"
#include "tests/bench/sent_count.hpp"

namespace ppn::bench {

/// What it took to do something.
struct Cost {
  double seconds = 0;
  /// Of the one who tells the device, without what the device itself takes.
  double cpu_seconds = 0;
  /// Not known of wg.
  Sent sent;
};

class MeshDevice {
 public:
  /// Makes the device; it has no peers yet.
  MeshDevice(std::size_t peers, runtime::TunnelKeys& keys,
             const std::filesystem::path& directory);
  MeshDevice(const MeshDevice&) = delete;
  MeshDevice& operator=(const MeshDevice&) = delete;
  /// Removes it.
  ~MeshDevice();

  [[nodiscard]] std::size_t peers() const { return desired_.peers.size(); }
  [[nodiscard]] std::string implementation() const;
  [[nodiscard]] bool is_of_kernel() const {
    return implementation() == "kernel";
  }

  // -- not measured -----------------------------------------------------------

  void remove_all_peers();
  /// Some peer is to be another from now on, a different one each time.
  void choose_change();
  /// Writes what wg is told to be as desired.
  void write_for_wg();
  /// Throws unless the device is what it should be.
  void check();
  /// Sets it up, checks it, and applies what differs, which must send nothing.
  void check_when_up();

  // -- measured ---------------------------------------------------------------

  /// The difference from a device without peers, applied.
  Cost apply_all();
  /// The difference of the peer that was chosen, applied.
  Cost apply_change();
  /// A request of no lines, as a program takes it.
  Cost tell_nothing();
  /// Dumps all, compares all, and applies what differs; `sent` is by that last.
  Cost look_and_apply();
  /// wg COMMAND on the device, with what was written for it.
  Cost wg(const std::string& command);

 private:
  /// All but that it is down.
  events::DeviceChange difference(const events::ObservedDevice& observed);

  std::string interface_;
  std::filesystem::path wg_file_;
  runtime::TunnelKeys& keys_;
  std::unique_ptr<runtime::Wireguard> wireguard_;
  events::DeviceConfig desired_;
  /// What the device is known to be.
  events::ObservedDevice known_;
  std::vector<events::TunnelKey> order_;
  std::size_t chosen_ = 0;
};

}  // namespace ppn::bench
