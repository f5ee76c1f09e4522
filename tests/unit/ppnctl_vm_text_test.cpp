// What an operator writes of guests, and how their documents read.
#include <boost/test/unit_test.hpp>

#include <fstream>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_vm_samples.hpp"
#include "tools/ppnctl/vm_change.hpp"
#include "tools/ppnctl/vm_find.hpp"
#include "tools/ppnctl/vm_parts.hpp"
#include "tools/ppnctl/vm_text.hpp"
#include "tools/ppnctl/vm_written.hpp"

namespace ppn::tests {

using namespace ctl;
using namespace guest_samples;
using schema::Json;

BOOST_AUTO_TEST_SUITE(ppnctl_vm_text)

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(guests_need_their_fields) {
  auto document = vms_document(Json::array({vm_json("running", "running", 3)}));
  BOOST_TEST(bool{read_vms(document)});
  for (const char* path : {"/schema",
                           "/vms",
                           "/pool",
                           "/pool/memory_mb_left",
                           "/acceleration",
                           "/acceleration/accelerator",
                           "/acceleration/tried",
                           "/acceleration/tried/0/reason",
                           "/problem",
                           "/vms/0/id",
                           "/vms/0/name",
                           "/vms/0/phase",
                           "/vms/0/wish",
                           "/vms/0/evidence",
                           "/vms/0/unresponsive",
                           "/vms/0/accelerator",
                           "/vms/0/start",
                           "/vms/0/since",
                           "/vms/0/cause",
                           "/vms/0/gave_up",
                           "/vms/0/problem",
                           "/vms/0/spec",
                           "/vms/0/spec/memory_mb",
                           "/vms/0/spec/disks/0/name",
                           "/vms/0/spec/disks/0/base",
                           "/vms/0/spec/kernel",
                           "/vms/0/spec/forwards/1/protocol",
                           "/vms/0/spec/forwards/1/mesh",
                           "/vms/0/spec/forwards/1/address",
                           "/vms/0/spec/restart",
                           "/vms/0/stream"}) {
    Json::json_pointer pointer{path};
    auto without = document;
    without.at(pointer.parent_pointer()).erase(pointer.back());
    BOOST_TEST(!read_vms(without), "without " << path);
    auto other = document;
    other.at(pointer) = 7.5;
    BOOST_TEST(!read_vms(other), "with another kind of " << path);
  }
}

/// It becomes a part of what is asked for next.
BOOST_AUTO_TEST_CASE(an_id_is_one) {
  auto vm = vm_json("running", "running", 3);
  vm["id"] = "../status";
  BOOST_TEST(!read_vms(vms_document(Json::array({vm}))));
}

BOOST_AUTO_TEST_CASE(a_console_log_is_any_bytes) {
  auto document = as_read({{"schema", "ppn.console-log.v1"},
                           {"bytes", "AP8bCg=="},
                           {"from", 7},
                           {"next", 11},
                           {"size", 20}});
  auto log = read_console_log(document);
  BOOST_REQUIRE(log);
  BOOST_TEST(log->bytes == std::string("\0\xff\x1b\n", 4));
  BOOST_TEST(log->next == 11U);
  document["bytes"] = "";
  BOOST_TEST(read_console_log(document)->bytes.empty());
  document["bytes"] = "AP8bCg=!";
  BOOST_TEST(!read_console_log(document));
}

BOOST_AUTO_TEST_CASE(a_guest_is_found_by_name_or_id) {
  auto web = vm_of(vm_json("running", "running", 3));
  auto db = web;
  db.id = db_id;
  db.name = "db";
  auto named_like_an_id = web;
  named_like_an_id.id = "bbbbb" + std::string(27, '0');
  named_like_an_id.name = "aaaa";
  std::vector<Vm> vms{web, db, named_like_an_id};
  BOOST_TEST(find_vm(vms, "web")->id == web_id);
  BOOST_TEST(find_vm(vms, db_id)->name == "db");
  BOOST_TEST(find_vm(vms, "aaaaa")->name == "web");
  BOOST_TEST(find_vm(vms, "aaaa")->name == "aaaa");
  BOOST_TEST(find_vm(vms, "bbbb").error().code == exit_usage);
  for (const char* nothing : {"aaa", "we", "", "cccc"}) {
    auto found = find_vm(vms, nothing);
    BOOST_REQUIRE(!found);
    BOOST_TEST(found.error().code == exit_failed);
    BOOST_TEST(mentions(found.error().advice, "ppnctl vm list"));
  }
}

// -- what is written ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_size_has_a_unit) {
  BOOST_TEST(*read_megabytes("2048M") == 2048U);
  BOOST_TEST(*read_megabytes("2G") == 2048U);
  BOOST_TEST(*read_megabytes("1T") == 1024U * 1024);
  for (const char* none :
       {"", "2", "G", "0G", "-1G", "+1G", "1.5G", "2GG", " 2G", "2 G", "2g",
        "18446744073709551615G", "4096T", "2K"})
    BOOST_TEST(!read_megabytes(none), none);
}

