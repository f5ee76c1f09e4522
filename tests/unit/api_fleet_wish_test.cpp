// What is asked of the fleet in the control API: what is read, what is looked
// up, and what is refused of it.
#include "runtime/api_fleet_wish.hpp"

#include "runtime/api_change.hpp"
#include "tests/unit/answers.hpp"
#include "tests/unit/api_samples.hpp"

namespace ppn::tests {

using runtime::FieldReader;
using runtime::OrderGuestWish;
using runtime::PlaceGuestWish;
using runtime::Problem;
using runtime::ProblemType;
using schema::GuestVerb;
using schema::Json;

namespace {

/// What a reader makes of fields as they come, none of which may be left over.
template <class Wish>
runtime::Answer<Wish> read(Wish (*reader)(FieldReader&), const Json& json) {
  auto as_it_comes = Json::parse(json.dump());
  FieldReader fields{as_it_comes};
  auto wish = reader(fields);
  if (auto problem = fields.finish("change")) return *problem;
  return wish;
}

runtime::Answer<PlaceGuestWish> create(Json json) {
  json["name"] = "web";
  return read(runtime::read_fleet_vm_create, json);
}

runtime::Answer<OrderGuestWish> order(const Json& more) {
  Json json{{"node", "cloud"}, {"vm", "web"}};
  json.update(more);
  return read(runtime::read_fleet_vm_order, json);
}

runtime::Answer<OrderGuestWish> order_at_once(const Json& more) {
  Json json{{"node", "cloud"}, {"vm", "web"}};
  json.update(more);
  return runtime::read_fleet_order(json.dump());
}

runtime::Answer<events::SetQuota> quota(Json json) {
  json["owner"] = "shop";
  return read(runtime::read_fleet_quota, json);
}

/// Why what is asked for can not be.
template <class T>
std::string refused(const runtime::Answer<T>& answer) {
  BOOST_REQUIRE(is_problem(answer, ProblemType::refused));
  return std::get<Problem>(answer).detail;
}

OrderGuestWish stop_of(const std::string& node, const std::string& vm) {
  OrderGuestWish wish{node, vm, {}};
  wish.order.verb = GuestVerb::stop;
  return wish;
}

events::Images two_images() { return sample_pool().pool.images; }

}  // namespace

BOOST_AUTO_TEST_SUITE(api_fleet_wish)

// -- guests that are to be ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_may_be_anywhere_and_nobodys) {
  auto wish = must(create({}));
  BOOST_TEST(wish.guest.name == "web");
  BOOST_TEST(wish.node.empty());
  BOOST_TEST(wish.owner.empty());
  BOOST_TEST(wish.labels.empty());
  BOOST_TEST(!wish.prefers_accelerator);
  auto place = must(runtime::place_of(wish, {}, {}));
  BOOST_TEST(!place.spec.node.has_value());
  BOOST_TEST(place.images.empty());
  BOOST_TEST(!place.start);
}

BOOST_AUTO_TEST_CASE(a_guest_is_placed_as_it_was_asked_for) {
  auto wish = must(create({{"start", true},
                           {"spec", {{"memory_mb", 1024}}},
                           {"node", "cloud"},
                           {"owner", "shop"},
                           {"labels", {"front", "a", "front"}},
                           {"near", {"db"}},
                           {"apart", {"front"}},
                           {"prefers_accelerator", true}}));
  BOOST_TEST(wish.node == "cloud");
  auto place = must(runtime::place_of(wish, node_of(1), {}));
  BOOST_TEST(place.name == "web");
  BOOST_TEST(place.spec.memory_mb == 1024U);
  BOOST_TEST((place.spec.node == node_of(1)));
  BOOST_TEST(place.start);
  BOOST_TEST(place.owner == "shop");
  // Each once.
  BOOST_TEST((place.labels == std::vector<std::string>{"a", "front"}));
  BOOST_TEST((place.near == std::vector<std::string>{"db"}));
  BOOST_TEST((place.apart == std::vector<std::string>{"front"}));
  BOOST_TEST(place.prefers_accelerator);
}

