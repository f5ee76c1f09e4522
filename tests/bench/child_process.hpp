// A program that runs beside the benchmark, and never after it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ppn::bench {

class ChildProcess {
 public:
  ChildProcess(const std::filesystem::path& program,
               std::vector<std::string> arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Processor seconds used so far.
  [[nodiscard]] double cpu_seconds() const;

 private:
  pid_t pid_ = -1;
};

/// Where PATH has a program, if it does.
std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace ppn::bench
