// What the control API does about what guests say, and their consoles: of those
// of this host, and of those of the fleet.
#include "runtime/api.hpp"
#include "runtime/api_vm.hpp"

namespace ppn::runtime {

namespace {

using actors::FleetStatusPtr;
using actors::PoolStatusPtr;
using actors::RosterPtr;
using boost::asio::ip::tcp;

const char* const scheduler_name = "scheduler";
const char* const mesh_name = "mesh";

/// Why another host gives no console.
Problem console_problem(const store::Error& error) {
  return {error.code == store::ErrorCode::io ? ProblemType::no_answer
                                             : ProblemType::refused,
          error.message};
}

/// Why another host does not say what a guest said.
Problem log_problem(const store::Error& error) {
  if (error.code == store::ErrorCode::not_found)
    return {ProblemType::not_found, error.message};
  return console_problem(error);
}

}  // namespace

// -- where a guest is ---------------------------------------------------------

void Api::find_place(const Call& call, PlaceThen then) {
  auto with_fleet =
      [this, node = call.node, vm = call.vm,
       then = std::move(then)](const Answer<FleetStatusPtr>& answer) {
        if (const auto* problem = std::get_if<Problem>(&answer))
          return then(*problem);
        auto guest = find_guest(node, vm, *std::get<FleetStatusPtr>(answer));
        if (const auto* problem = std::get_if<Problem>(&guest))
          return then(*problem);
        const auto& found = std::get<FoundGuest>(guest);
        if (found.node == node_.id()) return then(GuestPlace{found.vm});
        find_host(found, then);
      };
  node_.bridge().ask_kept<FleetStatusPtr, actors::SchedulerActor>(
      scheduler_name, look_patience, std::move(with_fleet),
      actors::status_atom::value);
}

void Api::find_host(const FoundGuest& guest, PlaceThen then) {
  auto with_roster = [guest,
                      then = std::move(then)](const Answer<RosterPtr>& answer) {
    if (const auto* problem = std::get_if<Problem>(&answer))
      return then(*problem);
    const auto* host = std::get<RosterPtr>(answer)->mesh.find(guest.node);
    if (host == nullptr) return then(no_such_host(guest.node.hex()));
    then(GuestPlace{GuestElsewhere{host->address, guest.vm}});
  };
  node_.bridge().ask_kept<RosterPtr, actors::MeshActor>(
      mesh_name, look_patience, std::move(with_roster),
      actors::roster_atom::value);
}

// -- logs ---------------------------------------------------------------------

void Api::answer_console_log(const Call& call, Reply reply) {
  auto range = read_console_range(call.parameters);
  if (const auto* problem = std::get_if<Problem>(&range))
    return reply(to_response(*problem));
  answer_log_here(call.id, std::get<ConsoleRange>(range), std::move(reply));
}

void Api::answer_fleet_console_log(const Call& call, Reply reply) {
  auto read = read_console_range(call.parameters);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  auto answer = [this, range = std::get<ConsoleRange>(read)](
                    const GuestPlace& place, const Reply& to) {
    if (const auto* here = std::get_if<Id>(&place))
      return answer_log_here(*here, range, to);
    answer_log_elsewhere(std::get<GuestElsewhere>(place), range, to);
  };
  find_place(call, or_problem<GuestPlace>(std::move(reply), answer));
}

void Api::answer_log_here(const Id& vm, const ConsoleRange& range,
                          Reply reply) {
  auto read = [this, vm, range](const PoolStatusPtr&, const Reply& to) {
    if (!facts_.read_console)
      return to(to_response(
          {ProblemType::failed, "this node keeps nothing of consoles"}));
    auto part = facts_.read_console(vm, range.from, range.limit);
    if (const auto* problem = std::get_if<Problem>(&part))
      return to(to_response(*problem));
    to(json_response(console_log_document(std::get<ConsolePart>(part))));
  };
  ask_vm(vm, std::move(reply), read);
}

void Api::answer_log_elsewhere(const GuestElsewhere& guest,
                               const ConsoleRange& range, Reply reply) {
  node_.consoles_elsewhere().read_log(
      guest, range.from, range.limit,
      [reply = std::move(reply)](const store::Result<ConsolePart>& part) {
        if (!part) return reply(to_response(log_problem(part.error())));
        reply(json_response(console_log_document(*part)));
      });
}

// -- consoles -----------------------------------------------------------------

void Api::open_console(const Call& call, boost::asio::io_context& io,
                       TakeConsole take) {
  if (call.route->endpoint == Endpoint::vm_console)
    return take(open_console_here(call.id, io));
  auto open = [this, &io,
               take = std::move(take)](const Answer<GuestPlace>& answer) {
    if (const auto* problem = std::get_if<Problem>(&answer))
      return take(*problem);
    const auto& place = std::get<GuestPlace>(answer);
    if (const auto* here = std::get_if<Id>(&place))
      return take(open_console_here(*here, io));
    node_.consoles_elsewhere().open_console(
        std::get<GuestElsewhere>(place),
        [take](store::Result<tcp::socket> opened) {
          if (!opened) return take(console_problem(opened.error()));
          take(std::make_shared<Console>(Console{std::move(*opened), nullptr}));
        });
  };
  find_place(call, std::move(open));
}

Answer<Api::ConsolePtr> Api::open_console_here(
    const Id& vm, boost::asio::io_context& io) const {
  auto serial = node_.hypervisor().take_serial(vm);
  if (!serial) return Problem{ProblemType::refused, serial.error().message};
  auto socket = connect_to_serial(io, serial->path);
  if (!socket) return problem_of(socket.error());
  return std::make_shared<Console>(Console{std::move(*socket), serial->seat});
}

}  // namespace ppn::runtime
