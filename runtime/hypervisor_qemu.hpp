// The port `hypervisor`: a process of QEMU for each guest. What may block is
// done by the port's actor, on a thread of its own; what QEMU says is heard in
// the I/O thread, for each guest apart.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <optional>

#include "actors/interfaces.hpp"
#include "runtime/console_link.hpp"
#include "runtime/guest_host.hpp"
#include "runtime/io_questions.hpp"

namespace ppn::runtime {

class QemuHypervisor {
 public:
  using Port =
      actors::HypervisorPort::extend<IoAnswer,
                                     caf::reacts_to<actors::look_atom, Id>>;
  using Memory = actors::MemoryPort::extend<
      IoAnswer,
      /// What the I/O thread answers to a look of that number.
      caf::reacts_to<actors::measure_atom, std::uint64_t,
                     actors::MemoryLookPtr>>;

  struct State {
    State() = default;

    IoQuestions questions;
    /// What was proved of this host, in this life or before.
    actors::AccelerationPtr acceleration;
    /// Of this host in the mesh, once it is in one.
    std::optional<events::IpAddress> mesh_address;
    static inline const char* name = "hypervisor";
  };

  struct MemoryState {
    MemoryState() = default;

    IoQuestions questions;
    std::map<std::uint64_t, caf::typed_response_promise<actors::MemoryLookPtr>>
        looks;
    std::uint64_t last_look = 0;
    static inline const char* name = "memory";
  };

  QemuHypervisor(boost::asio::io_context& io, std::shared_ptr<GuestHost> host);
  ~QemuHypervisor();
  QemuHypervisor(const QemuHypervisor&) = delete;
  QemuHypervisor& operator=(const QemuHypervisor&) = delete;

  /// Whoever is spawned with it, detached, forgets it no later than this ends.
  Port::behavior_type behaviour(Port::stateful_pointer<State> self);
  /// The same, on any thread.
  Memory::behavior_type memory_behaviour(
      Memory::stateful_pointer<MemoryState> self);

  /// The serial port of a guest. Any thread may call it. not_found: it does not
  /// run; locked: somebody is there.
  [[nodiscard]] store::Result<TakenSerial> take_serial(const Id& vm) const;

 private:
  class Monitors;
  std::shared_ptr<GuestHost> host_;
  std::shared_ptr<Monitors> monitors_;
  std::shared_ptr<TakenConsoles> consoles_ = std::make_shared<TakenConsoles>();
};

}  // namespace ppn::runtime
