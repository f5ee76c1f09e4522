// The code as an operator types it, perhaps with the number of its session, and
// the arguments of the program, which are no place for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct TypedCode {
  std::optional<std::uint32_t> number;
  /// Empty if the number came alone. Whether it is one is for ppnd to say.
  std::string code;
};

/// Of "7 · XXXX-XXXX-C" in whatever pieces, with or without number and dot. The
/// failure repeats nothing of it.
Result<TypedCode> read_typed_code(const std::vector<std::string>& pieces);

/// The same; what is missing is asked for on the terminal.
Result<TypedCode> take_code(const std::vector<std::string>& pieces);

/// The arguments as they were given. Everybody on a host sees the command line
/// of each process, so what stood behind `pair approve` is overwritten there.
std::vector<std::string> take_arguments(int argc, char** argv);

}  // namespace ppn::ctl