BOOST_AUTO_TEST_CASE(a_guest_is_made_of_images_of_this_node) {
  auto wish = must(create(
      {{"spec",
        {{"kernel", hash_of(0xa2).hex()},
         {"disks", {{{"name", "root"}, {"base", hash_of(0xa1).hex()}}}}}}}));
  auto place = must(runtime::place_of(wish, {}, two_images()));
  const std::vector<events::ImageOfGuest> images{
      {hash_of(0xa1), "debian-12.qcow2", 300'000'000,
       schema::DiskFormat::qcow2},
      {hash_of(0xa2), "vmlinuz", 8'000'000, schema::DiskFormat::raw}};
  BOOST_TEST((place.images == images));
  BOOST_TEST(mentions(refused(runtime::place_of(wish, {}, {})),
                      "this node keeps no image " + hash_of(0xa1).hex()));
}

/// It stands in no entry: its hash is filled in once it is kept.
BOOST_AUTO_TEST_CASE(user_data_is_read_and_kept_elsewhere) {
  auto wish = must(create({{"user_data", "#cloud-config\n"}}));
  BOOST_TEST(wish.guest.user_data.value() == "#cloud-config\n");
  auto place = must(runtime::place_of(wish, {}, {}));
  BOOST_TEST(!place.spec.cloud_init.has_value());
}

BOOST_AUTO_TEST_CASE(a_place_has_members_of_the_mesh) {
  events::State state;
  state.mesh = sample_roster().mesh;
  auto wish = must(create({{"node", "node-3"}}));
  auto change = must(runtime::to_change(runtime::ChangeWish{wish}, state));
  BOOST_TEST((std::get<events::PlaceGuest>(change).spec.node == node_of(3)));
  wish.node = node_of(3).hex();
  change = must(runtime::to_change(runtime::ChangeWish{wish}, state));
  BOOST_TEST((std::get<events::PlaceGuest>(change).spec.node == node_of(3)));
  wish.node = "nobody";
  BOOST_TEST(
      mentions(refused(runtime::to_change(runtime::ChangeWish{wish}, state)),
               "no member is called nobody"));
}

BOOST_AUTO_TEST_CASE(what_is_no_guest_of_the_fleet_is_refused) {
  BOOST_TEST(mentions(refusal(create({{"spec", {{"node", node_of(1).hex()}}}})),
                      "'node'"));
  BOOST_TEST(mentions(refusal(create({{"node", 7}})), "'node'"));
  BOOST_TEST(mentions(refusal(create({{"owner", ""}})), "'owner'"));
  for (const auto* field : {"labels", "near", "apart"})
    for (const Json& list :
         {Json("a"), Json::array({7}), Json::array({""}), Json::array({"A"}),
          Json::array({"-a"}), Json::array({std::string(64, 'a')}),
          Json(std::vector<std::string>(17, "a"))})
      BOOST_TEST(mentions(refusal(create({{field, list}})),
                          std::string{"'"} + field + "'"));
  must(create({{"labels", std::vector<std::string>(16, "a")}}));
  must(create({{"labels", {std::string(63, 'a')}}}));
}

// -- guests that are there ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_removal_and_a_change_are_read) {
  auto removal = must(order({{"verb", "remove"}, {"force", true}}));
  BOOST_TEST(removal.node == "cloud");
  BOOST_TEST(removal.vm == "web");
  BOOST_TEST((removal.order.verb == GuestVerb::remove));
  BOOST_TEST(removal.order.force);
  auto change = must(order({{"verb", "change"},
                            {"vcpus", 2},
                            {"memory_mb", 2048},
                            {"floor_mb", 512},
                            {"cpu_weight", 200}}))
                    .order;
  BOOST_TEST((change.verb == GuestVerb::change));
  BOOST_TEST(change.vcpus.value_or(0) == 2U);
  BOOST_TEST(change.memory_mb.value_or(0) == 2048U);
  BOOST_TEST(change.floor_mb.value_or(0) == 512U);
  BOOST_TEST(change.cpu_weight.value_or(0) == 200U);
}

