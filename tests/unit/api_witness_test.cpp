// What the control API says of the ledgers of others.
#include "runtime/api_witness.hpp"

#include "runtime/api_change.hpp"
#include "runtime/api_mesh.hpp"
#include "store/cosignature.hpp"
#include "tests/unit/api_samples.hpp"

namespace ppn::tests {

using schema::Json;

BOOST_AUTO_TEST_SUITE(api_witness)

BOOST_AUTO_TEST_CASE(a_ledger_is_told_with_what_is_remembered_of_it) {
  auto document =
      runtime::witness_document(sample_roster().mesh, sample_witness_status());
  auto zeros = std::string(64, '0');
  Json expected{
      {"node", node_of(3).hex()},
      {"name", "node-3"},
      {"size", 99},
      {"root", zeros},
      {"vouched", "2026-01-01T00:00:00.000Z"},
      {"told", "2026-01-01T00:02:00.000Z"},
      {"unproven",
       {{"size", 120},
        {"since", "2026-01-01T00:01:00.000Z"},
        {"withheld", false}}},
      {"clash",
       "it signed two histories of its ledger: one of them was rewritten"},
      {"acknowledged", false},
      {"key", store::witness_verifier(node_of(3), signing_key_of(3)).text()},
      {"cosigned", {{"size", 11}, {"time", "2026-01-01T00:00:00.000Z"}}}};
  BOOST_TEST(document["ledgers"].size() == 1U);
  BOOST_TEST(document["ledgers"][0] == expected);
  BOOST_TEST(document["key"] == "ppn.internal/1/witness+00000000+key");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_of_a_ledger_is_null) {
  actors::WitnessStatus status;
  status.ledgers[node_of(3)] = {};
  auto ledger =
      runtime::witness_document(sample_roster().mesh, status)["ledgers"][0];
  for (const char* field : {"size", "root", "vouched", "told", "unproven",
                            "clash", "key", "cosigned"})
    BOOST_TEST(ledger[field].is_null(), field);
}

BOOST_AUTO_TEST_CASE(whoever_something_stands_against_is_warned_of) {
  auto warnings =
      runtime::witness_warnings(sample_roster().mesh, sample_witness_status());
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(warnings[0].name == "clash");
  BOOST_TEST(mentions(warnings[0].detail,
                      "node-3: it signed two histories of its ledger"));
  BOOST_TEST(mentions(warnings[0].detail, "ppnctl witness acknowledge node-3"));
}

BOOST_AUTO_TEST_CASE(who_withholds_a_proof_is_warned_of) {
  actors::WitnessStatus status;
  status.ledgers[node_of(3)].is_withheld = true;
  auto warnings = runtime::witness_warnings(sample_roster().mesh, status);
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(warnings[0].name == "ledger-unproven");
}

/// Whatever a witness says of its clock.
BOOST_AUTO_TEST_CASE(a_time_beyond_all_times_is_told_as_the_last_one) {
  auto status = sample_witness_status();
  status.cosigned[node_of(3)].seconds = ~std::uint64_t{0};
  auto document = runtime::witness_document(sample_roster().mesh, status);
  BOOST_TEST(document["ledgers"][0]["cosigned"]["time"].is_string());
}

BOOST_AUTO_TEST_CASE(a_mesh_that_was_recovered_twice_is_warned_of) {
  actors::WitnessStatus status;
  status.is_split = true;
  auto warnings = runtime::witness_warnings(sample_roster().mesh, status);
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(warnings[0].name == "recovered-twice");
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_names_a_member) {
  auto wish = runtime::read_change(
      R"({"change": {"kind": "witness-acknowledge", "node": "node-3"}})");
  const auto& read = std::get<runtime::ProposalWish>(wish);
  events::State state;
  state.mesh = sample_roster().mesh;
  auto change = runtime::to_change(std::get<runtime::ChangeWish>(read), state);
  const auto& acknowledged =
      std::get<actors::AcknowledgeClash>(std::get<actors::Change>(change));
  BOOST_TEST(acknowledged.node == node_of(3));
  BOOST_TEST(runtime::witness_change_json(acknowledged)["node"] ==
             node_of(3).hex());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
