// The clocks of this host.
#pragma once

#include "actors/interfaces.hpp"

namespace ppn::runtime {

/// Date, time since boot with suspended time, and whether the kernel says that
/// the date is synchronised (adjtimex(2)).
store::ClockReading read_clock();

/// The clock port, answering with read_clock().
actors::ClockPort::behavior_type clock_port(actors::ClockPort::pointer self,
                                            store::ClockReading (*read)());

}  // namespace ppn::runtime
