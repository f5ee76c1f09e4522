// How CAF 0.17 spells what the actors use. Another version of CAF is a change
// of this file.
//
// Whatever is spawned takes an argument: without one CAF follows a null pointer
// to an empty tuple, which sanitizers notice.
#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/delegated.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/response_promise.hpp>
#include <caf/result.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/system_messages.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <string>

#include "store/result.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(ppn, caf::first_custom_type_id)
CAF_ADD_ATOM(ppn, ppn::actors, append_atom, "append")
CAF_ADD_ATOM(ppn, ppn::actors, replay_atom, "replay")
CAF_ADD_ATOM(ppn, ppn::actors, state_atom, "state")
CAF_ADD_ATOM(ppn, ppn::actors, status_atom, "status")
CAF_ADD_ATOM(ppn, ppn::actors, watch_atom, "watch")
CAF_ADD_ATOM(ppn, ppn::actors, read_only_atom, "readonly")
CAF_ADD_ATOM(ppn, ppn::actors, follow_atom, "follow")
CAF_ADD_ATOM(ppn, ppn::actors, grew_atom, "grew")
CAF_ADD_ATOM(ppn, ppn::actors, publish_atom, "publ_outer")
CAF_ADD_ATOM(ppn, ppn::actors, respawn_atom, "respawn")
CAF_ADD_ATOM(ppn, ppn::actors, held_atom, "held_out")
CAF_ADD_ATOM(ppn, ppn::actors, find_atom, "find")
CAF_ADD_ATOM(ppn, ppn::actors, stop_atom, "stop")
CAF_ADD_ATOM(ppn, ppn::actors, read_atom, "read")
CAF_ADD_ATOM(ppn, ppn::actors, propose_atom, "propose")
CAF_ADD_ATOM(ppn, ppn::actors, list_atom, "list")
CAF_ADD_ATOM(ppn, ppn::actors, commit_atom, "commit")
CAF_ADD_ATOM(ppn, ppn::actors, reject_atom, "reject")
CAF_ADD_ATOM(ppn, ppn::actors, expire_atom, "expire")
CAF_ADD_ATOM(ppn, ppn::actors, run_atom, "run")
CAF_ADD_ATOM(ppn, ppn::actors, records_atom, "records")
CAF_ADD_ATOM(ppn, ppn::actors, sign_atom, "sign")
CAF_ADD_ATOM(ppn, ppn::actors, plan_atom, "plan")
CAF_ADD_ATOM(ppn, ppn::actors, roster_atom, "roster")
CAF_ADD_ATOM(ppn, ppn::actors, take_atom, "take")
CAF_ADD_ATOM(ppn, ppn::actors, export_atom, "export")
CAF_ADD_ATOM(ppn, ppn::actors, look_atom, "look")
CAF_ADD_ATOM(ppn, ppn::actors, apply_atom, "apply")
CAF_ADD_ATOM(ppn, ppn::actors, create_key_atom, "createkey")
CAF_ADD_ATOM(ppn, ppn::actors, observed_atom, "observed")
CAF_ADD_ATOM(ppn, ppn::actors, bind_atom, "bind")
CAF_ADD_ATOM(ppn, ppn::actors, datagram_atom, "datagram")
CAF_ADD_ATOM(ppn, ppn::actors, tick_atom, "tick")
CAF_ADD_ATOM(ppn, ppn::actors, notice_atom, "notice")
CAF_ADD_ATOM(ppn, ppn::actors, clash_atom, "clash")
CAF_ADD_ATOM(ppn, ppn::actors, paths_atom, "paths")
CAF_ADD_ATOM(ppn, ppn::actors, word_atom, "word")
CAF_ADD_ATOM(ppn, ppn::actors, letter_atom, "letter")
CAF_ADD_ATOM(ppn, ppn::actors, passed_atom, "passed")
CAF_ADD_ATOM(ppn, ppn::actors, own_atom, "ownbytes")
CAF_ADD_ATOM(ppn, ppn::actors, seen_atom, "seenat")
CAF_ADD_ATOM(ppn, ppn::actors, key_atom, "tunnelkey")
CAF_ADD_ATOM(ppn, ppn::actors, preshared_atom, "preshared")
CAF_ADD_ATOM(ppn, ppn::actors, admit_atom, "admit")
CAF_ADD_ATOM(ppn, ppn::actors, introduce_atom, "introduce")
CAF_ADD_ATOM(ppn, ppn::actors, listen_atom, "listen")
CAF_ADD_ATOM(ppn, ppn::actors, dial_atom, "dial")
CAF_ADD_ATOM(ppn, ppn::actors, arrived_atom, "arrived")
CAF_ADD_ATOM(ppn, ppn::actors, message_atom, "message")
CAF_ADD_ATOM(ppn, ppn::actors, join_both_atom, "joinboth")
CAF_ADD_ATOM(ppn, ppn::actors, close_atom, "close")
CAF_ADD_ATOM(ppn, ppn::actors, offer_atom, "offer")
CAF_ADD_ATOM(ppn, ppn::actors, approve_atom, "approve")
CAF_ADD_ATOM(ppn, ppn::actors, open_door_atom, "opendoor")
CAF_ADD_ATOM(ppn, ppn::actors, prove_atom, "prove")
CAF_ADD_ATOM(ppn, ppn::actors, weigh_atom, "weigh")
CAF_ADD_ATOM(ppn, ppn::actors, measure_atom, "measure")
CAF_ADD_ATOM(ppn, ppn::actors, balloon_atom, "balloon")
CAF_ADD_ATOM(ppn, ppn::actors, launch_atom, "launch")
CAF_ADD_ATOM(ppn, ppn::actors, order_atom, "order")
CAF_ADD_ATOM(ppn, ppn::actors, forget_atom, "forget")
CAF_ADD_ATOM(ppn, ppn::actors, progress_atom, "progress")
CAF_ADD_ATOM(ppn, ppn::actors, headroom_atom, "headroom")
CAF_ADD_ATOM(ppn, ppn::actors, dispatch_atom, "dispatch")
CAF_ADD_ATOM(ppn, ppn::actors, answer_atom, "answer")
CAF_ADD_ATOM(ppn, ppn::actors, fetch_atom, "fetch")
CAF_ADD_ATOM(ppn, ppn::actors, unseal_atom, "unseal")
CAF_ADD_ATOM(ppn, ppn::actors, inherit_atom, "inherit")
CAF_ADD_ATOM(ppn, ppn::actors, grow_atom, "grow")
CAF_ADD_ATOM(ppn, ppn::actors, heads_atom, "heads")
CAF_ADD_ATOM(ppn, ppn::actors, cosign_atom, "cosign")
CAF_END_TYPE_ID_BLOCK(ppn)