BOOST_AUTO_TEST_CASE(what_is_no_proposed_order_is_refused) {
  BOOST_TEST(refusal(order({{"verb", "start"}})) ==
             "'verb' must be remove or change");
  BOOST_TEST(mentions(refusal(order({{"verb", "change"}})), "'vcpus'"));
  BOOST_TEST(mentions(
      refusal(order({{"verb", "change"}, {"vcpus", 2}, {"force", true}})),
      "'force'"));
  BOOST_TEST(mentions(refusal(order({{"verb", "remove"}, {"vcpus", 2}})),
                      "changes nothing else"));
  BOOST_TEST(mentions(refusal(order({{"verb", "change"}, {"vcpus", 257}})),
                      "'vcpus'"));
  BOOST_TEST(mentions(refusal(order({{"verb", "change"}, {"memory_mb", 15}})),
                      "'memory_mb'"));
}

BOOST_AUTO_TEST_CASE(what_a_guest_is_told_at_once_is_read) {
  for (auto verb : {GuestVerb::start, GuestVerb::stop, GuestVerb::pause,
                    GuestVerb::resume, GuestVerb::reset})
    BOOST_TEST((must(order_at_once({{"verb", schema::EnumNameGuestVerb(verb)}}))
                    .order.verb == verb));
  auto stop = must(order_at_once({{"verb", "stop"}, {"force", true}}));
  BOOST_TEST(stop.order.force);
  BOOST_TEST(refusal(order_at_once({{"verb", "remove"}})) ==
             "'verb' must be start, stop, pause, resume or reset");
  BOOST_TEST(mentions(
      refusal(order_at_once({{"verb", "start"}, {"force", true}})), "'force'"));
  BOOST_TEST(mentions(refusal(order_at_once({{"verb", "start"}, {"vcpus", 2}})),
                      "no field \"vcpus\" in a guest's order"));
  BOOST_TEST(mentions(refusal(order_at_once(Json::object())), "'verb'"));
  refusal(runtime::read_fleet_order("[]"));
}

BOOST_AUTO_TEST_CASE(a_guest_is_found_by_name_and_by_id) {
  for (const auto& node : {std::string{"cloud"}, node_of(1).hex()})
    for (const auto& vm : {std::string{"web"}, id_of(0x71).hex()}) {
      auto found = must(runtime::order_of(stop_of(node, vm), sample_fleet()));
      BOOST_TEST((found.node == node_of(1)));
      BOOST_TEST((found.vm == id_of(0x71)));
      BOOST_TEST(found.name == "web");
      BOOST_TEST((found.order.verb == GuestVerb::stop));
    }
}

BOOST_AUTO_TEST_CASE(who_is_not_there_is_told_nothing) {
  BOOST_TEST(
      refused(runtime::order_of(stop_of("moon", "web"), sample_fleet())) ==
      "no member is called moon; `ppnctl fleet nodes` lists them");
  BOOST_TEST(
      refused(runtime::order_of(stop_of("laptop-a", "web"), sample_fleet())) ==
      "laptop-a has no guest web, as far as this node knows; `ppnctl fleet "
      "guests` lists those that there are");
  actors::FleetStatus status;
  status.refusal = "somebody else is";
  BOOST_TEST(refused(runtime::order_of(stop_of("cloud", "web"), status)) ==
             "somebody else is");
}

BOOST_AUTO_TEST_CASE(of_two_guests_of_one_name_none_is_meant) {
  auto status = sample_fleet();
  auto& guests = status.hosts[node_of(1)].guests;
  guests[id_of(0x72)] = guests.at(id_of(0x71));
  BOOST_TEST(
      mentions(refused(runtime::order_of(stop_of("cloud", "web"), status)),
               "name the one by its id"));
  auto found =
      must(runtime::order_of(stop_of("cloud", id_of(0x72).hex()), status));
  BOOST_TEST((found.vm == id_of(0x72)));
}

