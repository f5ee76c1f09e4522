// What was asked of the fleet: how its documents read, and the commands of
// ppnctl that show it.
#include <boost/test/unit_test.hpp>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_fleet_samples.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/fleet_change.hpp"
#include "tools/ppnctl/fleet_find.hpp"
#include "tools/ppnctl/fleet_request_text.hpp"

namespace ppn::tests {

using namespace ctl;
using namespace fleet_samples;
using schema::Json;

namespace {

Json requests_json(const Json& requests) {
  return as_read({{"schema", "ppn.fleet-requests.v1"}, {"requests", requests}});
}

FleetRequestTold told_of(const Json& document) {
  auto told = read_fleet_request(document);
  BOOST_REQUIRE(told);
  return *told;
}

std::string waiting(const Json& changes, bool has_bar = false) {
  auto document = as_read(with(placement_told("open"), changes));
  return fleet_waiting_text(told_of(document).request, has_bar, 0);
}

std::string requests_text(const Json& requests) {
  auto read = read_fleet_requests(requests_json(requests));
  BOOST_REQUIRE(read);
  return fleet_requests_text(*read);
}

Json quota_json(const char* owner, const Json& guests, const Json& memory_mb,
                const Json& vcpus) {
  return {{"owner", owner}, {"guests", guests}, {"memory_mb", memory_mb},
          {"vcpus", vcpus}, {"used_guests", 1}, {"used_memory_mb", 2148},
          {"used_vcpus", 2}};
}

Json fleet_with_quotas() {
  return fleet_json(
      Json::array(), Json::array(),
      Json::array({quota_json("shop", 3, 4096, 8),
                   quota_json("guest", nullptr, nullptr, nullptr)}));
}

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

BOOST_AUTO_TEST_SUITE(ppnctl_fleet_request)

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(requests_need_their_fields) {
  check_fields(
      requests_json(Json::array({request_json("order", "open")})),
      read_fleet_requests,
      {"/schema", "/requests", "/requests/0/request", "/requests/0/kind",
       "/requests/0/node", "/requests/0/node_name", "/requests/0/vm",
       "/requests/0/vm_name", "/requests/0/state", "/requests/0/reason",
       "/requests/0/fetched", "/requests/0/to_fetch", "/requests/0/trouble"});
}

BOOST_AUTO_TEST_CASE(a_request_needs_its_fields) {
  check_fields(
      placement_told("done"), read_fleet_request,
      {"/schema", "/request", "/name", "/owner", "/labels", "/memory_mb",
       "/vcpus", "/images", "/images/0/name", "/margin_mb", "/nodes",
       "/nodes/0/node", "/nodes/0/name", "/nodes/0/reason", "/nodes/0/words",
       "/nodes/0/needs", "/nodes/0/has", "/nodes/0/to_fetch", "/more_hosts"});
  check_fields(order_told("stop", "done"), read_fleet_request,
               {"/name", "/verb", "/force", "/vcpus", "/memory_mb", "/floor_mb",
                "/cpu_weight"});
}

BOOST_AUTO_TEST_CASE(a_quota_needs_its_fields) {
  check_fields(fleet_with_quotas(), read_fleet,
               {"/quotas/0/owner", "/quotas/0/guests", "/quotas/0/memory_mb",
                "/quotas/0/vcpus", "/quotas/0/used_guests",
                "/quotas/0/used_memory_mb", "/quotas/0/used_vcpus"});
}

/// It becomes a part of what is asked for.
BOOST_AUTO_TEST_CASE(what_is_no_id_is_not_understood) {
  auto bad = with(placement_told("done"), {{"request", "../status"}});
  BOOST_TEST(!read_fleet_request(bad));
  BOOST_TEST(
      !read_fleet_order({{"schema", "ppn.fleet-order.v1"}, {"request", "7"}}));
  BOOST_TEST(!read_proposed_request(
      {{"schema", "ppn.proposal.v1"}, {"change", {{"kind", "fleet-use"}}}}));
}

BOOST_AUTO_TEST_CASE(a_request_is_over_once_it_ended) {
  auto is_over = [](const char* state) {
    return told_of(placement_told(state)).request.is_over();
  };
  for (const auto* state : {"open", "fetching", "lapsed"})
    BOOST_TEST(!is_over(state), state);
  for (const auto* state : {"done", "refused", "dropped"})
    BOOST_TEST(is_over(state), state);
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(requests_are_a_table) {
  auto fetching = with(request_json("placement", "fetching"),
                       {{"fetched", 1024}, {"to_fetch", 2048}});
  auto refused = with(request_json("order", "refused"),
                      {{"reason", "it is off"}, {"vm_name", nullptr}});
  BOOST_TEST(requests_text(Json::array({fetching, refused})) ==
             "request   kind       guest                                    "
             "state\n"
             "c0ffee00  placement  laptop/web                               "
             "fetching, 1.0 KiB of 2.0 KiB\n"
             "c0ffee00  order      laptop/" +
                 web_id + "  refused: it is off\n");
  BOOST_TEST(requests_text(Json::array()) ==
             "nothing was asked of the fleet\n");
}

BOOST_AUTO_TEST_CASE(a_placement_says_why_it_went_there) {
  BOOST_TEST(fleet_request_text(told_of(placement_told("done"))) ==
             "request         " + request_id +
                 "\n"
                 "kind            placement\n"
                 "guest           web\n"
                 "node            laptop\n"
                 "state           done\n"
                 "owner           shop\n"
                 "labels          front, public\n"
                 "memory          2 GB\n"
                 "vcpus           2\n"
                 "images          debian-12\n"
                 "left beside it  512 MB or more\n"
                 "\n"
                 "node                              verdict            "
                 "has      needs    to fetch\n"
                 "laptop                            chosen: has most   "
                 "9000 MB  2660 MB  -\n"
                 "nas                               would do           "
                 "4 GB     2660 MB  2.0 KiB\n"
                 "phone                             has too few        "
                 "1        2        -\n"
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  was not heard yet  "
                 "-        -        -\n");
  auto more = as_read(with(placement_told("done"), {{"more_hosts", 3}}));
  BOOST_TEST(fleet_request_text(told_of(more))
                 .ends_with("\nand 3 more, which would not do\n"));
}

BOOST_AUTO_TEST_CASE(an_order_says_what_is_to_be_done) {
  auto stop = with(order_told("stop", "open"),
                   {{"force", true}, {"trouble", "it hangs"}});
  BOOST_TEST(fleet_request_text(told_of(stop)) ==
             "request  " + request_id +
                 "\n"
                 "kind     stop, at once\n"
                 "guest    web\n"
                 "node     laptop\n"
                 "state    open: it hangs\n");
  auto change =
      as_read(with(order_told("change", "done"),
                   {{"vcpus", 4}, {"memory_mb", 2048}, {"cpu_weight", 200}}));
  BOOST_TEST(mentions(fleet_request_text(told_of(change)),
                      "vcpus    4\nmemory   2 GB\nweight   200\n"));
}

BOOST_AUTO_TEST_CASE(what_is_waited_for_is_one_line) {
  BOOST_TEST(waiting({}) == "waiting for laptop");
  BOOST_TEST(waiting({{"state", "lapsed"}}) ==
             "laptop did not answer for too long, and may still take it");
  Json fetching{{"state", "fetching"}, {"fetched", 1024}, {"to_fetch", 4096}};
  BOOST_TEST(waiting(fetching) == "laptop fetches images");
  BOOST_TEST(waiting(fetching, true) ==
             "laptop fetches images  [#####...............]  25%  1.0 KiB of "
             "4.0 KiB  0 bytes/s");
  BOOST_TEST(waiting(with(fetching, {{"trouble", "no\nroute"}})) ==
             "laptop fetches images: no?route");
}

BOOST_AUTO_TEST_CASE(quotas_are_a_table) {
  auto fleet = read_fleet(fleet_with_quotas());
  BOOST_REQUIRE(fleet);
  BOOST_TEST(fleet_quotas_text(fleet->quotas) ==
             "owner  guests  memory           vcpus\n"
             "guest  1       2148 MB          2\n"
             "shop   1 of 3  2148 MB of 4 GB  2 of 8\n");
  BOOST_TEST(fleet_quotas_text({}) == "no owner has a guest or a quota\n");
}

// -- what is proposed --------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_quota_is_proposed_with_no_more_than_was_said) {
  FleetQuotaOptions options;
  BOOST_TEST(quota_change(options).error().code == exit_usage);
  options.owner = "shop";
  options.guests = 0;
  options.memory = "4G";
  options.vcpus = 8;
  BOOST_TEST(quota_change(options)->dump() ==
             R"({"kind":"fleet-quota","owner":"shop","guests":0,)"
             R"("memory_mb":4096,"vcpus":8})");
  FleetQuotaOptions none;
  none.owner = "shop";
  none.none = true;
  BOOST_TEST(quota_change(none)->dump() ==
             R"({"kind":"fleet-quota","owner":"shop","none":true})");
}

// -- the commands ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(requests_are_one_document_or_a_table) {
  auto all = requests_json(Json::array({request_json("order", "done")}));
  FakeDaemon daemon{{{answer_of(all)}, {answer_of(all)}}};
  auto ran = run(daemon, {"fleet", "requests"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == requests_text(all["requests"]));
  BOOST_TEST(line_of(daemon.requests().at(0)) == "GET /v1/fleet/requests");
  BOOST_TEST(Json::parse(run(daemon, {"fleet", "requests", "--json"}).out) ==
             all);
}

BOOST_AUTO_TEST_CASE(a_request_is_explained_by_how_its_id_begins) {
  auto all = requests_json(Json::array({request_json("placement", "done")}));
  auto one = placement_told("done");
  FakeDaemon daemon{{{answer_of(all)}, {answer_of(one)}, {answer_of(one)}}};
  auto ran = run(daemon, {"fleet", "explain", "C0FF"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == fleet_request_text(told_of(one)));
  BOOST_TEST(line_of(daemon.requests().at(1)) ==
             "GET /v1/fleet/requests/" + request_id);
  ran = run(daemon, {"fleet", "explain", request_id.c_str(), "--json"});
  BOOST_TEST(Json::parse(ran.out) == one);
  BOOST_TEST(daemon.requests().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_beginning_is_of_one_request) {
  auto other = request_json("order", "done");
  other["request"] = "c0ff" + std::string(28, '1');
  auto requests = read_fleet_requests(
      requests_json(Json::array({request_json("order", "done"), other})));
  BOOST_REQUIRE(requests);
  BOOST_TEST(*find_request(*requests, "c0ffe") == request_id);
  BOOST_TEST(find_request(*requests, "c0ff").error().code == exit_usage);
  auto none = find_request(*requests, "dead").error();
  BOOST_TEST(none.code == exit_failed);
  BOOST_TEST(mentions(none.advice, "ppnctl fleet requests"));
}

BOOST_AUTO_TEST_CASE(quotas_are_shown_and_set) {
  FakeDaemon daemon{{{answer_of(fleet_with_quotas())},
                     {answer_of(fleet_with_quotas())},
                     {answer_of(fleet_with_quotas())},
                     {proposed},
                     {committed}}};
  auto ran = run(daemon, {"fleet", "quota"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out.starts_with("owner  guests"));
  ran = run(daemon, {"fleet", "quota", "shop", "--json"});
  auto document = Json::parse(ran.out);
  BOOST_TEST(document["schema"] == "ppnctl.fleet-quotas.v1");
  BOOST_TEST(document["quotas"] ==
             Json::array({fleet_with_quotas()["quotas"][0]}));
  ran = run(daemon, {"fleet", "quota", "nobody"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err, "nobody has neither a guest nor a quota"));
  ran = run(daemon, {"fleet", "quota", "shop", "--guests", "3", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(body_of(daemon.requests().at(3)).at("change").dump() ==
             R"({"kind":"fleet-quota","owner":"shop","guests":3})");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
