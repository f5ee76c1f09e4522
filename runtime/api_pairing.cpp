#include "runtime/api_pairing.hpp"

#include <fmt/format.h>

#include <limits>

#include "actors/pairing_door.hpp"
#include "runtime/api_fields.hpp"
#include "runtime/api_null.hpp"

namespace ppn::runtime {

namespace {

using actors::door_seconds_max;
using actors::PairingPhase;
using events::ShortCode;
using schema::Json;
using schema::PairingOutcome;

/// What `read` makes of the body's fields, none of which may be left over.
template <class T, class Read>
Answer<T> read_body(std::string_view body, std::string_view what, Read read) {
  auto json = read_json(body);
  if (const auto* problem = std::get_if<Problem>(&json)) return *problem;
  FieldReader fields{std::get<Json>(json)};
  T wish = read(fields);
  if (auto problem = fields.finish(what)) return *problem;
  return wish;
}

/// Null if it is no code.
actors::ShortCodePtr read_code(FieldReader& fields) {
  auto typed = fields.take("code");
  if (!typed.is_string()) {
    fields.complain("'code' must be the code that the newcomer shows");
    return {};
  }
  auto code = ShortCode::parse(typed.get_ref<const std::string&>());
  if (code) return std::make_shared<const ShortCode>(*code);
  fields.complain(code.error());
  return {};
}

const char* name_of(schema::PairingSide side) {
  return side == schema::PairingSide::newcomer ? "newcomer" : "authority";
}

const char* name_of(PairingPhase phase) {
  switch (phase) {
    case PairingPhase::waiting:
      return "waiting";
    case PairingPhase::calling:
      return "calling";
    case PairingPhase::proving:
      return "proving";
    case PairingPhase::met:
      return "met";
    case PairingPhase::admitting:
      return "admitting";
    case PairingPhase::admitted:
      return "admitted";
    case PairingPhase::active:
      return "active";
    case PairingPhase::ended:
      return "ended";
  }
  return "unknown";
}

void add_peer(Json& json, const actors::PairingSessionStatus& session) {
  const auto& peer = session.peer;
  json["node"] = peer ? Json(peer->node.hex()) : Json();
  json["name"] = peer ? Json(peer->name) : Json();
  json["key"] = peer ? Json(peer->key.hex()) : Json();
  json["mesh"] = text_or_null(session.mesh_name);
  json["symbols"] = text_or_null(session.symbols);
}

void add_end(Json& json, const actors::PairingSessionStatus& session) {
  bool has_ended = session.outcome != PairingOutcome::unknown;
  json["outcome"] = has_ended
                        ? Json(schema::EnumNamePairingOutcome(session.outcome))
                        : Json();
  auto why = events::in_words(session.outcome);
  bool has_more = !session.detail.empty() && session.detail != why;
  if (has_more) why += ": " + session.detail;
  json["why"] = has_ended ? Json(why) : Json();
}

Json session_json(const actors::PairingSessionStatus& session) {
  Json json{{"id", session.id.hex()},
            {"side", name_of(session.side)},
            {"number", session.number == 0 ? Json() : Json(session.number)},
            {"phase", name_of(session.phase)},
            {"seconds_left", session.left_s},
            {"guesses_answered", session.answered}};
  add_peer(json, session);
  add_end(json, session);
  return json;
}

Json waiting_json(const actors::WaitingNewcomer& waiting) {
  return {{"number", waiting.number},
          {"from", waiting.from.text()},
          {"passed_on", waiting.is_passed_on},
          {"seconds_left", waiting.left_s}};
}

Json of_session(const char* schema, const Id& session) {
  return {{"schema", schema}, {"session", session.hex()}};
}

}  // namespace

// -- wishes -------------------------------------------------------------------

Answer<actors::PairingOfferWish> read_pairing_offer(std::string_view body,
                                                    std::size_t symbols_usual) {
  auto read = [&](FieldReader& fields) {
    actors::PairingOfferWish wish;
    auto symbols = fields.number_within("symbols", ShortCode::symbols_min,
                                        ShortCode::symbols_max);
    wish.symbols = symbols ? *symbols : symbols_usual;
    wish.only_from = fields.address("only_from");
    wish.via = fields.address_and_port("via");
    wish.endpoints = fields.endpoints("endpoints");
    if (wish.via && wish.only_from)
      fields.complain("'only_from' goes without 'via': nobody comes then");
    if (wish.endpoints.size() > events::endpoints_max)
      fields.complain(fmt::format("'endpoints' has more than {} of them",
                                  events::endpoints_max));
    return wish;
  };
  return read_body<actors::PairingOfferWish>(body, "pairing offer", read);
}

Answer<actors::PairingApproval> read_pairing_approval(std::string_view body) {
  auto read = [](FieldReader& fields) {
    actors::PairingApproval approval;
    approval.code = read_code(fields);
    approval.number = fields.number_within(
        "number", 1, std::numeric_limits<std::uint32_t>::max());
    approval.at = fields.address_and_port("from");
    return approval;
  };
  return read_body<actors::PairingApproval>(body, "pairing approval", read);
}

Answer<PairingDoorWish> read_pairing_door(std::string_view body) {
  auto read = [](FieldReader& fields) {
    PairingDoorWish wish;
    auto seconds = fields.number_within("seconds", 0, door_seconds_max);
    if (!seconds)
      fields.complain(fmt::format("'seconds' must be a number from 0 to {}",
                                  door_seconds_max));
    wish.seconds = seconds.value_or(0);
    wish.only_from = fields.address("only_from");
    return wish;
  };
  return read_body<PairingDoorWish>(body, "pairing door", read);
}

// -- documents ----------------------------------------------------------------

Json pairing_document(const actors::PairingStatus& status) {
  auto sessions = Json::array();
  for (const auto& session : status.sessions)
    sessions.push_back(session_json(session));
  auto waiting = Json::array();
  for (const auto& newcomer : status.waiting)
    waiting.push_back(waiting_json(newcomer));
  return {{"schema", "ppn.pairing.v1"},
          {"sessions", std::move(sessions)},
          {"waiting", std::move(waiting)},
          {"door_seconds_left", status.door_open_s},
          {"connections", status.connections}};
}

Json pairing_offer_document(const actors::ShownCode& shown) {
  return {{"schema", "ppn.pairing-offer.v1"},
          {"session", shown.session.hex()},
          {"number", shown.number},
          {"code", shown.code->text()},
          {"seconds", shown.seconds}};
}

Json pairing_approval_document(const Id& session) {
  return of_session("ppn.pairing-approval.v1", session);
}

Json pairing_admit_document(const Id& session) {
  return of_session("ppn.pairing-admit.v1", session);
}

Json pairing_refuse_document(const Id& session) {
  return of_session("ppn.pairing-refuse.v1", session);
}

Json pairing_cancel_document(const Id& session) {
  return of_session("ppn.pairing-cancel.v1", session);
}

Json pairing_door_document(std::uint32_t seconds) {
  return {{"schema", "ppn.pairing-door.v1"}, {"seconds", seconds}};
}

}  // namespace ppn::runtime
