// Actors that do nothing but pass messages on, on CAF's test coordinator: as
// fast as any simulation on it can be.
#pragma once

#include <cstdint>
#include <memory>

namespace ppn::bench {

class BareActors {
 public:
  /// `messages` are on their way at any time.
  BareActors(std::size_t actors, std::size_t messages);
  ~BareActors();
  BareActors(const BareActors&) = delete;
  BareActors& operator=(const BareActors&) = delete;

  /// Runs that many jobs, each chosen by chance, as the simulation does.
  void run(std::uint64_t jobs);

 private:
  class System;
  std::unique_ptr<System> system_;
};

}  // namespace ppn::bench
