#include "runtime/vm_memory.hpp"

#include <limits>
#include <sstream>
#include <utility>

#include "runtime/qemu_command.hpp"

namespace ppn::runtime {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
static_assert(events::balloon_interval_ns % second_ns == 0);

/// What QEMU has where the guest said no number.
constexpr auto not_said = std::numeric_limits<std::uint64_t>::max();

std::uint64_t mb_of(std::uint64_t bytes) { return bytes >> 20U; }

std::optional<std::uint64_t> mb_in(const QmpJson& stats, const char* name) {
  auto bytes = qmp_number(stats, name);
  if (!bytes || *bytes == not_said) return std::nullopt;
  return mb_of(*bytes);
}

}  // namespace

// -- what QEMU is told --------------------------------------------------------

QmpCommand poll_guest_memory() {
  return {"qom-set",
          {{"path", qemu_balloon},
           {"property", "guest-stats-polling-interval"},
           {"value", events::balloon_interval_ns / second_ns}}};
}

QmpCommand ask_guest_memory() {
  return {"qom-get", {{"path", qemu_balloon}, {"property", "guest-stats"}}};
}

QmpCommand ask_balloon() { return {"query-balloon"}; }

QmpCommand set_balloon_to(std::uint64_t mb) {
  return {"balloon", {{"value", mb << 20U}}};
}

// -- what it answers ----------------------------------------------------------

std::optional<GuestStatement> read_guest_memory(const QmpJson& value) {
  auto made_at = qmp_number(value, "last-update");
  const auto* stats = qmp_member(value, "stats");
  if (!made_at || stats == nullptr || !stats->is_object()) return std::nullopt;
  auto available_mb = mb_in(*stats, "stat-available-memory");
  if (!available_mb) available_mb = mb_in(*stats, "stat-free-memory");
  return GuestStatement{*made_at, available_mb};
}

/// Of a guest whose driver claims to have more than all in its balloon QEMU
/// answers a number below zero.
std::optional<std::uint64_t> read_balloon(const QmpJson& value) {
  auto bytes = qmp_number(value, "actual");
  if (!bytes) return std::nullopt;
  return mb_of(*bytes);
}

std::uint64_t resident_mb_in(const std::string& status) {
  std::istringstream lines{status};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string name;
    std::uint64_t kb = 0;
    if (words >> name && name == "VmRSS:" && words >> kb) return kb >> 10U;
  }
  return 0;
}

// -- what was heard -----------------------------------------------------------

void HeardMemory::take_guest_memory(const QmpJson& value,
                                    std::uint64_t now_ns) {
  auto statement = read_guest_memory(value);
  if (!statement) return;
  auto before = std::exchange(made_at_, statement->made_at);
  bool is_news = before && *before != statement->made_at &&
                 statement->made_at != 0;
  if (!is_news) return;
  available_mb_ = statement->available_mb;
  heard_ns_ = now_ns;
  of_mb_ = actual_mb_.value_or(0);
}

void HeardMemory::take_balloon(const QmpJson& value) {
  if (auto mb = read_balloon(value)) actual_mb_ = mb;
}

void HeardMemory::await_news() {
  made_at_.reset();
  available_mb_.reset();
}

std::optional<events::GuestMemory> HeardMemory::says(
    std::uint64_t now_ns) const {
  if (!available_mb_) return std::nullopt;
  return events::GuestMemory{*available_mb_, now_ns - heard_ns_, of_mb_};
}

}  // namespace ppn::runtime
