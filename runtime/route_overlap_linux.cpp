#include "runtime/route_overlap_linux.hpp"

#include "runtime/link_linux.hpp"

namespace ppn::runtime {

std::vector<std::string> overlapping_routes(const events::Mesh& mesh,
                                            const std::string& interface) {
  std::vector<std::string> overlapping;
  auto links = Links::open();
  if (!links) return overlapping;
  auto routes = links->routes();
  if (!routes) return overlapping;
  for (const auto& route : *routes) {
    bool overlaps = route.to.overlaps(mesh.range) ||
                    (mesh.range6 && route.to.overlaps(*mesh.range6));
    if (overlaps && route.interface != interface)
      overlapping.push_back("the route to " + route.to.text() + " by " +
                            route.interface);
  }
  return overlapping;
}

}  // namespace ppn::runtime
