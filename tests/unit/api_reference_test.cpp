// runtime/API.md says of the control API what the program does.
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "runtime/api_former.hpp"
#include "runtime/api_request.hpp"
#include "tests/unit/api_samples.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

using runtime::Access;
using runtime::Endpoint;
using schema::Json;

namespace {

/// What stands below each heading of the page.
class Reference {
 public:
  Reference() {
    std::istringstream lines{project_file("runtime/API.md")};
    std::string heading;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("## "))
        heading = line.substr(3);
      else
        sections_[heading] += line + "\n";
    }
  }

  [[nodiscard]] const std::string& section(const std::string& heading) const {
    auto found = sections_.find(heading);
    BOOST_REQUIRE_MESSAGE(found != sections_.end(), heading);
    return found->second;
  }

  /// Of endpoints, as METHOD /path.
  [[nodiscard]] std::set<std::string> endpoints() const {
    static const std::regex endpoint{"[A-Z]+ /.*"};
    std::set<std::string> found;
    for (const auto& [heading, text] : sections_)
      if (std::regex_match(heading, endpoint)) found.insert(heading);
    return found;
  }

 private:
  std::map<std::string, std::string> sections_;
};

/// The rows of the table that begins with this head, without backquotes.
std::vector<std::vector<std::string>> table(const std::string& text,
                                            const std::string& head) {
  std::vector<std::vector<std::string>> rows;
  auto at = text.find(head + "\n|---");
  if (at == std::string::npos) return rows;
  std::istringstream lines{text.substr(at)};
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  while (std::getline(lines, line) && line.starts_with('|')) {
    std::vector<std::string> row;
    std::istringstream cells{line.substr(1)};
    for (std::string cell; std::getline(cells, cell, '|');) {
      std::erase(cell, '`');
      row.push_back(cell.substr(1, cell.size() - 2));
    }
    rows.push_back(row);
  }
  return rows;
}

std::vector<std::vector<std::string>> fields(const std::string& text) {
  return table(text, "| field | what it is |");
}

std::string heading_of(const runtime::Route& route) {
  return std::string{route.method} + " " + std::string{route.path};
}

/// What each endpoint answers; nothing for those that answer no document of
/// their own.
Json document_of(Endpoint endpoint) {
  const auto report = sample_report();
  switch (endpoint) {
    case Endpoint::health:
      return runtime::health_document(report);
    case Endpoint::status:
      return runtime::status_document(report);
    case Endpoint::state:
      return runtime::state_document(0, {});
    case Endpoint::ledger:
      return runtime::ledger_document(report.ledger);
    case Endpoint::entries:
      return runtime::entries_document(0, {});
    case Endpoint::proposals:
      return runtime::proposals_document({});
    case Endpoint::proposal:
      return runtime::proposal_document(sample_grant());
    case Endpoint::commit:
      return runtime::commit_document({}, 0);
    case Endpoint::reject:
      return runtime::reject_document({});
    case Endpoint::mesh:
      return runtime::mesh_document(sample_roster(), node_of(1), {}, {});
    case Endpoint::peers:
      return runtime::peers_document(sample_roster(), node_of(1),
                                     sample_device_status(), "ppn0");
    case Endpoint::device_plan:
      return runtime::device_plan_document({});
    case Endpoint::pairing:
      return runtime::pairing_document(sample_pairing());
    case Endpoint::pairing_offer:
      return runtime::pairing_offer_document(sample_code());
    case Endpoint::pairing_approve:
      return runtime::pairing_approval_document({});
    case Endpoint::pairing_admit:
      return runtime::pairing_admit_document({});
    case Endpoint::pairing_refuse:
      return runtime::pairing_refuse_document({});
    case Endpoint::pairing_cancel:
      return runtime::pairing_cancel_document({});
    case Endpoint::pairing_door:
      return runtime::pairing_door_document(0);
    case Endpoint::vms:
      return runtime::vms_document(sample_pool(), {});
    case Endpoint::vm:
      return runtime::vm_document(sample_pool(), id_of(0x71), {});
    case Endpoint::vm_start:
    case Endpoint::vm_stop:
    case Endpoint::vm_pause:
    case Endpoint::vm_resume:
    case Endpoint::vm_reset:
      return runtime::vm_command_document({}, "web", 0);
    case Endpoint::vm_console_log:
    case Endpoint::fleet_console_log:
      return runtime::console_log_document({});
    case Endpoint::pool:
      return runtime::pool_document(sample_pool(), sample_balloons());
    case Endpoint::fleet:
      return must_be(runtime::fleet_document(sample_fleet()));
    case Endpoint::placement:
      return must_be(runtime::placement_document(sample_fleet(), {"", 512}));
    case Endpoint::fleet_order:
      return runtime::fleet_order_document({});
    case Endpoint::fleet_requests:
      return must_be(runtime::fleet_requests_document(sample_placed()));
    case Endpoint::fleet_request:
      return must_be(runtime::fleet_request_document(
          sample_placed(), id_of(0xd3), sample_placement()));
    case Endpoint::images:
      return runtime::images_document(sample_pool());
    case Endpoint::image_add:
      return runtime::image_add_document({});
    case Endpoint::former_guests:
      return runtime::former_guests_document(nullptr, {},
                                             [](const Id&) { return false; });
    case Endpoint::witness:
      return runtime::witness_document(sample_roster().mesh,
                                       sample_witness_status());
    case Endpoint::metrics:
    case Endpoint::mesh_file:
    case Endpoint::stream:
    case Endpoint::propose:
    case Endpoint::vm_console:
    case Endpoint::fleet_console:
      return {};
  }
  return {};
}

