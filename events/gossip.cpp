#include "events/gossip.hpp"

#include <iterator>

namespace ppn::events {

NodeId member_behind(const Mesh& mesh, const NodeId& self,
                     std::uint64_t places) {
  const auto& members = mesh.members;
  auto own = static_cast<std::uint64_t>(
      std::distance(members.begin(), members.find(self)));
  auto place = (own + places) % members.size();
  return std::next(members.begin(), static_cast<std::ptrdiff_t>(place))->first;
}

std::set<NodeId> told_of_news(const Mesh& mesh, const NodeId& self) {
  std::set<NodeId> whom;
  if (mesh.roles_of(self) != schema::Role{})
    whom = nodes_of(mesh);
  else
    for (std::uint64_t places = 1; places < mesh.members.size(); places *= 2)
      whom.insert(member_behind(mesh, self, places));
  whom.insert({mesh.authority, mesh.hub, mesh.controller});
  whom.erase(self);
  whom.erase(NodeId{});
  return whom;
}

}  // namespace ppn::events
