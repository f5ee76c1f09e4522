#include "tests/bench/lab_results.hpp"

#include <nlohmann/json.hpp>

namespace ppn::bench {

namespace {

using nlohmann::json;

Packets packets_of(const json& counted) {
  return {counted.at(0).get<double>(), counted.at(1).get<double>()};
}

Traffic traffic_of(const json& kinds, const std::string& way) {
  return {packets_of(kinds.at(way + "_frames")),
          packets_of(kinds.at(way + "_handshakes")),
          packets_of(kinds.at(way + "_keepalives"))};
}

}  // namespace

std::vector<Cut> read_cuts(const std::string& found) {
  std::vector<Cut> cuts;
  const auto read = json::parse(found);
  for (const auto& cut : read.at("cuts"))
    cuts.push_back({cut.at("way"), cut.at("gap_s"), cut.at("switch_s"),
                    cut.at("lost"), cut.at("back_s"), cut.at("back_lost")});
  return cuts;
}

IdleHosts read_idle_hosts(const std::string& found) {
  const auto read = json::parse(found);
  IdleHosts idle;
  idle.seconds = read.at("seconds");
  for (const auto& [name, host] : read.at("hosts").items()) {
    const auto& kinds = host.at("kinds");
    idle.hosts[name] = {
        {traffic_of(kinds, "sent"), traffic_of(kinds, "received")},
        host.at("interface")};
  }
  return idle;
}

}  // namespace ppn::bench
