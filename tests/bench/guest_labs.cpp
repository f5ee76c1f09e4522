#include "tests/bench/guest_labs.hpp"

#include <fmt/format.h>
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "tests/bench/child_process.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/lab_run.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/own_namespaces.hpp"
#include "tests/bench/progress.hpp"

namespace ppn::bench {

namespace {

const std::string emulator = "qemu-system-x86_64";

void run(const GuestLabs& labs, const std::string& name) {
  LabRun lab{labs.program, name, labs.scratch, labs.quick};
  Stopwatch watch;
  while (lab.running()) {
    show_progress("real guests, {}: {:.0f} s", name, watch.seconds());
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  static_cast<void>(found_by_lab(name, labs.scratch));
}

/// One after the other: each would be in the other's times.
int run_all(const GuestLabs& labs, const std::vector<std::string>& names) try {
  // What the labs write is gone when this is, whatever ends it.
  ::setenv("TMPDIR", labs.scratch.c_str(), 1);
  labs.prepare();
  for (const auto& name : names) run(labs, name);
  reap_all();
  end_progress();
  return 0;
} catch (const std::exception& error) {
  end_progress();
  fmt::print(stderr, "{}: {}\n", program_invocation_short_name, error.what());
  return 1;
}

}  // namespace

bool find_kernel(const GuestLabs& labs) try {
  run(labs, "kernel");
  return true;
} catch (const Failure&) {
  return false;
}

void hide_control_groups() {
  const char* groups = "/sys/fs/cgroup";
  if (!std::filesystem::exists(groups)) return;
  require(::mount("tmpfs", groups, "tmpfs", MS_RDONLY, nullptr) == 0,
          "hide the control groups");
}

std::string run_apart(const GuestLabs& labs,
                      const std::vector<std::string>& names) {
  if (!find_program(emulator)) return emulator + " is not installed";
  int status = 0;
  try {
    status = in_own_namespaces([&] { return run_all(labs, names); });
  } catch (const Failure& failure) {
    return failure.what();
  }
  if (status != 0) throw std::runtime_error{"the labs failed"};
  return {};
}

}  // namespace ppn::bench
