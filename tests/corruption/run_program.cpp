#include "tests/corruption/run_program.hpp"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "store/files.hpp"

namespace ppn::tests {

namespace {

void must_be_ok(int code, const char* tried) {
  if (code != 0) throw std::system_error{code, std::generic_category(), tried};
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (;;) {
    auto got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

ProgramRun run_ppn_ledger(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{PPN_LEDGER_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  int ends[2] = {};
  must_be_ok(::pipe(ends) == 0 ? 0 : errno, "make a pipe");
  store::FileHandle output{ends[0]};
  store::FileHandle errors{::memfd_create("errors", MFD_CLOEXEC)};
  must_be_ok(errors.open() ? 0 : errno, "make a file for errors");
  posix_spawn_file_actions_t actions{};
  must_be_ok(::posix_spawn_file_actions_init(&actions), "prepare a program");
  must_be_ok(
      ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO),
      "prepare a program");
  must_be_ok(
      ::posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO),
      "prepare a program");
  pid_t pid = -1;
  {
    store::FileHandle its_output{ends[1]};
    int code = ::posix_spawn(&pid, PPN_LEDGER_PROGRAM, &actions, nullptr,
                             pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    must_be_ok(code, "start " PPN_LEDGER_PROGRAM);
  }
  ProgramRun run;
  run.output = read_all(output.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  must_be_ok(::lseek(errors.get(), 0, SEEK_SET) == 0 ? 0 : errno,
             "go back in a file");
  run.errors = read_all(errors.get());
  if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
  return run;
}

}  // namespace ppn::tests
