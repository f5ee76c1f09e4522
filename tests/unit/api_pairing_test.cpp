// The ceremony in the control API: what its requests ask for, what is refused
// of them, and what the documents tell.
#include "runtime/api_pairing.hpp"

#include "tests/unit/answers.hpp"
#include "tests/unit/api_samples.hpp"

namespace ppn::tests {

using actors::PairingPhase;
using runtime::read_pairing_approval;
using runtime::read_pairing_door;
using runtime::read_pairing_offer;
using schema::Json;
using schema::PairingOutcome;

namespace {

const std::string good_code = "ABCD-1234-6";

runtime::Answer<actors::PairingOfferWish> offer(const Json& body) {
  return read_pairing_offer(body.dump(), 9);
}

runtime::Answer<actors::PairingApproval> approval(const Json& body) {
  return read_pairing_approval(body.dump());
}

runtime::Answer<runtime::PairingDoorWish> door(const Json& body) {
  return read_pairing_door(body.dump());
}

/// The one session of a status.
Json session_of(const actors::PairingSessionStatus& session) {
  actors::PairingStatus status;
  status.sessions = {session};
  return runtime::pairing_document(status).at("sessions").at(0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_pairing)

// -- offers ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_offer_may_leave_all_to_the_node) {
  auto wish = must(offer(Json::object()));
  BOOST_TEST(wish.symbols == 9U);
  BOOST_TEST(!wish.only_from.has_value());
  BOOST_TEST(!wish.via.has_value());
  BOOST_TEST(wish.endpoints.empty());
}

BOOST_AUTO_TEST_CASE(an_offer_is_read) {
  auto wish = must(offer({{"symbols", 6},
                          {"only_from", "2001:db8::1"},
                          {"endpoints", {"192.0.2.1:51820"}}}));
  BOOST_TEST(wish.symbols == 6U);
  BOOST_TEST((wish.only_from == address("2001:db8::1")));
  BOOST_TEST((wish.endpoints == std::vector{endpoint("192.0.2.1:51820")}));
}

BOOST_AUTO_TEST_CASE(whoever_passes_on_has_the_usual_port_or_another) {
  auto via = [](const char* text) {
    return must(offer({{"via", text}})).via.value();
  };
  BOOST_TEST((via("192.0.2.1") == events::Endpoint{address("192.0.2.1"), 0}));
  BOOST_TEST(
      (via("2001:db8::1") == events::Endpoint{address("2001:db8::1"), 0}));
  BOOST_TEST((via("192.0.2.1:7") == endpoint("192.0.2.1:7")));
  BOOST_TEST((via("[2001:db8::1]:7") == endpoint("[2001:db8::1]:7")));
  for (const auto& bad : {Json("nas"), Json("192.0.2.1:0"), Json("nas:7"),
                          Json("[2001:db8::1]"), Json(""), Json(7)})
    BOOST_TEST(mentions(refusal(offer({{"via", bad}})), "'via' must be"));
}

BOOST_AUTO_TEST_CASE(an_offer_that_makes_no_sense_is_refused) {
  for (const auto& symbols :
       {Json(5), Json(11), Json("8"), Json(-8), Json(8.5), Json(4294967304)})
    BOOST_TEST(refusal(offer({{"symbols", symbols}})) ==
               "'symbols' must be a number from 6 to 10");
  for (const auto& from : {Json("192.0.2.0/24"), Json("nas"), Json(7)})
    BOOST_TEST(mentions(refusal(offer({{"only_from", from}})),
                        "'only_from' must be an address"));
  BOOST_TEST(
      mentions(refusal(offer({{"only_from", "192.0.2.1"}, {"via", "::1"}})),
               "goes without 'via'"));
  Json five = Json::array();
  for (int i = 1; i <= 5; ++i) five.push_back("192.0.2.1:" + std::to_string(i));
  BOOST_TEST(refusal(offer({{"endpoints", five}})) ==
             "'endpoints' has more than 4 of them");
  BOOST_TEST(refusal(offer({{"symbol", 8}})) ==
             "there is no field \"symbol\" in a pairing offer");
  refusal(read_pairing_offer("", 8));
  refusal(read_pairing_offer("[]", 8));
}

// -- approvals ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_approval_is_read) {
  auto read = must(approval(
      {{"code", "abcd l234 6"}, {"number", 7}, {"from", "192.0.2.1"}}));
  BOOST_TEST(read.code->text() == good_code);
  BOOST_TEST(read.number.value() == 7U);
  BOOST_TEST(
      (read.at == events::Endpoint{address("192.0.2.1"), std::uint16_t{0}}));
  auto least = must(approval({{"code", good_code}}));
  BOOST_TEST(!least.number.has_value());
  BOOST_TEST(!least.at.has_value());
}

/// The words repeat no more of what was typed than one symbol.
BOOST_AUTO_TEST_CASE(what_is_no_code_is_refused_before_anything_is_spent) {
  auto why = [](const Json& code) {
    return refusal(approval({{"code", code}}));
  };
  BOOST_TEST(mentions(why("ABCD-1235-6"), "misheard or mistyped"));
  BOOST_TEST(mentions(why("ABCD-123U-6"), "a code has no 'U': was it V?"));
  BOOST_TEST(mentions(why("ABC-6"), "6 symbols and one that checks them"));
  BOOST_TEST(mentions(why(""), "at least"));
  BOOST_TEST(mentions(why(std::string(300, 'A')), "at most"));
  for (const auto& code : {Json(7), Json(), Json::array({good_code})})
    BOOST_TEST(why(code) == "'code' must be the code that the newcomer shows");
  BOOST_TEST(!mentions(why("ABCD-1235-6"), "1235"));
  for (const auto& field : {"number", "from", "form"})
    BOOST_TEST(!mentions(refusal(approval({{"code", good_code}, {field, "x"}})),
                         "1234"));
}

BOOST_AUTO_TEST_CASE(an_approval_that_makes_no_sense_is_refused) {
  for (const auto& number : {Json(0), Json("7"), Json(4294967296)})
    BOOST_TEST(
        mentions(refusal(approval({{"code", good_code}, {"number", number}})),
                 "'number' must be a number from 1 to"));
  BOOST_TEST(mentions(refusal(approval({{"code", good_code}, {"from", "nas"}})),
                      "'from' must be an address"));
}

// -- the door ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_door_is_open_for_ten_minutes_at_most) {
  auto wish = must(door({{"seconds", 600}, {"only_from", "192.0.2.1"}}));
  BOOST_TEST(wish.seconds == 600U);
  BOOST_TEST((wish.only_from == address("192.0.2.1")));
  BOOST_TEST(must(door({{"seconds", 0}})).seconds == 0U);
  for (const auto& body :
       {Json::object(), Json{{"seconds", 601}}, Json{{"seconds", "600"}},
        Json{{"seconds", -1}}, Json{{"seconds", nullptr}}})
    BOOST_TEST(refusal(door(body)) ==
               "'seconds' must be a number from 0 to 600");
  refusal(door({{"seconds", 1}, {"minutes", 1}}));
}

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_session_is_told_as_far_as_it_is_known) {
  actors::PairingSessionStatus session;
  session.id = id_of(0x55);
  session.side = schema::PairingSide::newcomer;
  session.number = 7;
  session.left_s = 600;
  Json expected{
      {"id", id_of(0x55).hex()}, {"side", "newcomer"},  {"number", 7},
      {"phase", "waiting"},      {"seconds_left", 600}, {"guesses_answered", 0},
      {"node", nullptr},         {"name", nullptr},     {"key", nullptr},
      {"mesh", nullptr},         {"symbols", nullptr},  {"outcome", nullptr},
      {"why", nullptr}};
  BOOST_TEST(session_of(session) == expected);
  session.number = 0;
  BOOST_TEST(session_of(session).at("number").is_null());
}

