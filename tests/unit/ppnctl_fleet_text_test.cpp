// The fleet: how its documents read, and the commands of ppnctl fleet.
#include <boost/test/unit_test.hpp>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_fleet_samples.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/fleet_change.hpp"
#include "tools/ppnctl/fleet_documents.hpp"
#include "tools/ppnctl/fleet_place.hpp"
#include "tools/ppnctl/fleet_text.hpp"

namespace ppn::tests {

using namespace ctl;
using namespace fleet_samples;
using schema::Json;

namespace {

// -- samples -----------------------------------------------------------------

Json verdict_json(const Json& host, const char* reason, const char* words,
                  int fits) {
  auto verdict = Json::object();
  for (const auto* field :
       {"node", "name", "standing", "heard_ago_s", "drained", "reserved",
        "memory_left_mb", "vcpus_left", "disk_left_mb", "load_permille"})
    verdict[field] = host.at(field);
  return with(verdict, {{"reason", reason}, {"words", words}, {"fits", fits}});
}

Json placement_json(const Json& chosen, int fits, const Json& nodes) {
  return as_read({{"schema", "ppn.placement.v1"},
                  {"chosen", chosen},
                  {"memory_mb", 2152},
                  {"margin_mb", 512},
                  {"fits", fits},
                  {"nodes", nodes}});
}

Json placed() {
  return placement_json(
      "laptop", 3,
      Json::array(
          {verdict_json(phone_json(), "unheard", "was not heard yet", 0),
           verdict_json(laptop_json(), "chosen",
                        "chosen: has 9000 MB of memory left", 3),
           verdict_json(nas_json(), "silent", "is silent", 0)}));
}

Json not_placed() {
  return placement_json(
      nullptr, 0,
      Json::array({verdict_json(nas_json(), "silent", "is silent", 0)}));
}

std::string nodes_text_of(const Json& document) {
  auto fleet = read_fleet(document);
  BOOST_REQUIRE(fleet);
  return fleet_nodes_text(*fleet);
}

std::string guests_text_of(const Json& document) {
  auto fleet = read_fleet(document);
  BOOST_REQUIRE(fleet);
  return fleet_guests_text(*fleet);
}

FleetPlacement placement_of(const Json& document) {
  auto placement = read_placement(document);
  BOOST_REQUIRE(placement);
  return *placement;
}

/// How a guest that runs is told, if its host stands so.
std::string outcome_of(const char* standing, const Json& heard_ago_s) {
  auto text = guests_text_of(fleet_json(
      Json::array({with(laptop_json(), {{"standing", standing},
                                        {"heard_ago_s", heard_ago_s}})}),
      Json::array({guest_json("web", "laptop", "running", heard_ago_s)})));
  auto begin = text.find("laptop/web  ") + 12;
  return text.substr(begin, text.find("  ", begin) - begin);
}

// -- answers -----------------------------------------------------------------

const std::string proposed_use = http_answer(
    "201 Created", "application/json",
    R"({"schema":"ppn.proposal.v1","id":")" + std::string(32, 'c') +
        R"(","change":{"kind":"fleet-use"},"plan":["nas gets guests again"]})");
const std::string refused = http_answer(
    "409 Conflict", "application/problem+json",
    R"({"type":"urn:ppn:problem:refused","detail":)"
    R"("this node is not the controller of a mesh: that is laptop"})");