// -- quotas ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_quota_is_read) {
  auto wish = must(quota({{"guests", 0}, {"memory_mb", 4096}}));
  BOOST_TEST(wish.owner == "shop");
  BOOST_REQUIRE(wish.quota.has_value());
  BOOST_TEST(wish.quota->guests.value_or(7) == 0U);
  BOOST_TEST(wish.quota->memory_mb.value_or(0) == 4096U);
  BOOST_TEST(!wish.quota->vcpus.has_value());
  BOOST_TEST(!must(quota({{"none", true}})).quota.has_value());
}

BOOST_AUTO_TEST_CASE(a_quota_is_some_or_none) {
  BOOST_TEST(mentions(refusal(quota({})), "'none'"));
  BOOST_TEST(mentions(refusal(quota({{"none", false}})), "'none'"));
  BOOST_TEST(
      mentions(refusal(quota({{"none", true}, {"vcpus", 2}})), "'none'"));
  BOOST_TEST(mentions(refusal(quota({{"guests", -1}})), "'guests'"));
  BOOST_TEST(mentions(refusal(quota({{"guest", 1}})), "'none'"));
}

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_place_is_told_as_it_was_asked) {
  auto wish = must(create({{"owner", "shop"}, {"labels", {"front"}}}));
  auto place = must(runtime::place_of(wish, node_of(1), {}));
  place.request = id_of(0xd1);
  place.vm = id_of(0x71);
  auto json = runtime::place_change_json(place);
  BOOST_TEST(json["kind"] == "fleet-vm-create");
  BOOST_TEST(json["request"] == id_of(0xd1).hex());
  BOOST_TEST(json["vm"] == id_of(0x71).hex());
  BOOST_TEST(json["name"] == "web");
  BOOST_TEST(json["spec"]["node"] == node_of(1).hex());
  BOOST_TEST(json["owner"] == "shop");
  BOOST_TEST(json["labels"] == Json::array({"front"}));
  BOOST_TEST(json["near"] == Json::array());
  place.owner.clear();
  BOOST_TEST(runtime::place_change_json(place)["owner"].is_null());
}

BOOST_AUTO_TEST_CASE(an_order_and_a_quota_are_told_as_they_were_asked) {
  events::OrderGuest order{id_of(0xd2), node_of(1), id_of(0x71), "web", {}};
  order.order.verb = GuestVerb::change;
  order.order.vcpus = std::uint16_t{2};
  BOOST_TEST(
      (runtime::order_change_json(order) == Json{{"kind", "fleet-vm-order"},
                                                 {"request", id_of(0xd2).hex()},
                                                 {"node", node_of(1).hex()},
                                                 {"vm", id_of(0x71).hex()},
                                                 {"name", "web"},
                                                 {"verb", "change"},
                                                 {"force", false},
                                                 {"vcpus", 2},
                                                 {"memory_mb", nullptr},
                                                 {"floor_mb", nullptr},
                                                 {"cpu_weight", nullptr}}));
  BOOST_TEST(
      (runtime::quota_change_json({"shop", {}}) == Json{{"kind", "fleet-quota"},
                                                        {"owner", "shop"},
                                                        {"none", true},
                                                        {"guests", nullptr},
                                                        {"memory_mb", nullptr},
                                                        {"vcpus", nullptr}}));
}

/// Each kind of change in the document of its proposal.
BOOST_AUTO_TEST_CASE(a_proposal_tells_what_is_asked_of_the_fleet) {
  auto kind_of = [](const actors::Change& change) {
    return runtime::proposal_document(
        {id_of(1), change, {"do it"}})["change"]["kind"];
  };
  BOOST_TEST(kind_of(events::PlaceGuest{}) == "fleet-vm-create");
  BOOST_TEST(kind_of(events::OrderGuest{}) == "fleet-vm-order");
  BOOST_TEST(kind_of(events::SetQuota{}) == "fleet-quota");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
