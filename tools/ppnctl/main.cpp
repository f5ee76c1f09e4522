// ppnctl: the operator's command line, a client of the control API that is
// described in runtime/API.md.
#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "tools/ppnctl/command_line.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/own_process.hpp"
#include "tools/ppnctl/pair_code.hpp"

int main(int argc, char** argv) {
  using namespace ppn::ctl;
  try {
    hide_memory();
    // Before anything that takes time.
    auto taken = take_arguments(argc, argv);
    std::vector<const char*> arguments(taken.size());
    std::transform(
        taken.begin(), taken.end(), arguments.begin(),
        [](const std::string& argument) { return argument.c_str(); });
    int code = CommandLine{PPN_VERSION}.run(argc, arguments.data());
    if (auto failure = flush_output()) return fail(*failure);
    return code;
  } catch (const std::exception& error) {
    // Such as output that nobody takes.
    return fail({exit_failed, error.what()});
  }
}
