#include "runtime/clock_linux.hpp"

#include <sys/timex.h>

#include <ctime>

namespace ppn::runtime {

namespace {

std::int64_t nanoseconds(clockid_t clock) {
  constexpr std::int64_t second = 1'000'000'000;
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * second + now.tv_nsec;
}

bool is_synchronised() {
  timex asked{};
  auto state = ::adjtimex(&asked);
  return state >= 0 && state != TIME_ERROR && (asked.status & STA_UNSYNC) == 0;
}

}  // namespace

store::ClockReading read_clock() {
  return {nanoseconds(CLOCK_REALTIME),
          static_cast<std::uint64_t>(nanoseconds(CLOCK_BOOTTIME)),
          is_synchronised()};
}

actors::ClockPort::behavior_type clock_port(actors::ClockPort::pointer,
                                            store::ClockReading (*read)()) {
  return {[read](actors::read_atom) { return read(); }};
}

}  // namespace ppn::runtime
