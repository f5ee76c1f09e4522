// Guests and images in the control API: what proposals and requests ask for,
// and what is refused of them.
#include "runtime/api_vm_wish.hpp"

#include "tests/unit/answers.hpp"
#include "tests/unit/api_samples.hpp"

namespace ppn::tests {

using events::profile_of;
using runtime::CreateVmWish;
using runtime::FieldReader;
using runtime::GuestWish;
using runtime::Problem;
using runtime::SetVmWish;
using schema::DiskFormat;
using schema::Json;
using schema::RestartPolicy;
using schema::VmKind;

namespace {

const auto web = id_of(0x71);
const std::string digest = hash_of(0xa1).hex();

/// What a reader makes of fields as they come, none of which may be left over.
runtime::Answer<GuestWish> read(GuestWish (*reader)(FieldReader&),
                                const Json& json) {
  FieldReader fields{Json::parse(json.dump())};
  auto wish = reader(fields);
  if (auto problem = fields.finish("change")) return *problem;
  return wish;
}

runtime::Answer<GuestWish> create(Json json) {
  json["name"] = "web";
  return read(runtime::read_vm_create, json);
}

runtime::Answer<GuestWish> create_with(const Json& spec) {
  return create({{"spec", spec}});
}

runtime::Answer<GuestWish> set_with(const Json& spec) {
  return read(runtime::read_vm_set, {{"vm", web.hex()}, {"spec", spec}});
}

events::VmSpec created(const Json& json) {
  return runtime::spec_of(std::get<CreateVmWish>(must(create(json))));
}

/// What is made of the sample's guest.
events::VmSpec changed(const Json& spec) {
  auto change =
      must(runtime::to_change(must(set_with(spec)), sample_pool().pool));
  return std::get<events::ChangeVm>(change).spec;
}

Json disk(const Json& more = Json::object()) {
  Json json{{"name", "root"}};
  json.update(more);
  return {{"disks", Json::array({json})}};
}

Json forward(const Json& more = Json::object()) {
  Json json{{"host_port", 8080}, {"guest_port", 80}};
  json.update(more);
  return {{"forwards", Json::array({json})}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_vm_wish)

// -- guests that are to be ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_needs_no_more_than_a_name) {
  auto wish = std::get<CreateVmWish>(must(create({})));
  BOOST_TEST(wish.name == "web");
  BOOST_TEST(!wish.start);
  BOOST_TEST(!wish.user_data.has_value());
  BOOST_TEST((runtime::spec_of(wish) == profile_of(VmKind::plain)));
}

BOOST_AUTO_TEST_CASE(what_is_not_given_is_as_its_kind_has_it) {
  for (auto kind : {VmKind::plain, VmKind::media_kit, VmKind::totebox,
                    VmKind::orchestration, VmKind::private_git}) {
    auto spec =
        created({{"vm_kind", events::name_of(kind)}, {"spec", {{"vcpus", 7}}}});
    auto expected = profile_of(kind);
    expected.vcpus = 7;
    BOOST_TEST((spec == expected));
  }
}

BOOST_AUTO_TEST_CASE(memory_that_is_given_alone_has_the_usual_floor) {
  BOOST_TEST(created({{"spec", {{"memory_mb", 8192}}}}).floor_mb == 2048U);
  BOOST_TEST(created({{"spec", {{"memory_mb", 128}}}}).floor_mb == 128U);
  auto both = created({{"spec", {{"memory_mb", 8192}, {"floor_mb", 300}}}});
  BOOST_TEST(both.floor_mb == 300U);
  auto floor = created({{"spec", {{"floor_mb", 300}}}});
  BOOST_TEST(floor.floor_mb == 300U);
  BOOST_TEST(floor.memory_mb == profile_of(VmKind::plain).memory_mb);
}

/// Those of its kind would be refused there.
BOOST_AUTO_TEST_CASE(a_guest_at_a_bridge_has_no_forwards_but_those_given) {
  Json json{{"vm_kind", "privategit"}, {"spec", {{"bridge", "br0"}}}};
  BOOST_TEST(created(json).forwards.empty());
  json["spec"].update(forward());
  BOOST_TEST(created(json).forwards.size() == 1U);
  json["spec"] = {{"bridge", nullptr}};
  BOOST_TEST((created(json) == profile_of(VmKind::private_git)));
}

BOOST_AUTO_TEST_CASE(all_of_a_guest_can_be_given) {
  auto spec = created({{"spec",
                        {{"vcpus", 2},
                         {"memory_mb", 1024},
                         {"floor_mb", 512},
                         {"cpu_weight", 50},
                         {"disks", Json::array()},
                         {"kernel", digest},
                         {"initrd", hash_of(0xa2).hex()},
                         {"command_line", "console=ttyS0"},
                         {"bridge", "br0"},
                         {"forwards", Json::array()},
                         {"autostart", false},
                         {"restart", "always"},
                         {"node", node_of(1).hex()}}}});
  events::VmSpec expected;
  expected.vcpus = 2;
  expected.memory_mb = 1024;
  expected.floor_mb = 512;
  expected.cpu_weight = 50;
  expected.kernel = hash_of(0xa1);
  expected.initrd = hash_of(0xa2);
  expected.command_line = "console=ttyS0";
  expected.bridge = "br0";
  expected.autostart = false;
  expected.restart = RestartPolicy::always;
  expected.node = node_of(1);
  BOOST_TEST((spec == expected));
}

BOOST_AUTO_TEST_CASE(it_may_start_at_once_and_have_user_data) {
  auto wish = std::get<CreateVmWish>(
      must(create({{"start", true}, {"user_data", "#cloud-config\n"}})));
  BOOST_TEST(wish.start);
  BOOST_TEST(wish.user_data.value() == "#cloud-config\n");
  for (const auto& data : {Json(""), Json(7), Json::object()})
    BOOST_TEST(refusal(create({{"user_data", data}})) ==
               "'user_data' must be the text that cloud-init reads");
}

BOOST_AUTO_TEST_CASE(a_guest_is_of_a_kind_that_there_is) {
  for (const auto& kind : {"unknown", "Plain", "infrastructure"})
    BOOST_TEST(refusal(create({{"vm_kind", kind}})) ==
               "'vm_kind' must be plain, mediakit, totebox, orchestration or "
               "privategit");
}

/// Its user data is given as such, so that the ledger has no unsalted hash.
BOOST_AUTO_TEST_CASE(what_no_spec_has_is_refused_by_its_name) {
  for (const auto* field : {"cloud_init", "kind", "kernel_name", "memory"})
    BOOST_TEST(refusal(create_with({{field, true}})) ==
               std::string{"there is no field \""} + field + "\" in a spec");
  BOOST_TEST(refusal(create_with(disk({{"base_name", "x"}}))) ==
             "there is no field \"base_name\" in a disk");
  BOOST_TEST(refusal(create_with(forward({{"address", "0.0.0.0"}}))) ==
             "there is no field \"address\" in a forward");
  BOOST_TEST(refusal(create({{"node", "x"}})) ==
             "there is no field \"node\" in a change");
}

BOOST_AUTO_TEST_CASE(numbers_stand_within_what_a_guest_can_have) {
  struct Range {
    const char* field;
    std::uint64_t least;
    std::uint64_t most;
  };
  for (const auto& range :
       {Range{"vcpus", 1, 256}, Range{"memory_mb", 16, 16'777'216},
        Range{"floor_mb", 1, 16'777'216}, Range{"cpu_weight", 1, 10'000}}) {
    for (auto number : {range.least, range.most})
      must(create_with({{range.field, number}}));
    auto expected = std::string{"'"} + range.field +
                    "' must be a number from " + std::to_string(range.least) +
                    " to " + std::to_string(range.most);
    for (const auto& number :
         {Json(range.least - 1), Json(range.most + 1), Json(-1), Json(1.5),
          Json("2"), Json(~std::uint64_t{0}), Json(1ULL << 32U)})
      BOOST_TEST(refusal(create_with({{range.field, number}})) == expected);
  }
}

BOOST_AUTO_TEST_CASE(what_is_chosen_from_few_is_one_of_them) {
  for (const auto& [name, policy] :
       {std::pair{"never", RestartPolicy::never},
        std::pair{"on-failure", RestartPolicy::on_failure},
        std::pair{"always", RestartPolicy::always}})
    BOOST_TEST((created({{"spec", {{"restart", name}}}}).restart == policy));
  for (const auto* name : {"on_failure", "unknown", "Never"})
    BOOST_TEST(refusal(create_with({{"restart", name}})) ==
               "'restart' must be never, on-failure or always");
  BOOST_TEST(refusal(create_with({{"autostart", "yes"}})) ==
             "'autostart' must be true or false");
}

BOOST_AUTO_TEST_CASE(images_and_nodes_are_named_by_all_their_digits) {
  for (const auto& text : {Json("debian"), Json(digest.substr(1)), Json(7),
                           Json("../../etc/shadow"), Json("")}) {
    for (const auto* field : {"kernel", "initrd"})
      BOOST_TEST(refusal(create_with({{field, text}})) ==
                 std::string{"'"} + field +
                     "' must be the digest of an image, 64 hexadecimal digits");
    BOOST_TEST(mentions(refusal(create_with(disk({{"base", text}}))),
                        "'base' must be the digest"));
  }
  BOOST_TEST(refusal(create_with({{"node", "hub"}})) ==
             "'node' must be the id of a node, 32 hexadecimal digits");
}

BOOST_AUTO_TEST_CASE(a_command_line_is_long_and_printable) {
  auto longest = std::string(2047, 'x');
  BOOST_TEST(created({{"spec", {{"command_line", longest}}}}).command_line ==
             longest);
  for (const auto& text : {Json(longest + "x"), Json("a\nb"),
                           Json("n\xc3\xb6rd"), Json(7), Json(true)})
    BOOST_TEST(refusal(create_with({{"command_line", text}})) ==
               "'command_line' must be a text of at most 2047 printable "
               "characters of ASCII");
}

// -- disks and forwards ------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_disk_is_read) {
  auto spec = created({{"spec", disk({{"format", "qcow2"},
                                      {"size_mb", 67'108'864},
                                      {"base", digest},
                                      {"read_only", true}})}});
  events::VmDisk expected{
      "root", DiskFormat::qcow2, 67'108'864, hash_of(0xa1), "", true};
  BOOST_REQUIRE(spec.disks.size() == 1U);
  BOOST_TEST((spec.disks[0] == expected));
}

BOOST_AUTO_TEST_CASE(a_disk_is_qcow2_and_a_device_raw_unless_it_says) {
  auto format = [](const Json& more = Json::object()) {
    return created({{"spec", disk(more)}}).disks.at(0).format;
  };
  BOOST_TEST((format() == DiskFormat::qcow2));
  BOOST_TEST((format({{"format", "raw"}}) == DiskFormat::raw));
  BOOST_TEST((format({{"device", "archive"}}) == DiskFormat::raw));
  BOOST_TEST((format({{"device", "archive"}, {"format", "qcow2"}}) ==
              DiskFormat::qcow2));
  BOOST_TEST(refusal(create_with(disk({{"format", "vmdk"}}))) ==
             "'format' must be qcow2 or raw");
  BOOST_TEST(refusal(create_with(disk({{"size_mb", 67'108'865}}))) ==
             "'size_mb' must be a number from 0 to 67108864");
}

BOOST_AUTO_TEST_CASE(a_forward_is_read) {
  auto one = [](const Json& more = Json::object()) {
    return created({{"spec", forward(more)}}).forwards.at(0);
  };
  BOOST_TEST((one() == events::VmForward{8080, 80, false, false}));
  BOOST_TEST((one({{"protocol", "tcp"}, {"open", false}}) == one()));
  BOOST_TEST((one({{"protocol", "udp"}, {"open", true}}) ==
              events::VmForward{8080, 80, true, true}));
  BOOST_TEST((one({{"mesh", true}}) ==
              events::VmForward{8080, 80, false, false, true}));
  BOOST_TEST(refusal(create_with(forward({{"mesh", "10.8.0.7"}}))) ==
             "'mesh' must be true or false");
  BOOST_TEST(refusal(create_with(forward({{"protocol", "sctp"}}))) ==
             "'protocol' must be tcp or udp");
  for (const auto& port : {Json(0), Json(65'536), Json("80")})
    BOOST_TEST(refusal(create_with(forward({{"host_port", port}}))) ==
               "'host_port' must be a number from 1 to 65535");
  BOOST_TEST(refusal(create_with(forward({{"guest_port", nullptr}}))) ==
             "'guest_port' must be a port, from 1 to 65535");
}

BOOST_AUTO_TEST_CASE(lists_are_of_objects_and_short) {
  for (const auto& list : {Json::object(), Json("x"), Json::array({1}),
                           Json::array({Json::array()})}) {
    BOOST_TEST(refusal(create_with({{"disks", list}})) ==
               "'disks' must be an array of at most 16 objects");
    BOOST_TEST(refusal(create_with({{"forwards", list}})) ==
               "'forwards' must be an array of at most 64 objects");
  }
  auto many = disk();
  for (int i = 0; i < 16; ++i) many["disks"].push_back(many["disks"][0]);
  BOOST_TEST(mentions(refusal(create_with(many)), "at most 16"));
}

/// Whatever is shown in the middle of a sentence has no blank and no quote.
BOOST_AUTO_TEST_CASE(no_name_in_a_spec_reads_as_more_of_it) {
  for (const auto& name : {Json("a b"), Json("a\nb"), Json("a,b"), Json(7)}) {
    BOOST_TEST(
        mentions(refusal(create_with(disk({{"name", name}}))), "'name'"));
    BOOST_TEST(
        mentions(refusal(create_with(disk({{"device", name}}))), "'device'"));
    BOOST_TEST(mentions(refusal(create_with({{"bridge", name}})), "'bridge'"));
  }
}

// -- guests that are there ---------------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_not_given_stays_as_it_is) {
  auto expected = sample_vm().spec;
  expected.memory_mb = 1024;
  expected.restart = RestartPolicy::never;
  BOOST_TEST(
      (changed({{"memory_mb", 1024}, {"restart", "never"}}) == expected));
  expected = sample_vm().spec;
  expected.autostart = false;
  expected.forwards.clear();
  BOOST_TEST((changed({{"autostart", false}, {"forwards", Json::array()}}) ==
              expected));
}

BOOST_AUTO_TEST_CASE(null_takes_away_what_there_may_be_none_of) {
  auto spec = changed({{"kernel", nullptr}, {"command_line", nullptr}});
  BOOST_TEST(!spec.kernel.has_value());
  BOOST_TEST(spec.command_line.empty());
  auto same = changed({{"vcpus", 4},
                       {"memory_mb", nullptr},
                       {"disks", nullptr},
                       {"forwards", nullptr},
                       {"autostart", nullptr},
                       {"restart", nullptr}});
  auto expected = sample_vm().spec;
  expected.vcpus = 4;
  BOOST_TEST((same == expected));
}

BOOST_AUTO_TEST_CASE(a_change_of_nothing_is_none) {
  for (const auto& spec : {Json{}, Json::object(), Json{{"vcpus", nullptr}}})
    BOOST_TEST(refusal(set_with(spec)) == "'spec' must have what is to change");
  BOOST_TEST(refusal(set_with(Json::array())) == "'spec' must be an object");
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_not_there_can_not_be_changed) {
  SetVmWish wish{id_of(9), {}};
  auto change = runtime::to_change(wish, sample_pool().pool);
  BOOST_REQUIRE(is_problem(change, runtime::ProblemType::refused));
  BOOST_TEST(mentions(std::get<Problem>(change).detail,
                      "there is no guest " + id_of(9).hex()));
}

// -- changes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_creation_is_a_change) {
  auto wish = must(create({{"start", true}, {"spec", {{"vcpus", 3}}}}));
  auto change = must(runtime::to_change(wish, {}));
  const auto& define = std::get<events::DefineVm>(change);
  BOOST_TEST(define.name == "web");
  BOOST_TEST(define.start);
  BOOST_TEST(define.spec.vcpus == 3U);
  BOOST_TEST(!define.spec.cloud_init.has_value());
}

BOOST_AUTO_TEST_CASE(a_deletion_is_a_change) {
  Json json{{"vm", web.hex()}};
  for (bool force : {false, true}) {
    json["force"] = force;
    auto change =
        must(runtime::to_change(must(read(runtime::read_vm_delete, json)), {}));
    BOOST_TEST(std::get<events::DeleteVm>(change).vm == web);
    BOOST_TEST(std::get<events::DeleteVm>(change).force == force);
  }
  refusal(read(runtime::read_vm_delete, {{"vm", "web"}}));
}

BOOST_AUTO_TEST_CASE(a_removal_of_an_image_is_a_change) {
  auto wish = must(read(runtime::read_image_remove, {{"digest", digest}}));
  auto change = must(runtime::to_change(wish, {}));
  BOOST_TEST(std::get<actors::RemoveImage>(change).digest == hash_of(0xa1));
  for (const auto& other : {Json(), Json("x"), Json(web.hex())})
    BOOST_TEST(
        mentions(refusal(read(runtime::read_image_remove, {{"digest", other}})),
                 "'digest'"));
}

// -- commands ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_stop_is_forced_only_if_it_says_so) {
  for (const auto* body : {"", "{}", R"({"force": false})"}) {
    auto command = must(runtime::read_vm_stop(body));
    BOOST_TEST((command.verb == events::VmVerb::stop));
    BOOST_TEST(!command.force, body);
  }
  BOOST_TEST(must(runtime::read_vm_stop(R"({"force": true})")).force);
  BOOST_TEST(refusal(runtime::read_vm_stop(R"({"forced": true})")) ==
             "there is no field \"forced\" in a stop");
  refusal(runtime::read_vm_stop(R"({"force": 1})"));
  refusal(runtime::read_vm_stop("[]"));
}

BOOST_AUTO_TEST_CASE(a_command_has_the_name_that_its_path_has) {
  using events::VmVerb;
  for (const auto& [verb, name] :
       {std::pair{VmVerb::start, "start"}, std::pair{VmVerb::stop, "stop"},
        std::pair{VmVerb::pause, "pause"}, std::pair{VmVerb::resume, "resume"},
        std::pair{VmVerb::reset, "reset"}})
    BOOST_TEST(runtime::name_of(verb) == name);
}

// -- images ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_has_the_name_of_its_file_unless_another) {
  auto wish =
      must(runtime::read_image_add(R"({"path": "/srv/a b/debian-12.qcow2"})"));
  BOOST_TEST(wish.path == "/srv/a b/debian-12.qcow2");
  BOOST_TEST(wish.name == "debian-12.qcow2");
  auto named =
      must(runtime::read_image_add(R"({"path": "/x y", "name": "debian"})"));
  BOOST_TEST(named.name == "debian");
}

BOOST_AUTO_TEST_CASE(a_path_is_that_of_a_file_from_the_root_on) {
  auto why = [](const Json& path) {
    return refusal(
        runtime::read_image_add(Json{{"path", path}, {"name", "x"}}.dump()));
  };
  for (const auto& path : {Json("x.img"), Json(""), Json("/"), Json("/srv/"),
                           Json(7), Json(), Json("/" + std::string(4095, 'x'))})
    BOOST_TEST(mentions(why(path), "'path' must be that of a file"));
  for (const std::string path : {"/a\nb", "/a\x1b[2J", "/a\xe2\x80\xae"})
    BOOST_TEST(mentions(why(path), "control character"));
  BOOST_TEST(mentions(why(std::string{"/a\0b", 4}), "control character"));
}

BOOST_AUTO_TEST_CASE(an_image_has_a_name_without_blanks) {
  auto why = [](const Json& body) {
    return refusal(runtime::read_image_add(body.dump()));
  };
  BOOST_TEST(mentions(why({{"path", "/a b"}}), "'name' must be 1 to 120"));
  for (const auto& name : {Json("a b"), Json(""), Json(std::string(121, 'x')),
                           Json("n\xc3\xb6rd"), Json(7)})
    BOOST_TEST(
        mentions(why({{"path", "/x"}, {"name", name}}), "'name' must be 1"));
  BOOST_TEST(
      mentions(why({{"path", "/x"}, {"uid", 0}}), "there is no field \"uid\""));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
