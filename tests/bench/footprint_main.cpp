// bench_footprint: the memory of an idle ppnd, and the room that the programs
// and their libraries take on a disk.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "tests/bench/child_process.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/scratch.hpp"

namespace {

using namespace ppn::bench;
namespace fs = std::filesystem;

constexpr double megabyte = 1e6;
constexpr double kibibyte = 1024;
constexpr double memory_budget_mb = 12;
constexpr double disk_budget_mb = 8;
constexpr Quantity megabytes{"mb", "MB", 2};

constexpr std::array programs{"ppnd", "ppnctl", "ppn-ledger"};

/// What a Debian with systemd has already.
constexpr std::array base_libraries{
    "linux-vdso.so", "ld-linux",     "libc.so",     "libm.so",
    "libpthread.so", "libstdc++.so", "libgcc_s.so", "libcrypto.so"};

/// What a command prints; it must succeed.
std::string output_of(const std::string& command) {
  std::string text;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{
      ::popen(command.c_str(), "r"), ::pclose};
  require(pipe != nullptr, "run " + command);
  std::array<char, 4096> buffer{};
  while (auto got = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    text.append(buffer.data(), got);
  require(::pclose(pipe.release()) == 0, "run " + command);
  return text;
}

Row row_of(std::string name, double value_mb) {
  Row row;
  row.name = std::move(name);
  row.figures.push_back({megabytes, value_mb});
  return row;
}

// -- memory -------------------------------------------------------------------

struct Resident {
  double ledger_mb = 0;
  double rest_mb = 0;
};

Resident resident_of(pid_t process) {
  std::ifstream maps{fmt::format("/proc/{}/smaps", process)};
  Resident resident;
  bool is_ledger = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields{line};
    std::string first;
    fields >> first;
    if (first.find('-') != std::string::npos && !first.ends_with(':'))
      is_ledger = line.ends_with("/data.mdb");
    if (first != "Rss:") continue;
    double kib = 0;
    fields >> kib;
    (is_ledger ? resident.ledger_mb : resident.rest_mb) +=
        kib * kibibyte / megabyte;
  }
  require(resident.rest_mb > 0, "read the memory of ppnd");
  return resident;
}

/// Returns once ppnd has answered a request.
void await_answer(ChildProcess& daemon, const std::string& ask) {
  constexpr auto again_after = std::chrono::milliseconds{20};
  while (std::system((ask + " >/dev/null 2>&1").c_str()) != 0) {
    require(daemon.running(), "start ppnd");
    std::this_thread::sleep_for(again_after);
  }
}

Part memory_part(const fs::path& bin) {
  ScratchDirectory scratch{fs::temp_directory_path(), "ppn-footprint"};
  auto state = (scratch.path() / "node").string();
  auto socket = (scratch.path() / "api").string();
  auto config = (scratch.path() / "ppnd.toml").string();
  std::ofstream{config} << "[log]\nlevel = \"error\"\n";
  ChildProcess daemon{bin / "ppnd",
                      {"--state-dir", state, "--socket", socket, "--config",
                       config, "--name", "bench"}};
  await_answer(daemon, fmt::format("{} --socket {} ledger head",
                                   (bin / "ppnctl").string(), socket));
  auto resident = resident_of(daemon.pid());
  Part part{"memory",
            "memory of an idle ppnd, resident",
            {"no guests and no peers; measured after a first request"},
            {}};
  part.rows.push_back(row_of("without the mapped ledger", resident.rest_mb));
  part.rows.back().judgement =
      Judgement{"MB", resident.rest_mb, {}, memory_budget_mb};
  part.rows.push_back(row_of("mapped ledger", resident.ledger_mb));
  return part;
}

// -- disk ---------------------------------------------------------------------

double size_mb(const fs::path& file) {
  return static_cast<double>(fs::file_size(file)) / megabyte;
}

bool is_in_base(const std::string& library) {
  return std::any_of(
      base_libraries.begin(), base_libraries.end(),
      [&](const char* base) { return library.find(base) != library.npos; });
}

/// Paths of the libraries that a program needs beside the base.
std::set<fs::path> libraries_of(const fs::path& program) {
  std::istringstream lines{output_of("ldd " + program.string())};
  std::set<fs::path> libraries;
  for (std::string line; std::getline(lines, line);) {
    auto path = line.find("=> /");
    if (path == std::string::npos || is_in_base(line)) continue;
    path += 3;
    libraries.insert(
        fs::canonical(line.substr(path, line.find(' ', path) - path)));
  }
  return libraries;
}

Part disk_part(const fs::path& bin) {
  ScratchDirectory scratch{fs::temp_directory_path(), "ppn-footprint"};
  Part part{"disk",
            "programs and the libraries that they add to a base system",
            {"programs without their symbols; a base system is Debian with "
             "systemd and has the libraries of C, C++ and OpenSSL"},
            {}};
  std::set<fs::path> libraries;
  double all_mb = 0;
  for (const auto* program : programs) {
    auto stripped = scratch.path() / program;
    output_of(fmt::format("strip -o {} {}", stripped.string(),
                          (bin / program).string()));
    part.rows.push_back(row_of(program, size_mb(stripped)));
    all_mb += size_mb(stripped);
    libraries.merge(libraries_of(bin / program));
  }
  for (const auto& library : libraries) {
    part.rows.push_back(row_of(library.filename().string(), size_mb(library)));
    all_mb += size_mb(library);
  }
  part.rows.push_back(row_of("all", all_mb));
  part.rows.back().judgement = Judgement{"MB", all_mb, {}, disk_budget_mb};
  return part;
}

int run(bool json) try {
  auto bin = fs::read_symlink("/proc/self/exe").parent_path();
  Report report;
  report.benchmark = "footprint";
  report.machine = look_at_machine();
  report.parts = {memory_part(bin), disk_part(bin)};
  fmt::print("{}", json ? as_json(report) : as_table(report));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_footprint: {}\n", error.what());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int exit_usage = 2;
  bool json = false;
  CLI::App app{
      "Measures what ppnd takes of memory, and the programs of a disk. Exits "
      "with 0 also where a budget is missed."};
  app.add_flag("--json", json, "one JSON document instead of a table");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return run(json);
}