/// Each field of the document is needed, and of the kind that it has.
template <class Read>
void check_fields(const Json& document, Read read,
                  const std::vector<const char*>& paths) {
  BOOST_TEST(bool{read(document)});
  for (const auto* path : paths) {
    Json::json_pointer pointer{path};
    auto without = document;
    without.at(pointer.parent_pointer()).erase(pointer.back());
    BOOST_TEST(!read(without), "without " << path);
    auto other = document;
    other.at(pointer) = 7.5;
    BOOST_TEST(!read(other), "with another kind of " << path);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_fleet_text)

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_fleet_needs_its_fields) {
  check_fields(three_hosts(), read_fleet,
               {"/schema",
                "/waits_for",
                "/nodes",
                "/nodes/0/node",
                "/nodes/0/name",
                "/nodes/0/standing",
                "/nodes/0/heard_ago_s",
                "/nodes/0/drained",
                "/nodes/0/reserved",
                "/nodes/0/memory_mb",
                "/nodes/0/memory_left_mb",
                "/nodes/0/disk_left_mb",
                "/nodes/0/load_permille",
                "/nodes/0/vcpus_left",
                "/nodes/0/guests",
                "/nodes/0/accelerator",
                "/nodes/0/promised_mb",
                "/nodes/1/memory_left_mb",
                "/guests",
                "/guests/0/id",
                "/guests/0/name",
                "/guests/0/node_name",
                "/guests/0/outcome",
                "/guests/0/responds",
                "/guests/0/heard_ago_s",
                "/guests/0/memory_mb",
                "/guests/0/vcpus",
                "/guests/0/owner",
                "/guests/0/labels",
                "/guests/0/request",
                "/quotas"});
}

BOOST_AUTO_TEST_CASE(a_placement_needs_its_fields) {
  check_fields(
      placed(), read_placement,
      {"/schema", "/chosen", "/memory_mb", "/margin_mb", "/fits", "/nodes",
       "/nodes/0/node", "/nodes/0/name", "/nodes/0/standing",
       "/nodes/0/heard_ago_s", "/nodes/0/drained", "/nodes/0/reserved",
       "/nodes/0/words", "/nodes/0/memory_left_mb", "/nodes/0/vcpus_left",
       "/nodes/0/disk_left_mb", "/nodes/0/load_permille", "/nodes/0/fits"});
}

BOOST_AUTO_TEST_CASE(what_is_no_fleet_is_not_understood) {
  BOOST_TEST(!read_fleet(placed()));
  BOOST_TEST(!read_placement(three_hosts()));
  BOOST_TEST(!read_fleet(fleet_json(Json::array({7}), Json::array())));
  BOOST_TEST(!read_placement(placement_json(nullptr, -1, Json::array())));
  BOOST_TEST(!read_fleet(Json::array()));
}

