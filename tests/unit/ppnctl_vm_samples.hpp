// Guests as the daemon answers them.
#pragma once

#include <boost/test/unit_test.hpp>

#include <string>

#include "schema/reflection_json.hpp"
#include "tests/unit/fake_daemon.hpp"
#include "tools/ppnctl/vm_documents.hpp"

namespace ppn::tests::guest_samples {

using schema::Json;

/// 2026-11-23T10:01:00Z
inline constexpr std::int64_t now_ns = 1'795'428'060'000'000'000;

inline const std::string web_id(32, 'a');
inline const std::string db_id = "bbbb" + std::string(28, '0');
inline const std::string kernel(64, 'c');
inline const std::string base = "d00d" + std::string(60, '1');

inline Json spec_json() {
  return {{"vcpus", 2},
          {"memory_mb", 2048},
          {"floor_mb", 512},
          {"cpu_weight", 100},
          {"disks",
           {{{"name", "root"},
             {"format", "qcow2"},
             {"size_mb", 20480},
             {"base", base},
             {"base_name", "debian-12"},
             {"device", nullptr},
             {"read_only", false}},
            {{"name", "scratch"},
             {"format", "raw"},
             {"size_mb", 0},
             {"base", nullptr},
             {"base_name", nullptr},
             {"device", "ssd"},
             {"read_only", true}}}},
          {"kernel", kernel},
          {"kernel_name", "vmlinuz"},
          {"initrd", nullptr},
          {"initrd_name", nullptr},
          {"command_line", "quiet"},
          {"bridge", nullptr},
          {"forwards",
           {{{"host_port", 8080},
             {"guest_port", 80},
             {"protocol", "tcp"},
             {"open", false},
             {"mesh", false},
             {"address", "127.0.0.1"}},
            {{"host_port", 5353},
             {"guest_port", 53},
             {"protocol", "udp"},
             {"open", true},
             {"mesh", false},
             {"address", "0.0.0.0"}}}},
          {"cloud_init", true},
          {"autostart", true},
          {"restart", "on-failure"},
          {"node", nullptr}};
}

inline Json vm_json(const char* phase, const char* wish, int start) {
  return {{"id", web_id},
          {"name", "web"},
          {"kind", "plain"},
          {"phase", phase},
          {"wish", wish},
          {"outcome", phase},
          {"evidence", "the process of start 3 is there: the guest runs"},
          {"unresponsive", false},
          {"accelerator", start == 0 ? Json() : Json("kvm")},
          {"start", start},
          {"since", "2026-11-23T10:00:00.000Z"},
          {"cause", nullptr},
          {"detail", nullptr},
          {"restarts_in_row", 0},
          {"gave_up", false},
          {"problem", nullptr},
          {"spec", spec_json()},
          {"stream", "vm/" + web_id}};
}

inline Json crashed(int start) {
  auto vm = vm_json("crashed", "running", start);
  vm["cause"] = "QEMU ended with a failure";
  vm["detail"] = "exit code 1";
  return vm;
}

/// As it comes: numbers without a sign are such.
inline Json as_read(const Json& json) { return Json::parse(json.dump()); }

inline Json vms_document(const Json& vms) {
  return as_read(
      {{"schema", "ppn.vms.v1"},
       {"vms", vms},
       {"pool",
        {{"guests", 1},
         {"guests_max", 128},
         {"vcpus", 2},
         {"vcpus_max", 256},
         {"memory_mb", 2148},
         {"memory_mb_max", 8192},
         {"memory_mb_left", 6044}}},
       {"acceleration",
        {{"accelerator", "kvm"},
         {"cpu_model", "host"},
         {"qemu", "7.2"},
         {"kernel", "6.1"},
         {"tried",
          {{{"name", "kvm"}, {"works", true}, {"reason", "it ran"}}}}}},
       {"problem", nullptr}});
}

inline std::string only(const Json& vm) {
  return json_answer(vms_document(Json::array({vm})).dump());
}

inline const std::string nobody =
    json_answer(vms_document(Json::array()).dump());

inline ctl::Vm vm_of(const Json& json) {
  auto all = ctl::read_vms(vms_document(Json::array({json})));
  BOOST_REQUIRE(all);
  return all->vms.front();
}

inline std::string problem(const char* type) {
  return http_answer("409 Conflict", "application/problem+json",
                     std::string{R"({"type":"urn:ppn:problem:)"} + type +
                         R"(","detail":"the cause"})");
}

inline Json body_of(const std::string& request) {
  return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

inline std::string line_of(const std::string& request) {
  return request.substr(0, request.find(" HTTP/"));
}

}  // namespace ppn::tests::guest_samples
