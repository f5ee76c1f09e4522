// The documents of the control API, and its problems.
#include "events/state_codec.hpp"
#include "runtime/api.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/api_samples.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::NodeMode;
using runtime::ProblemType;
using schema::Json;

namespace {

/// The bytes of the first entries of a ledger.
std::vector<Bytes> entries_of(TestLedger& ledger, std::uint64_t count) {
  auto transaction = must(ledger.backend().read());
  store::LedgerView view{*transaction};
  std::vector<Bytes> entries;
  for (std::uint64_t sequence = 0; sequence < count; ++sequence) {
    store::AlignedBytes aligned;
    auto record =
        must(store::open_record(must(view.record(sequence)), aligned));
    entries.emplace_back(record.halves.entry.begin(),
                         record.halves.entry.end());
  }
  return entries;
}

std::string line_of(const std::string& text, const std::string& begin) {
  auto at = text.find("\n" + begin);
  BOOST_REQUIRE(at != std::string::npos);
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_documents)

// -- health and status -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_that_runs_and_records_is_healthy) {
  auto report = sample_report();
  BOOST_TEST(runtime::is_healthy(report));
  BOOST_TEST(runtime::health_document(report).dump() ==
             R"({"schema":"ppn.health.v1","healthy":true,"reason":null})");
}

BOOST_AUTO_TEST_CASE(one_in_any_other_mode_is_not_and_says_why) {
  for (auto [mode, name] : {std::pair{NodeMode::starting, "starting"},
                            std::pair{NodeMode::stopping, "stopping"},
                            std::pair{NodeMode::read_only, "read_only"}}) {
    auto report = sample_report();
    report.node.mode = mode;
    auto document = runtime::health_document(report);
    BOOST_TEST(!document["healthy"].get<bool>());
    BOOST_TEST(document["reason"] == std::string{"the node is "} + name);
    BOOST_TEST(runtime::status_document(report)["mode"] == name);
  }
}

BOOST_AUTO_TEST_CASE(the_reason_of_the_ledger_goes_before_the_nodes) {
  auto report = sample_report();
  report.node.mode = NodeMode::read_only;
  report.node.reason = "it said so";
  BOOST_TEST(runtime::health_document(report)["reason"] == "it said so");
  report.node.mode = NodeMode::running;
  report.ledger.read_only = "the disk is gone";
  auto document = runtime::health_document(report);
  BOOST_TEST(!document["healthy"].get<bool>());
  BOOST_TEST(document["reason"] == "the disk is gone");
}

BOOST_AUTO_TEST_CASE(a_status_tells_all_that_was_reported) {
  auto report = sample_report();
  report.warnings = {{"disk-low", "1 MiB is left"}};
  const auto expected = Json::parse(R"({
    "schema": "ppn.status.v1", "version": "1.2.3",
    "node": {"id": ")" + report.node.id.hex() +
                                    R"(", "name": "hub"},
    "boot": 3, "mode": "running", "uptime_seconds": 60,
    "ledger": {"size": 12, "root": ")" +
                                    report.ledger.head.root.hex() + R"("},
    "state_dir": "/var/lib/ppn",
    "actors": {"operator_gate": {"respawns": 2}}, "proposals": 1,
    "mesh": {"name": "home", "version": 5, "epoch": 6, "members": 3, "interface": "ppn0",
             "implementation": "kernel", "tunnels": 2, "tunnels_up": 1},
    "guests": 3,
    "warnings": [{"name": "disk-low", "detail": "1 MiB is left"}]})");
  BOOST_TEST(runtime::status_document(report) == expected);
}

BOOST_AUTO_TEST_CASE(a_status_without_a_mesh_says_so) {
  auto report = sample_report();
  report.mesh.reset();
  BOOST_TEST(runtime::status_document(report)["mesh"].is_null());
}

BOOST_AUTO_TEST_CASE(guests_that_nobody_can_tell_of_are_not_none) {
  auto report = sample_report();
  report.guests.reset();
  BOOST_TEST(runtime::status_document(report)["guests"].is_null());
}

BOOST_AUTO_TEST_CASE(numbers_stay_whole_however_large) {
  auto report = sample_report();
  report.ledger.head.size = ~std::uint64_t{0};
  BOOST_TEST(mentions(runtime::ledger_document(report.ledger).dump(),
                      R"("size":18446744073709551615,)"));
}

