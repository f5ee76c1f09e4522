#include "runtime/child_linux.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "store/byte_order.hpp"
#include "store/crash.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;
using store::FileHandle;

namespace {

[[noreturn]] void be_child(const std::function<std::string()>& work,
                           int answer) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A crash ends it, whatever its parent does about its own.
  for (int signal = 1; signal < NSIG; ++signal)
    if (store::is_crash(signal)) std::signal(signal, SIG_DFL);
  // What is thrown is no crash: it does not say that the data are damaged.
  try {
    auto text = work();
    auto told = store::write_all(answer, store::as_bytes(text), "a pipe");
    ::_exit(told ? 0 : 1);
  } catch (...) {
    ::_exit(1);
  }
}

std::string read_to_end(int pipe) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    auto got = ::read(pipe, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

store::Result<std::string> in_child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return store::system_error("make", "a pipe");
  FileHandle read_end{ends[0]};
  FileHandle write_end{ends[1]};
  auto child = ::fork();
  if (child < 0) return store::system_error("start", "a process");
  if (child == 0) be_child(work, write_end.get());
  write_end = FileHandle{};
  auto text = read_to_end(read_end.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
  if (WIFSIGNALED(status) && store::is_crash(WTERMSIG(status)))
    return Error{ErrorCode::damaged, store::describe_crash(WTERMSIG(status))};
  return Error{ErrorCode::io, "the process that looked at it was ended"};
}

}  // namespace ppn::runtime
