#include "events/path.hpp"

namespace ppn::events {

bool serves_all(const Mesh& mesh, const NodeId& node) {
  return node == mesh.hub || node == mesh.controller;
}

Path usual_path(const Mesh& mesh, const NodeId& self, const NodeId& other) {
  if (self == mesh.hub || other == mesh.hub || mesh.find(mesh.hub) == nullptr)
    return direct_path;
  return {mesh.hub};
}

std::string in_words(schema::PathReason why) {
  switch (why) {
    case schema::PathReason::direct_works:
      return "the tunnel between the two works";
    case schema::PathReason::no_answer:
      return "nothing came back through the tunnel between the two";
    case schema::PathReason::no_handshake:
      return "there is no handshake between the two";
    case schema::PathReason::other_end:
      return "the other end asked for it";
    case schema::PathReason::relay_lost:
      return "who had passed packets on could not be reached";
    case schema::PathReason::hub_is_back:
      return "the hub can be reached again";
    case schema::PathReason::unknown:
      break;
  }
  return "a reason that is not known here";
}

}  // namespace ppn::events
