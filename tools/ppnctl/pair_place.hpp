// Where somebody is, as an operator writes it and as the API takes it: names
// are looked up here, since ppnd takes addresses only.
#pragma once

#include <string>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// Whether a port goes with an address.
enum class Port { none, optional, required };

/// "nas", "nas:9205", "192.0.2.1", "2001:db8::1", "[2001:db8::1]:9205"; the
/// same with an address for the name.
Result<std::string> resolve_place(const std::string& written, Port port);

}  // namespace ppn::ctl