BOOST_AUTO_TEST_CASE(what_is_null_is_not_known) {
  auto fleet = read_fleet(three_hosts());
  BOOST_REQUIRE(fleet);
  BOOST_REQUIRE(fleet->hosts.size() == 3U);
  const auto& phone = fleet->hosts[2];
  BOOST_TEST(phone.node.name == "phone");
  BOOST_TEST(!phone.node.heard_ago_s);
  BOOST_TEST(!phone.node.memory_left_mb);
  BOOST_TEST(!phone.node.vcpus_left);
  BOOST_TEST(!phone.node.disk_left_mb);
  BOOST_TEST(!phone.node.load_permille);
  BOOST_TEST(!phone.memory_mb);
  BOOST_TEST(!phone.guests);
  BOOST_TEST(!phone.accelerator);
  BOOST_TEST(phone.node.is_reserved);
  const auto& laptop = fleet->hosts[0];
  BOOST_TEST(*laptop.node.heard_ago_s == 0U);
  BOOST_TEST(*laptop.node.memory_left_mb == 9000U);
  BOOST_TEST(*laptop.memory_mb == 16384U);
  BOOST_TEST(*laptop.accelerator == "kvm");
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(hosts_are_a_table) {
  BOOST_TEST(nodes_text_of(three_hosts()) ==
             "node    standing  heard                     use                "
             "memory left       vcpus left  disk left  load  guests  accel\n"
             "laptop  live      now                       -                  "
             "9000 MB of 16 GB  250         100 GB     30%   3       kvm\n"
             "nas     silent    1 minute, 40 seconds ago  drained, reserved  "
             "512 MB of 4 GB    0           900 MB     100%  1       -\n"
             "phone   unheard   -                         reserved           "
             "-                 -           -          -     -       -\n");
}

BOOST_AUTO_TEST_CASE(what_is_promised_is_a_column_if_there_is_any) {
  auto laptop = with(laptop_json(), {{"promised_mb", 1536}});
  auto text = nodes_text_of(
      fleet_json(Json::array({laptop, nas_json()}), Json::array()));
  BOOST_TEST(mentions(text, "  accel  promised\n"));
  BOOST_TEST(mentions(text, "  kvm    1536 MB\n"));
  BOOST_TEST(mentions(text, "  -      -\n"));
}

BOOST_AUTO_TEST_CASE(who_is_waited_for_stands_below_the_table) {
  auto document = three_hosts();
  auto table = nodes_text_of(document);
  document["waits_for"] = "nas\x1b";
  BOOST_TEST(nodes_text_of(document) ==
             table +
                 "\nwhat nas? recorded as the controller before is not here "
                 "yet: drains and quotas of it do not count\n");
}

BOOST_AUTO_TEST_CASE(guests_are_a_table) {
  BOOST_TEST(guests_text_of(three_hosts()) ==
             "guest       outcome                                  memory  "
             "vcpus  heard\n"
             "laptop/db   running, unresponsive                    2 GB    "
             "2      now\n"
             "laptop/web  running                                  512 MB  "
             "1      now\n"
             "nas/old     stopped, as of 1 minute, 40 seconds ago  2 GB    "
             "2      1 minute, 40 seconds ago\n");
}

BOOST_AUTO_TEST_CASE(who_owns_a_guest_is_a_column_if_anybody_does) {
  auto web = with(guest_json("web", "laptop", "promised", 0),
                  {{"owner", "shop"}, {"request", request_id}});
  auto text = guests_text_of(
      fleet_json(Json::array({laptop_json()}),
                 Json::array({web, guest_json("db", "laptop", "running", 0)})));
  BOOST_TEST(text ==
             "guest       outcome   memory  vcpus  heard  owner\n"
             "laptop/db   running   2 GB    2      now    -\n"
             "laptop/web  promised  2 GB    2      now    shop\n");
}

BOOST_AUTO_TEST_CASE(a_fleet_without_guests_says_so) {
  BOOST_TEST(
      guests_text_of(fleet_json(Json::array({laptop_json()}), Json::array())) ==
      "no guests: to make one, ppnctl vm create NAME --help\n");
}

/// What a host that is not heard said is old.
BOOST_AUTO_TEST_CASE(a_guest_is_known_as_well_as_its_host) {
  BOOST_TEST(outcome_of("live", 3) == "running");
  BOOST_TEST(outcome_of("suspect", 20) == "running, as of 20 seconds ago");
  BOOST_TEST(outcome_of("silent", 3600) == "running, as of 1 hour ago");
  BOOST_TEST(outcome_of("unheard", nullptr) == "running, as of earlier");
  auto stray =
      fleet_json(Json::array({laptop_json()}),
                 Json::array({guest_json("web", "nas", "running", 7)}));
  BOOST_TEST(mentions(guests_text_of(stray), "running, as of 7 seconds ago  "));
}

BOOST_AUTO_TEST_CASE(a_host_is_drained_or_reserved_or_both_or_neither) {
  auto use_of = [](bool is_drained, bool is_reserved) {
    auto text = nodes_text_of(fleet_json(
        Json::array({with(laptop_json(), {{"drained", is_drained},
                                          {"reserved", is_reserved}})}),
        Json::array()));
    auto begin = text.find("  now    ") + 9;
    return text.substr(begin, text.find("  ", begin) - begin);
  };
  BOOST_TEST(use_of(false, false) == "-");
  BOOST_TEST(use_of(true, false) == "drained");
  BOOST_TEST(use_of(false, true) == "reserved");
  BOOST_TEST(use_of(true, true) == "drained, reserved");
}

BOOST_AUTO_TEST_CASE(a_placement_says_who_and_why_not_the_others) {
  BOOST_TEST(
      placement_text(placement_of(placed())) ==
      "would get it    laptop\n"
      "memory          2152 MB, QEMU's own included\n"
      "left beside it  512 MB or more\n"
      "\n"
      "node    memory left  vcpus left  disk left  load  verdict\n"
      "laptop  9000 MB      250         100 GB     30%   "
      "chosen: has 9000 MB of memory left\n"
      "nas     512 MB       0           900 MB     100%  is silent\n"
      "phone   -            -           -          -     was not heard yet\n");
  BOOST_TEST(placement_text(placement_of(not_placed()))
                 .starts_with("would get it    nobody\n"));
}

BOOST_AUTO_TEST_CASE(what_fits_is_told_of_each_node_and_of_all) {
  BOOST_TEST(fit_text(placement_of(placed())) ==
             "room for        3 such guests\n"
             "memory          2152 MB, QEMU's own included\n"
             "left beside it  512 MB or more\n"
             "\n"
             "node    room for  use                memory left  vcpus left  "
             "disk left  why none\n"
             "laptop  3         -                  9000 MB      250         "
             "100 GB     -\n"
             "nas     0         drained, reserved  512 MB       0           "
             "900 MB     is silent\n"
             "phone   0         reserved           -            -           "
             "-          was not heard yet\n");
  auto one = with(placed(), as_read({{"fits", 1}}));
  BOOST_TEST(fit_text(placement_of(one))
                 .starts_with("room for        1 such guest\n"));
}

BOOST_AUTO_TEST_CASE(what_is_said_of_a_fleet_does_no_harm) {
  auto host = with(laptop_json(), {{"name", "lap\x1b[2J"}});
  auto guest = guest_json("we\nb", "lap\x1b[2J", "running", 0);
  auto document = fleet_json(Json::array({host}), Json::array({guest}));
  BOOST_TEST(mentions(nodes_text_of(document), "\nlap?[2J  live  "));
  BOOST_TEST(mentions(guests_text_of(document), "\nlap?[2J/we?b  running  "));
  auto verdict = verdict_json(host, "chosen", "so\nit is", 1);
  auto text = placement_text(
      placement_of(placement_json("lap\x1b[2J", 1, Json::array({verdict}))));
  BOOST_TEST(text.starts_with("would get it    lap?[2J\n"));
  BOOST_TEST(text.ends_with("  so?it is\n"));
}

// -- what is asked and proposed ----------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_asked_about_as_it_is_written) {
  FleetGuestOptions options;
  options.memory = "2G";
  BOOST_TEST(placement_wish(options)->dump() == R"({"memory_mb":2048})");
  options.vcpus = 4;
  options.disk = "20G";
  options.prefers_accelerator = true;
  options.node = "nas";
  BOOST_TEST(placement_wish(options)->dump() ==
             R"({"memory_mb":2048,"vcpus":4,"disk_mb":20480,)"
             R"("prefers_accelerator":true,"node":"nas"})");
  options.near = {"db"};
  options.apart = {"web", "front"};
  auto wish = placement_wish(options);
  BOOST_REQUIRE(wish);
  BOOST_TEST(wish->at("near") == Json::array({"db"}));
  BOOST_TEST(wish->at("apart") == (Json::array({"web", "front"})));
  options.disk = "20";
  BOOST_TEST(placement_wish(options).error().code == exit_usage);
  options.disk.reset();
  options.memory = "2048";
  BOOST_TEST(placement_wish(options).error().code == exit_usage);
}

