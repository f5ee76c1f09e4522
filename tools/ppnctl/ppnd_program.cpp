#include "tools/ppnctl/ppnd_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "tools/ppnctl/answer.hpp"
#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t answer_bytes_max = std::size_t{1} << 20U;

Failure cannot_start(const std::string& program, int error) {
  return {exit_failed,
          fmt::format("cannot start {}: {}", program, std::strerror(error))};
}

/// Begins with nothing on standard input and its output in a pipe.
std::optional<Failure> start(const std::string& program,
                             std::vector<std::string> words, int output,
                             pid_t& pid) {
  words.insert(words.begin(), program);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files{};
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  int error = ::posix_spawnp(&pid, program.c_str(), &files, nullptr,
                             pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) return cannot_start(program, error);
  return std::nullopt;
}

/// All of it, but for what is beyond a limit.
std::string read_to_end(int pipe) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    auto got = ::read(pipe, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < answer_bytes_max)
      text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

int wait_for_end(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

ExitCode code_of(int status) {
  if (!WIFEXITED(status)) return exit_failed;
  switch (WEXITSTATUS(status)) {
    case exit_usage:
      return exit_usage;
    case exit_refused:
      return exit_refused;
    case exit_permission:
      return exit_permission;
    case exit_ledger_invalid:
      return exit_ledger_invalid;
    default:
      return exit_failed;
  }
}

Failure failure_of(const std::string& program, int status,
                   const std::string& text) {
  auto document = parse_json(text);
  if (!document)
    return {code_of(status),
            fmt::format("{} ended without an answer", program)};
  Fields fields{*document, "ppn.rejoin-refusal.v1"};
  auto why = fields.text("error");
  if (!fields.fault().empty()) return not_understood(fields.fault());
  return {code_of(status), why};
}

}  // namespace

std::string find_ppnd() {
  std::error_code error;
  auto here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& place : {here / "ppnd", here.parent_path() / "sbin/ppnd"})
    if (::access(place.c_str(), X_OK) == 0) return place.string();
  return "ppnd";
}

Result<schema::Json> ask_program(const std::string& program,
                                 const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_start(program, errno);
  pid_t pid = -1;
  auto failure = start(program, arguments, ends[1], pid);
  ::close(ends[1]);
  auto text = failure ? std::string{} : read_to_end(ends[0]);
  ::close(ends[0]);
  if (failure) return *failure;
  int status = wait_for_end(pid);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return failure_of(program, status, text);
  return parse_json(text);
}

}  // namespace ppn::ctl