BOOST_AUTO_TEST_CASE(who_was_met_is_told) {
  auto document = runtime::pairing_document(sample_pairing());
  const auto& session = document.at("sessions").at(0);
  BOOST_TEST(session.at("side") == "authority");
  BOOST_TEST(session.at("node") == node_of(3).hex());
  BOOST_TEST(session.at("name") == "node-3");
  BOOST_TEST(session.at("key") == signing_key_of(3).hex());
  BOOST_TEST(session.at("mesh") == "home");
  BOOST_TEST(session.at("symbols") == "K3VQ");
  BOOST_TEST(document.at("waiting").at(0) ==
             Json::parse(R"({"number": 8, "from": "192.0.2.8",
                             "passed_on": true, "seconds_left": 60})"));
  BOOST_TEST(document.at("door_seconds_left") == 30);
  BOOST_TEST(document.at("connections") == 2);
}

BOOST_AUTO_TEST_CASE(each_phase_has_its_name) {
  actors::PairingSessionStatus session;
  for (std::size_t phase = 0; phase < phase_names.size(); ++phase) {
    session.phase = static_cast<PairingPhase>(phase);
    BOOST_TEST(session_of(session).at("phase") == phase_names[phase]);
  }
}

BOOST_AUTO_TEST_CASE(an_end_is_told_by_its_name_and_in_words) {
  actors::PairingSessionStatus session;
  session.phase = PairingPhase::ended;
  session.outcome = PairingOutcome::wrong_code;
  BOOST_TEST(session_of(session).at("outcome") == "wrong_code");
  BOOST_TEST(session_of(session).at("why") ==
             "another code was typed than is shown");
  session.detail = "another code was typed than is shown";
  BOOST_TEST(session_of(session).at("why") == session.detail);
  session.outcome = PairingOutcome::unreachable;
  session.detail = "no route";
  BOOST_TEST(session_of(session).at("why") ==
             "the other side could not be reached: no route");
}

BOOST_AUTO_TEST_CASE(a_code_stands_in_the_answer_to_its_offer_alone) {
  Json expected{{"schema", "ppn.pairing-offer.v1"},
                {"session", id_of(0x55).hex()},
                {"number", 7},
                {"code", good_code},
                {"seconds", 600}};
  BOOST_TEST(runtime::pairing_offer_document(sample_code()) == expected);
  BOOST_TEST(
      !mentions(runtime::pairing_document(sample_pairing()).dump(), "1234"));
}

BOOST_AUTO_TEST_CASE(what_was_done_is_told_with_its_session) {
  auto session = id_of(1);
  for (const auto& [document, schema] :
       {std::pair{runtime::pairing_approval_document(session),
                  "ppn.pairing-approval.v1"},
        std::pair{runtime::pairing_admit_document(session),
                  "ppn.pairing-admit.v1"},
        std::pair{runtime::pairing_refuse_document(session),
                  "ppn.pairing-refuse.v1"},
        std::pair{runtime::pairing_cancel_document(session),
                  "ppn.pairing-cancel.v1"}})
    BOOST_TEST(
        (document == Json{{"schema", schema}, {"session", session.hex()}}));
  BOOST_TEST((runtime::pairing_door_document(60) ==
              Json{{"schema", "ppn.pairing-door.v1"}, {"seconds", 60}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