BOOST_AUTO_TEST_CASE(a_disk_is_its_name_and_what_is_said_of_it) {
  auto disk = read_disk("root,size=20G,base=debian-12");
  BOOST_REQUIRE(disk);
  BOOST_TEST(disk->name == "root");
  BOOST_TEST(*disk->size_mb == 20U * 1024);
  BOOST_TEST(*disk->base == "debian-12");
  BOOST_TEST(!disk->is_read_only);
  disk = read_disk("scratch,device=ssd,format=raw,read-only");
  BOOST_REQUIRE(disk);
  BOOST_TEST(*disk->device == "ssd");
  BOOST_TEST(*disk->format == "raw");
  BOOST_TEST(disk->is_read_only);
  BOOST_TEST(read_disk("root")->name == "root");
  for (const char* none : {"", ",size=1G", "size=1G", "root,", "root,size",
                           "root,size=", "root,size=1", "root,size=1G,size=2G",
                           "root,base=a,base=b", "root,colour=red",
                           "root,read-only=no", "root,=1"}) {
    auto fault = read_disk(none);
    BOOST_REQUIRE_MESSAGE(!fault, none);
    BOOST_TEST(fault.error().code == exit_usage);
  }
}

BOOST_AUTO_TEST_CASE(a_forward_is_two_ports) {
  auto forward = read_forward("8080:80");
  BOOST_REQUIRE(forward);
  BOOST_TEST(forward->host_port == 8080);
  BOOST_TEST(forward->guest_port == 80);
  BOOST_TEST((!forward->is_udp && !forward->is_open));
  forward = read_forward("udp:5353:53:open");
  BOOST_REQUIRE(forward);
  BOOST_TEST((forward->is_udp && forward->is_open && !forward->is_in_mesh));
  forward = read_forward("8080:80:mesh");
  BOOST_REQUIRE(forward);
  BOOST_TEST((forward->is_in_mesh && !forward->is_open));
  BOOST_TEST(forward->host_port == 8080);
  BOOST_TEST(forward->guest_port == 80);
  BOOST_TEST(!read_forward("tcp:1:65535")->is_udp);
  for (const char* none :
       {"", "80", "80:", ":80", "0:80", "80:0", "65536:1", "1:65536",
        "sctp:1:2", "1:2:closed", "tcp:1", "1:2:open:open", "1:2:open:mesh",
        "mesh:1:2", "tcp:udp:1:2", "-1:2", "1:2 "})
    BOOST_TEST(!read_forward(none), none);
}

// -- changes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_proposed_with_no_more_than_was_said) {
  VmCreateOptions options;
  options.name = "web";
  auto change = create_change(options, {});
  BOOST_REQUIRE(change);
  BOOST_TEST(*change == Json::parse(R"({"kind": "vm-create", "name": "web",
      "vm_kind": "plain", "spec": {}, "start": true})"));
  options.no_start = true;
  BOOST_TEST(!create_change(options, {})->contains("start"));
}

