// The path to a member: the usual one, and what is recorded of another.
#include "events/tunnel.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::direct_path;
using events::Path;
using events::TakenPath;
using events::Tunnel;
using schema::PathReason;

namespace {

constexpr std::int64_t hour_ns = 3600LL * 1'000'000'000;
const NodeId member = node_of(2);
const Path by_hub{node_of(1)};

/// A tunnel, and what is decided about the path.
class History {
 public:
  /// How many events it led to. The usual path is the one by the hub.
  std::size_t change(const Path& path, std::int64_t utc_ns = 0) {
    auto decision = events::decide_path(
        tunnel_, member, {path, PathReason::no_answer}, by_hub, {utc_ns});
    const auto& drafts = drafts_of(decision);
    for (const auto& draft : drafts) {
      auto bytes = entry_at({node_of(1), 1, utc_ns, draft.stream},
                            *draft.payload.AsPathChanged());
      store::AlignedBytes aligned;
      const auto* entry = must(store::check_entry(aligned.assign(bytes)));
      BOOST_TEST(
          !events::apply(tunnel_, *entry, *entry->payload_as_PathChanged()));
    }
    return drafts.size();
  }
  [[nodiscard]] const Tunnel& tunnel() const { return tunnel_; }

 private:
  Tunnel tunnel_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(path)

BOOST_AUTO_TEST_CASE(spokes_reach_each_other_by_the_hub) {
  auto mesh = mesh_of(3).mesh();
  BOOST_TEST((events::usual_path(mesh, node_of(2), node_of(3)) == by_hub));
  BOOST_TEST((events::usual_path(mesh, node_of(1), node_of(3)) == direct_path));
  BOOST_TEST((events::usual_path(mesh, node_of(3), node_of(1)) == direct_path));
  mesh.hub = {};
  BOOST_TEST((events::usual_path(mesh, node_of(2), node_of(3)) == direct_path));
}

BOOST_AUTO_TEST_CASE(a_change_is_recorded_with_its_reason) {
  History history;
  BOOST_TEST(history.change(direct_path, 7) == 1U);
  const auto& recorded = history.tunnel().path;
  BOOST_TEST_REQUIRE(recorded.has_value());
  BOOST_TEST(
      (recorded->taken == TakenPath{direct_path, PathReason::no_answer}));
  BOOST_TEST(recorded->changed_ns == 7);
  BOOST_TEST(history.change(by_hub, 8) == 1U);
  BOOST_TEST((history.tunnel().path->taken.path == by_hub));
}

BOOST_AUTO_TEST_CASE(what_is_as_it_was_is_not_recorded) {
  History history;
  BOOST_TEST(history.change(by_hub) == 0U);
  history.change(direct_path);
  BOOST_TEST(history.change(direct_path) == 0U);
}

BOOST_AUTO_TEST_CASE(an_hour_has_room_for_twenty_changes) {
  History history;
  std::size_t recorded = 0;
  for (int i = 0; i < 100; ++i)
    recorded += history.change(i % 2 == 0 ? direct_path : by_hub);
  BOOST_TEST(recorded == events::path_changes_an_hour);
  BOOST_TEST(history.change(direct_path, hour_ns) == 1U);
}

BOOST_AUTO_TEST_CASE(every_reason_has_words) {
  for (auto why : schema::EnumValuesPathReason())
    BOOST_TEST((events::in_words(why) == "a reason that is not known here") ==
               (why == PathReason::unknown));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
