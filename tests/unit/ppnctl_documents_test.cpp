// The documents of the API: all that is needed has to be there.
#include <boost/test/unit_test.hpp>

#include "tests/unit/expect.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/status.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

Json status_document() {
  return Json::parse(R"({
    "schema": "ppn.status.v1", "version": "0.1.0",
    "node": {"id": "ab", "name": "laptop-a"}, "boot": 3, "mode": "running",
    "uptime_seconds": 61, "mesh": null, "ledger": {"size": 12, "root": "cd"},
    "state_dir": "/var/lib/ppn",
    "actors": {"ledger": {"respawns": 0}, "gate": {"respawns": 2}},
    "proposals": 1, "warnings": [], "of_later": true})");
}

Json entry_document() {
  return Json::parse(R"({
    "schema": "ppn.entry.v1", "time": "2026-11-23T10:00:00.000Z",
    "sequence": 7, "stream": "node", "stream_version": 1,
    "clock": {"synchronised": true}, "payload_type": "NodeStarted",
    "payload": {"boot": 1}})");
}

Json proposal_document() {
  return {{"schema", "ppn.proposal.v1"},
          {"id", std::string(32, 'a')},
          {"change", {{"kind", "grant"}}},
          {"plan", {"do this", "and that"}}};
}

/// Each needed field once absent, and once of another kind.
template <class Read>
void expect_all_needed(const Json& written, Read read,
                       const std::string& ignored = {}) {
  // As it is read, for what is read of a number is whether it has a sign.
  auto document = Json::parse(written.dump());
  BOOST_TEST(bool{read(document)});
  BOOST_TEST(!read(Json{}));
  BOOST_TEST(!read(Json(7)));
  for (const auto& [name, value] : document.items()) {
    if (name == ignored) continue;
    auto without = document;
    without.erase(name);
    BOOST_TEST(!read(without), "without " + name);
    auto other = document;
    other[name] = value.is_null() ? Json::array() : Json{};
    BOOST_TEST(!read(other), "with another kind of " + name);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_documents)

BOOST_AUTO_TEST_CASE(a_status_needs_its_fields) {
  expect_all_needed(status_document(), read_status, "of_later");
  for (const char* path :
       {"/node/id", "/node/name", "/ledger/size", "/actors/gate/respawns"}) {
    auto document = status_document();
    document[Json::json_pointer{path}] = Json::array();
    BOOST_TEST(!read_status(document), path);
  }
  auto negative = status_document();
  negative["boot"] = -1;
  BOOST_TEST(!read_status(negative));
}

BOOST_AUTO_TEST_CASE(a_document_of_another_kind_is_named) {
  auto other = status_document();
  other["schema"] = "ppn.status.v2";
  auto status = read_status(other);
  BOOST_REQUIRE(!status);
  BOOST_TEST(status.error().what.find("'ppn.status.v2'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_status_is_a_table) {
  auto status = read_status(status_document());
  BOOST_REQUIRE(status);
  BOOST_TEST(!status->is_degraded());
  BOOST_TEST(status_text(*status) ==
             "node       laptop-a (ab)\n"
             "version    0.1.0\n"
             "mode       running\n"
             "boot       3\n"
             "uptime     1 minute, 1 second\n"
             "mesh       none\n"
             "ledger     12 entries\n"
             "root       cd\n"
             "state dir  /var/lib/ppn\n"
             "proposals  1 waiting\n"
             "respawns   gate 2\n");
}

BOOST_AUTO_TEST_CASE(a_status_has_its_mesh_in_brief) {
  auto document = status_document();
  document["mesh"] = Json::parse(R"({
    "name": "home", "version": 4, "epoch": 2, "members": 3, "interface": "ppn0",
    "implementation": "kernel", "tunnels": 2, "tunnels_up": 1})");
  auto status = read_status(document);
  BOOST_REQUIRE(status);
  auto text = status_text(*status);
  BOOST_TEST(mentions(text, "\nmesh       home, 3 members, epoch 2\n"));
  BOOST_TEST(mentions(text, "\ntunnels    1 of 2 up, ppn0 by kernel\n"));
  document["mesh"]["tunnels"] = "2";
  BOOST_TEST(!read_status(document));
}

BOOST_AUTO_TEST_CASE(a_status_with_warnings_is_degraded) {
  auto document = status_document();
  document["warnings"] = {{{"name", "clock"}, {"detail", "wrong\x1b"}}};
  auto status = read_status(document);
  BOOST_REQUIRE(status);
  BOOST_TEST(status->is_degraded());
  BOOST_TEST(status_text(*status).ends_with("\n\nwarning  clock: wrong?\n"));
  document["warnings"] = {{{"name", "clock"}}};
  BOOST_TEST(!read_status(document));
}

BOOST_AUTO_TEST_CASE(a_node_that_does_not_run_is_degraded) {
  auto document = status_document();
  document["mode"] = "read_only";
  auto status = read_status(document);
  BOOST_REQUIRE(status);
  BOOST_TEST(status->is_degraded());
}

BOOST_AUTO_TEST_CASE(an_entry_needs_its_fields) {
  expect_all_needed(entry_document(), read_entry);
  auto entry = read_entry(entry_document());
  BOOST_REQUIRE(entry);
  BOOST_TEST(entry->sequence == 7U);
  BOOST_TEST(entry->utc_ns == 1'795'428'000'000'000'000);
  BOOST_TEST(entry->line.find("NodeStarted") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_entry_does_not_steer_a_terminal) {
  auto document = entry_document();
  document["stream"] = "\x1b[2J";
  auto entry = read_entry(document);
  BOOST_REQUIRE(entry);
  BOOST_TEST(entry->line.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_other_documents_need_their_fields) {
  expect_all_needed({{"schema", "ppn.ledger.v1"},
                     {"size", 1},
                     {"root", "ab"},
                     {"checkpoint", "note"}},
                    read_ledger_head);
  expect_all_needed({{"schema", "ppn.entries.v1"},
                     {"entries", Json::array({entry_document()})},
                     {"next", 8}},
                    read_entry_page);
  expect_all_needed(proposal_document(), read_proposal);
  expect_all_needed({{"schema", "ppn.proposals.v1"},
                     {"proposals", Json::array({proposal_document()})}},
                    read_proposals);
  expect_all_needed({{"schema", "ppn.commit.v1"}, {"sequence", 1}},
                    read_committed);
  expect_all_needed({{"schema", "ppn.reject.v1"}, {"proposal", "ab"}},
                    read_rejected);
}

BOOST_AUTO_TEST_CASE(a_proposal_has_a_plan_and_an_id) {
  auto document = proposal_document();
  document["plan"] = Json::array();
  BOOST_TEST(!read_proposal(document));
  document["plan"] = {1};
  BOOST_TEST(!read_proposal(document));
  document = proposal_document();
  document["id"] = "../status";
  BOOST_TEST(!read_proposal(document));
  document = proposal_document();
  document["change"] = Json::object();
  BOOST_TEST(!read_proposal(document));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
