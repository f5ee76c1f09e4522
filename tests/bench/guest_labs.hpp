// Labs with real guests, one after the other in namespaces of their own: each
// is an argument of a program of python.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ppn::bench {

struct GuestLabs {
  std::filesystem::path program;
  std::filesystem::path scratch;
  bool quick = false;
  /// Done before them, in their namespaces.
  std::function<void()> prepare = [] {};
};

/// Whether there is a kernel for guests to boot. It may come over the network,
/// which the labs have none of.
bool find_kernel(const GuestLabs& labs);

/// Why what boots was not measured, if there is none.
inline constexpr const char* no_kernel =
    "there is no kernel for guests to be had: it comes from the distribution, "
    "by apt-get download";

/// To be done before labs that do not hang on weights: the control groups that
/// ppnd makes for those of guests would outlive whoever is killed.
void hide_control_groups();

/// Runs them. Why they can not be run here, if they can not; throws if one
/// failed.
std::string run_apart(const GuestLabs& labs,
                      const std::vector<std::string>& names);

}  // namespace ppn::bench
