// One request and its answer over the socket of a WireGuard program.
#pragma once

#include <chrono>
#include <filesystem>
#include <string_view>

#include "runtime/secret_text.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// All that is answered, until the other side closes; that takes `patience` at
/// the longest. not_found if nobody listens there; permission if it is another
/// user, who would be handed a private key; io.
store::Result<SecretText> ask_uapi(const std::filesystem::path& socket,
                                   std::string_view request,
                                   std::chrono::milliseconds patience);

}  // namespace ppn::runtime
