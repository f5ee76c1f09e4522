// What is shown once, or drawn again and again under --watch.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct Frame {
  std::string text;
  ExitCode code = exit_ok;
};

/// Prints what `draw` returns, and returns its exit code. With --watch it goes
/// on every two seconds until it is interrupted.
int show(const Global& global, const std::function<Result<Frame>()>& draw);

/// Ends the program cleanly when it is interrupted, after `last_words` to the
/// terminal, which live as long as the program.
void end_when_interrupted(std::string_view last_words);

/// The first `rows` lines, the last of them saying how many are left out, each
/// ready to be drawn over an older one.
std::string redrawn(std::string_view text, std::size_t rows);

}  // namespace ppn::ctl
