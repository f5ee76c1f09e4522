// ppnctl: the operator's command line, a client of the control API that is
// described in runtime/API.md.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "tools/ppnctl/command_line.hpp"
#include "tools/ppnctl/failure.hpp"

int main(int argc, char** argv) {
  using namespace ppn::ctl;
  int code = CommandLine{PPN_VERSION}.run(argc, argv);
  // What could not be written was not said.
  if (std::fflush(stdout) != 0)
    return fail({exit_failed, std::string{"cannot write the output: "} +
                                  std::strerror(errno)});
  return code;
}
