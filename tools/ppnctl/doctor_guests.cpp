// What ppnctl doctor makes of the guests, and of what they run by.
#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/doctor.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_text.hpp"

namespace ppn::ctl {

namespace {

/// Why those are not used that were seen not to work: "kvm does not: why".
std::string failed_words(const VmAcceleration& acceleration) {
  std::string words;
  for (const auto& tried : acceleration.tried)
    if (!tried.works)
      words += fmt::format("; {} does not work: {}", tried.name, tried.reason);
  return words;
}

Findings of_acceleration(const Vms& vms) {
  const auto& acceleration = vms.acceleration;
  constexpr const char* name = "acceleration";
  if (acceleration.accelerator)
    return {{name, Health::ok,
             fmt::format("{} was seen to run a guest, with the CPU {}{}",
                         *acceleration.accelerator,
                         acceleration.cpu_model.value_or("of its choice"),
                         failed_words(acceleration))}};
  if (acceleration.tried.empty())
    return {{name, Health::skip, "none was tried yet"}};
  return {{name, Health::warn, "none runs a guest" + failed_words(acceleration),
           "guests need one that works, tcg at least: is QEMU of this host "
           "whole? It is tried again when QEMU or the kernel changes"}};
}

/// A node that has no guests need not be able to run any.
Finding of_problem(const Vms& vms) {
  auto detail = "guests can not be run: " + *vms.problem;
  if (vms.vms.empty()) return {"guests", Health::skip, detail};
  return {"guests", Health::warn, detail, "see why: journalctl -u ppnd"};
}

Findings of_each(const Vms& vms) {
  Findings findings;
  for (const auto& vm : vms.vms)
    if (auto ailment = ailment_of(vm))
      findings.push_back(
          {"guests", Health::warn, fmt::format("{} {}", vm.name, *ailment),
           fmt::format("more of it: ppnctl vm show {0}, ppnctl vm logs {0}",
                       vm.name)});
  return findings;
}

std::string counted_words(const Vms& vms) {
  auto running =
      std::count_if(vms.vms.begin(), vms.vms.end(),
                    [](const Vm& vm) { return vm.phase == "running"; });
  return fmt::format("{}, {} running, {} left for others",
                     counted(vms.vms.size(), "guest", "guests"), running,
                     megabytes_words(vms.pool.memory_mb_left));
}

}  // namespace

Findings of_guests(const Seen& seen) {
  if (!seen.status) return {{"guests", Health::skip, "ppnd gave no status"}};
  if (!seen.guests)
    return {{"guests", Health::warn, seen.guests.error().what,
             "see why: journalctl -u ppnd"}};
  const auto& vms = *seen.guests;
  auto findings = of_acceleration(vms);
  if (vms.problem) findings.push_back(of_problem(vms));
  auto ailing = of_each(vms);
  findings.insert(findings.end(), ailing.begin(), ailing.end());
  if (!vms.problem && ailing.empty())
    findings.push_back({"guests", Health::ok, counted_words(vms)});
  return findings;
}

}  // namespace ppn::ctl
