// Guests and images in the control API: what the documents tell of them.
#include "runtime/api_vm.hpp"

#include <set>

#include "store/base64.hpp"
#include "tests/unit/api_samples.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::VmEnd;
using events::VmRun;
using schema::Json;
using schema::VmOutcome;
using schema::VmWish;

namespace {

const auto web = id_of(0x71);

/// A host with one guest, as it is recorded and as it is seen.
actors::PoolStatus pool_of(const events::Vm& vm, const events::VmSight& sight) {
  actors::PoolStatus status;
  status.pool.vms[web] = vm;
  status.vms[web] = {vm, sight, {}};
  return status;
}

Json document_of(const events::Vm& vm, const events::VmSight& sight) {
  return runtime::vm_document(pool_of(vm, sight), web, {});
}

std::string evidence(const events::Vm& vm, const events::VmSight& sight) {
  return document_of(vm, sight)["evidence"].get<std::string>();
}

events::Vm with_outcome(VmOutcome outcome) {
  auto vm = sample_vm();
  vm.outcome = outcome;
  vm.detail = "as QEMU says";
  return vm;
}

Json change_json(const actors::Change& change) {
  return runtime::guest_change_json(change);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_vm)

// -- guests ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_told_whole) {
  auto document = runtime::vm_document(sample_pool(), web, {});
  auto a1 = hash_of(0xa1).hex();
  auto a2 = hash_of(0xa2).hex();
  const auto expected = Json::parse(R"({
    "schema": "ppn.vm.v1", "id": ")" +
                                    web.hex() +
                                    R"(", "name": "web", "kind": "plain",
    "phase": "running", "wish": "running", "outcome": "running",
    "evidence": "the process of start 3 is there: the guest runs",
    "unresponsive": false, "accelerator": "tcg", "start": 3,
    "since": "2026-01-01T00:00:00.000Z", "cause": null, "detail": null,
    "restarts_in_row": 0, "gave_up": false, "problem": null,
    "spec": {"vcpus": 2, "memory_mb": 512, "floor_mb": 256, "cpu_weight": 100,
      "disks": [
        {"name": "root", "format": "qcow2", "size_mb": 1024,
         "base": ")" + a1 + R"(", "base_name": "debian-12.qcow2",
         "device": null, "read_only": false},
        {"name": "data", "format": "raw", "size_mb": 0, "base": null,
         "base_name": null, "device": "archive", "read_only": true}],
      "kernel": ")" + a2 + R"(", "kernel_name": "vmlinuz",
      "initrd": null, "initrd_name": null, "command_line": "console=ttyS0",
      "bridge": null,
      "forwards": [
        {"host_port": 8080, "guest_port": 80, "protocol": "tcp",
         "open": false, "mesh": false, "address": "127.0.0.1"},
        {"host_port": 5353, "guest_port": 53, "protocol": "udp",
         "open": true, "mesh": false, "address": "0.0.0.0"}],
      "cloud_init": true, "autostart": true, "restart": "on-failure",
      "node": null},
    "stream": "vm/)" + web.hex() + R"("})");
  BOOST_TEST(document == expected);
}

BOOST_AUTO_TEST_CASE(a_forward_in_the_mesh_is_at_the_hosts_address_there) {
  auto status = sample_pool();
  status.pool.vms.at(web).spec.forwards = {{8080, 80, false, false, true},
                                           {22, 22}};
  auto forwards_at = [&](const char* address) {
    auto in_mesh = events::IpAddress::parse(address);
    auto document = runtime::vm_document(status, web, in_mesh);
    BOOST_TEST(runtime::vms_document(status, in_mesh)["vms"][0]["spec"] ==
               document["spec"]);
    return document["spec"]["forwards"];
  };
  for (const auto* address : {"10.8.0.7", "10.8.0.8"}) {
    BOOST_TEST(forwards_at(address)[0]["mesh"] == true);
    BOOST_TEST(forwards_at(address)[0]["open"] == false);
    BOOST_TEST(forwards_at(address)[0]["address"] == address);
    BOOST_TEST(forwards_at(address)[1]["mesh"] == false);
    BOOST_TEST(forwards_at(address)[1]["address"] == "127.0.0.1");
  }
  // No address: it is in no mesh.
  BOOST_TEST(forwards_at("")[0]["mesh"] == true);
  BOOST_TEST(forwards_at("")[0]["address"].is_null());
  BOOST_TEST(forwards_at("")[1]["address"] == "127.0.0.1");
}

