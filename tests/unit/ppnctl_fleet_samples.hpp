// The fleet, and what was asked of it, as the daemon answers.
#pragma once

#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tests/unit/fake_daemon.hpp"

namespace ppn::tests::fleet_samples {

using schema::Json;

/// As it comes: numbers without a sign are such.
inline Json as_read(const Json& document) {
  return Json::parse(document.dump());
}

/// What every document says of a node.
inline Json node_json(const char* name, const char* standing,
                      const Json& heard_ago_s, bool is_drained,
                      bool is_reserved) {
  return {{"node", std::string(32, 'a')}, {"name", name},
          {"standing", standing},         {"heard_ago_s", heard_ago_s},
          {"drained", is_drained},        {"reserved", is_reserved}};
}

inline Json with(Json document, const Json& fields) {
  for (const auto& [name, value] : fields.items()) document[name] = value;
  return document;
}

/// In the place of these fields null.
inline Json with_null(Json document, const std::vector<const char*>& fields) {
  for (const auto* field : fields) document[field] = nullptr;
  return document;
}

inline Json laptop_json() {
  return with(node_json("laptop", "live", 0, false, false),
              {{"memory_mb", 16384},
               {"available_mb", 12000},
               {"guaranteed_mb", 9000},
               {"reclaimable_mb", 300},
               {"memory_left_mb", 9000},
               {"disk_left_mb", 102400},
               {"cores", 8},
               {"load_permille", 300},
               {"vcpus_left", 250},
               {"guests", 3},
               {"guests_left", 125},
               {"accelerator", "kvm"},
               {"promised_mb", 0}});
}

/// It said this once, and then no more.
inline Json nas_json() {
  return with(node_json("nas", "silent", 100, true, true),
              {{"memory_mb", 4096},
               {"available_mb", 600},
               {"guaranteed_mb", 512},
               {"reclaimable_mb", 0},
               {"memory_left_mb", 512},
               {"disk_left_mb", 900},
               {"cores", 2},
               {"load_permille", 1000},
               {"vcpus_left", 0},
               {"guests", 1},
               {"guests_left", 127},
               {"accelerator", nullptr},
               {"promised_mb", 0}});
}

/// It said nothing yet.
inline Json phone_json() {
  auto phone =
      with(laptop_json(), node_json("phone", "unheard", nullptr, false, true));
  return with_null(
      phone, {"memory_mb", "available_mb", "guaranteed_mb", "reclaimable_mb",
              "memory_left_mb", "disk_left_mb", "cores", "load_permille",
              "vcpus_left", "guests", "guests_left", "accelerator"});
}

inline Json guest_json(const char* name, const char* node, const char* outcome,
                       const Json& heard_ago_s) {
  return {{"id", std::string(32, 'b')}, {"name", name},
          {"node_name", node},          {"outcome", outcome},
          {"responds", true},           {"heard_ago_s", heard_ago_s},
          {"memory_mb", 2048},          {"vcpus", 2},
          {"owner", nullptr},           {"labels", Json::array()},
          {"request", nullptr}};
}

inline Json fleet_json(const Json& nodes, const Json& guests,
                       const Json& quotas = Json::array()) {
  return as_read({{"schema", "ppn.fleet.v1"},
                  {"margin_mb", 512},
                  {"waits_for", nullptr},
                  {"nodes", nodes},
                  {"guests", guests},
                  {"quotas", quotas}});
}

inline Json three_hosts() {
  auto db =
      with(guest_json("db", "laptop", "running", 0), {{"responds", false}});
  auto web = with(guest_json("web", "laptop", "running", 0),
                  {{"memory_mb", 512}, {"vcpus", 1}});
  return fleet_json(
      Json::array({phone_json(), laptop_json(), nas_json()}),
      Json::array({guest_json("old", "nas", "stopped", 100), web, db}));
}

// -- what was asked of it ----------------------------------------------------

inline const std::string request_id = "c0ffee" + std::string(26, '0');
inline const std::string web_id(32, 'b');

/// What every document says of a request: of the guest web on the laptop.
inline Json request_json(const char* kind, const char* state) {
  return as_read({{"request", request_id},
                  {"kind", kind},
                  {"node", std::string(32, 'a')},
                  {"node_name", "laptop"},
                  {"vm", web_id},
                  {"vm_name", "web"},
                  {"state", state},
                  {"reason", nullptr},
                  {"fetched", 0},
                  {"to_fetch", 0},
                  {"trouble", nullptr},
                  {"sequence", 7}});
}

inline Json told_json(const char* kind, const char* state) {
  return with({{"schema", "ppn.fleet-request.v1"}}, request_json(kind, state));
}

inline Json placement_told(const char* state) {
  auto verdict = [](const Json& name, const char* reason, const char* words,
                    int needs, int has, int to_fetch) {
    return Json{{"node", std::string(32, 'a')},
                {"name", name},
                {"reason", reason},
                {"words", words},
                {"needs", needs},
                {"has", has},
                {"to_fetch", to_fetch}};
  };
  return as_read(with(
      told_json("placement", state),
      {{"name", "web"},
       {"owner", "shop"},
       {"labels", {"front", "public"}},
       {"memory_mb", 2048},
       {"vcpus", 2},
       {"start", true},
       {"images", Json::array({Json{{"digest", std::string(64, 'd')},
                                    {"name", "debian-12"},
                                    {"size", 300},
                                    {"format", "qcow2"}}})},
       {"margin_mb", 512},
       {"nodes",
        Json::array(
            {verdict("laptop", "chosen", "chosen: has most", 2660, 9000, 0),
             verdict("nas", "outdone", "would do", 2660, 4096, 2048),
             verdict("phone", "vcpus", "has too few", 2, 1, 0),
             verdict(nullptr, "unheard", "was not heard yet", 0, 0, 0)})},
       {"more_hosts", 0}}));
}

inline Json order_told(const char* verb, const char* state) {
  return as_read(with(told_json("order", state), {{"name", "web"},
                                                  {"verb", verb},
                                                  {"force", false},
                                                  {"vcpus", nullptr},
                                                  {"memory_mb", nullptr},
                                                  {"floor_mb", nullptr},
                                                  {"cpu_weight", nullptr}}));
}

/// The fleet with that guest alone, on the laptop.
inline Json fleet_with(const char* outcome) {
  return fleet_json(Json::array({laptop_json()}),
                    Json::array({guest_json("web", "laptop", outcome, 0)}));
}

inline std::string answer_of(const Json& document) {
  return json_answer(document.dump());
}

/// What a node that is called so says of itself.
inline std::string status_of(const char* name) {
  return json_answer(
      R"({"schema":"ppn.status.v1","version":"1","node":{"id":")" +
      std::string(32, '2') + R"(","name":")" + name +
      R"("},"boot":1,"mode":"running","uptime_seconds":1,"mesh":null,)"
      R"("ledger":{"size":1,"root":"r"},"state_dir":"/s","actors":{},)"
      R"("proposals":0,"warnings":[]})");
}

inline const std::string committed =
    json_answer(R"({"schema":"ppn.commit.v1","proposal":"c","sequence":5})");

/// One that becomes that request.
inline const std::string proposed =
    http_answer("201 Created", "application/json",
                R"({"schema":"ppn.proposal.v1","id":")" + std::string(32, 'c') +
                    R"(","change":{"kind":"fleet-vm-create","request":")" +
                    request_id + R"("},"plan":["web goes to laptop"]})");

inline const std::string ordered = http_answer(
    "202 Accepted", "application/json",
    R"({"schema":"ppn.fleet-order.v1","request":")" + request_id + R"("})");

inline Json body_of(const std::string& request) {
  return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

inline std::string line_of(const std::string& request) {
  return request.substr(0, request.find(" HTTP/"));
}

}  // namespace ppn::tests::fleet_samples