// -- the ledger --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(entries_are_told_in_their_order_and_where_to_go_on) {
  ScratchDirectory scratch;
  auto ledger = must(TestLedger::found(scratch / "node"));
  must(ledger->append(numbered_request(*ledger, 2), test_clock));
  auto document = runtime::entries_document(0, entries_of(ledger, 3));
  BOOST_TEST(document["next"] == 3U);
  BOOST_REQUIRE(document["entries"].size() == 3U);
  for (std::uint64_t sequence = 0; sequence < 3; ++sequence) {
    const auto& entry = document["entries"][sequence];
    BOOST_TEST(entry["schema"] == "ppn.entry.v1");
    BOOST_TEST(entry["sequence"] == sequence);
    BOOST_TEST(entry["time"] == "2026-01-01T00:00:00.000Z");
  }
}

BOOST_AUTO_TEST_CASE(beyond_the_end_are_no_entries) {
  auto document = runtime::entries_document(77, {});
  BOOST_TEST(document["entries"].is_array());
  BOOST_TEST(document["entries"].empty());
  BOOST_TEST(document["next"] == 77U);
}

BOOST_AUTO_TEST_CASE(a_state_is_told_with_the_entries_it_stands_on) {
  events::State state;
  state.node.name = "hub";
  auto document = runtime::state_document(5, state);
  BOOST_TEST(document["entries"] == 5U);
  BOOST_TEST(document["state"] == schema::state_to_json(events::encode(state)));
}

// -- proposals ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_proposal_tells_what_was_wished_and_what_it_will_do) {
  auto document = runtime::proposal_document(sample_grant());
  BOOST_TEST(document["id"] == id_of(0x33).hex());
  BOOST_TEST(document["plan"] == Json::array({"grant it"}));
  Json expected{{"kind", "grant"},
                {"grant", id_of(0x44).hex()},
                {"subject", "node/2"},
                {"resource", "vm/1"},
                {"rights", {"read", "invoke"}}};
  BOOST_TEST(document["change"] == expected);
}

BOOST_AUTO_TEST_CASE(a_grant_tells_its_end_and_its_parent_if_it_has_them) {
  auto proposal = sample_grant();
  auto& wish = std::get<events::GrantWish>(proposal.change);
  wish.expiry = events::Expiry{-1, 3, 5};
  wish.parent = id_of(0x55);
  auto change = runtime::proposal_document(proposal)["change"];
  Json end{{"utc_ns", -1}, {"boot", 3}, {"since_boot_ns", 5}};
  BOOST_TEST(change["expiry"] == end);
  BOOST_TEST(change["parent"] == id_of(0x55).hex());
}

BOOST_AUTO_TEST_CASE(a_revocation_is_told_with_its_reason) {
  actors::Proposal proposal{
      id_of(1), actors::RevokeWish{id_of(2), "enough"}, {"revoke it"}};
  Json expected{
      {"kind", "revoke"}, {"grant", id_of(2).hex()}, {"reason", "enough"}};
  BOOST_TEST(runtime::proposal_document(proposal)["change"] == expected);
}

BOOST_AUTO_TEST_CASE(a_change_of_guests_is_told_as_such) {
  actors::Proposal proposal{
      id_of(1), events::DeleteVm{id_of(0x71), true}, {"delete it"}};
  Json expected{
      {"kind", "vm-delete"}, {"vm", id_of(0x71).hex()}, {"force", true}};
  BOOST_TEST(runtime::proposal_document(proposal)["change"] == expected);
}

BOOST_AUTO_TEST_CASE(proposals_are_told_in_their_order) {
  auto second = sample_grant();
  second.id = id_of(0x66);
  auto list = runtime::proposals_document(
      std::vector{sample_grant(), second})["proposals"];
  BOOST_REQUIRE(list.size() == 2U);
  BOOST_TEST(list[0]["id"] == id_of(0x33).hex());
  BOOST_TEST(list[1]["id"] == id_of(0x66).hex());
  BOOST_TEST(runtime::proposals_document({})["proposals"] == Json::array());
}

BOOST_AUTO_TEST_CASE(a_commit_and_a_rejection_name_their_proposal) {
  BOOST_TEST(runtime::commit_document(id_of(1), 7)["proposal"] ==
             id_of(1).hex());
  BOOST_TEST(runtime::commit_document(id_of(1), 7)["sequence"] == 7U);
  BOOST_TEST(runtime::reject_document(id_of(1))["proposal"] == id_of(1).hex());
}

