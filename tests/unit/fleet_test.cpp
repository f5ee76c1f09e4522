// What the controller records of the hosts of its fleet.
#include "events/fleet.hpp"

#include "events/state_codec.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::Fleet;
using events::FleetHost;
using events::SilentHosts;

namespace {

constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;

events::Moment moment(std::int64_t utc_ns) {
  events::Moment moment;
  moment.utc_ns = utc_ns;
  return moment;
}

/// What is decided of a fleet, recorded at a time.
struct Recorded {
  VmRecord record;

  [[nodiscard]] const Fleet& fleet() const { return record.state().fleet; }

  std::size_t record_silence(const SilentHosts& silent,
                             std::int64_t utc_ns = 0) {
    auto decision = events::decide_silence(fleet(), silent, moment(utc_ns));
    for (const auto& draft : drafts_of(decision))
      BOOST_TEST(draft.stream == events::fleet_stream);
    return record.record(decision, moment(utc_ns)).size();
  }

  /// Why not, or nothing.
  std::string use(const events::Mesh& mesh, const events::UseHost& wish) {
    auto decision = events::decide_use(fleet(), mesh, wish);
    if (auto refusal = refusal_of(decision); !refusal.empty()) return refusal;
    record.record(decision);
    return {};
  }
};

events::Mesh mesh_of_one() {
  events::Mesh mesh;
  events::Member member;
  member.name = "cloud";
  mesh.members[node_of(1)] = member;
  return mesh;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fleet, Recorded)

BOOST_AUTO_TEST_CASE(of_what_is_not_given_nothing_changes) {
  auto mesh = mesh_of_one();
  BOOST_TEST(use(mesh, {node_of(1), true, {}}) == "");
  BOOST_TEST(use(mesh, {node_of(1), {}, true}) == "");
  auto host = events::host_of(fleet(), node_of(1));
  BOOST_TEST(host.is_drained);
  BOOST_TEST(host.is_reserved);
  BOOST_TEST(use(mesh, {node_of(1), false, {}}) == "");
  BOOST_TEST(!events::host_of(fleet(), node_of(1)).is_drained);
  BOOST_TEST(events::host_of(fleet(), node_of(1)).is_reserved);
}

BOOST_AUTO_TEST_CASE(what_is_so_already_is_refused) {
  BOOST_TEST(use(mesh_of_one(), {node_of(1), false, false}) ==
             "cloud is used like that already");
}

BOOST_AUTO_TEST_CASE(who_is_no_member_is_no_host) {
  BOOST_TEST(use(mesh_of_one(), {node_of(2), true, {}}) ==
             "there is no such member");
}

BOOST_AUTO_TEST_CASE(silence_is_recorded_once_and_its_end_too) {
  BOOST_TEST(record_silence({{node_of(1), true}, {node_of(2), false}}) == 1U);
  BOOST_TEST(record_silence({{node_of(1), true}}) == 0U);
  BOOST_TEST(fleet().at(node_of(1)).is_silent);
  BOOST_TEST(record_silence({{node_of(1), false}}) == 1U);
  BOOST_TEST(!fleet().at(node_of(1)).is_silent);
}

BOOST_AUTO_TEST_CASE(of_whom_nothing_is_known_nothing_is_recorded) {
  record_silence({{node_of(1), true}});
  BOOST_TEST(record_silence({}) == 0U);
  BOOST_TEST(fleet().at(node_of(1)).is_silent);
}

BOOST_AUTO_TEST_CASE(a_host_that_flaps_is_recorded_so_often_in_an_hour) {
  for (std::uint32_t i = 0; i < events::silences_an_hour; ++i) {
    BOOST_TEST(record_silence({{node_of(1), true}}, 1) == 1U);
    BOOST_TEST(record_silence({{node_of(1), false}}, 1) == 1U);
  }
  BOOST_TEST(record_silence({{node_of(1), true}}, 1) == 0U);
  BOOST_TEST(record_silence({{node_of(1), true}}, hour_ns) == 1U);
  // Its end is recorded however often it was.
  BOOST_TEST(record_silence({{node_of(1), false}}, hour_ns) == 1U);
}

BOOST_AUTO_TEST_CASE(what_can_not_follow_is_a_contradiction) {
  schema::HostFellSilentT fell;
  fell.node = std::make_unique<schema::NodeId>(node_of(1).stored());
  schema::HostHeardAgainT heard;
  heard.node = std::make_unique<schema::NodeId>(node_of(1).stored());
  BOOST_TEST(record(heard) == "the host was not silent");
  BOOST_TEST(record(fell) == "");
  BOOST_TEST(record(fell) == "the host is silent already");
}

BOOST_AUTO_TEST_CASE(a_snapshot_keeps_all_of_it) {
  constexpr auto largest = ~std::uint32_t{0};
  events::State state;
  state.node.keys = {{0, PublicKey{}}};
  state.fleet[node_of(1)] = {true, false, true, -7, largest};
  state.fleet[node_of(2)] = {false, true, false, hour_ns, 3};
  BOOST_TEST((events::decode(events::encode(state)) == state));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