BOOST_AUTO_TEST_CASE(a_use_is_proposed_with_no_more_than_was_said) {
  BOOST_TEST(drain_change("nas", true).dump() ==
             R"({"kind":"fleet-use","node":"nas","drained":true})");
  BOOST_TEST(reserve_change("nas", false).dump() ==
             R"({"kind":"fleet-use","node":"nas","reserved":false})");
}

// -- the commands ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_fleet_is_one_document_or_a_text) {
  auto answer = json_answer(three_hosts().dump());
  FakeDaemon daemon{{{answer}, {answer}, {answer}, {answer}}};
  BOOST_TEST(run(daemon, {"fleet", "nodes"}).out ==
             nodes_text_of(three_hosts()));
  BOOST_TEST(daemon.requests().at(0).starts_with("GET /v1/fleet "));
  BOOST_TEST(run(daemon, {"fleet", "guests"}).out ==
             guests_text_of(three_hosts()));
  for (const auto* what : {"nodes", "guests"})
    BOOST_TEST(Json::parse(run(daemon, {"fleet", what, "--json"}).out) ==
               three_hosts());
}

BOOST_AUTO_TEST_CASE(a_fleet_that_ails_is_degraded) {
  auto code_of = [](const char* what, const Json& host, const Json& guest) {
    FakeDaemon daemon{{{json_answer(
        fleet_json(Json::array({host}), Json::array({guest})).dump())}}};
    return run(daemon, {"fleet", what}).code;
  };
  auto web = guest_json("web", "laptop", "running", 0);
  auto standing = [](const char* word) {
    return with(laptop_json(), {{"standing", word}});
  };
  BOOST_TEST(code_of("nodes", standing("live"), web) == exit_ok);
  BOOST_TEST(code_of("nodes", standing("suspect"), web) == exit_ok);
  BOOST_TEST(code_of("nodes", standing("unheard"), web) == exit_ok);
  BOOST_TEST(code_of("nodes", standing("silent"), web) == exit_degraded);
  BOOST_TEST(code_of("guests", standing("live"), web) == exit_ok);
  BOOST_TEST(code_of("guests", standing("suspect"), web) == exit_ok);
  BOOST_TEST(code_of("guests", standing("silent"), web) == exit_degraded);
  auto crashed = with(web, {{"outcome", "crashed"}});
  BOOST_TEST(code_of("guests", standing("live"), crashed) == exit_degraded);
  auto hung = with(web, {{"responds", false}});
  BOOST_TEST(code_of("guests", standing("live"), hung) == exit_degraded);
  BOOST_TEST(code_of("nodes", standing("live"), hung) == exit_ok);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_the_controller_names_it) {
  const std::vector<std::vector<const char*>> all{
      {"fleet", "nodes"},
      {"fleet", "guests"},
      {"fleet", "fit", "--memory", "2G"},
      {"fleet", "place", "--dry-run", "--memory", "2G"},
      {"fleet", "drain", "nas", "--yes"}};
  FakeDaemon daemon{{{refused}, {refused}, {refused}, {refused}, {refused}}};
  for (const auto& arguments : all) {
    auto ran = run(daemon, arguments);
    BOOST_TEST(ran.code == exit_refused);
    BOOST_TEST(ran.out.empty());
    BOOST_TEST(ran.err ==
               "ppnctl: this node is not the controller of a mesh: that is "
               "laptop\n");
  }
  BOOST_TEST(daemon.requests().size() == 5U);
}

