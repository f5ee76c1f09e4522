#include <fmt/format.h>

#include <algorithm>

#include "tests/bench/paths_parts.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity mb_a_day{"mb_a_day", "MB a day", 2};
constexpr Quantity frames_mb{"frames_mb", "frames", 2};
constexpr Quantity handshakes_mb{"handshakes_mb", "handshakes", 2};
constexpr Quantity keepalives_mb{"keepalives_mb", "keepalives", 2};
constexpr Quantity of_limit{"of_limit", "of limit", 3};

constexpr double limit_mb = 5;
constexpr double megabyte = 1e6;
constexpr double day_s = 86'400;

constexpr std::string_view about_the_columns =
    "Sent and received in a day, with the headers of WireGuard, UDP and IPv4: "
    "all, and of it the nodes' own frames, handshakes and keepalives. Of the "
    "spokes the one with the most.";
constexpr std::string_view about_the_measured =
    "measured: three ppnd on hosts in namespaces of their own, with "
    "wireguard-go, each with a tunnel to each; counted by nftables at the "
    "interface outside of the tunnels. on Ethernet: all that passed there, "
    "with what the kernel says for itself.";
constexpr std::string_view about_the_simulated =
    "simulated: the real actors and their frames on a simulated net, "
    "WireGuard's part by its timers, from two minutes after all had the roster "
    "on. hub alone: nobody else has an endpoint in the roster; spokes may find "
    "each other all the same. each to each: all have one, so each can call "
    "each; a mesh of three keeps all tunnels.";

/// What all of it comes to in a day.
struct Day {
  Packets frames;
  Packets handshakes;
  Packets keepalives;
  double bytes = 0;
};

Day day_of(const NodeTraffic& traffic, double seconds) {
  auto scaled = [&](const Packets& sent, const Packets& received) {
    auto scale = day_s / seconds;
    return Packets{(sent.packets + received.packets) * scale,
                   (sent.bytes + received.bytes) * scale};
  };
  const auto& [sent, received] = traffic;
  return {scaled(sent.frames, received.frames),
          scaled(sent.handshakes, received.handshakes),
          scaled(sent.keepalives, received.keepalives),
          traffic.bytes() * day_s / seconds};
}

Row row_of(std::string group, std::string name, const NodeTraffic& traffic,
           double seconds) {
  auto day = day_of(traffic, seconds);
  Row row;
  row.group = std::move(group);
  row.name = std::move(name);
  row.figures = {{mb_a_day, day.bytes / megabyte},
                 {frames_mb, day.frames.bytes / megabyte},
                 {handshakes_mb, day.handshakes.bytes / megabyte},
                 {keepalives_mb, day.keepalives.bytes / megabyte}};
  return row;
}

Row row_of_spoke(std::string group, const std::string& how,
                 const NodeTraffic& traffic, double seconds) {
  auto row = row_of(std::move(group), "spoke, " + how, traffic, seconds);
  auto mb = row.figures.front().value;
  row.figures.push_back({of_limit, mb / limit_mb});
  row.judgement = Judgement{"MB", mb, {}, limit_mb};
  return row;
}

bool has_less(const NodeTraffic& one, const NodeTraffic& other) {
  return one.bytes() < other.bytes();
}

void add_measured(const IdleHosts& measured, Part& part) {
  const IdleHost* most = nullptr;
  for (const auto& [name, host] : measured.hosts)
    if (name != "hub" &&
        (most == nullptr || has_less(most->traffic, host.traffic)))
      most = &host;
  if (most == nullptr) return;
  auto group = fmt::format("{} nodes, each to each", measured.hosts.size());
  part.rows.push_back(
      row_of_spoke(group, "measured", most->traffic, measured.seconds));
  Row on_ethernet;
  on_ethernet.group = group;
  on_ethernet.name = "spoke, measured on Ethernet";
  on_ethernet.figures = {
      {mb_a_day, most->interface_bytes * day_s / measured.seconds / megabyte}};
  part.rows.push_back(on_ethernet);
  part.rows.push_back(row_of(group, "hub, measured",
                             measured.hosts.at("hub").traffic,
                             measured.seconds));
}

void add_simulated(const MeshFigures& mesh, Part& part) {
  auto group = fmt::format(
      "{} nodes, {}", mesh.nodes,
      mesh.reachable == Reachable::everybody ? "each to each" : "hub alone");
  auto most =
      std::max_element(mesh.idle.begin() + 1, mesh.idle.end(), has_less);
  part.rows.push_back(row_of_spoke(group, "simulated", *most, mesh.idle_s));
  part.rows.push_back(
      row_of(group, "hub, simulated", mesh.idle.front(), mesh.idle_s));
}

}  // namespace

Part bench_idle(const IdleHosts& measured,
                const std::vector<MeshFigures>& simulated) {
  Part part{"idle",
            "what nodes that have nothing to do say to each other",
            {std::string{about_the_columns}, std::string{about_the_measured},
             std::string{about_the_simulated}},
            {}};
  add_measured(measured, part);
  for (const auto& mesh : simulated) add_simulated(mesh, part);
  return part;
}

}  // namespace ppn::bench
