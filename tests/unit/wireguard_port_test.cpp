// The port of the tunnels does nothing that nobody waits for.
#include "runtime/wireguard_port.hpp"

#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

BOOST_AUTO_TEST_SUITE(wireguard_port)

/// It has neither a device nor keys here: whatever it begins would fail.
BOOST_FIXTURE_TEST_CASE(a_change_that_nobody_waits_for_is_not_made, Stage) {
  auto port = system().spawn(runtime::wireguard_port,
                             runtime::WireguardPortParts{"none", nullptr});
  auto change = std::make_shared<const events::DeviceChange>();
  actors::DeviceWish wish{change};
  change.reset();
  auto answer = ask<bool>(port, actors::apply_atom::value, wish);
  BOOST_TEST(error_of(answer).message ==
             "nobody waits for this change any more");
  caf::anon_send_exit(port, caf::exit_reason::kill);
  settle();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
