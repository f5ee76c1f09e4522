// ppnctl vm console: this terminal is that of a guest, until a key is typed.
#include <fmt/format.h>
#include <unistd.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/fleet_find.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"
#include "tools/ppnctl/vm_pump.hpp"
#include "tools/ppnctl/vm_terminal.hpp"

namespace ppn::ctl {

namespace {

constexpr const char* protocol = "ppn-console";

int say_end(PumpEnd end, const std::string& name) {
  switch (end) {
    case PumpEnd::detached:
      say(fmt::format("detached from {}\n", name));
      return exit_ok;
    case PumpEnd::guest_gone:
      say(
          fmt::format("the console of {0} ended; what became of it: ppnctl vm "
                      "show {0}\n",
                      name));
      return exit_ok;
    case PumpEnd::signalled:
      say(fmt::format("detached from {}: interrupted\n", name));
      return exit_interrupted;
    case PumpEnd::output_gone:
      break;
  }
  return fail({exit_failed, "nobody takes what the guest says"});
}

/// The terminal is as before when this returns.
PumpEnd attach(const Upgraded& console) {
  SignalDescriptor signals;
  PumpEnd end{};
  {
    RawTerminal terminal{STDIN_FILENO};
    end = pump({.input = STDIN_FILENO,
                .output = STDOUT_FILENO,
                .guest = console.connection.socket(),
                .signals = signals.get()},
               console.first_bytes);
  }
  if (::isatty(STDOUT_FILENO) == 0) return end;
  fmt::print("{}", plain_again);
  // A terminal that is gone needs none of it.
  static_cast<void>(flush_output());
  return end;
}

}  // namespace

int vm_console(const Global& global, const VmNameOptions& options) {
  auto guest = find_any_guest(global, options.name);
  if (!guest) return fail(guest.error());
  auto console =
      Client{global.socket}.upgrade(guest->path + "/console", protocol);
  if (!console) return fail(console.error());
  auto shown = printable(guest->name);
  say(fmt::format("this is the console of {}; Ctrl-] detaches\n", shown));
  return say_end(attach(*console), shown);
}

}  // namespace ppn::ctl