/// The hash is of no use to anybody, and would let user data be guessed at.
BOOST_AUTO_TEST_CASE(that_it_has_user_data_is_all_that_is_told_of_it) {
  auto text = runtime::vms_document(sample_pool(), {}).dump();
  BOOST_TEST(!mentions(text, hash_of(0xcc).hex()));
}

BOOST_AUTO_TEST_CASE(a_spec_is_told_as_it_is_spelled_in_a_proposal) {
  auto vm = sample_vm();
  vm.spec.bridge = "br0";
  vm.spec.initrd = hash_of(0xee);
  vm.spec.node = node_of(1);
  vm.spec.cloud_init.reset();
  for (auto [policy, name] :
       {std::pair{schema::RestartPolicy::never, "never"},
        std::pair{schema::RestartPolicy::on_failure, "on-failure"},
        std::pair{schema::RestartPolicy::always, "always"}}) {
    vm.spec.restart = policy;
    BOOST_TEST(document_of(vm, {})["spec"]["restart"] == name);
  }
  auto spec = document_of(vm, {})["spec"];
  BOOST_TEST(spec["bridge"] == "br0");
  BOOST_TEST(spec["initrd"] == hash_of(0xee).hex());
  BOOST_TEST(spec["initrd_name"].is_null());
  BOOST_TEST(spec["node"] == node_of(1).hex());
  BOOST_TEST(spec["cloud_init"] == false);
}

BOOST_AUTO_TEST_CASE(a_guest_that_never_ran_has_no_times_and_no_accelerator) {
  events::Vm vm;
  auto document = document_of(vm, {});
  BOOST_TEST(document["phase"] == "defined");
  BOOST_TEST(document["wish"] == "off");
  BOOST_TEST(document["start"] == 0U);
  BOOST_TEST(document["since"].is_null());
  BOOST_TEST(document["accelerator"].is_null());
  BOOST_TEST(document["evidence"] == "it was never started");
}

BOOST_AUTO_TEST_CASE(why_it_is_so_is_told_as_long_as_it_is) {
  auto paused = with_outcome(VmOutcome::paused);
  paused.pause_cause = schema::PauseCause::disk_full;
  auto stopped = with_outcome(VmOutcome::stopped);
  stopped.stop_cause = schema::StopCause::guest_shutdown;
  auto crashed = with_outcome(VmOutcome::crashed);
  crashed.crash_cause = schema::CrashCause::guest_panic;
  for (const auto& [vm, cause] : {std::pair{paused, "its disk is full"},
                                  std::pair{stopped, "it shut down"},
                                  std::pair{crashed, "its kernel panicked"}}) {
    auto document = document_of(vm, {});
    BOOST_TEST(document["cause"] == cause);
    BOOST_TEST(document["detail"] == "as QEMU says");
  }
  auto runs = document_of(with_outcome(VmOutcome::running), sample_sight());
  BOOST_TEST(runs["cause"].is_null());
  BOOST_TEST(runs["detail"].is_null());
}

BOOST_AUTO_TEST_CASE(a_guest_that_ends_again_and_again_is_told_as_such) {
  auto vm = with_outcome(VmOutcome::crashed);
  vm.ends_in_row = 10;
  vm.gave_up = true;
  auto status = pool_of(vm, {});
  status.vms[web].problem = "there is no room for its disk";
  auto document = runtime::vm_document(status, web, {});
  BOOST_TEST(document["restarts_in_row"] == 10U);
  BOOST_TEST(document["gave_up"] == true);
  BOOST_TEST(document["problem"] == "there is no room for its disk");
}

