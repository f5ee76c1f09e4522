#include "tests/bench/lab_results.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

using nlohmann::json;

std::vector<std::string> arguments_of(const std::string& what,
                                      const std::string& result, bool quick) {
  auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> arguments{what, bin.string(), result};
  if (quick) arguments.emplace_back("--quick");
  return arguments;
}

Packets packets_of(const json& counted) {
  return {counted.at(0).get<double>(), counted.at(1).get<double>()};
}

Traffic traffic_of(const json& kinds, const std::string& way) {
  return {packets_of(kinds.at(way + "_frames")),
          packets_of(kinds.at(way + "_handshakes")),
          packets_of(kinds.at(way + "_keepalives"))};
}

}  // namespace

LabRun::LabRun(std::string what, const std::filesystem::path& scratch,
               bool quick)
    : what_(std::move(what)),
      result_(scratch / (what_ + ".json")),
      child_(PPN_PATHS_LAB, arguments_of(what_, result_.string(), quick)) {}

std::string LabRun::text() const {
  std::ifstream file{result_};
  std::ostringstream text;
  text << file.rdbuf();
  require(!text.str().empty(), "run paths_lab " + what_);
  return text.str();
}

std::vector<Cut> LabRun::cuts() const {
  std::vector<Cut> cuts;
  auto found = json::parse(text());
  for (const auto& cut : found.at("cuts"))
    cuts.push_back({cut.at("way"), cut.at("gap_s"), cut.at("switch_s"),
                    cut.at("lost"), cut.at("back_s"), cut.at("back_lost")});
  return cuts;
}

IdleHosts LabRun::idle_hosts() const {
  auto found = json::parse(text());
  IdleHosts idle;
  idle.seconds = found.at("seconds");
  for (const auto& [name, host] : found.at("hosts").items()) {
    const auto& kinds = host.at("kinds");
    idle.hosts[name] = {
        {traffic_of(kinds, "sent"), traffic_of(kinds, "received")},
        host.at("interface")};
  }
  return idle;
}

}  // namespace ppn::bench
