// Members that lie of paths and places: they say by the path of packets what
// says something of the tunnel alone, have others flooded, claim to be at
// addresses where nobody of the mesh is, and have guests dispatched that no
// controller recorded. And what shows that one was believed.
#pragma once

#include "tests/simulation/datagrams.hpp"
#include "tests/simulation/false_dispatches.hpp"

namespace ppn::simulation {

class Liars {
 public:
  Liars(Scene& scene, Datagrams& datagrams, FalseDispatches& dispatches);

  /// Whoever lies does it now and then.
  void begin();

 private:
  /// Where a host is, and for how many turns it was there.
  struct Stay {
    events::Endpoint at;
    int turns = 0;
  };

  void note_stay(const Host& host);
  void lie(Host& host);
  std::optional<NodeId> some_other(const Host& host, const NodeId& third);
  Bytes sealed(Host& host, const NodeId& to, const actors::FrameBody& body);
  void say(Host& host, const NodeId& to, const events::IpAddress& at,
           const actors::FrameBody& body);
  void dispatch(Host& host, const NodeId& to);
  void flood(Host& host, const NodeId& relay);
  events::Whereabouts somewhere(const events::Mesh& mesh, const NodeId& victim);

  void check_sent(const Host& from, const schema::Frame& frame);
  void check_passed(const Host& from, const schema::Passed& passed);
  void check_called(const Host& from);
  bool is_nowhere(const Host& host, const events::Endpoint& endpoint);

  Scene& scene_;
  Datagrams& datagrams_;
  FalseDispatches& dispatches_;
  /// From when on it would not matter any more what a host passed on for a
  /// member.
  std::map<std::pair<int, NodeId>, std::uint64_t> passed_from_ns_;
  std::map<int, Stay> stays_;
};

}  // namespace ppn::simulation
