#include "tests/bench/mesh_device.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>

#include "runtime/link_linux.hpp"
#include "runtime/uapi.hpp"
#include "runtime/uapi_client.hpp"
#include "store/base64.hpp"
#include "tests/bench/child_process.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/sample_peers.hpp"

namespace ppn::bench {

namespace {

constexpr std::uint16_t listen_port = 51'820;

std::int64_t utc_ns() {
  return std::chrono::nanoseconds{
      std::chrono::system_clock::now().time_since_epoch()}
      .count();
}

template <class Work>
Cost cost_of(Work work) {
  Cost cost;
  auto sent = sent_so_far();
  auto cpu = cpu_seconds();
  Stopwatch watch;
  work();
  cost.seconds = watch.seconds();
  cost.cpu_seconds = cpu_seconds() - cpu;
  cost.sent = sent_so_far() - sent;
  return cost;
}

double cpu_seconds_of(const rusage& used) {
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Runs a program until it has ended well; returns what it took of a processor.
double run(const std::string& program, std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  int status = 0;
  rusage used{};
  require(::posix_spawn(&pid, program.c_str(), nullptr, nullptr,
                        pointers.data(), environ) == 0,
          "start " + program);
  ::wait4(pid, &status, 0, &used);
  require(status == 0, fmt::format("do {}", fmt::join(arguments, " ")));
  return cpu_seconds_of(used);
}

const std::string& wg_program() {
  static const auto path = [] {
    auto found = find_program("wg");
    require(found.has_value(), "find wg: install wireguard-tools");
    return found->string();
  }();
  return path;
}

std::string for_wg(const events::TunnelKey& key,
                   const events::PeerConfig& peer) {
  return fmt::format(
      "[Peer]\nPublicKey = {}\nEndpoint = {}\nPersistentKeepalive = {}\n"
      "AllowedIPs = {}\n",
      store::to_base64(key.view()), peer.endpoint->text(),
      peer.keepalive_seconds, peer.allowed.front().text());
}

}  // namespace

MeshDevice::MeshDevice(std::size_t peers, runtime::TunnelKeys& keys,
                       const std::filesystem::path& directory)
    : interface_(fmt::format("mesh{}", peers)),
      wg_file_(directory / (interface_ + ".conf")),
      keys_(keys),
      wireguard_(require(runtime::open_wireguard(interface_, keys))),
      desired_(sample_device(peers)) {
  desired_.key = require(keys.create());
  // Each has another; the device itself would only notice when it is up.
  desired_.listen_port = static_cast<std::uint16_t>(listen_port + peers);
  for (const auto& [key, peer] : desired_.peers) order_.push_back(key);
  auto change = difference(require(wireguard_->look()));
  change.peers.clear();
  require(wireguard_->apply(change));
}

MeshDevice::~MeshDevice() {
  auto links = runtime::Links::open();
  if (links) static_cast<void>(links->remove(interface_));
}

std::string MeshDevice::implementation() const {
  return wireguard_->implementation();
}

events::DeviceChange MeshDevice::difference(
    const events::ObservedDevice& observed) {
  auto change = events::difference(desired_, observed, utc_ns());
  change.set_up = false;
  return change;
}

// -- not measured -------------------------------------------------------------

void MeshDevice::remove_all_peers() {
  known_ = require(wireguard_->look());
  events::DeviceChange change;
  for (const auto& [key, peer] : known_.peers) {
    auto& removal = change.peers.emplace_back();
    removal.key = key;
    removal.remove = true;
  }
  require(wireguard_->apply(change));
  known_.peers.clear();
}

void MeshDevice::choose_change() {
  chosen_ = (chosen_ + 1) % order_.size();
  change_all_of(desired_.peers.at(order_[chosen_]));
}

void MeshDevice::write_for_wg() {
  std::string text;
  require(keys_.with_secret(desired_.key, [&](auto secret) -> store::Status {
    text = fmt::format("[Interface]\nListenPort = {}\nPrivateKey = {}\n",
                       desired_.listen_port, store::to_base64(secret));
    return {};
  }));
  for (const auto& [key, peer] : desired_.peers) text += for_wg(key, peer);
  std::ofstream file{wg_file_};
  require(static_cast<bool>(file << text << std::flush),
          "write " + wg_file_.string());
}

void MeshDevice::check() {
  known_ = require(wireguard_->look());
  require(difference(known_).empty(),
          fmt::format("make {} what it should be", interface_));
}

void MeshDevice::check_when_up() {
  auto change =
      events::difference(desired_, require(wireguard_->look()), utc_ns());
  require(change.set_up, "leave a device down");
  require(wireguard_->apply(change));
  change = events::difference(desired_, require(wireguard_->look()), utc_ns());
  require(change.empty(), fmt::format("set up {}", interface_));
  auto cost = cost_of([&] { require(wireguard_->apply(change)); });
  require(cost.sent.calls == 0, "send nothing when nothing is to be changed");
}

// -- measured -----------------------------------------------------------------

Cost MeshDevice::apply_all() {
  return cost_of([&] { require(wireguard_->apply(difference(known_))); });
}

Cost MeshDevice::apply_change() {
  const auto& key = order_[chosen_];
  auto cost = cost_of([&] {
    auto change = events::difference(key, &desired_.peers.at(key),
                                     &known_.peers.at(key), utc_ns());
    require(change.has_value(), "find what differs of a peer");
    events::DeviceChange all;
    all.peers.push_back(std::move(*change));
    require(wireguard_->apply(all));
  });
  known_.peers.at(key).config = desired_.peers.at(key);
  return cost;
}

Cost MeshDevice::tell_nothing() {
  auto socket = "/var/run/wireguard/" + interface_ + ".sock";
  return cost_of([&] {
    auto answer = require(
        runtime::ask_uapi(socket, "set=1\n\n", std::chrono::seconds{15}));
    require(runtime::parse_uapi_result(answer));
  });
}

Cost MeshDevice::look_and_apply() {
  Sent sent;
  auto cost = cost_of([&] {
    auto change = difference(require(wireguard_->look()));
    auto before = sent_so_far();
    require(wireguard_->apply(change));
    sent = sent_so_far() - before;
  });
  cost.sent = sent;
  return cost;
}

Cost MeshDevice::wg(const std::string& command) {
  double cpu_seconds = 0;
  auto cost = cost_of([&] {
    cpu_seconds = run(wg_program(), {"wg", command, interface_, wg_file_});
  });
  cost.cpu_seconds = cpu_seconds;
  return cost;
}

}  // namespace ppn::bench
