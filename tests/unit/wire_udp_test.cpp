// The wire keeps no actor in what it posts: that may outlive their system.
#include "runtime/wire_udp.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

namespace {

using Wire = actors::WirePort;
using Receiver = actors::DatagramReceiver;

/// Port and receiver, and an I/O thread that never comes to it.
struct Bound {
  Bound() {
    wire = stage.system().spawn(
        [](Wire::pointer self, runtime::UdpWire* of) {
          return of->behaviour(self);
        },
        udp.get());
    receiver = stage.system().spawn(
        [](Receiver::pointer, int) -> Receiver::behavior_type {
          return {[](actors::datagram_atom, const actors::DatagramPtr&) {}};
        },
        0);
    stage.settle();
    alone = holders();
  }

  ~Bound() {
    caf::anon_send_exit(wire, caf::exit_reason::kill);
    caf::anon_send_exit(receiver, caf::exit_reason::kill);
    stage.settle();
  }

  void bind() {
    caf::anon_send(wire, actors::bind_atom::value, address("127.0.0.1"),
                   address("::1"), receiver);
    stage.settle();
  }

  [[nodiscard]] std::size_t holders() const {
    return caf::actor_cast<caf::strong_actor_ptr>(receiver)->strong_refs.load();
  }

  boost::asio::io_context io;
  Stage stage;
  std::unique_ptr<runtime::UdpWire> udp =
      std::make_unique<runtime::UdpWire>(io, "none");
  Wire wire;
  Receiver receiver;
  std::size_t alone = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_udp)

BOOST_FIXTURE_TEST_CASE(an_actor_is_held_until_the_wire_ends, Bound) {
  bind();
  bind();
  BOOST_TEST(holders() == alone + 1);
  udp.reset();
  BOOST_TEST(holders() == alone);
}

BOOST_FIXTURE_TEST_CASE(what_was_posted_brings_no_actor_back, Bound) {
  bind();
  udp.reset();
  io.run();
  BOOST_TEST(holders() == alone);
}

/// The port may hear of one more before it is ended too.
BOOST_FIXTURE_TEST_CASE(a_wire_that_has_ended_binds_nobody, Bound) {
  udp.reset();
  bind();
  io.run();
  BOOST_TEST(holders() == alone);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
