#include "tools/ppnctl/pool_text.hpp"

#include <fmt/format.h>

#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string words_or(const std::optional<std::uint64_t>& megabytes,
                     const char* otherwise) {
  return megabytes ? megabytes_words(*megabytes) : otherwise;
}

// -- the host -----------------------------------------------------------------

std::uint64_t memory_mb_of(const std::vector<PoolGuest>& guests) {
  std::uint64_t sum = 0;
  for (const auto& guest : guests) sum += guest.memory_mb;
  return sum;
}

std::string host_words(const Pool& pool) {
  auto words = words_or(pool.total_mb, "not looked at yet");
  if (pool.available_mb)
    words +=
        fmt::format(", {} of it free", megabytes_words(*pool.available_mb));
  return words;
}

/// The first is the sum of the next four, unless more is reserved than there
/// is.
std::string host_text(const Pool& pool) {
  Rows rows{
      {"memory", host_words(pool)},
      {"kept for the host", words_or(pool.reserve_mb, "not known yet")},
      {"QEMU's own", megabytes_words(pool.overhead_mb)},
      {"guests' memory", megabytes_words(memory_mb_of(pool.vms))},
      {"left for another",
       megabytes_words(pool.guaranteed_mb) + ", QEMU's own included"},
      {"could be taken back", megabytes_words(pool.reclaimable_mb)},
      {"runs short", pool.host_is_short ? "yes" : "no"},
      {"guests", fmt::format("{} of {}, {} of {} vCPUs", pool.guests,
                             pool.guests_max, pool.vcpus, pool.vcpus_max)}};
  if (pool.problem) rows.push_back({"problem", *pool.problem});
  return columns(rows);
}

// -- guests -------------------------------------------------------------------

std::string weight_words(const PoolGuest& guest) {
  auto words = std::to_string(guest.cpu_weight);
  if (!guest.runs()) return words;
  const auto& applied = guest.cpu_weight_applied;
  if (!applied) return words + " (not applied)";
  if (*applied != guest.cpu_weight) words += fmt::format(" (now {})", *applied);
  return words;
}

std::string guests_text(const std::vector<PoolGuest>& guests) {
  Rows rows{{"guest", "phase", "memory", "target", "floor", "free", "host",
             "weight", "reason"}};
  for (const auto& guest : guests)
    rows.push_back(
        {guest.name, guest.phase, megabytes_words(guest.memory_mb),
         words_or(guest.target_mb, "-"), megabytes_words(guest.floor_mb),
         words_or(guest.available_mb, "-"), words_or(guest.resident_mb, "-"),
         weight_words(guest), guest.reason.value_or("-")});
  return columns(rows);
}

}  // namespace

std::string pool_text(const Pool& pool) {
  return host_text(pool) + '\n' +
         (pool.vms.empty() ? no_guests : guests_text(pool.vms));
}

}  // namespace ppn::ctl
