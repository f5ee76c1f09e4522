// A fleet, and all that is decided of its requests recorded and applied.
#pragma once

#include <string>
#include <vector>

#include "events/fleet.hpp"
#include "events/state_codec.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

/// What a host must have left beside a guest.
inline constexpr std::uint64_t margin_mb = 100;
inline constexpr std::uint64_t plenty_mb = 1'000'000;

inline Id numbered(std::uint64_t number) {
  Id id;
  for (std::size_t i = 0; i < sizeof number; ++i)
    id.bytes.at(sizeof number - 1 - i) =
        static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

/// Requests have other numbers than guests.
inline Id request_of(std::uint64_t guest) {
  return numbered(1'000'000 + guest);
}

inline events::HostRoom room(std::uint32_t number,
                             std::uint64_t memory_left_mb = plenty_mb) {
  events::HostRoom room;
  room.node = node_of(number);
  room.name = "host-" + std::to_string(number);
  room.standing = events::HostStanding::live;
  room.memory_left_mb = memory_left_mb;
  room.vcpus_left = 100'000;
  room.disk_left_mb = plenty_mb * 1000;
  room.guests_left = 100'000;
  return room;
}

/// With a request and an id of its own.
inline events::PlaceGuest guest(std::uint64_t number,
                                const std::string& owner = "") {
  events::PlaceGuest wish;
  wish.request = request_of(number);
  wish.vm = numbered(number);
  wish.name = "guest-" + std::to_string(number);
  wish.spec = small_spec();
  wish.owner = owner;
  return wish;
}

inline events::ImageOfGuest image(std::uint8_t number, std::uint64_t size) {
  return {image_digest(number), "image", size, schema::DiskFormat::qcow2};
}

/// What guest() needs.
inline const events::GuestNeeds small_needs = events::needs_of(guest(0));

inline events::OrderGuest order(std::uint64_t request, std::uint64_t vm,
                                const events::GuestOrder& order,
                                std::uint32_t node = 1) {
  return {numbered(request), node_of(node), numbered(vm), "web", order};
}

inline events::GuestOrder change(std::optional<std::uint16_t> vcpus,
                                 std::optional<std::uint32_t> memory_mb = {}) {
  return {schema::GuestVerb::change, false, vcpus, memory_mb, {}, {}};
}

/// The numbers 1 to that.
inline events::Mesh members_to(std::uint32_t members) {
  events::Mesh mesh;
  for (std::uint32_t i = 1; i <= members; ++i)
    mesh.members[node_of(i)].name = "host-" + std::to_string(i);
  return mesh;
}

/// All that was decided of a fleet, recorded.
class FleetRecord {
 public:
  [[nodiscard]] const events::Fleet& fleet() const {
    return record_.state().fleet;
  }

  /// Why not, or nothing: then it is recorded.
  std::string take(const events::Decision& decision) {
    if (auto refusal = refusal_of(decision); !refusal.empty()) return refusal;
    for (const auto& draft : drafts_of(decision)) {
      BOOST_TEST_REQUIRE(draft.stream == events::fleet_stream);
      BOOST_TEST_REQUIRE(record_.apply(draft, at(1)) == "");
      history_.push_back(draft);
    }
    return {};
  }
  /// How many events that led to.
  std::size_t count(const events::Decision& decision) {
    auto before = history_.size();
    BOOST_TEST_REQUIRE(take(decision) == "");
    return history_.size() - before;
  }

  std::string place(const events::PlaceGuest& wish,
                    const std::vector<events::HostRoom>& rooms = {room(1)},
                    const std::string& where_name_is = {}) {
    return take(
        events::decide_place(fleet(), wish, margin_mb, rooms, where_name_is));
  }
  std::string give_order(const events::OrderGuest& wish) {
    return take(events::decide_order(fleet(), members_to(2), wish));
  }
  std::string set_quota(const std::string& owner,
                        const std::optional<events::Quota>& quota) {
    return take(events::decide_quota(fleet(), {owner, quota}));
  }
  std::size_t end(const Id& request, schema::RequestOutcome outcome,
                  const std::string& reason = {}) {
    return count(events::decide_ended(fleet(), request, outcome, reason, 9));
  }
  std::size_t lapse(const Id& request) {
    return count(events::decide_lapsed(fleet(), request));
  }

  /// It is there, and its request is over.
  void settle(const events::PlaceGuest& wish) {
    BOOST_TEST_REQUIRE(place(wish) == "");
    BOOST_TEST_REQUIRE(end(wish.request, schema::RequestOutcome::done) == 1U);
  }

  /// The newest event; the test can not go on if it is of another kind.
  [[nodiscard]] schema::GuestPlacedT placed() const {
    const auto* event = history_.back().payload.AsGuestPlaced();
    BOOST_REQUIRE(event != nullptr);
    return *event;
  }

  /// Why the event can not follow, or nothing.
  template <class Payload>
  std::string apply(Payload payload) {
    return record_(std::move(payload));
  }

  /// As a node that starts from a snapshot.
  void go_on_from_snapshot() {
    auto state = events::decode(events::encode(record_.state()));
    BOOST_REQUIRE(state.has_value());
    BOOST_REQUIRE((*state == record_.state()));
    record_.begin_at(std::move(*state));
  }

  [[nodiscard]] bool is_what_replay_makes() const {
    VmRecord again;
    for (const auto& draft : history_)
      if (again.apply(draft, at(1)) != "") return false;
    return again.state() == record_.state();
  }

 private:
  VmRecord record_;
  std::vector<events::Draft> history_;
};

}  // namespace ppn::tests
