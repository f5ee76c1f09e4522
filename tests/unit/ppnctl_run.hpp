// ppnctl as a program that is run: what it prints, and what it exits with.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/unit/fake_daemon.hpp"
#include "tools/ppnctl/command_line.hpp"

namespace ppn::tests {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// While it lives, what is printed goes there.
class Redirected {
 public:
  Redirected(int stream, const std::string& path)
      : stream_(stream), before_(::dup(stream)) {
    std::fflush(stdout);
    int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(file, stream_);
    ::close(file);
  }
  ~Redirected() {
    // What could not be written is not to come later either.
    if (std::fflush(stdout) != 0) std::clearerr(stdout);
    ::dup2(before_, stream_);
    ::close(before_);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  int stream_;
  int before_;
};

struct Ran {
  int code;
  std::string out;
  std::string err;
};

inline Ran run(const FakeDaemon& daemon, std::vector<const char*> arguments) {
  ScratchDirectory scratch;
  auto out = (scratch / "out").string();
  auto err = (scratch / "err").string();
  auto socket = daemon.path();
  arguments.insert(arguments.begin(), {"ppnctl", "--socket", socket.c_str()});
  int code = 0;
  {
    Redirected output{STDOUT_FILENO, out};
    Redirected errors{STDERR_FILENO, err};
    code = ctl::CommandLine{"1"}.run(static_cast<int>(arguments.size()),
                                     arguments.data());
  }
  return {code, text_of(out), text_of(err)};
}

}  // namespace ppn::tests
