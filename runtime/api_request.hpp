// Requests to the control API, from text to what they ask for. Every byte is
// from outside, and all that is not understood is refused.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/access.hpp"
#include "runtime/api_problem.hpp"

namespace ppn::runtime {

enum class Endpoint : std::uint8_t {
  health,
  metrics,
  status,
  state,
  ledger,
  entries,
  stream,
  proposals,
  propose,
  proposal,
  commit,
  reject,
  mesh,
  mesh_file,
  peers,
  device_plan,
  pairing,
  pairing_offer,
  pairing_approve,
  pairing_admit,
  pairing_refuse,
  pairing_cancel,
  pairing_door,
  vms,
  vm,
  vm_start,
  vm_stop,
  vm_pause,
  vm_resume,
  vm_reset,
  vm_console,
  vm_console_log,
  pool,
  fleet,
  placement,
  fleet_order,
  fleet_requests,
  fleet_request,
  fleet_console,
  fleet_console_log,
  images,
  image_add,
  witness,
  former_guests,
};

struct Route {
  std::string_view method;
  /// {id} stands for the id of one proposal, session, guest or request; {node}
  /// and {vm} for the names or the ids of a member and one of its guests.
  std::string_view path;
  Endpoint endpoint;
  Access needs;
};

/// All there are.
std::span<const Route> routes();

/// A request that a route was found for.
struct Call {
  const Route* route = nullptr;
  /// What {id} stands for, and the others.
  Id id;
  std::string node;
  std::string vm;
  std::map<std::string, std::string> parameters;
};

/// not_found, method_not_allowed, bad_request.
Answer<Call> read_call(std::string_view method, std::string_view target);

/// The methods of a path, as the header Allow lists them.
std::string allowed_methods(std::string_view target);

/// Why a request of the route may not have such a body: bad_request.
std::optional<Problem> refuse_body(const Route& route,
                                   std::string_view content_type,
                                   std::string_view body);

/// Which entries are wanted of a ledger.
struct EntryRange {
  std::uint64_t from = 0;
  std::uint64_t limit = 0;
};

/// Of a ledger with `size` entries. bad_request.
Answer<EntryRange> read_range(
    const std::map<std::string, std::string>& parameters, std::uint64_t size);

/// Which bytes are wanted of what a guest said on its console.
struct ConsoleRange {
  std::uint64_t from = 0;
  std::uint64_t limit = 0;
};

/// bad_request.
Answer<ConsoleRange> read_console_range(
    const std::map<std::string, std::string>& parameters);

/// Where a stream begins; nothing: with what comes next. bad_request.
Answer<std::optional<std::uint64_t>> read_stream_begin(
    const std::map<std::string, std::string>& parameters,
    std::string_view last_event_id);

}  // namespace ppn::runtime
