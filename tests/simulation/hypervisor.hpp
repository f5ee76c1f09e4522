// The guests of a simulated host as processes of its machine: they outlive the
// node, and end, fall silent or fill their disk as they please.
#pragma once

#include <map>

#include "actors/interfaces.hpp"

namespace ppn::simulation {

class Scene;
struct Host;

struct SimulatedVmMemory {
  std::uint64_t actual_mb = 0;
  std::uint64_t target_mb = 0;
  std::uint64_t used_mb = 0;
  /// As it was at some time of the last minute.
  std::uint64_t floor_mb = 0;
  bool lies = false;
  bool is_mute = false;
  std::optional<std::uint64_t> mute_since_ns;
  /// Its balloon does not follow.
  bool is_stuck = false;
};

struct SimulatedVm {
  events::VmSight sight;
  SimulatedVmMemory memory;
  /// Something of it is on the disk of its host.
  bool has_files = false;
  /// It does not listen when it is asked to shut down.
  bool is_deaf = false;
  std::uint64_t resets = 0;
};

using SimulatedVms = std::map<Id, SimulatedVm>;

/// Holds what the node asks for against the rules, too.
actors::HypervisorPort::behavior_type hypervisor_port(
    actors::HypervisorPort::pointer self, Scene* scene, Host* host);

actors::ImagePort::behavior_type image_port(actors::ImagePort::pointer self,
                                            Scene* scene, Host* host);

/// Of a host that has no QEMU.
actors::HypervisorPort::behavior_type no_hypervisor(
    actors::HypervisorPort::pointer self, int);
actors::ImagePort::behavior_type no_images(actors::ImagePort::pointer self,
                                           int);

/// What may befall its guests in a minute, whether the node is there or not.
void befall_vms(Scene& scene, Host& host);

/// Whatever keeps one from going on is over.
void heal_vms(Scene& scene, Host& host);

/// All processes are gone with the machine.
void end_vms(Scene& scene, Host& host);

}  // namespace ppn::simulation