/// The table names the fields of the document, in their order, and its schema.
void check_fields(const std::string& text, const Json& document,
                  const std::string& where) {
  std::vector<std::string> described;
  for (const auto& row : fields(text)) described.push_back(row.front());
  std::vector<std::string> made;
  for (const auto& [name, value] : document.items()) made.push_back(name);
  BOOST_TEST_CONTEXT(where) {
    BOOST_TEST(described == made, boost::test_tools::per_element());
    if (!document.is_null() && !described.empty())
      BOOST_TEST(document["schema"] == fields(text).front().at(1));
  }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api_reference, Reference)

BOOST_AUTO_TEST_CASE(every_route_is_described_and_nothing_else) {
  std::set<std::string> routes;
  for (const auto& route : runtime::routes()) routes.insert(heading_of(route));
  BOOST_TEST(routes == endpoints(), boost::test_tools::per_element());
  BOOST_TEST(routes.size() == runtime::routes().size());
}

BOOST_AUTO_TEST_CASE(what_is_marked_read_needs_no_more) {
  for (const auto& route : runtime::routes()) {
    bool is_marked = section(heading_of(route)).starts_with("\n*read*. ");
    BOOST_TEST(is_marked == (route.needs == Access::read), heading_of(route));
    BOOST_TEST((route.needs != Access::none), heading_of(route));
  }
}

BOOST_AUTO_TEST_CASE(every_document_has_the_fields_described) {
  for (const auto& route : runtime::routes())
    check_fields(section(heading_of(route)), document_of(route.endpoint),
                 heading_of(route));
}

BOOST_AUTO_TEST_CASE(a_problem_has_the_fields_described) {
  check_fields(section("Errors"),
               runtime::problem_document(
                   {runtime::ProblemType::not_found, "it is not there"}),
               "Errors");
}

