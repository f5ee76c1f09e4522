#include "events/host_report.hpp"

#include <algorithm>

namespace ppn::events {

namespace {

constexpr std::uint64_t memory_step_mb = 64;
constexpr std::uint64_t disk_step_mb = 1024;
constexpr std::uint32_t load_step_permille = 100;

template <class T>
void round_down(T& value, T step) {
  value -= value % step;
}

/// FNV-1a of 64 bits: against chance, not against malice.
class Digest {
 public:
  void add(std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) mix(number >> (8 * byte));
  }
  void add(const std::string& text) {
    add(text.size());
    for (auto byte : text) mix(static_cast<std::uint8_t>(byte));
  }
  void add(const Id& id) {
    for (auto byte : id.bytes) mix(byte);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint64_t byte) {
    constexpr std::uint64_t prime = 0x100000001b3;
    value_ = (value_ ^ (byte & 0xffU)) * prime;
  }

  std::uint64_t value_ = 0xcbf29ce484222325;
};

/// By software, any host can.
constexpr const char* no_accelerator = "tcg";

}  // namespace

HostReport coarse(HostReport report) {
  round_down(report.available_mb, memory_step_mb);
  round_down(report.reclaimable_mb, memory_step_mb);
  round_down(report.disk_left_mb, disk_step_mb);
  round_down(report.load_permille, load_step_permille);
  return report;
}

std::uint64_t digest_of(const HostReport& report,
                        const GuestSummaries& guests) {
  Digest digest;
  for (auto number :
       {report.memory_mb, report.available_mb, report.guaranteed_mb,
        report.reclaimable_mb, report.disk_left_mb,
        std::uint64_t{report.vcpus_left}, std::uint64_t{report.cores},
        std::uint64_t{report.load_permille}, std::uint64_t{report.guests},
        std::uint64_t{report.guests_left}})
    digest.add(number);
  digest.add(report.accelerator);
  for (const auto& [id, guest] : guests) {
    digest.add(id);
    digest.add(guest.name);
    digest.add(static_cast<std::uint64_t>(guest.outcome));
    digest.add(std::uint64_t{guest.responds});
    digest.add(std::uint64_t{guest.memory_mb});
    digest.add(std::uint64_t{guest.vcpus});
  }
  return digest.value();
}

void take_page(GuestSummaries& known, const GuestPage& page) {
  auto is_of_page = [&](const auto& one) {
    return one.first >= page.first && one.first <= page.last;
  };
  std::erase_if(known, is_of_page);
  for (const auto& guest : page.guests)
    if (is_of_page(guest) && known.size() < guests_known_max)
      known.insert(guest);
}

HostRoom room_of(const NodeId& node, const std::string& name,
                 const FleetHost& host, HostStanding standing,
                 const HostReport* report) {
  HostRoom room;
  room.node = node;
  room.name = name;
  room.standing = standing;
  room.is_known = report != nullptr;
  room.is_drained = host.is_drained;
  room.is_reserved = host.is_reserved;
  if (report == nullptr) return room;
  room.is_accelerated = !report->accelerator.empty() &&
                        report->accelerator != no_accelerator;
  room.memory_left_mb = std::min(report->available_mb, report->guaranteed_mb);
  room.vcpus_left = report->vcpus_left;
  room.disk_left_mb = report->disk_left_mb;
  room.load_permille = report->load_permille;
  room.guests = report->guests;
  room.guests_left = report->guests_left;
  room.images = report->images;
  return room;
}

}  // namespace ppn::events