BOOST_AUTO_TEST_CASE(a_guest_is_proposed_as_it_is_written) {
  VmCreateOptions options;
  options.name = "web";
  options.kind = "mediakit";
  options.settings.vcpus = 4;
  options.settings.memory = "2G";
  options.settings.floor = "512M";
  options.settings.weight = 200;
  options.settings.restart = "always";
  options.settings.no_autostart = true;
  options.settings.forwards = {"8080:80", "udp:53:53:open", "443:443:mesh"};
  options.disks = {"root,size=20G,base=debian-12", "s,device=ssd,read-only"};
  options.kernel = "cccc";
  options.initrd = "debian-12";
  options.append = "quiet";
  options.bridge = "br0";
  VmParts parts{
      {{base, "debian-12", 1, "qcow2", {}}, {kernel, "vmlinuz", 1, "raw", {}}},
      "#cloud-config\n",
      std::string(32, 'f')};
  auto change = create_change(options, parts);
  BOOST_REQUIRE(change);
  Json wanted{
      {"kind", "vm-create"},
      {"name", "web"},
      {"vm_kind", "mediakit"},
      {"spec",
       {{"vcpus", 4},
        {"memory_mb", 2048},
        {"floor_mb", 512},
        {"cpu_weight", 200},
        {"restart", "always"},
        {"autostart", false},
        {"forwards",
         {{{"host_port", 8080}, {"guest_port", 80}, {"protocol", "tcp"}},
          {{"host_port", 53},
           {"guest_port", 53},
           {"protocol", "udp"},
           {"open", true}},
          {{"host_port", 443},
           {"guest_port", 443},
           {"protocol", "tcp"},
           {"mesh", true}}}},
        {"disks",
         {{{"name", "root"}, {"size_mb", 20480}, {"base", base}},
          {{"name", "s"}, {"device", "ssd"}, {"read_only", true}}}},
        {"kernel", kernel},
        {"initrd", base},
        {"command_line", "quiet"},
        {"bridge", "br0"},
        {"node", std::string(32, 'f')}}},
      {"start", true},
      {"user_data", "#cloud-config\n"}};
  BOOST_TEST(*change == wanted);
}

BOOST_AUTO_TEST_CASE(images_are_asked_for_only_where_one_is_named) {
  VmCreateOptions options;
  options.disks = {"data,size=5G"};
  BOOST_TEST(!needs_images(options));
  options.disks = {"data,size=5G", "root,base=x"};
  BOOST_TEST(needs_images(options));
  options.disks.clear();
  options.initrd = "x";
  BOOST_TEST(needs_images(options));
}

BOOST_AUTO_TEST_CASE(no_forwards_are_an_empty_list) {
  VmSetOptions options;
  options.settings.no_forwards = true;
  BOOST_TEST(set_change(options)->dump() ==
             R"({"kind":"vm-set","spec":{"forwards":[]}})");
}

BOOST_AUTO_TEST_CASE(a_deletion_is_forced_only_if_that_is_said) {
  BOOST_TEST(delete_change(web_id, {}).dump() ==
             R"({"kind":"vm-delete","vm":")" + web_id + "\"}");
  VmDeleteOptions forced;
  forced.force = true;
  BOOST_TEST(delete_change(web_id, forced).at("force") == true);
}