/// What a table says of one field names the fields in it; so does the text
/// below it.
BOOST_AUTO_TEST_CASE(what_is_in_a_mesh_and_a_peer_is_described) {
  auto check = [&](const std::string& heading, const Json& object) {
    BOOST_TEST(!object.empty());
    for (const auto& [name, value] : object.items())
      BOOST_TEST(mentions(section(heading), "`" + name + "`"), name);
  };
  auto mesh = runtime::mesh_document(sample_roster(), node_of(1),
                                     sample_member_status(), {});
  check("GET /v1/mesh", mesh["mesh"]);
  check("GET /v1/mesh", mesh["frames"]);
  check("GET /v1/mesh", mesh["mesh"]["members"][1]);
  check("GET /v1/mesh", mesh["mesh"]["members"][1]["heard"]);
  check("GET /v1/mesh", mesh["mesh"]["former"][0]);
  auto witness =
      runtime::witness_document(sample_roster().mesh, sample_witness_status());
  check("GET /v1/witness", witness["ledgers"][0]);
  check("GET /v1/witness", witness["ledgers"][0]["unproven"]);
  auto peers = runtime::peers_document(sample_roster(), node_of(1),
                                       sample_device_status(), "ppn0");
  check("GET /v1/peers", peers["peers"][0]);
  check("GET /v1/peers", peers["rotation"]);
  check("GET /v1/status", runtime::status_document(sample_report())["mesh"]);
}

