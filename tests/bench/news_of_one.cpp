#include "tests/bench/news_of_one.hpp"

#include "events/topology.hpp"
#include "tests/bench/failure.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/sample_peers.hpp"

namespace ppn::bench {

namespace {

constexpr std::uint16_t port = 51'820;

/// Scattered as true ids are.
template <class Fixed>
Fixed scattered(std::size_t number) {
  Fixed id;
  std::uint64_t mixed = number;
  for (auto& byte : id.bytes) {
    mixed = mixed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    byte = static_cast<std::uint8_t>(mixed >> 56U);
  }
  return id;
}

events::Endpoint endpoint(std::size_t number) {
  events::Endpoint at;
  at.address.bytes = {198, 18, static_cast<std::uint8_t>(number >> 8U),
                      static_cast<std::uint8_t>(number)};
  at.port = port;
  return at;
}

events::Member member(std::size_t number) {
  events::Member one;
  one.name = "node-" + std::to_string(number);
  one.key = scattered<PublicKey>(number);
  one.tunnel_key = scattered<events::TunnelKey>(number + 1'000'000);
  one.address = endpoint(number).address;
  one.endpoints = {endpoint(number)};
  return one;
}

}  // namespace

NewsOfOne::NewsOfOne(std::size_t members) : hub_(scattered<NodeId>(1)) {
  before_.version = 1;
  before_.range = {endpoint(0).address, 15};
  before_.hub = before_.authority = before_.controller = hub_;
  for (std::size_t number = 1; number <= members; ++number)
    require(events::enlist(before_, scattered<NodeId>(number), member(number)),
            "make a mesh");
  auto changed = scattered<NodeId>(members / 2);
  after_ = before_;
  require(!events::change_endpoints(after_, changed, {endpoint(0)}),
          "change an endpoint");
  after_.version = 2;
  news_.since = 1;
  news_.members->insert(changed);
  seen_ = as_desired(desired(before_));
}

events::DeviceConfig NewsOfOne::desired(const events::Mesh& mesh) const {
  return events::desired_device(mesh, hub_, {}, port, {});
}

double NewsOfOne::news_seconds() const {
  constexpr int times = 1'000;
  std::size_t peers = 0;
  auto before = cpu_seconds();
  for (int i = 0; i < times; ++i)
    peers += events::peer_news(before_, after_, news_, hub_, {}, seen_, 0)
                 ->change.peers.size();
  auto taken = cpu_seconds() - before;
  require(peers == times, "find what one member changes");
  return taken / times;
}

bool NewsOfOne::compare_all() const {
  return events::difference(desired(after_), seen_, 0).peers.size() == 1;
}

}  // namespace ppn::bench
