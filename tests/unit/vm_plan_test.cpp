// What the operator reads before guests are changed.
#include "actors/vm_plan.hpp"

#include <algorithm>
#include <functional>

#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using actors::plan_of;
using events::Pool;
using events::VmSpec;
using schema::DiskFormat;
using Lines = std::vector<std::string>;

namespace {

bool has_line(const Lines& plan, std::string_view line) {
  return std::find(plan.begin(), plan.end(), line) != plan.end();
}

/// Of a host with 4096 MB and 8 vCPUs, and the guest "web".
Pool pool_with(const VmLife& guest) {
  Pool pool;
  pool.vms = guest.record.state().vms;
  pool.limits.memory_mb = 4096;
  pool.limits.vcpus_max = 8;
  pool.images[image_digest(1)] = {"debian-12", 1, DiskFormat::qcow2};
  pool.images[image_digest(2)] = {"vmlinuz", 1, DiskFormat::unknown};
  return pool;
}

VmSpec full_spec() {
  auto spec = events::profile_of(schema::VmKind::media_kit);
  spec.memory_mb = 1024;
  spec.floor_mb = 256;
  spec.disks = {{"root", DiskFormat::qcow2, 2048, image_digest(1)},
                {"vault", DiskFormat::raw, 0, {}, "sda", true}};
  spec.kernel = image_digest(2);
  spec.command_line = "console=ttyS0";
  spec.forwards = {{10'022, 22}, {53, 53, false, true}};
  spec.cloud_init = image_digest(4);
  return spec;
}

Lines plan_to_define(const VmSpec& spec, bool start = false,
                     const events::Acceleration& acceleration = {}) {
  return plan_of(events::DefineVm{vm_id(2), "media", spec, start},
                 pool_with(VmLife{}), acceleration);
}

Lines plan_to_change(const VmSpec& before, const VmSpec& after) {
  return plan_of(events::ChangeVm{vm_id(1), after}, pool_with(VmLife{before}));
}

/// What is said besides the first line.
Lines plan_of_change(const VmSpec& after) {
  auto plan = plan_to_change(small_spec(), after);
  BOOST_TEST(plan.at(0) == "change the guest web");
  plan.erase(plan.begin());
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_plan)

// -- creation -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_creation_says_all_that_will_be_there) {
  auto plan = plan_to_define(full_spec(), true, {"kvm", {}, "", ""});
  for (const auto* line :
       {"create the guest media (mediakit) on this node, and start it",
        "2 vCPUs, 1024 MB of memory (never less than 256 MB), CPU weight 100",
        "disk root: qcow2, 2048 MB, over image debian-12 010101010101",
        "disk vault: raw, device sda of the host, only read",
        "starts the kernel of image vmlinuz 020202020202",
        "kernel command line: console=ttyS0",
        "forward 127.0.0.1 port 10022 to its port 22 (TCP)",
        "forward every address port 53 to its port 53 (TCP)",
        "cloud-init user data is kept for it",
        "restarted when it fails, and comes back with the host", "run by kvm"})
    BOOST_TEST(has_line(plan, line), line);
}

BOOST_AUTO_TEST_CASE(a_creation_says_what_is_not_so) {
  auto spec = small_spec();
  spec.autostart = false;
  spec.restart = schema::RestartPolicy::never;
  spec.bridge = "br0";
  auto plan = plan_to_define(spec);
  for (const auto* line :
       {"create the guest media (plain) on this node",
        "starts what is on its disks", "network: bridge br0 of the host",
        "never restarted by itself, and stays off when the host comes back",
        "no accelerator is proved on this host yet"})
    BOOST_TEST(has_line(plan, line), line);
}

/// With what QEMU takes of both.
BOOST_AUTO_TEST_CASE(a_creation_says_what_is_left) {
  BOOST_TEST(plan_to_define(small_spec()).back() ==
             "left then for other guests: 2872 MB of 4096 MB, 6 vCPUs");
  auto large = small_spec();
  large.memory_mb = 8000;
  large.vcpus = 200;
  BOOST_TEST(plan_to_define(large).back() ==
             "left then for other guests: 0 MB of 4096 MB, 0 vCPUs");
}

BOOST_AUTO_TEST_CASE(each_restart_policy_has_its_words) {
  auto spec = small_spec();
  spec.restart = schema::RestartPolicy::always;
  BOOST_TEST(has_line(plan_to_define(spec),
                      "restarted whenever it ends, and comes back with the "
                      "host"));
}

// -- change -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_change_says_nothing_of_what_stays) {
  BOOST_TEST(plan_of_change(small_spec()).empty());
  auto spec = small_spec();
  spec.vcpus = 2;
  BOOST_TEST((plan_of_change(spec) == Lines{"vCPUs: 1 -> 2"}));
}

BOOST_AUTO_TEST_CASE(a_change_says_each_thing_that_changes) {
  auto changed = [](const std::function<void(VmSpec&)>& change) {
    auto spec = small_spec();
    change(spec);
    return plan_of_change(spec);
  };
  struct Row {
    std::function<void(VmSpec&)> change;
    std::string line;
  };
  const std::vector<Row> rows{
      {[](auto& spec) { spec.kind = schema::VmKind::private_git; },
       "kind: plain -> privategit"},
      {[](auto& spec) { spec.memory_mb = 1024; }, "memory in MB: 512 -> 1024"},
      {[](auto& spec) { spec.floor_mb = 300; }, "floor in MB: 256 -> 300"},
      {[](auto& spec) { spec.cpu_weight = 300; }, "CPU weight: 100 -> 300"},
      {[](auto& spec) { spec.restart = schema::RestartPolicy::never; },
       "never restarted by itself"},
      {[](auto& spec) { spec.autostart = false; },
       "stays off when the host comes back"},
      {[](auto& spec) { spec.disks[0].size_mb = 2048; },
       "disk root: qcow2, 2048 MB"},
      {[](auto& spec) { spec.bridge = "br0"; },
       "network: bridge br0 of the host"},
      {[](auto& spec) {
         spec.forwards = {{80, 8080}};
       },
       "forward 127.0.0.1 port 80 to its port 8080 (TCP)"},
      {[](auto& spec) {
         spec.forwards = {{80, 8080, false, false, true}};
       },
       "forward the address in the mesh, port 80 to its port 8080 (TCP)"},
      {[](auto& spec) { spec.kernel = image_digest(2); },
       "starts the kernel of image vmlinuz 020202020202"},
      {[](auto& spec) { spec.cloud_init = image_digest(4); },
       "it gets other cloud-init user data"},
      {[](auto& spec) { spec.node = node_of(1); }, "it must be on this node"}};
  for (const auto& [change, line] : rows)
    BOOST_TEST(has_line(changed(change), line), line);
}

BOOST_AUTO_TEST_CASE(a_change_says_what_goes) {
  auto bare = full_spec();
  bare.disks.clear();
  BOOST_TEST(
      has_line(plan_to_change(full_spec(), bare), "it has no disks then"));
  auto firmware = full_spec();
  firmware.kernel.reset();
  firmware.command_line.clear();
  BOOST_TEST(has_line(plan_to_change(full_spec(), firmware),
                      "starts what is on its disks"));
  auto silent = full_spec();
  silent.command_line.clear();
  BOOST_TEST(
      has_line(plan_to_change(full_spec(), silent), "no kernel command line"));
  auto plain = full_spec();
  plain.cloud_init.reset();
  plain.forwards.clear();
  auto plan = plan_to_change(full_spec(), plain);
  BOOST_TEST(has_line(plan, "it gets no cloud-init user data"));
  BOOST_TEST(plan.size() == 3U);
}

// -- deletion -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_deletion_says_what_is_lost) {
  VmLife guest{full_spec()};
  auto plan = plan_of(events::DeleteVm{guest.id, true}, pool_with(guest));
  BOOST_TEST((plan == Lines{"delete the guest web, which is defined",
                            "delete its disk root, for good",
                            "leave the device sda as it is",
                            "free 1024 MB of memory"}));
}

BOOST_AUTO_TEST_CASE(a_deletion_says_whether_a_guest_is_stopped_for_it) {
  VmLife guest;
  guest.run();
  auto plan = plan_of(events::DeleteVm{guest.id, true}, pool_with(guest));
  BOOST_TEST(plan.at(0) == "delete the guest web, which is running");
  BOOST_TEST(has_line(plan, "stop it at once, without asking it"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
