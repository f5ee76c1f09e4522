// A session of a ceremony, looked at until something comes of it.
#pragma once

#include <functional>
#include <string>

#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/pair_documents.hpp"
#include "tools/ppnctl/pair_signal.hpp"

namespace ppn::ctl {

Result<Pairing> get_pairing(const Global& global);

/// One that was begun just now.
PairSession begun_session(const std::string& id, bool is_newcomer);

/// Looks at the session, often at first, until `is_enough` says so, which is
/// asked after every look. `known` is what is known of it: if it is forgotten
/// it ended with its ppnd, unless somebody was admitted by it. The failure has
/// exit_interrupted after a signal.
Result<PairSession> watch(
    const Global& global, PairSession known, const SignalWait& signals,
    const std::function<bool(const PairSession&)>& is_enough);

/// Waits a while for the tunnel to who was admitted by it, unless a signal or
/// anything else keeps it from that, and answers what is known then.
PairSession watch_tunnel(const Global& global, const PairSession& admitted,
                         const SignalWait& signals);

/// That of this node, or of another; empty if it can not be told.
std::string own_address(const Global& global);
std::string address_of(const Global& global, const std::string& name);

/// Has it ended by ppnd; the document that says so.
Result<schema::Json> cancel_session(const Global& global,
                                    const std::string& session);

/// The session as it ended, for programs; `address` of the newcomer in the mesh
/// is empty if there is none.
std::string session_line(const PairSession& session,
                         const std::string& address);

/// Says how a session ended by which nobody was admitted, and returns what to
/// exit with.
int fail_of(const Global& global, const PairSession& session);

}  // namespace ppn::ctl
