// ppnctl: the operator's command line, a client of the control API that is
// described in runtime/API.md.
#include <exception>

#include "tools/ppnctl/command_line.hpp"
#include "tools/ppnctl/failure.hpp"

int main(int argc, char** argv) {
  using namespace ppn::ctl;
  try {
    int code = CommandLine{PPN_VERSION}.run(argc, argv);
    if (auto failure = flush_output()) return fail(*failure);
    return code;
  } catch (const std::exception& error) {
    // Such as output that nobody takes.
    return fail({exit_failed, error.what()});
  }
}
