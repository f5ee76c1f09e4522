// The tunnels of the node as a person reads them.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ppnctl/mesh_documents.hpp"

namespace ppn::ctl {

/// The interface, then a block for each peer, the most recent handshake first.
std::string peers_text(const Peers& peers, std::int64_t now_ns);

/// What is wrong, a line each; empty if nothing is.
std::string peers_check_text(const Peers& peers);

}  // namespace ppn::ctl
