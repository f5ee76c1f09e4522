#include "events/admission.hpp"

#include <algorithm>

namespace ppn::events {

namespace {

using schema::PairingOutcome;

bool is_same(const Member& member, const Newcomer& newcomer) {
  return member.name == newcomer.name && member.key == newcomer.key &&
         member.tunnel_key == newcomer.tunnel_key &&
         member.endpoints == newcomer.endpoints;
}

bool is_in_the_way(const NodeId& node, const Member& member,
                   const Newcomer& newcomer) {
  auto keys = tunnel_keys_of(member);
  return node == newcomer.node || member.name == newcomer.name ||
         member.key == newcomer.key ||
         std::find(keys.begin(), keys.end(), newcomer.tunnel_key) != keys.end();
}

/// What has an outcome of its own among what can be in its way.
PairingOutcome outcome_of(const Mesh& mesh, const Newcomer& newcomer,
                          const Moment& now) {
  auto holder = mesh.holders.keys.find(newcomer.key);
  bool is_member = mesh.find(newcomer.node) != nullptr ||
                   (holder != mesh.holders.keys.end() &&
                    mesh.find(holder->second) != nullptr);
  if (is_member) return PairingOutcome::already_member;
  if (mesh.named(newcomer.name)) return PairingOutcome::name_taken;
  if (!free_address(mesh, now)) return PairingOutcome::range_full;
  return PairingOutcome::refused;
}

/// False if it is refused.
bool add_to(std::vector<Draft>& drafts, Decision decision) {
  auto* decided = std::get_if<std::vector<Draft>>(&decision);
  if (decided == nullptr) return false;
  std::move(decided->begin(), decided->end(), std::back_inserter(drafts));
  return true;
}

}  // namespace

std::variant<Unwanted, Admitted> decide_admission(const Mesh& mesh,
                                                  const NodeId& self,
                                                  const Admit& admit,
                                                  const Moment& now) {
  const auto& newcomer = admit.newcomer;
  const auto* there = mesh.find(newcomer.node);
  bool is_awaited = there != nullptr && admit.awaited.contains(newcomer.node);
  if (is_awaited && mesh.authority == self && is_same(*there, newcomer))
    return Admitted{};
  Admitted admitted;
  auto after = mesh;
  for (const auto& node : admit.awaited) {
    const auto* member = mesh.find(node);
    if (member == nullptr || !is_in_the_way(node, *member, newcomer)) continue;
    if (!add_to(admitted.drafts, decide(after, self, TakeBack{node}, now)))
      continue;
    take_back(after, node);
    admitted.superseded.insert(node);
  }
  auto decision = decide(after, self, AddMember{newcomer}, now);
  if (const auto* refusal = std::get_if<Refusal>(&decision))
    return Unwanted{outcome_of(after, newcomer, now), refusal->reason};
  add_to(admitted.drafts, std::move(decision));
  return admitted;
}

}  // namespace ppn::events
