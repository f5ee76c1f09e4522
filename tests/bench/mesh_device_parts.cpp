#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/mesh_parts.hpp"
#include "tests/bench/progress.hpp"

namespace ppn::bench {

namespace {

constexpr Quantity ms{"ms", "ms", 3};
constexpr Quantity cpu_ms{"cpu_ms", "own cpu ms", 3};
constexpr Quantity sends{"sends", "sends", 0};
constexpr Quantity bytes{"bytes", "bytes", 0};

/// One change among many costs as much as one among few, but for what a larger
/// device has to fetch from memory.
constexpr double one_change_limit = 1.25;

constexpr std::string_view about_sends =
    "sends, bytes: what ppnd's adapter sent to the device and to the kernel, "
    "counted by functions before libc's send, sendto and sendmsg.";
constexpr std::string_view about_times =
    "Medians of rounds taken in turns. own cpu: of the one who tells the "
    "device, without the device. wg is a program that is started each time. "
    "The device is down, since one that is up would call peers that are not "
    "there.";

constexpr std::string_view about_few =
    "this / few: beside the smallest device, one of each in turn. The limit of "
    "a change is 1.25, times what a program with many peers takes longer to "
    "answer when it is told nothing.";

std::string group_of(const MeshDevice& device) {
  return fmt::format("{} peers", device.peers());
}

/// What the same thing took, time after time.
class Costs {
 public:
  void add(const Cost& cost) {
    seconds_.push_back(cost.seconds);
    cpu_seconds_.push_back(cost.cpu_seconds);
    sent_ = cost.sent;
  }
  [[nodiscard]] const std::vector<double>& seconds() const { return seconds_; }
  [[nodiscard]] const Sent& sent() const { return sent_; }

  [[nodiscard]] Row row(const MeshDevice& device, std::string name) const {
    Row row;
    row.group = group_of(device);
    row.name = std::move(name);
    row.figures = {{ms, median(seconds_) * 1e3},
                   {cpu_ms, median(cpu_seconds_) * 1e3}};
    return row;
  }
  [[nodiscard]] Row row_with_sent(const MeshDevice& device,
                                  std::string name) const {
    auto with = row(device, std::move(name));
    with.figures.push_back({sends, static_cast<double>(sent_.calls)});
    with.figures.push_back({bytes, static_cast<double>(sent_.bytes)});
    return with;
  }

 private:
  std::vector<double> seconds_;
  std::vector<double> cpu_seconds_;
  Sent sent_;
};

/// ppnd's way and wg's of the same thing, on the same device.
struct Pair {
  Costs ppn;
  Costs wg;

  [[nodiscard]] Row row_of_wg(const MeshDevice& device,
                              const std::string& command) const {
    auto row = wg.row(device, "wg " + command);
    row.judgement = Judgement{
        "wg / ppn", median_ratio(wg.seconds(), ppn.seconds()), {}, {}};
    return row;
  }
};

using Way = std::function<Cost(MeshDevice&)>;

/// Does the same thing both ways, again and again: more often where it is over
/// soon, and every other time wg is the first.
std::vector<Pair> take_turns(const MeshDevices& devices,
                             const std::string& what, bool quick,
                             const Way& by_ppn, const Way& by_wg) {
  constexpr std::size_t rounds_max = 20;
  constexpr std::size_t rounds_of_large = 6;
  constexpr std::size_t large = 10'000;
  std::vector<Pair> pairs{devices.size()};
  std::size_t rounds = quick ? 2 : rounds_max;
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < devices.size(); ++i) {
      auto& device = *devices[i];
      if (device.peers() >= large && round >= rounds_of_large) continue;
      show_progress("{}, {}, round {}", what, group_of(device), round + 1);
      for (bool wg : {round % 2 == 0, round % 2 != 0}) {
        (wg ? pairs[i].wg : pairs[i].ppn).add((wg ? by_wg : by_ppn)(device));
        device.check();
      }
    }
  return pairs;
}

Part part_of(const MeshDevices& devices, std::string name, std::string title) {
  Part part;
  part.name = std::move(name);
  part.title = std::move(title) + ", by " + devices.front()->implementation();
  return part;
}

Way wg_way(std::string command) {
  return [command = std::move(command)](MeshDevice& device) {
    device.write_for_wg();
    return device.wg(command);
  };
}

/// What it takes to tell a device one peer.
struct Alone {
  /// To tell it nothing: a program has its own ways to be slow.
  Costs nothing;
  Costs change;
};

void tell_one(MeshDevice& device, Alone& alone) {
  device.choose_change();
  alone.change.add(device.apply_change());
}

void tell_nothing(MeshDevice& device, Alone& alone) {
  if (!device.is_of_kernel()) alone.nothing.add(device.tell_nothing());
}

/// One of each device in turn, since the machine may be another in a second.
/// What comes second finds the device awake, so each does every other time.
std::vector<Alone> tell_alone(const MeshDevices& devices, bool quick) {
  show_progress("one change");
  const std::size_t rounds = quick ? 20 : 2'000;
  std::vector<Alone> all{devices.size()};
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (round % 2 == 0) tell_nothing(*devices[i], all[i]);
      tell_one(*devices[i], all[i]);
      if (round % 2 != 0) tell_nothing(*devices[i], all[i]);
    }
  for (const auto& device : devices) device->check();
  return all;
}

