// What ppnctl doctor makes of the mesh: its tunnels, and what others send.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/ppnctl/doctor.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr const char* logs = "which, and from where: journalctl -u ppnd";
constexpr const char* used_twice =
    "was it restored from a backup? ppnctl node rejoin there, and ppnctl mesh "
    "replace on the authority; if it is not known who else has its key, ppnctl "
    "mesh remove";

struct FrameFault {
  std::string_view name;
  std::string_view words;
  const char* advice;
};

/// What does not happen while all is well. A frame of a member that was removed
/// or started again is dropped too, and no news; one of a key in two places is
/// told with its member.
constexpr std::array frame_faults{
    FrameFault{"bad_signature", "not signed by their sender", logs},
    FrameFault{"wrong_address", "not from an address of their sender", logs},
    FrameFault{"unknown_sender", "of nobody that is known", logs},
    FrameFault{"not_for_us", "meant for another node", logs},
    FrameFault{"too_fast", "more than anybody needs to send", logs},
    FrameFault{"not_taken", "more than ppnd came to take", logs},
    FrameFault{"bad_size", "too small or too large", logs},
    FrameFault{"malformed", "not well-formed", logs},
    FrameFault{"too_new", "of a kind that only a newer version knows",
               "bring this host to the version of the others"},
};

Findings of_frames(const Mesh& mesh) {
  Findings findings;
  for (const auto& fault : frame_faults) {
    auto dropped = mesh.dropped.find(std::string{fault.name});
    if (dropped == mesh.dropped.end() || dropped->second == 0) continue;
    findings.push_back(
        {"mesh", Health::warn,
         fmt::format("{} dropped since ppnd started: {}",
                     counted(dropped->second, "frame", "frames"), fault.words),
         fault.advice});
  }
  return findings;
}

Findings of_peers(const Peers& peers) {
  Findings findings;
  if (peers.problem)
    findings.push_back({"mesh", Health::fail,
                        fmt::format("{}: {}", peers.interface, *peers.problem),
                        "see why: journalctl -u ppnd"});
  if (peers.reaches_nobody())
    findings.push_back(
        {"mesh", Health::fail, "nobody is reached", bring_roster});
  for (const auto& peer : peers.peers)
    if (peer.is_down())
      findings.push_back({"mesh", Health::warn,
                          fmt::format("{} is down: {}", peer.name,
                                      peer.why.value_or("it is not said why")),
                          "more of it: ppnctl peers"});
  return findings;
}

Findings of_clashes(const Mesh& mesh) {
  Findings findings;
  for (const auto& member : mesh.members)
    if (member.clash)
      findings.push_back({"mesh", Health::warn,
                          fmt::format("{}: {}", member.name, *member.clash),
                          used_twice});
  return findings;
}

std::string words_of(const Mesh& mesh, const Peers& peers) {
  auto up = std::count_if(peers.peers.begin(), peers.peers.end(),
                          [](const Peer& peer) { return peer.is_up; });
  return fmt::format(
      "{}: {}, {} up, {} by {}", mesh.name,
      counted(mesh.members.size(), "member", "members"),
      counted(static_cast<std::uint64_t>(up), "tunnel", "tunnels"),
      peers.interface,
      peers.implementation.empty() ? "nothing yet" : peers.implementation);
}

}  // namespace

Findings of_mesh(const Seen& seen) {
  if (!seen.status) return {{"mesh", Health::skip, "ppnd gave no status"}};
  for (const auto* failure : {seen.mesh ? nullptr : &seen.mesh.error(),
                              seen.peers ? nullptr : &seen.peers.error()})
    if (failure != nullptr)
      return {
          {"mesh", Health::warn, failure->what, "see why: journalctl -u ppnd"}};
  const auto& mesh = *seen.mesh;
  if (!mesh)
    return {{"mesh", Health::skip,
             "this node is in no mesh: ppnctl mesh show says how to begin"}};
  if (!mesh->is_member)
    return {{"mesh", Health::warn,
             fmt::format("this node is no member of {} any more", mesh->name),
             "if it should be, import it again on the authority"}};
  auto findings = of_peers(*seen.peers);
  for (const auto& more : {of_clashes(*mesh), of_frames(*mesh)})
    findings.insert(findings.end(), more.begin(), more.end());
  if (!findings.empty()) return findings;
  return {{"mesh", Health::ok, words_of(*mesh, *seen.peers)}};
}

}  // namespace ppn::ctl
