// What the control API does for each endpoint. Runs in the I/O thread.
#pragma once

#include <functional>
#include <string>

#include "runtime/api_change.hpp"
#include "runtime/api_documents.hpp"
#include "runtime/api_fleet_wish.hpp"
#include "runtime/api_problem.hpp"
#include "runtime/api_request.hpp"
#include "runtime/console_link.hpp"
#include "runtime/former_guests.hpp"
#include "runtime/running_node.hpp"

namespace ppn::runtime {

struct ApiResponse {
  unsigned status = 200;
  std::string content_type;
  std::string body;
};

ApiResponse to_response(const Problem& problem);
ApiResponse json_response(const schema::Json& document, unsigned status = 200);

/// In whose name is recorded what a peer asks for.
store::Principal operator_of(uid_t peer);

class Api {
 public:
  struct Facts {
    std::string version;
    std::string state_dir;
    std::string interface;
    /// What an operator should know now.
    std::function<std::vector<Warning>()> warnings;
    /// Of the code that a newcomer shows.
    std::size_t code_symbols = events::ShortCode::symbols_usual;
    /// Keeps the user data of a guest that is to be, and answers what the
    /// ledger has of it: VmSpec.cloud_init of schema/vm.fbs.
    std::function<Answer<Hash>(std::string_view user_data)> keep_user_data = {};
    /// At most so many bytes of what a guest, which is there, said on its
    /// serial console, from a place on.
    std::function<Answer<ConsolePart>(const Id& vm, std::uint64_t from,
                                      std::uint64_t limit)>
        read_console = {};
    /// Of the identity before this one, if there was one.
    std::shared_ptr<const FormerGuests> former = nullptr;
    /// Where guests run.
    std::filesystem::path guest_run_dir = {};
  };

  using Reply = std::function<void(ApiResponse)>;
  using Entries = std::function<void(Answer<actors::EntriesPtr>)>;
  using Report = std::function<void(Answer<NodeReport>)>;

  Api(RunningNode& node, Facts facts);

  /// Any endpoint but the stream. The peer has the access that the route needs,
  /// and the body is one that the route takes.
  void handle(const Call& call, uid_t peer, std::string_view body, Reply reply);

  /// Entries from a sequence on, for a stream.
  void read_entries(std::uint64_t from, std::uint64_t limit, Entries done);

  void report(Report done);

  /// The serial port of a guest, here or on another host: for the thread of
  /// `io`, and for one at a time.
  struct Console {
    StreamSocket socket;
    std::shared_ptr<void> seat;
  };
  using ConsolePtr = std::shared_ptr<Console>;
  using TakeConsole = std::function<void(const Answer<ConsolePtr>&)>;
  /// refused if the guest does not run, or somebody is there, and what its host
  /// could not be asked.
  void open_console(const Call& call, boost::asio::io_context& io,
                    TakeConsole take);

 private:
  void report_mesh(const std::shared_ptr<NodeReport>& report, Report done);
  void answer_status(Reply reply);
  void answer_health(Reply reply);
  void answer_metrics(Reply reply);
  void answer_state(Reply reply);
  void answer_ledger(Reply reply);
  void answer_entries(const Call& call, Reply reply);
  using RosterThen =
      std::function<void(const actors::RosterPtr&, const Reply&)>;
  void ask_roster(Reply reply, RosterThen then);
  void ask_own_address(std::function<void(const MeshAddress&)> then);
  void answer_mesh(Reply reply);
  void answer_peers(Reply reply);
  void answer_device_plan(Reply reply);
  void answer_mesh_file(Reply reply);
  void answer_proposals(Reply reply);
  void answer_proposal(const Id& id, unsigned status, Reply reply);
  void propose(std::string_view body, Reply reply);
  void propose(actors::Change change, Reply reply);
  void commit(const Id& id, uid_t peer, Reply reply);
  void reject(const Id& id, Reply reply);
  void answer_pairing(Reply reply);
  void offer_pairing(std::string_view body, uid_t peer, Reply reply);
  void approve_pairing(std::string_view body, uid_t peer, Reply reply);
  void decide_on_pairing(const Id& session, bool is_wanted, uid_t peer,
                         Reply reply);
  void cancel_pairing(const Id& session, uid_t peer, Reply reply);
  void open_pairing_door(std::string_view body, Reply reply);

  // In api_guests.cpp.
  using PoolThen =
      std::function<void(const actors::PoolStatusPtr&, const Reply&)>;
  void report_guests(const std::shared_ptr<NodeReport>& report,
                     std::function<void()> then);
  void ask_pool(Reply reply, PoolThen then);
  void ask_vm(const Id& vm, Reply reply, PoolThen then);
  void answer_vms(Reply reply);
  void answer_vm(const Id& vm, Reply reply);
  void command_vm(const Id& vm, const events::VmCommand& command, uid_t peer,
                  Reply reply);
  void stop_vm(const Id& vm, std::string_view body, uid_t peer, Reply reply);
  void answer_pool(Reply reply);
  void answer_images(Reply reply);
  void add_image(std::string_view body, uid_t peer, Reply reply);
  std::optional<Problem> keep_user_data(const std::string& text,
                                        events::VmSpec& spec) const;
  void propose(GuestWish wish, Reply reply);
  void propose(const AdoptVmWish& wish, Reply reply);
  void answer_former_guests(Reply reply);

  // In api_consoles.cpp.
  /// Of a guest that is here, its id.
  using GuestPlace = std::variant<Id, GuestElsewhere>;
  using PlaceThen = std::function<void(const Answer<GuestPlace>&)>;
  void find_place(const Call& call, PlaceThen then);
  void find_host(const FoundGuest& guest, PlaceThen then);
  [[nodiscard]] Answer<ConsolePtr> open_console_here(
      const Id& vm, boost::asio::io_context& io) const;
  void answer_console_log(const Call& call, Reply reply);
  void answer_fleet_console_log(const Call& call, Reply reply);
  void answer_log_here(const Id& vm, const ConsoleRange& range, Reply reply);
  void answer_log_elsewhere(const GuestElsewhere& guest,
                            const ConsoleRange& range, Reply reply);

  using WitnessThen =
      std::function<void(const actors::WitnessStatusPtr&, const Reply&)>;
  void ask_witness(Reply reply, WitnessThen then);
  void answer_witness(Reply reply);
  void tell_mesh(const actors::RosterPtr& roster,
                 const actors::MemberStatusPtr& member, Reply reply);

  // In api_hosts.cpp.
  using FleetThen =
      std::function<void(const actors::FleetStatusPtr&, const Reply&)>;
  void ask_fleet(Reply reply, FleetThen then);
  void answer_fleet(Reply reply);
  void answer_placement(std::string_view body, Reply reply);
  void answer_fleet_requests(Reply reply);
  void answer_fleet_request(const Id& request, Reply reply);
  void order_guest(std::string_view body, uid_t peer, Reply reply);
  void propose(events::PlaceGuest place, std::string user_data, Reply reply);
  void propose(OrderGuestWish wish, Reply reply);

  RunningNode& node_;
  Facts facts_;
  std::uint64_t started_at_ns_;
  std::uint64_t requests_ = 0;
};

/// Answers with the problem, or goes on with the value.
template <class T, class Next>
auto or_problem(Api::Reply reply, Next next) {
  return [reply = std::move(reply), next = std::move(next)](Answer<T> answer) {
    if (const auto* problem = std::get_if<Problem>(&answer))
      return reply(to_response(*problem));
    next(std::get<T>(answer), reply);
  };
}

}  // namespace ppn::runtime
