#include "tests/bench/lab_run.hpp"

#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

std::filesystem::path result_of(const std::string& what,
                                const std::filesystem::path& scratch) {
  return scratch / (what + ".json");
}

std::vector<std::string> arguments_of(const std::string& what,
                                      const std::string& result, bool quick) {
  auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> arguments{what, bin.string(), result};
  if (quick) arguments.emplace_back("--quick");
  return arguments;
}

}  // namespace

LabRun::LabRun(const std::filesystem::path& program, const std::string& what,
               const std::filesystem::path& scratch, bool quick)
    : child_(program,
             arguments_of(what, result_of(what, scratch).string(), quick)) {}

std::string found_by_lab(const std::string& what,
                         const std::filesystem::path& scratch) {
  std::ifstream file{result_of(what, scratch)};
  std::ostringstream text;
  text << file.rdbuf();
  require(!text.str().empty(), "run the lab: " + what);
  return text.str();
}

void reap_all() {
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

}  // namespace ppn::bench
