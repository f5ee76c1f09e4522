// What this host has for guests, and what is reserved: a guest is there only if
// it fits beside all others, running or not.
#pragma once

#include "events/image.hpp"
#include "events/vm.hpp"

namespace ppn::events {

struct PoolLimits {
  std::uint32_t guests_max = 128;
  std::uint32_t vcpus_max = 256;
  /// Of the host, but for what it keeps for itself.
  std::uint64_t memory_mb = 0;
  VmAllowance allowance = {};
  /// This one.
  NodeId node = {};
};

/// What QEMU itself takes beside the guest's memory.
std::uint64_t overhead_mb(const VmSpec& spec);

struct PoolUse {
  std::uint32_t guests = 0;
  std::uint32_t vcpus = 0;
  /// Their memory, and QEMU's own.
  std::uint64_t memory_mb = 0;

  bool operator==(const PoolUse&) const = default;
};

PoolUse use_of(const Vms& vms);

/// What the pool knows.
struct Pool {
  Vms vms;
  Images images;
  PoolLimits limits;
};

struct DefineVm {
  Id vm;
  std::string name;
  VmSpec spec;
  /// At once.
  bool start = false;
};

struct ChangeVm {
  Id vm;
  VmSpec spec;
};

struct DeleteVm {
  Id vm;
  bool force = false;
};

/// A guest that this host had under another identity.
struct AdoptVm {
  Id vm;
  std::string name;
  VmSpec spec;
  schema::VmWish wish = schema::VmWish::off;
  /// The highest number of a start that there is a trace of; 0: none.
  std::uint64_t start = 0;
  /// A process of that start is there, or may be.
  bool lives = false;
  NodeId from;
  /// What it is made of, as that identity had it.
  Images images;
};

/// Refused if no guest can be so here, the name is taken, a port or a device of
/// the host is another guest's, an image is not there, or there is no room.
Decision decide_define(const Pool& pool, const DefineVm& wish);

/// The same for one that is there. Floor and weight change at once, the rest
/// with its next start; so the rest is refused while it runs. A disk that was
/// made keeps its format, size and base.
Decision decide_change(const Pool& pool, const ChangeVm& wish);

/// Refused like a new one. What it is made of is this host's from then on, too.
Decision decide_adopt(const Pool& pool, const AdoptVm& wish);

/// The guest of that name or id; refused if there is none.
std::variant<Refusal, Id> find_vm(const Vms& vms, std::string_view meant);

/// The name of a guest that is made of it.
std::optional<std::string> user_of(const Vms& vms, const Hash& image);

}  // namespace ppn::events
