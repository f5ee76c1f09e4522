// What a snapshot keeps of guests, their images and what runs them.
#include <functional>
#include <limits>

#include "events/state_codec.hpp"
#include "schema/state_generated.h"
#include "tests/support/random.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::State;
using events::Vm;
using events::VmRun;
using events::VmVerb;
using schema::DiskFormat;

namespace {

/// All that a spec can have at once.
events::VmSpec full_spec() {
  auto spec = events::profile_of(schema::VmKind::totebox);
  spec.disks = {{"root", DiskFormat::qcow2, 2048, image_digest(1)},
                {"archive", DiskFormat::raw, 0, {}, "vault-1", true}};
  spec.kernel = image_digest(2);
  spec.initrd = image_digest(3);
  spec.command_line = "console=ttyS0 quiet";
  spec.forwards = {{10'022, 22}, {10'053, 53, false, true}};
  spec.cloud_init = image_digest(4);
  spec.autostart = false;
  spec.restart = schema::RestartPolicy::always;
  spec.node = node_of(3);
  return spec;
}

Vm paused_guest() {
  VmLife guest{full_spec()};
  guest.run(at(100));
  auto sight = guest.process(VmRun::disk_full);
  guest.see(sight, at(200));
  sight.silence = "no answer";
  guest.see(sight, at(4000));
  return guest.vm();
}

Vm deleted_guest() {
  VmLife guest;
  guest.run(at(100));
  guest.see(guest.ended(), at(200));
  guest.run(at(300));
  guest.command(VmVerb::reset);
  guest.record.record(events::decide_delete(guest.id, guest.vm(), true),
                      at(400));
  return guest.vm();
}

Vm given_up_guest() {
  VmLife guest;
  for (std::uint64_t second = 0; !guest.vm().gave_up; second += 400) {
    if (!events::has_process(guest.vm())) guest.run(at(second));
    guest.see(guest.ended(), at(second + 1));
  }
  return guest.vm();
}

State state_with_guests() {
  State state;
  state.node.keys = {{0, signing_key_of(1)}};
  state.vms[vm_id(1)] = paused_guest();
  state.vms[vm_id(2)] = deleted_guest();
  state.vms[vm_id(3)] = given_up_guest();
  for (auto& [id, vm] : state.vms)
    vm.name = "guest-" + std::to_string(id.bytes[0]);
  state.images[image_digest(1)] = {"debian", 3'000'000'000, DiskFormat::qcow2};
  state.images[image_digest(2)] = {"vmlinuz", 7, DiskFormat::unknown};
  state.acceleration = {"tcg",
                        {{"kvm", false, "it did not run"}, {"tcg", true, ""}},
                        "QEMU 7.2",
                        "Linux 6.1"};
  return state;
}

bool is_kept(const State& state) {
  return events::decode(events::encode(state)) == state;
}

/// Whether the bytes are a state still, once their tables were changed.
bool is_state_after(const std::function<void(schema::StateT&)>& change) {
  auto bytes = events::encode(state_with_guests());
  schema::StateT tables;
  schema::GetState(bytes.data())->UnPackTo(&tables);
  change(tables);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishStateBuffer(builder, schema::State::Pack(builder, &tables));
  return events::decode({builder.GetBufferPointer(), builder.GetSize()})
      .has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_state)

BOOST_AUTO_TEST_CASE(all_of_a_guest_is_kept) {
  auto state = state_with_guests();
  BOOST_TEST(state.vms.at(vm_id(1)).is_unresponsive);
  BOOST_TEST(state.vms.at(vm_id(2)).is_deleting);
  BOOST_TEST(state.vms.at(vm_id(3)).gave_up);
  BOOST_TEST(is_kept(state));
  // Without what may be absent, too.
  state.vms[vm_id(4)] = VmLife{}.vm();
  state.images.clear();
  state.acceleration = {};
  BOOST_TEST(is_kept(state));
}

BOOST_AUTO_TEST_CASE(each_field_of_a_guest_is_kept) {
  constexpr auto largest = ~std::uint64_t{0};
  constexpr auto largest_32 = ~std::uint32_t{0};
  Vm vm;
  vm.name = "web";
  vm.spec = full_spec();
  vm.wish = schema::VmWish::paused;
  vm.is_forced = vm.is_deleting = vm.is_resetting = true;
  vm.outcome = schema::VmOutcome::crashed;
  vm.start = largest;
  vm.accelerator = "kvm";
  vm.pause_cause = schema::PauseCause::by_others;
  vm.stop_cause = schema::StopCause::host_restarted;
  vm.crash_cause = schema::CrashCause::reset_storm;
  vm.detail = std::string(300, 'd');
  vm.ends_in_row = largest_32;
  vm.gave_up = true;
  vm.changed_ns = std::numeric_limits<std::int64_t>::min();
  vm.changed_since_boot_ns = largest;
  vm.started_since_boot_ns = largest - 1;
  vm.stop_since_boot_ns = largest - 2;
  vm.is_unresponsive = true;
  vm.silent_ns = std::numeric_limits<std::int64_t>::max();
  vm.silences_in_hour = largest_32;
  State state;
  state.vms[vm_id(1)] = vm;
  BOOST_TEST(is_kept(state));
}

BOOST_AUTO_TEST_CASE(what_came_and_went_leaves_the_bytes_of_before) {
  VmLife guest;
  BOOST_TEST(to_hex(events::encode(guest.record.state())) !=
             to_hex(events::encode(State{})));
  guest.record.record(events::decide_delete(guest.id, guest.vm(), false));
  guest.record.record(events::decide_deleted(guest.id, guest.vm()));
  guest.record.record(events::decide_image({}, image_digest(1),
                                           {"debian", 1, DiskFormat::raw}));
  guest.record.record(events::decide_image_gone(guest.record.state().images,
                                                image_digest(1), {}));
  BOOST_TEST(to_hex(events::encode(guest.record.state())) ==
             to_hex(events::encode(State{})));
}

BOOST_AUTO_TEST_CASE(the_same_guests_are_the_same_bytes) {
  State other;
  auto state = state_with_guests();
  other.node = state.node;
  for (auto vm = state.vms.rbegin(); vm != state.vms.rend(); ++vm)
    other.vms.insert(*vm);
  for (auto image = state.images.rbegin(); image != state.images.rend();
       ++image)
    other.images.insert(*image);
  other.acceleration = state.acceleration;
  BOOST_TEST(to_hex(events::encode(other)) == to_hex(events::encode(state)));
}

BOOST_AUTO_TEST_CASE(a_guest_goes_on_from_a_snapshot) {
  VmLife guest;
  guest.run(at(100));
  guest.command(VmVerb::pause, at(101));
  auto whole = guest;
  auto decoded = events::decode(events::encode(guest.record.state()));
  BOOST_REQUIRE(decoded.has_value());
  guest.record.begin_at(*decoded);
  for (auto* life : {&guest, &whole}) {
    life->see(life->process(VmRun::paused), at(102));
    life->see(life->ended(), at(103));
    life->run(at(200));
    life->stop(at(300));
  }
  BOOST_TEST((guest.record.state() == whole.record.state()));
}

BOOST_AUTO_TEST_CASE(a_state_has_each_guest_and_image_once) {
  BOOST_TEST(is_state_after([](auto&) {}));
  BOOST_TEST(!is_state_after([](auto& state) {
    state.vms.push_back(std::make_unique<schema::VmStateT>(*state.vms[0]));
  }));
  BOOST_TEST(!is_state_after([](auto& state) {
    state.images.push_back(
        std::make_unique<schema::ImageStateT>(*state.images[0]));
  }));
}

BOOST_AUTO_TEST_CASE(a_state_has_guests_and_images_that_can_be) {
  BOOST_TEST(!is_state_after([](auto& state) { state.vms[0]->name = "../a"; }));
  BOOST_TEST(
      !is_state_after([](auto& state) { state.vms[0]->spec->vcpus = 0; }));
  BOOST_TEST(!is_state_after(
      [](auto& state) { state.vms[0]->spec->disks[0]->name = "../a"; }));
  BOOST_TEST(!is_state_after(
      [](auto& state) { state.vms[0]->detail = std::string(1001, 'd'); }));
  BOOST_TEST(!is_state_after(
      [](auto& state) { state.vms[0]->accelerator = std::string(1001, 'd'); }));
  BOOST_TEST(
      !is_state_after([](auto& state) { state.images[0]->name = "\x1b[2J"; }));
}

// Snapshots are signed; what remains readable must only be survived here.
BOOST_AUTO_TEST_CASE(damaged_bytes_are_read_within_their_bounds) {
  Random random{seed_or(20261201)};
  const auto bytes = events::encode(state_with_guests());
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    (void)events::decode(ByteView{bytes}.first(size));
  std::size_t refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    auto damaged = bytes;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      damaged[random.below(damaged.size())] =
          static_cast<std::uint8_t>(random.below(256));
    refused += events::decode(damaged) ? 0U : 1U;
  }
  BOOST_TEST(refused > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
