// What systemd is told of this process, if it started it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ppn::runtime {

void say_ready(const std::string& status);
void say_reloading();
void say_stopping();
/// One sign of life for the watchdog.
void say_alive();

/// How often systemd wants a sign of life at least; nothing if it wants none.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace ppn::runtime