// -- evidence ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(off_and_unknown_and_unresponsive_are_told_apart) {
  auto sight = sample_sight();
  sight.silence = "query-status was not answered within 1000 ms";
  BOOST_TEST(evidence(sample_vm(), sight) ==
             "the process of start 3 is there, and its monitor does not "
             "answer: query-status was not answered within 1000 ms");
  BOOST_TEST(document_of(sample_vm(), sight)["unresponsive"] == true);
  BOOST_TEST(evidence(sample_vm(), {}) ==
             "unknown: neither the process of start 3 is seen nor its end");
  BOOST_TEST(document_of(sample_vm(), {})["unresponsive"] == false);
  auto off = with_outcome(VmOutcome::stopped);
  BOOST_TEST(evidence(off, {}) ==
             "there is no process; start 3 is recorded to have ended");
  BOOST_TEST(document_of(off, {})["unresponsive"] == false);
}

/// Of one whose actor told nothing yet, nothing is known either.
BOOST_AUTO_TEST_CASE(a_guest_that_nobody_told_of_is_unknown) {
  auto status = pool_of(sample_vm(), {});
  status.vms.clear();
  auto text =
      runtime::vm_document(status, web, {})["evidence"].get<std::string>();
  BOOST_TEST(text.starts_with("unknown: "));
}

BOOST_AUTO_TEST_CASE(what_its_monitor_says_is_told) {
  auto sight = sample_sight();
  std::set<std::string> told;
  for (auto run :
       {VmRun::unknown, VmRun::prepared, VmRun::running, VmRun::paused,
        VmRun::disk_full, VmRun::disk_error, VmRun::ending}) {
    sight.run = run;
    auto text = evidence(sample_vm(), sight);
    BOOST_TEST(text.starts_with("the process of start 3 is there: "), text);
    told.insert(text);
  }
  BOOST_TEST(told.size() == 7U);
}

BOOST_AUTO_TEST_CASE(a_process_that_should_not_be_there_is_told) {
  auto text = std::string{"the process of start 3 is there, and should not be"};
  BOOST_TEST(evidence(with_outcome(VmOutcome::stopped), sample_sight()) ==
             text);
  auto later = sample_vm();
  later.start = 4;
  BOOST_TEST(evidence(later, sample_sight()) == text);
}

BOOST_AUTO_TEST_CASE(how_its_process_ended_is_told) {
  events::VmSight sight;
  sight.ended = 3;
  std::set<std::string> told;
  for (auto kind :
       {VmEnd::Kind::shut_down, VmEnd::Kind::quit, VmEnd::Kind::failed,
        VmEnd::Kind::killed, VmEnd::Kind::panicked, VmEnd::Kind::reset_storm,
        VmEnd::Kind::not_started, VmEnd::Kind::host_restarted,
        VmEnd::Kind::unknown}) {
    sight.end = {kind, ""};
    auto text = evidence(with_outcome(VmOutcome::crashed), sight);
    BOOST_TEST(text.starts_with("the process of start 3 ended: "), text);
    told.insert(text);
  }
  BOOST_TEST(told.size() == 9U);
  sight.end = {VmEnd::Kind::killed, "signal 9"};
  BOOST_TEST(evidence(sample_vm(), sight) ==
             "the process of start 3 ended: it was killed: signal 9");
}

BOOST_AUTO_TEST_CASE(a_start_that_is_begun_has_no_process_yet) {
  events::VmSight sight;
  sight.ended = 2;
  BOOST_TEST(evidence(with_outcome(VmOutcome::starting), sight) ==
             "the process of start 3 is not there yet");
}

