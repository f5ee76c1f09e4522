// How many datagrams may wait for the actor that they are given to. Whoever
// sends more than is taken loses them, and keeps nobody else's out.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "actors/interfaces.hpp"

namespace ppn::runtime {

/// Of all sources, and of each.
inline constexpr std::size_t datagrams_waiting_max = 256;
inline constexpr std::size_t datagrams_of_source_max = 32;

/// A datagram waits as long as anybody holds it, in whichever thread.
class DatagramGate {
 public:
  /// To be given to the actor; null if too many wait. What was dropped is said
  /// with the next one that passes.
  actors::DatagramPtr pass(actors::Datagram datagram);

 private:
  /// What outlives the gate.
  struct Waiting {
    bool enter(const events::IpAddress& source);
    void leave(const events::IpAddress& source);

    std::mutex mutex;
    std::size_t all = 0;
    std::map<events::IpAddress, std::size_t> of_source;
  };

  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  std::uint64_t dropped_ = 0;
};

}  // namespace ppn::runtime