Judgement beside_few(const Costs& costs, const Costs& few) {
  return {"this / few", median_ratio(costs.seconds(), few.seconds()), {}, {}};
}

}  // namespace

Part bench_all_peers(const MeshDevices& devices, bool quick) {
  auto part = part_of(devices, "all peers", "peers told to an empty device");
  part.notes = {std::string{about_times}, std::string{about_sends}};
  auto pairs = take_turns(
      devices, part.name, quick,
      [](MeshDevice& device) {
        device.remove_all_peers();
        return device.apply_all();
      },
      [](MeshDevice& device) {
        device.remove_all_peers();
        return wg_way("setconf")(device);
      });
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = *devices[i];
    part.rows.push_back(
        pairs[i].ppn.row_with_sent(device, "difference, apply"));
    part.rows.push_back(pairs[i].row_of_wg(device, "setconf"));
  }
  return part;
}

Part bench_no_change(const MeshDevices& devices, bool quick) {
  auto part = part_of(devices, "no change", "dumped, compared, nothing sent");
  part.notes = {
      "bytes: sent by the apply that follows; the run fails if there are any."};
  auto by_ppn = [](MeshDevice& device) {
    auto cost = device.look_and_apply();
    require(cost.sent.calls == 0, "send nothing when nothing is to be changed");
    return cost;
  };
  auto pairs =
      take_turns(devices, part.name, quick, by_ppn, wg_way("syncconf"));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = *devices[i];
    const auto& ppn = pairs[i].ppn;
    part.rows.push_back(ppn.row_with_sent(device, "look, difference"));
    part.rows.back().judgement =
        Judgement{"bytes", static_cast<double>(ppn.sent().bytes), {}, 0};
    part.rows.push_back(pairs[i].row_of_wg(device, "syncconf"));
  }
  return part;
}

Part bench_one_change(const MeshDevices& devices, bool quick) {
  auto part = part_of(devices, "one change",
                      "endpoint, keepalive and address of one peer changed");
  part.notes = {std::string{about_few}};
  auto alone = tell_alone(devices, quick);
  auto by_wg = [](MeshDevice& device) {
    device.choose_change();
    return wg_way("syncconf")(device);
  };
  auto by_ppn = [](MeshDevice& device) {
    device.choose_change();
    return device.look_and_apply();
  };
  auto pairs = take_turns(devices, part.name, quick, by_ppn, by_wg);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = *devices[i];
    auto nothing = beside_few(alone[i].nothing, alone[0].nothing);
    auto change = beside_few(alone[i].change, alone[0].change);
    change.at_most = std::max(1.0, nothing.value) * one_change_limit;
    if (!device.is_of_kernel()) {
      part.rows.push_back(
          alone[i].nothing.row_with_sent(device, "told nothing"));
      part.rows.back().judgement = nothing;
    }
    part.rows.push_back(
        alone[i].change.row_with_sent(device, "difference, apply"));
    part.rows.back().judgement = change;
    part.rows.push_back(
        pairs[i].ppn.row_with_sent(device, "look, difference, apply"));
    part.rows.push_back(pairs[i].row_of_wg(device, "syncconf"));
  }
  return part;
}

}  // namespace ppn::bench
