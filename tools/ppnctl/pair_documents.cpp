#include "tools/ppnctl/pair_documents.hpp"

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

std::string read_id(Fields& fields, const Json& object, const char* name) {
  auto id = fields.text(object, name);
  if (!Id::parse_hex(id)) fields.complain(name, "an id");
  return id;
}

PairSession read_session(Fields& fields, const Json& json) {
  return {.id = read_id(fields, json, "id"),
          .is_newcomer = fields.text(json, "side") == "newcomer",
          .number = fields.number_or_null(json, "number"),
          .phase = fields.text(json, "phase"),
          .seconds_left = fields.number(json, "seconds_left"),
          .guesses = fields.number(json, "guesses_answered"),
          .node = fields.text_or_null(json, "node"),
          .name = fields.text_or_null(json, "name"),
          .key = fields.text_or_null(json, "key"),
          .mesh = fields.text_or_null(json, "mesh"),
          .symbols = fields.text_or_null(json, "symbols"),
          .outcome = fields.text_or_null(json, "outcome"),
          .why = fields.text_or_null(json, "why"),
          .document = json};
}

}  // namespace

Result<PairOffer> read_pair_offer(const Json& document) {
  Fields fields{document, "ppn.pairing-offer.v1"};
  return fields.unless_faulty(
      PairOffer{.session = read_id(fields, document, "session"),
                .number = fields.number("number"),
                .code = fields.text("code"),
                .seconds = fields.number("seconds")});
}

Result<Pairing> read_pairing(const Json& document) {
  Fields fields{document, "ppn.pairing.v1"};
  Pairing pairing{.sessions = {},
                  .waiting = {},
                  .door_seconds_left = fields.number("door_seconds_left")};
  for (const auto& session : fields.array("sessions"))
    pairing.sessions.push_back(read_session(fields, session));
  for (const auto& waiting : fields.array("waiting"))
    pairing.waiting.push_back(
        {.number = fields.number(waiting, "number"),
         .from = fields.text(waiting, "from"),
         .is_passed_on = fields.flag(waiting, "passed_on"),
         .seconds_left = fields.number(waiting, "seconds_left")});
  return fields.unless_faulty(std::move(pairing));
}

Result<std::string> read_pair_approval(const Json& document) {
  Fields fields{document, "ppn.pairing-approval.v1"};
  return fields.unless_faulty(read_id(fields, document, "session"));
}

Result<std::uint64_t> read_pair_door(const Json& document) {
  Fields fields{document, "ppn.pairing-door.v1"};
  return fields.unless_faulty(fields.number("seconds"));
}

}  // namespace ppn::ctl