// -- the host ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(guests_are_told_by_their_names) {
  auto status = sample_pool();
  auto other = sample_vm();
  other.name = "archive";
  status.pool.vms[id_of(0xff)] = other;
  auto vms = runtime::vms_document(status, {})["vms"];
  BOOST_REQUIRE(vms.size() == 2U);
  BOOST_TEST(vms[0]["name"] == "archive");
  BOOST_TEST(vms[0]["id"] == id_of(0xff).hex());
  BOOST_TEST(vms[1]["name"] == "web");
  BOOST_TEST(!vms[1].contains("schema"));
}

BOOST_AUTO_TEST_CASE(what_is_reserved_of_the_host_is_told) {
  auto pool = sample_pool();
  auto used = 512 + events::overhead_mb(sample_vm().spec);
  Json expected{{"guests", 1},
                {"guests_max", 8},
                {"vcpus", 2},
                {"vcpus_max", 16},
                {"memory_mb", used},
                {"memory_mb_max", 4096},
                {"memory_mb_left", 4096 - used}};
  BOOST_TEST(runtime::vms_document(pool, {})["pool"] == expected);
  // It was configured lower since.
  pool.pool.limits.memory_mb = 100;
  BOOST_TEST(runtime::vms_document(pool, {})["pool"]["memory_mb_left"] == 0U);
}

BOOST_AUTO_TEST_CASE(by_what_guests_run_is_told_with_what_was_tried) {
  const auto expected = Json::parse(R"({
    "accelerator": "tcg", "cpu_model": "max", "qemu": "7.2.9",
    "kernel": "6.1.0", "tried": [
      {"name": "kvm", "works": false, "reason": "the guest did not run"},
      {"name": "tcg", "works": true, "reason": "the guest ran"}]})");
  auto document = runtime::vms_document(sample_pool(), {});
  BOOST_TEST(document["acceleration"] == expected);
  BOOST_TEST(document["problem"].is_null());
}

BOOST_AUTO_TEST_CASE(a_host_that_can_run_none_says_why) {
  actors::PoolStatus status;
  status.problem = "there is no QEMU";
  auto document = runtime::vms_document(status, {});
  BOOST_TEST(document["vms"] == Json::array());
  BOOST_TEST(document["problem"] == "there is no QEMU");
  for (const auto* field : {"accelerator", "cpu_model", "qemu", "kernel"})
    BOOST_TEST(document["acceleration"][field].is_null(), field);
}

BOOST_AUTO_TEST_CASE(guests_are_counted_by_their_phase) {
  auto status = sample_pool();
  auto stopped = with_outcome(VmOutcome::stopped);
  stopped.wish = VmWish::off;
  status.pool.vms[id_of(1)] = stopped;
  stopped.is_deleting = true;
  status.pool.vms[id_of(2)] = stopped;
  auto report = runtime::guest_report(status.pool);
  BOOST_TEST(report.guests == 3U);
  BOOST_TEST(report.memory_mb ==
             3 * (512 + events::overhead_mb(sample_vm().spec)));
  BOOST_TEST(report.by_phase.size() == 8U);
  for (const auto& [phase, count] : report.by_phase) {
    bool is_one = phase == "running" || phase == "stopped" ||
                  phase == "deleting";
    BOOST_TEST(count == (is_one ? 1U : 0U), phase);
  }
}

// -- images ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_is_told_with_the_guests_that_are_made_of_it) {
  auto status = sample_pool();
  status.pool.images[hash_of(0xa3)] = {"spare", 5, schema::DiskFormat::raw};
  auto images = runtime::images_document(status)["images"];
  BOOST_REQUIRE(images.size() == 3U);
  const auto expected = Json::parse(R"({"digest": ")" + hash_of(0xa1).hex() +
                                    R"(", "name": "debian-12.qcow2",
    "size": 300000000, "format": "qcow2", "used_by": ["web"]})");
  BOOST_TEST(images[0] == expected);
  BOOST_TEST(images[1]["used_by"] == Json::array({"web"}));
  BOOST_TEST(images[2]["used_by"] == Json::array());
  BOOST_TEST(images[2]["format"] == "raw");
}