namespace ppn::actors {

/// An error of the store on its way to another actor.
inline caf::error to_message(const store::Error& error) {
  return caf::error{
      static_cast<std::uint8_t>(static_cast<std::uint8_t>(error.code) + 1),
      caf::atom("ppn"), caf::make_message(error.message)};
}

/// What an actor was answered. An error of CAF's own, such as a time-out or a
/// dead receiver, becomes an io error.
inline store::Error from_message(const caf::error& error) {
  if (error.category() != caf::atom("ppn"))
    return {store::ErrorCode::io, "no answer: " + caf::to_string(error)};
  std::string text;
  if (error.context().match_elements<std::string>())
    text = error.context().get_as<std::string>(0);
  return {static_cast<store::ErrorCode>(error.code() - 1), text};
}

/// Calls one of the two with what a request is answered. Lambdas reach CAF as
/// functions: of each other type it would make much code.
template <class T, class Request>
void on_answer(Request request, std::function<void(const T&)> take,
               std::function<void(caf::error&)> fail) {
  request.then(std::move(take), std::move(fail));
}

/// Answers a request that was kept waiting.
template <class T>
void answer(caf::typed_response_promise<T> promise,
            const store::Result<T>& result) {
  if (result)
    promise.deliver(*result);
  else
    promise.deliver(to_message(result.error()));
}

}  // namespace ppn::actors
