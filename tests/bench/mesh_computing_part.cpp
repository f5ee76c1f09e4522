#include <fmt/format.h>
#include <sodium.h>

#include "runtime/uapi.hpp"
#include "runtime/wireguard_netlink.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/mesh_parts.hpp"
#include "tests/bench/news_of_one.hpp"
#include "tests/bench/progress.hpp"
#include "tests/bench/sample_peers.hpp"

namespace ppn::bench {

namespace {

using runtime::WireguardTarget;

constexpr Quantity ms{"ms", "ms", 3};
constexpr Quantity us{"us", "us", 2};
constexpr Quantity ns_per_peer{"ns_per_peer", "ns/peer", 0};

/// What wireguard-go answers to uapi_get.
std::string dump_of(const events::DeviceConfig& device) {
  auto text = fmt::format("private_key={:064}\nlisten_port={}\n", 1,
                          device.listen_port);
  for (const auto& [key, peer] : device.peers)
    text += fmt::format(
        "public_key={}\npreshared_key={:064}\nprotocol_version=1\n"
        "endpoint={}\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\n"
        "tx_bytes=0\nrx_bytes=0\npersistent_keepalive_interval={}\n"
        "allowed_ip={}\n",
        key.hex(), 0, peer.endpoint->text(), peer.keepalive_seconds,
        peer.allowed.front().text());
  return text + "errno=0\n\n";
}

constexpr std::size_t rounds = 25;
/// Among many a member is found a few steps deeper in a tree.
constexpr double news_limit = 2;

class ComputingPart {
 public:
  ComputingPart(std::size_t peers, bool quick) : peers_(peers), quick_(quick) {
    part_.name = "computing";
    part_.title = fmt::format("what is only computed, of {} peers", peers);
    part_.notes = {"Medians, in processor time of one core."};
  }

  /// `work` answers whether it came to what it should.
  template <class Work>
  void measure(const std::string& group, const std::string& name, Work work) {
    std::vector<double> seconds;
    for (std::size_t round = 0; round < (quick_ ? 1 : rounds); ++round) {
      auto before = cpu_seconds();
      bool good = work();
      seconds.push_back(cpu_seconds() - before);
      require(good, fmt::format("do {} right", name));
    }
    auto& row = part_.rows.emplace_back();
    row.group = group;
    row.name = name;
    auto taken = median(std::move(seconds));
    row.figures = {{ms, taken * 1e3},
                   {ns_per_peer, taken * 1e9 / static_cast<double>(peers_)}};
  }

  /// What one changed member costs until the change of its peer is known, among
  /// few and among many, beside a comparison of the whole device.
  void measure_news(bool quick) {
    NewsOfOne few{10};
    NewsOfOne many{peers_};
    std::vector<double> few_seconds;
    std::vector<double> many_seconds;
    for (std::size_t round = 0; round < (quick ? 1 : rounds); ++round) {
      few_seconds.push_back(few.news_seconds());
      many_seconds.push_back(many.news_seconds());
    }
    add_news("among 10", few_seconds);
    add_news(fmt::format("among {}", peers_), many_seconds);
    part_.rows.back().judgement = Judgement{
        "this / few", median_ratio(many_seconds, few_seconds), {}, news_limit};
    measure("news", "all compared", [&] { return many.compare_all(); });
  }

  Part take() { return std::move(part_); }

 private:
  void add_news(const std::string& name, const std::vector<double>& seconds) {
    auto& row = part_.rows.emplace_back();
    row.group = "news";
    row.name = "one member " + name;
    row.figures = {{us, median(seconds) * 1e6}};
  }

  std::size_t peers_;
  bool quick_;
  Part part_;
};

}  // namespace

Part bench_computing(bool quick) {
  const std::size_t peers = quick ? 100 : 10'000;
  auto desired = sample_device(peers);
  auto there = as_desired(desired);
  auto one_off = there;
  change_all_of(one_off.peers.begin()->second.config);
  auto empty = there;
  empty.peers.clear();
  auto all = events::difference(desired, empty, 0);
  auto dump = dump_of(desired);
  WireguardTarget target{1, "mesh0"};

  show_progress("computing");
  ComputingPart part{peers, quick};
  part.measure("difference", "all as it should be",
               [&] { return events::difference(desired, there, 0).empty(); });
  part.measure("difference", "one changed", [&] {
    return events::difference(desired, one_off, 0).peers.size() == 1;
  });
  part.measure("difference", "all missing", [&] {
    return events::difference(desired, empty, 0).peers.size() == peers;
  });
  part.measure("request", "for a program",
               [&] { return !runtime::uapi_set(all, std::nullopt).empty(); });
  part.measure("request", "for the kernel", [&] {
    return !runtime::set_device(target, all, std::nullopt).empty();
  });
  part.measure("dump", "of a program", [&] {
    auto reply = runtime::parse_uapi_reply(dump, 0);
    return reply && reply->device.peers.size() == peers;
  });
  part.measure_news(quick);
  return part.take();
}

}  // namespace ppn::bench