BOOST_AUTO_TEST_CASE(what_is_being_added_is_told_as_far_as_it_came) {
  auto status = sample_pool();
  auto& progress = status.images[id_of(0x72)];
  const auto expected = Json::parse(R"({"id": ")" + id_of(0x72).hex() +
                                    R"(", "name": "initrd.img", "done": 4096,
    "total": 1000000, "failure": null, "digest": null, "was_there": false})");
  auto adding = [&] { return runtime::images_document(status)["adding"][0]; };
  BOOST_TEST(adding() == expected);
  progress.failure = "there is no such file";
  BOOST_TEST(adding()["failure"] == "there is no such file");
  progress.failure.reset();
  progress.digest = hash_of(0xa4);
  progress.was_there = true;
  BOOST_TEST(adding()["digest"] == hash_of(0xa4).hex());
  BOOST_TEST(adding()["was_there"] == true);
}

// -- answers -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_was_done_is_told_with_its_entry) {
  Json expected{{"schema", "ppn.vm-command.v1"},
                {"id", web.hex()},
                {"name", "web"},
                {"sequence", 77}};
  BOOST_TEST(runtime::vm_command_document(web, "web", 77) == expected);
  BOOST_TEST((runtime::image_add_document(web) ==
              Json{{"schema", "ppn.image-add.v1"}, {"id", web.hex()}}));
}

/// A guest may say what is no text.
BOOST_AUTO_TEST_CASE(what_a_guest_said_is_told_byte_for_byte) {
  Bytes bytes{0x00, 0xff, '\n', 0x1b};
  auto document = runtime::console_log_document({bytes, 100, 5000});
  BOOST_TEST(document["bytes"] == store::to_base64(bytes));
  BOOST_TEST(document["from"] == 100U);
  BOOST_TEST(document["next"] == 104U);
  BOOST_TEST(document["size"] == 5000U);
  BOOST_TEST(runtime::console_log_document({{}, 7, 7})["next"] == 7U);
}

// -- changes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_proposal_tells_the_whole_of_a_guest_that_is_to_be) {
  auto spec = sample_vm().spec;
  auto json = change_json(events::DefineVm{web, "web", spec, true});
  BOOST_TEST(json["kind"] == "vm-create");
  BOOST_TEST(json["vm"] == web.hex());
  BOOST_TEST(json["name"] == "web");
  BOOST_TEST(json["vm_kind"] == "plain");
  BOOST_TEST(json["start"] == true);
  BOOST_TEST(json["spec"]["memory_mb"] == 512U);
  BOOST_TEST(json["spec"]["kernel"] == hash_of(0xa2).hex());
  BOOST_TEST(json["spec"]["disks"][0]["base"] == hash_of(0xa1).hex());
  BOOST_TEST(!json["spec"].contains("kernel_name"));
  BOOST_TEST(!json["spec"]["disks"][0].contains("base_name"));
}

BOOST_AUTO_TEST_CASE(other_changes_of_guests_are_told_with_whom_they_are_of) {
  auto set = change_json(events::ChangeVm{web, sample_vm().spec});
  BOOST_TEST(set["kind"] == "vm-set");
  BOOST_TEST(set["vm"] == web.hex());
  BOOST_TEST(set["spec"]["vcpus"] == 2U);
  BOOST_TEST((change_json(events::DeleteVm{web, true}) ==
              Json{{"kind", "vm-delete"}, {"vm", web.hex()}, {"force", true}}));
  BOOST_TEST((change_json(actors::RemoveImage{hash_of(0xa1)}) ==
              Json{{"kind", "image-remove"}, {"digest", hash_of(0xa1).hex()}}));
  BOOST_TEST(change_json(actors::RevokeWish{web, "enough"}).is_null());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