// -- metrics -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(metrics_have_the_figures_of_the_report) {
  auto report = sample_report();
  auto text = runtime::metrics_text(report, {5, 4096});
  BOOST_TEST(line_of(text, "ppn_ledger_entries ") == "ppn_ledger_entries 12");
  BOOST_TEST(line_of(text, "ppn_read_only ") == "ppn_read_only 0");
  BOOST_TEST(line_of(text, "ppn_boot ") == "ppn_boot 3");
  BOOST_TEST(line_of(text, "ppn_uptime_seconds ") == "ppn_uptime_seconds 60");
  BOOST_TEST(line_of(text, "ppn_proposals ") == "ppn_proposals 1");
  BOOST_TEST(line_of(text, "ppn_roster_version ") == "ppn_roster_version 5");
  BOOST_TEST(line_of(text, "ppn_roster_epoch ") == "ppn_roster_epoch 6");
  BOOST_TEST(line_of(text, "ppn_mesh_members ") == "ppn_mesh_members 3");
  BOOST_TEST(line_of(text, "ppn_tunnels ") == "ppn_tunnels 2");
  BOOST_TEST(line_of(text, "ppn_tunnels_up ") == "ppn_tunnels_up 1");
  BOOST_TEST(line_of(text, "ppn_frames_dropped_total{") ==
             R"(ppn_frames_dropped_total{fault="replayed"} 4)");
  BOOST_TEST(mentions(text,
                      "ppn_guests{phase=\"running\"} 2\n"
                      "ppn_guests{phase=\"stopped\"} 1\n"));
  BOOST_TEST(line_of(text, "ppn_guests_memory_bytes ") ==
             "ppn_guests_memory_bytes 1073741824");
  BOOST_TEST(line_of(text, "ppn_api_requests_total ") ==
             "ppn_api_requests_total 5");
  BOOST_TEST(line_of(text, "ppn_process_resident_bytes ") ==
             "ppn_process_resident_bytes 4096");
  BOOST_TEST(line_of(text, "ppn_actor_respawns_total{") ==
             R"(ppn_actor_respawns_total{actor="operator_gate"} 2)");
  BOOST_TEST(text.ends_with('\n'));
  report.ledger.read_only = "why";
  BOOST_TEST(line_of(runtime::metrics_text(report, {}), "ppn_read_only ") ==
             "ppn_read_only 1");
}

BOOST_AUTO_TEST_CASE(a_label_ends_no_line_and_no_value) {
  auto report = sample_report();
  report.version = "a\"b\\c\nd";
  BOOST_TEST(mentions(runtime::metrics_text(report, {}),
                      R"(ppn_info{version="a\"b\\c\nd",node=)"));
}

// -- problems ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(problems_stand_in_the_order_of_their_types) {
  std::size_t place = 0;
  for (const auto& kind : runtime::problem_kinds())
    BOOST_TEST(static_cast<std::size_t>(kind.type) == place++);
  BOOST_TEST(place == static_cast<std::size_t>(ProblemType::disk_full) + 1);
}

BOOST_AUTO_TEST_CASE(a_problem_is_answered_with_its_status) {
  auto response =
      runtime::to_response({ProblemType::read_only, "why \xff it is"});
  BOOST_TEST(response.status == 503U);
  BOOST_TEST(response.content_type == "application/problem+json");
  BOOST_TEST(response.body ==
             R"({"schema":"ppn.problem.v1","type":"urn:ppn:problem:read-only",)"
             R"("title":"Read-only","status":503,"detail":"why )"
             "\xef\xbf\xbd it is\"}\n");
}

BOOST_AUTO_TEST_CASE(an_actors_refusal_keeps_its_words) {
  auto problem =
      runtime::problem_of({store::ErrorCode::not_found, "no such thing"});
  BOOST_TEST((problem.type == ProblemType::not_found));
  BOOST_TEST(problem.detail == "no such thing");
}

/// Whoever is refused may do something about it; what failed may not.
BOOST_AUTO_TEST_CASE(refusals_are_told_apart_from_failures) {
  using store::ErrorCode;
  for (auto code :
       {ErrorCode::bad_input, ErrorCode::not_granted, ErrorCode::oversized})
    BOOST_TEST((runtime::problem_of({code, ""}).type == ProblemType::refused));
  for (auto code : {ErrorCode::io, ErrorCode::damaged, ErrorCode::key})
    BOOST_TEST((runtime::problem_of({code, ""}).type == ProblemType::failed));
  for (auto code : {ErrorCode::disk_full, ErrorCode::map_full})
    BOOST_TEST(
        (runtime::problem_of({code, ""}).type == ProblemType::disk_full));
  BOOST_TEST((runtime::problem_of({ErrorCode::read_only, ""}).type ==
              ProblemType::read_only));
  BOOST_TEST((runtime::problem_of({ErrorCode::version_conflict, ""}).type ==
              ProblemType::busy));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