BOOST_AUTO_TEST_CASE(who_would_get_a_guest_is_asked_and_told) {
  FakeDaemon daemon{{{json_answer(placed().dump())},
                     {json_answer(placed().dump())},
                     {json_answer(not_placed().dump())},
                     {json_answer(not_placed().dump())}}};
  auto ran =
      run(daemon, {"fleet", "place", "--dry-run", "--memory", "2G", "--vcpus",
                   "2", "--disk", "512M", "--accelerator", "--node", "laptop"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == placement_text(placement_of(placed())));
  const auto request = daemon.requests().at(0);
  BOOST_TEST(request.starts_with("POST /v1/fleet/placement "));
  BOOST_TEST(body_of(request).dump() ==
             R"({"memory_mb":2048,"vcpus":2,"disk_mb":512,)"
             R"("prefers_accelerator":true,"node":"laptop"})");
  std::vector<const char*> arguments{"fleet", "place", "--dry-run", "--memory",
                                     "2G"};
  auto with_json = arguments;
  with_json.push_back("--json");
  ran = run(daemon, with_json);
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(Json::parse(ran.out) == placed());
  ran = run(daemon, arguments);
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(ran.out == placement_text(placement_of(not_placed())));
  BOOST_TEST(ran.err.empty());
  ran = run(daemon, with_json);
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(Json::parse(ran.out) == not_placed());
}

/// Nothing is asked: it could be taken for more than it is.
BOOST_AUTO_TEST_CASE(nothing_is_placed_without_a_dry_run) {
  FakeDaemon daemon{{{json_answer(placed().dump())}}};
  auto ran = run(daemon, {"fleet", "place", "--memory", "2G"});
  BOOST_TEST(ran.code == exit_usage);
  BOOST_TEST(ran.out.empty());
  BOOST_TEST(mentions(ran.err, "--dry-run"));
  BOOST_TEST(mentions(ran.err, "ppnctl vm create NAME --fleet"));
  BOOST_TEST(daemon.requests().empty());
}

BOOST_AUTO_TEST_CASE(that_nothing_fits_is_an_answer) {
  FakeDaemon daemon{{{json_answer(placed().dump())},
                     {json_answer(not_placed().dump())},
                     {json_answer(not_placed().dump())}}};
  auto ran = run(daemon, {"fleet", "fit", "--memory", "2G"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == fit_text(placement_of(placed())));
  BOOST_TEST(body_of(daemon.requests().at(0)).dump() ==
             R"({"memory_mb":2048})");
  ran = run(daemon, {"fleet", "fit", "--memory", "2G"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out.starts_with("room for        0 such guests\n"));
  ran = run(daemon, {"fleet", "fit", "--memory", "2G", "--json"});
  BOOST_TEST(Json::parse(ran.out) == not_placed());
}

BOOST_AUTO_TEST_CASE(what_a_host_is_used_for_is_committed_with_its_plan) {
  auto change_of = [](const std::vector<const char*>& arguments) {
    FakeDaemon daemon{{{proposed_use}, {committed}}};
    auto ran = run(daemon, arguments);
    BOOST_TEST(ran.code == exit_ok);
    BOOST_TEST(ran.out == "committed, up to entry 5\n");
    BOOST_TEST(ran.err == "a commit will:\n  nas gets guests again\n");
    BOOST_TEST(daemon.requests().at(1).starts_with(
        "POST /v1/proposals/" + std::string(32, 'c') + "/commit "));
    return body_of(daemon.requests().at(0)).at("change");
  };
  BOOST_TEST(change_of({"fleet", "drain", "nas", "--yes"}) ==
             drain_change("nas", true));
  BOOST_TEST(change_of({"fleet", "undrain", "nas", "--yes"}) ==
             drain_change("nas", false));
  BOOST_TEST(change_of({"fleet", "reserve", "nas", "--yes"}) ==
             reserve_change("nas", true));
  BOOST_TEST(change_of({"fleet", "reserve", "nas", "--off", "--yes"}) ==
             reserve_change("nas", false));
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_a_failure) {
  auto fleet = three_hosts();
  fleet.erase("nodes");
  auto placement = placed();
  placement.erase("fits");
  FakeDaemon daemon{
      {{json_answer(fleet.dump())}, {json_answer(placement.dump())}}};
  auto ran = run(daemon, {"fleet", "nodes"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out.empty());
  BOOST_TEST(mentions(ran.err, "nodes"));
  ran = run(daemon, {"fleet", "fit", "--memory", "2G"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out.empty());
  BOOST_TEST(mentions(ran.err, "fits"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