BOOST_AUTO_TEST_CASE(what_is_in_a_session_is_described) {
  const auto& text = section("GET /v1/pairing");
  auto document = runtime::pairing_document(sample_pairing());
  for (const auto* list : {"sessions", "waiting"})
    for (const auto& [name, value] : document[list][0].items())
      BOOST_TEST(mentions(text, "`" + name + "`"), name);
  std::vector<std::string> phases;
  for (const auto& row : table(text, "| phase | what is waited for |"))
    phases.push_back(row.front());
  BOOST_TEST(phases == phase_names, boost::test_tools::per_element());
  std::set<std::string> outcomes;
  for (const auto& row : table(text, "| outcome | how the session ended |"))
    outcomes.insert(row.front());
  std::set<std::string> made;
  for (auto outcome : schema::EnumValuesPairingOutcome())
    if (outcome != schema::PairingOutcome::unknown)
      made.insert(schema::EnumNamePairingOutcome(outcome));
  BOOST_TEST(outcomes == made, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_in_a_guest_and_an_image_is_described) {
  auto check = [&](const std::string& heading, const Json& object) {
    BOOST_TEST(!object.empty());
    for (const auto& [name, value] : object.items())
      BOOST_TEST(mentions(section(heading), "`" + name + "`"), name);
  };
  auto vms = runtime::vms_document(sample_pool(), {});
  check("GET /v1/vms", vms["pool"]);
  check("GET /v1/vms", vms["acceleration"]);
  check("GET /v1/vms", vms["acceleration"]["tried"][0]);
  const auto& spec = vms["vms"][0]["spec"];
  check("GET /v1/vms/{id}", spec);
  check("GET /v1/vms/{id}", spec["disks"][0]);
  check("GET /v1/vms/{id}", spec["forwards"][0]);
  check("GET /v1/pool",
        runtime::pool_document(sample_pool(), sample_balloons())["vms"][0]);
  auto images = runtime::images_document(sample_pool());
  check("GET /v1/images", images["images"][0]);
  check("GET /v1/images", images["adding"][0]);
}

BOOST_AUTO_TEST_CASE(what_is_in_a_node_of_the_fleet_is_described) {
  auto check = [&](const std::string& heading, const Json& object) {
    BOOST_TEST(!object.empty());
    for (const auto& [name, value] : object.items())
      BOOST_TEST((mentions(section(heading), "`" + name + "`") ||
                  mentions(section("GET /v1/fleet"), "`" + name + "`")),
                 name);
  };
  auto fleet = must_be(runtime::fleet_document(sample_fleet()));
  check("GET /v1/fleet", fleet["nodes"][0]);
  check("GET /v1/fleet", fleet["guests"][0]);
  check("GET /v1/fleet",
        must_be(runtime::fleet_document(sample_placed()))["quotas"][0]);
  const std::string heading = "POST /v1/fleet/placement";
  check(heading, must_be(runtime::placement_document(sample_fleet(),
                                                     {"", 512}))["nodes"][0]);
  for (auto i = 0; i <= static_cast<int>(events::PlacementReason::not_near);
       ++i) {
    std::string name{events::name_of(static_cast<events::PlacementReason>(i))};
    BOOST_TEST(mentions(section(heading), "`" + name + "`"), name);
  }
}

BOOST_AUTO_TEST_CASE(what_is_in_a_request_of_the_fleet_is_described) {
  const auto& text = section("GET /v1/fleet/requests/{id}");
  auto check = [&](const Json& object) {
    BOOST_TEST(!object.empty());
    for (const auto& [name, value] : object.items())
      BOOST_TEST(mentions(text, "`" + name + "`"), name);
  };
  auto placement = must_be(runtime::fleet_request_document(
      sample_placed(), id_of(0xd3), sample_placement()));
  check(placement["nodes"][0]);
  check(placement["images"][0]);
  check(must_be(runtime::fleet_request_document(sample_placed(), id_of(0xd2),
                                                sample_order())));
  std::set<std::string> states;
  for (const auto& row : table(text, "| state | |")) states.insert(row.front());
  std::set<std::string> made{"open", "fetching", "lapsed"};
  for (auto outcome : schema::EnumValuesRequestOutcome())
    if (outcome != schema::RequestOutcome::unknown)
      made.insert(schema::EnumNameRequestOutcome(outcome));
  BOOST_TEST(states == made, boost::test_tools::per_element());
}

/// What a request of the list has is told with the single one.
BOOST_AUTO_TEST_CASE(a_list_of_requests_has_their_first_fields) {
  auto all = must_be(runtime::fleet_requests_document(sample_placed()));
  auto one = must_be(runtime::fleet_request_document(
      sample_placed(), id_of(0xd3), sample_placement()));
  one.erase("schema");
  std::vector<std::string> first;
  for (const auto& [name, value] : one.items()) {
    first.push_back(name);
    if (name == "sequence") break;
  }
  std::vector<std::string> made;
  for (const auto& [name, value] : all["requests"][0].items())
    made.push_back(name);
  BOOST_TEST(made == first, boost::test_tools::per_element());
}

/// What a phase is called is told of a guest and in /metrics.
BOOST_AUTO_TEST_CASE(every_phase_of_a_guest_is_described) {
  for (const auto& [phase, count] : runtime::guest_report({}).by_phase)
    BOOST_TEST(mentions(section("GET /v1/vms/{id}"), "`" + phase + "`"), phase);
}

BOOST_AUTO_TEST_CASE(every_type_of_problem_is_described_with_its_status) {
  std::vector<std::string> described;
  for (const auto& row : table(section("Errors"), "| type | status | when |"))
    described.push_back(row.at(0) + " " + row.at(1));
  std::vector<std::string> made;
  for (const auto& kind : runtime::problem_kinds())
    made.push_back(std::string{runtime::name_of(kind.type)} + " " +
                   std::to_string(kind.status));
  BOOST_TEST(described == made, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_metric_is_named_and_no_other) {
  auto names_in = [](const std::string& text, const std::string& pattern) {
    const std::regex name{pattern};
    std::set<std::string> names;
    for (std::sregex_iterator at{text.begin(), text.end(), name}, end;
         at != end; ++at)
      names.insert((*at)[1]);
    return names;
  };
  auto described = names_in(section("GET /metrics"), "`(ppn_[a-z_]+)`");
  auto made = names_in(runtime::metrics_text(sample_report(), {}),
                       "# TYPE (ppn_[a-z_]+) ");
  BOOST_TEST(described == made, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_kinds_of_change_and_their_rights_are_described) {
  const auto& text = section("POST /v1/proposals");
  for (auto right : schema::EnumValuesRight())
    BOOST_TEST(
        mentions(text, std::string{"`"} + schema::EnumNameRight(right) + "`"));
  for (auto kind :
       {"grant", "revoke", "mesh-init", "mesh-import", "mesh-remove",
        "mesh-move-role", "mesh-endpoints", "mesh-recover", "mesh-rotate-key",
        "vm-create", "vm-set", "vm-delete", "image-remove", "fleet-use",
        "fleet-vm-create", "fleet-vm-order", "fleet-quota"})
    BOOST_TEST(mentions(text, std::string{"- `"} + kind + "`: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
