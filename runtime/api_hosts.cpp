// What the control API does about the fleet.
#include "runtime/api.hpp"
#include "runtime/api_fleet.hpp"
#include "runtime/api_fleet_request.hpp"
#include "runtime/api_fleet_wish.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

using actors::BytesPtr;
using actors::FleetStatusPtr;
using actors::OrderGuestPtr;
using actors::WordsPtr;

constexpr unsigned accepted = 202;
const char* const scheduler_name = "scheduler";

/// With a document, or why there is none.
void answer_with(const Answer<schema::Json>& document, const Api::Reply& to) {
  if (const auto* problem = std::get_if<Problem>(&document))
    return to(to_response(*problem));
  to(json_response(std::get<schema::Json>(document)));
}

void log_order(const events::OrderGuest& order, const Id& request, uid_t peer) {
  log(LogLevel::info, "fleet.ordered",
      {{"request", request.hex()},
       {"node", order.node.hex()},
       {"vm", order.vm.hex()},
       {"name", order.name},
       {"verb", schema::EnumNameGuestVerb(order.order.verb)},
       {"uid", std::to_string(peer)}});
}

}  // namespace

void Api::ask_fleet(Reply reply, FleetThen then) {
  node_.bridge().ask_kept<FleetStatusPtr, actors::SchedulerActor>(
      scheduler_name, look_patience,
      or_problem<FleetStatusPtr>(std::move(reply), std::move(then)),
      actors::status_atom::value);
}

void Api::answer_fleet(Reply reply) {
  ask_fleet(std::move(reply),
            [](const FleetStatusPtr& status, const Reply& to) {
              answer_with(fleet_document(*status), to);
            });
}

void Api::answer_placement(std::string_view body, Reply reply) {
  auto read = read_placement(body);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  ask_fleet(std::move(reply),
            [wish = std::get<PlacementWish>(std::move(read))](
                const FleetStatusPtr& status, const Reply& to) {
              answer_with(placement_document(*status, wish), to);
            });
}

void Api::answer_fleet_requests(Reply reply) {
  ask_fleet(std::move(reply),
            [](const FleetStatusPtr& status, const Reply& to) {
              answer_with(fleet_requests_document(*status), to);
            });
}

void Api::answer_fleet_request(const Id& request, Reply reply) {
  auto with_fleet = [this, request](const FleetStatusPtr& status,
                                    const Reply& to) {
    if (auto problem = refuse_request(*status, request))
      return to(to_response(*problem));
    auto with_entry = [status, request](const BytesPtr& entry,
                                        const Reply& then) {
      answer_with(fleet_request_document(*status, request, *entry), then);
    };
    node_.bridge().ask_kept<BytesPtr, actors::SchedulerActor>(
        scheduler_name, look_patience, or_problem<BytesPtr>(to, with_entry),
        actors::read_atom::value, request);
  };
  ask_fleet(std::move(reply), with_fleet);
}

void Api::order_guest(std::string_view body, uid_t peer, Reply reply) {
  auto read = read_fleet_order(body);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  auto with_fleet = [this, peer,
                     wish = std::get<OrderGuestWish>(std::move(read))](
                        const FleetStatusPtr& status, const Reply& to) {
    auto found = order_of(wish, *status);
    if (const auto* problem = std::get_if<Problem>(&found))
      return to(to_response(*problem));
    OrderGuestPtr order = std::make_shared<const events::OrderGuest>(
        std::get<events::OrderGuest>(std::move(found)));
    auto tell = [order, peer](const Id& request, const Reply& then) {
      log_order(*order, request, peer);
      then(json_response(fleet_order_document(request), accepted));
    };
    node_.bridge().ask_kept<Id, actors::SchedulerActor>(
        scheduler_name, commit_patience, or_problem<Id>(to, tell),
        actors::order_atom::value, order, operator_of(peer));
  };
  ask_fleet(std::move(reply), with_fleet);
}

/// Its user data is kept here until its host has it. That of a guest that could
/// go nowhere is not even kept.
void Api::propose(events::PlaceGuest place, std::string user_data,
                  Reply reply) {
  auto change = std::make_shared<const actors::Change>(place);
  auto with_plan = [this, place = std::move(place),
                    text = std::move(user_data)](const WordsPtr& /*plan*/,
                                                 const Reply& to) {
    auto wish = place;
    if (auto problem = keep_user_data(text, wish.spec))
      return to(to_response(*problem));
    propose(std::move(wish), to);
  };
  node_.bridge().ask_kept<WordsPtr, actors::SchedulerActor>(
      scheduler_name, look_patience,
      or_problem<WordsPtr>(std::move(reply), std::move(with_plan)),
      actors::plan_atom::value, actors::ChangePtr{change});
}

void Api::propose(OrderGuestWish wish, Reply reply) {
  ask_fleet(std::move(reply),
            [this, wish = std::move(wish)](const FleetStatusPtr& status,
                                           const Reply& to) {
              auto order = order_of(wish, *status);
              if (const auto* problem = std::get_if<Problem>(&order))
                return to(to_response(*problem));
              propose(std::get<events::OrderGuest>(std::move(order)), to);
            });
}

}  // namespace ppn::runtime
