// The memory of a simulated host: what its guests use and say of it, how their
// balloons follow, and what others take.
#pragma once

#include "tests/simulation/hypervisor.hpp"

namespace ppn::simulation {

inline constexpr std::uint64_t host_memory_mb = 16'384;

actors::MemoryPort::behavior_type memory_port(actors::MemoryPort::pointer self,
                                              Scene* scene, Host* host);
/// Of a host that has no guests.
actors::MemoryPort::behavior_type no_memory(actors::MemoryPort::pointer self,
                                            int);

/// What it has beside memory.
actors::HostPort::behavior_type host_port(actors::HostPort::pointer self,
                                          Scene* scene, Host* host);
actors::HostPort::behavior_type no_host(actors::HostPort::pointer self, int);

/// It has all its memory, and says nothing yet.
void begin_memory(Scene& scene, Host& host, const Id& id,
                  std::uint64_t memory_mb);

/// What may change in a minute.
void befall_memory(Scene& scene, Host& host);

/// Nobody lies, is mute or stuck any more, and others take nothing.
void heal_memory(Host& host);

}  // namespace ppn::simulation
