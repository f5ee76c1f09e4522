// What an actor does next depends on what the clock says.
#pragma once

#include <functional>

#include "actors/interfaces.hpp"

namespace ppn::actors {

/// Goes on with what the clock says. An actor without a clock ends.
template <class Self>
void with_clock(Self self, const ClockPort& clock,
                const std::function<void(const store::ClockReading&)>& next) {
  on_answer<store::ClockReading>(
      self->request(clock, caf::infinite, read_atom::value), next,
      [self](caf::error& error) { self->quit(error); });
}

}  // namespace ppn::actors
