// The log: a line for each thing that happened, to standard error, with a
// stable event name that an operator can look for:
//
//   info    node.started node=44 name=alpha boot=3 version=0.1.0
//
// Under systemd each line begins with its priority, as the journal likes it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ppn::runtime {

enum class LogLevel : std::uint8_t { error, warning, info };

std::optional<LogLevel> log_level_of(std::string_view name);

/// Lines above this level are left out.
void set_log_level(LogLevel level);

using LogFields =
    std::initializer_list<std::pair<std::string_view, std::string>>;

/// One line, written at once, from any thread; dropped and counted if standard
/// error does not take it. Values with blanks are put in
/// quotes; control characters never reach the terminal.
void log(LogLevel level, std::string_view event, LogFields fields = {});

/// The same with fields that were named elsewhere.
void log(LogLevel level, std::string_view event,
         const std::map<std::string, std::string>& fields);

/// The event and its fields, as a line has them after its level.
std::string log_line(std::string_view event, LogFields fields);

}  // namespace ppn::runtime
