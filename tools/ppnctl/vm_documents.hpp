// The documents of guests, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct VmDisk {
  std::string name;
  std::string format;
  /// 0: as much as its base has, or its device.
  std::uint64_t size_mb = 0;
  std::optional<std::string> base;
  std::optional<std::string> base_name;
  std::optional<std::string> device;
  bool is_read_only = false;
};

struct VmForward {
  std::uint64_t host_port = 0;
  std::uint64_t guest_port = 0;
  /// `tcp` or `udp`.
  std::string protocol;
  /// At all addresses of the host, or at the one in the mesh alone.
  bool is_open = false;
  bool is_in_mesh = false;
  /// Nothing: that of a host which is in no mesh.
  std::optional<std::string> address;
};

struct VmSpec {
  std::uint64_t vcpus = 0;
  std::uint64_t memory_mb = 0;
  std::uint64_t floor_mb = 0;
  std::uint64_t cpu_weight = 0;
  std::vector<VmDisk> disks;
  /// Digests, and the names of those images.
  std::optional<std::string> kernel;
  std::optional<std::string> kernel_name;
  std::optional<std::string> initrd;
  std::optional<std::string> initrd_name;
  std::optional<std::string> command_line;
  std::optional<std::string> bridge;
  std::vector<VmForward> forwards;
  bool has_cloud_init = false;
  bool starts_with_host = false;
  std::string restart;
  std::optional<std::string> node;
};

struct Vm {
  std::string id;
  std::string name;
  std::string kind;
  /// What it is: defined, starting, running, paused, stopping, stopped, crashed
  /// or deleting.
  std::string phase;
  /// What it is to be: off, running or paused.
  std::string wish;
  /// Why it is said to be so.
  std::optional<std::string> evidence;
  bool is_unresponsive = false;
  std::optional<std::string> accelerator;
  /// Number of the newest start; 0 before the first.
  std::uint64_t start = 0;
  std::optional<std::int64_t> since_ns;
  /// Of the newest pause, stop or crash.
  std::optional<std::string> cause;
  std::optional<std::string> detail;
  std::uint64_t restarts_in_row = 0;
  bool gave_up = false;
  /// What of it can not be done.
  std::optional<std::string> problem;
  VmSpec spec;
  std::string stream;
  schema::Json document;

  /// It has no process, as far as is known.
  [[nodiscard]] bool has_ended() const {
    return phase == "stopped" || phase == "crashed" || phase == "defined";
  }
  /// It is wanted to run and does not: nobody asked for that pause.
  [[nodiscard]] bool is_held() const {
    return phase == "paused" && wish == "running";
  }
};

struct VmPool {
  std::uint64_t guests = 0;
  std::uint64_t guests_max = 0;
  std::uint64_t vcpus = 0;
  std::uint64_t vcpus_max = 0;
  std::uint64_t memory_mb = 0;
  std::uint64_t memory_mb_max = 0;
  std::uint64_t memory_mb_left = 0;
};

/// By what guests run.
struct VmAcceleration {
  struct Tried {
    std::string name;
    bool works = false;
    std::string reason;
  };

  /// The best one that was seen to run a guest.
  std::optional<std::string> accelerator;
  std::optional<std::string> cpu_model;
  std::optional<std::string> qemu;
  std::vector<Tried> tried;
};

struct Vms {
  std::vector<Vm> vms;
  VmPool pool;
  VmAcceleration acceleration;
  /// Why guests can not be run.
  std::optional<std::string> problem;
};
Result<Vms> read_vms(const schema::Json& document);

/// A piece of what a guest said on its serial console.
struct VmConsoleLog {
  /// As they came: from a stranger.
  std::string bytes;
  /// Offset of the first of them, and where to go on.
  std::uint64_t from = 0;
  std::uint64_t next = 0;
  /// Where it ends by now.
  std::uint64_t size = 0;
};
Result<VmConsoleLog> read_console_log(const schema::Json& document);

/// The document of one guest, as a line for programs.
std::string vm_line(const Vm& vm);

}  // namespace ppn::ctl