BOOST_AUTO_TEST_CASE(user_data_is_some_text) {
  ScratchDirectory scratch;
  auto path = (scratch / "user-data").string();
  auto read = [&](const std::string& text) {
    std::ofstream{path, std::ios::binary} << text;
    return read_user_data(path);
  };
  BOOST_TEST(*read("#cloud-config\n\xc3\xa9\n") == "#cloud-config\n\xc3\xa9\n");
  BOOST_TEST(read("").error().code == exit_usage);
  BOOST_TEST(read("\xff").error().code == exit_usage);
  BOOST_TEST(read(std::string(user_data_bytes_max + 1, 'x')).error().code ==
             exit_usage);
  BOOST_TEST(bool{read(std::string(user_data_bytes_max, 'x'))});
  BOOST_TEST(read_user_data(path + "2").error().code == exit_failed);
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(guests_are_a_table) {
  auto vms =
      read_vms(vms_document(Json::array({vm_json("running", "running", 3)})));
  BOOST_REQUIRE(vms);
  BOOST_TEST(
      vms_text(*vms, now_ns) ==
      "guest  kind   state    vcpus  memory  accel  forwards                 "
      "since\n"
      "web    plain  running  2      2 GB    kvm    8080->80 *:5353->53/udp  "
      "1 minute ago\n"
      "\n1 of 128 guests, 2 of 256 vCPUs, 2148 MB of 8 GB with QEMU's own, "
      "6044 MB left; by kvm\n");
}

BOOST_AUTO_TEST_CASE(what_ails_a_guest_stands_below_the_table) {
  auto vms = read_vms(vms_document(Json::array({crashed(3)})));
  BOOST_REQUIRE(vms);
  BOOST_TEST(
      mentions(vms_text(*vms, now_ns),
               "\nweb crashed: QEMU ended with a failure: exit code 1\n"));
  vms->vms.clear();
  vms->problem = "no QEMU\x1b";
  BOOST_TEST(
      vms_text(*vms, now_ns)
          .starts_with("guests can not be run: no QEMU?\n\nno guests: "));
}

BOOST_AUTO_TEST_CASE(many_forwards_keep_a_table_narrow) {
  auto json = vm_json("running", "running", 3);
  json["spec"]["forwards"] = Json(5, json["spec"]["forwards"][0]);
  auto vms = read_vms(vms_document(Json::array({json})));
  BOOST_REQUIRE(vms);
  BOOST_TEST(
      mentions(vms_text(*vms, now_ns), "  8080->80 8080->80 8080->80 +2  "));
}

BOOST_AUTO_TEST_CASE(a_forward_in_the_mesh_is_told_with_its_address) {
  auto json = vm_json("running", "running", 3);
  auto& forward = json["spec"]["forwards"][0];
  forward["mesh"] = true;
  forward["address"] = "10.8.0.7";
  auto vms = read_vms(vms_document(Json::array({json})));
  BOOST_REQUIRE(vms);
  BOOST_TEST(mentions(vms_text(*vms, now_ns), "  mesh:8080->80 *:5353->53"));
  BOOST_TEST(mentions(
      vm_text(vm_of(json), now_ns),
      "forward       tcp 10.8.0.7 in the mesh port 8080 to its port 80\n"));
  forward["address"] = nullptr;
  BOOST_TEST(mentions(
      vm_text(vm_of(json), now_ns),
      "forward       tcp no address in the mesh port 8080 to its port 80\n"));
}

BOOST_AUTO_TEST_CASE(each_ailment_is_told) {
  auto vm = vm_of(vm_json("running", "running", 3));
  BOOST_TEST(!ailment_of(vm));
  vm.problem = "no room";
  BOOST_TEST(*ailment_of(vm) == "has a problem: no room");
  vm.is_unresponsive = true;
  vm.evidence = "silent since 3 s";
  BOOST_TEST(*ailment_of(vm) == "is unresponsive: silent since 3 s");
  vm = vm_of(vm_json("paused", "paused", 3));
  BOOST_TEST(!ailment_of(vm));
  vm.wish = "running";
  vm.cause = "there is no room for what it writes";
  BOOST_TEST(*ailment_of(vm) == "is held: there is no room for what it writes");
  vm = vm_of(crashed(3));
  BOOST_TEST(*ailment_of(vm) ==
             "crashed: QEMU ended with a failure: exit code 1");
  vm.gave_up = true;
  vm.restarts_in_row = 11;
  BOOST_TEST(ailment_of(vm)->starts_with("gave up after 11 ends in a row: "));
}

BOOST_AUTO_TEST_CASE(all_of_a_guest_stands_in_lines) {
  auto json = vm_json("running", "running", 3);
  json["evidence"] = "it\x1b runs";
  BOOST_TEST(
      vm_text(vm_of(json), now_ns) ==
      "guest         web\n"
      "id            " +
          web_id +
          "\n"
          "kind          plain\n"
          "state         running\n"
          "since         1 minute ago\n"
          "wanted        running\n"
          "evidence      it? runs\n"
          "accelerator   kvm\n"
          "start         number 3\n"
          "vcpus         2\n"
          "memory        2 GB, never less than 512 MB\n"
          "cpu weight    100\n"
          "disk          root: qcow2, 20 GB, over debian-12 "
          "(d00d111111111111)\n"
          "disk          scratch: raw, device ssd of the host, only read\n"
          "kernel        vmlinuz (cccccccccccccccc)\n"
          "command line  quiet\n"
          "network       of its own\n"
          "forward       tcp 127.0.0.1 port 8080 to its port 80\n"
          "forward       udp every address port 5353 to its port 53\n"
          "cloud-init    has user data\n"
          "autostart     with the host\n"
          "restart       on-failure\n"
          "stream        vm/" +
          web_id + "\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
