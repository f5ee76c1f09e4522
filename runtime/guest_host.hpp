// Where this host has what its guests are made of, and whom they run as.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "runtime/guest_files.hpp"

namespace ppn::runtime {

struct HypervisorSettings {
  std::filesystem::path guest_dir;
  std::filesystem::path run_dir;
  /// Whom QEMU runs as; this process's own user if it is not root's.
  std::string user;
  /// What starts it, and tells how it ended.
  std::filesystem::path keeper;
  std::set<std::string, std::less<>> bridges;
  /// Of the host, by the names that specs have for them.
  std::map<std::string, std::string> devices;
};

/// Where what guests are made of lies, and whose it is; made when it is first
/// needed, so that a host without guests has none of it.
class GuestHost {
 public:
  explicit GuestHost(HypervisorSettings settings)
      : settings_(std::move(settings)) {}

  struct Ready {
    GuestUser user;
    GuestFiles files;
    std::unique_ptr<ImageStore> images;
  };

  /// Any thread may ask. What failed is tried again. io, permission, not_found.
  store::Result<std::shared_ptr<Ready>> ready();
  /// Without any place for files. not_found.
  [[nodiscard]] store::Result<GuestUser> user() const;
  [[nodiscard]] const HypervisorSettings& settings() const { return settings_; }

  /// What takes long is given up: the daemon ends.
  void end() { is_ending_ = true; }
  [[nodiscard]] bool is_ending() const { return is_ending_; }

 private:
  HypervisorSettings settings_;
  std::atomic<bool> is_ending_ = false;
  std::mutex mutex_;
  std::shared_ptr<Ready> ready_;
};

}  // namespace ppn::runtime
