// What a host has room for, and whose that is.
#include "events/pool.hpp"

#include <numeric>

#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::DefineVm;
using events::Pool;
using events::VmSpec;
using schema::DiskFormat;
using schema::Event;

namespace {

/// One vCPU, and so much of memory with what QEMU takes.
constexpr std::uint64_t small_mb = 512 + 100;

/// Of a host that has room for four small guests, and knows one image.
struct Host {
  Pool pool;
  VmRecord record;

  Host() {
    pool.limits.guests_max = 8;
    pool.limits.vcpus_max = 4;
    pool.limits.memory_mb = 4 * small_mb;
    pool.limits.node = node_of(1);
    pool.images[image_digest(1)] = {"base", 1, DiskFormat::qcow2};
  }

  /// Why it is refused; empty if it is not, and then it is there.
  std::string define(std::uint8_t number, const VmSpec& spec,
                     bool start = false) {
    auto decision = events::decide_define(
        pool, {vm_id(number), "guest-" + std::to_string(number), spec, start});
    if (!refusal_of(decision).empty()) return refusal_of(decision);
    record.record(decision);
    pool.vms = record.state().vms;
    return "";
  }
  std::string change(std::uint8_t number, const VmSpec& spec) {
    auto decision = events::decide_change(pool, {vm_id(number), spec});
    if (!refusal_of(decision).empty()) return refusal_of(decision);
    record.record(decision);
    pool.vms = record.state().vms;
    return "";
  }

  /// Its first start runs.
  void run(std::uint8_t number) {
    auto id = vm_id(number);
    const auto& vms = record.state().vms;
    if (vms.at(id).wish == schema::VmWish::off)
      record.record(
          events::decide_command(id, vms.at(id), {events::VmVerb::start}));
    record.record(events::decide_seen(id, vms.at(id), {}, at(1)));
    events::VmSight sight;
    sight.process = vms.at(id).start;
    sight.run = events::VmRun::running;
    record.record(events::decide_seen(id, vms.at(id), sight, at(1)));
    pool.vms = vms;
    BOOST_TEST_REQUIRE(events::has_process(pool.vms.at(id)));
  }
};

/// 1 and up to so many.
std::vector<std::uint8_t> numbers(std::uint8_t most) {
  std::vector<std::uint8_t> all(most);
  std::iota(all.begin(), all.end(), std::uint8_t{1});
  return all;
}

VmSpec with_forward(events::VmForward forward) {
  auto spec = small_spec();
  spec.forwards = {forward};
  return spec;
}

VmSpec over(std::uint8_t image) {
  auto spec = small_spec();
  spec.disks[0].base = image_digest(image);
  return spec;
}

VmSpec with_device(const std::string& device, bool read_only = false) {
  auto spec = small_spec();
  spec.disks = {{"data", DiskFormat::raw, 0, {}, device, read_only}};
  return spec;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pool)

// -- definitions --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_defined_and_started_in_one_go) {
  Host host;
  auto decide = [&](bool start) {
    return events::decide_define(host.pool,
                                 {vm_id(1), "web", small_spec(), start});
  };
  BOOST_TEST(drafts_of(decide(false)).size() == 1U);
  auto decision = decide(true);
  // Nothing of its stream is known to whoever decides.
  for (const auto& draft : drafts_of(decision)) {
    BOOST_TEST(draft.stream == events::vm_stream(vm_id(1)));
    BOOST_TEST(draft.follows.value() == 0U);
  }
  BOOST_TEST((host.record.record(decision) ==
              Kinds{Event::VmDefined, Event::VmStartRequested}));
  const auto& vm = host.record.state().vms.at(vm_id(1));
  BOOST_TEST(vm.name == "web");
  BOOST_TEST((vm.spec == small_spec()));
  BOOST_TEST((vm.wish == schema::VmWish::running));
}

BOOST_AUTO_TEST_CASE(a_name_is_that_of_one_guest) {
  Host host;
  BOOST_TEST(host.define(1, small_spec()) == "");
  auto refused = [&](std::uint8_t number, const std::string& name) {
    return refusal_of(events::decide_define(
        host.pool, {vm_id(number), name, small_spec(), false}));
  };
  BOOST_TEST(mentions(refused(2, "guest-1"), "a guest guest-1 already"));
  BOOST_TEST(mentions(refused(1, "other"), "a guest guest-1 already"));
  for (const auto* name : {"", "-a", "a-", "A", "a/b", "../a", "a b", "a\n"})
    BOOST_TEST(mentions(refused(2, name), "the name of a guest is"));
  BOOST_TEST(refused(2, std::string(63, 'a')) == "");
  BOOST_TEST(!refused(2, std::string(64, 'a')).empty());
}

BOOST_AUTO_TEST_CASE(no_guest_is_what_none_can_be) {
  Host host;
  auto spec = small_spec();
  spec.vcpus = 0;
  BOOST_TEST(mentions(host.define(1, spec), "vCPUs"));
}

BOOST_AUTO_TEST_CASE(the_host_says_what_of_it_guests_may_have) {
  Host host;
  auto bridged = small_spec();
  bridged.bridge = "br0";
  for (const auto& spec :
       {bridged, with_device("vault"), with_forward({80, 80, false, true})}) {
    BOOST_TEST(mentions(host.define(1, spec), "[guests]"));
  }
  host.pool.limits.allowance = {{"br0"}, {"vault"}, true};
  BOOST_TEST(host.define(1, bridged) == "");
  BOOST_TEST(host.define(2, with_device("vault")) == "");
  BOOST_TEST(host.define(3, with_forward({80, 80, false, true})) == "");
}

BOOST_AUTO_TEST_CASE(a_guest_of_another_node_is_not_for_this_one) {
  Host host;
  auto archive = small_spec();
  archive.kind = schema::VmKind::totebox;
  archive.node = node_of(2);
  BOOST_TEST(mentions(host.define(1, archive), "another node"));
  archive.node = node_of(1);
  BOOST_TEST(host.define(1, archive) == "");
}

BOOST_AUTO_TEST_CASE(a_guest_is_made_of_images_that_are_there) {
  Host host;
  BOOST_TEST(mentions(host.define(1, over(2)), "ppnctl image add"));
  auto booted = small_spec();
  booted.kernel = image_digest(1);
  booted.initrd = image_digest(3);
  BOOST_TEST(mentions(host.define(1, booted), image_digest(3).hex()));
  BOOST_TEST(host.define(1, over(1)) == "");
}

/// QEMU would guess the format from what a guest wrote.
BOOST_AUTO_TEST_CASE(a_disk_lies_over_an_image_of_a_known_format) {
  Host host;
  host.pool.images[image_digest(2)] = {"blob", 1, DiskFormat::unknown};
  BOOST_TEST(mentions(host.define(1, over(2)), "blob is of no known format"));
  auto booted = small_spec();
  booted.kernel = image_digest(2);
  BOOST_TEST(host.define(1, booted) == "");
}

// -- what only one can have ---------------------------------------------------

BOOST_AUTO_TEST_CASE(a_port_of_the_host_leads_to_one_guest) {
  Host host;
  BOOST_TEST(host.define(1, with_forward({8080, 80})) == "");
  BOOST_TEST(mentions(host.define(2, with_forward({8080, 443})),
                      "port 8080 of this host leads to the guest guest-1"));
  BOOST_TEST(host.define(3, with_forward({8081, 80})) == "");
  // Nor is one taken away afterwards; it keeps its own.
  BOOST_TEST(mentions(host.change(3, with_forward({8080, 80})), "guest-1"));
  BOOST_TEST(host.change(1, with_forward({8080, 81})) == "");
}

/// At all addresses is at the loopback too.
BOOST_AUTO_TEST_CASE(an_open_port_is_the_same_port) {
  Host host;
  host.pool.limits.allowance.open_forwards = true;
  BOOST_TEST(host.define(1, with_forward({8080, 80, false, true})) == "");
  BOOST_TEST(!host.define(2, with_forward({8080, 80})).empty());
}

BOOST_AUTO_TEST_CASE(a_device_is_written_by_one_guest) {
  Host host;
  host.pool.limits.allowance.devices = {"vault", "media"};
  BOOST_TEST(host.define(1, with_device("vault")) == "");
  BOOST_TEST(mentions(host.define(2, with_device("vault")),
                      "device vault of this host is a disk of the guest "
                      "guest-1"));
  BOOST_TEST(!host.define(2, with_device("vault", true)).empty());
  BOOST_TEST(host.define(2, with_device("media", true)) == "");
  BOOST_TEST(host.define(3, with_device("media", true)) == "");
  BOOST_TEST(!host.change(3, with_device("media")).empty());
}

// -- room ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_qemu_takes_is_counted) {
  BOOST_TEST(events::overhead_mb(small_spec()) == small_mb - 512);
  auto spec = small_spec();
  spec.vcpus = 8;
  BOOST_TEST(events::overhead_mb(spec) > events::overhead_mb(small_spec()));
  Host host;
  host.define(1, small_spec());
  BOOST_TEST(
      (events::use_of(host.pool.vms) == events::PoolUse{1, 1, small_mb}));
}

BOOST_AUTO_TEST_CASE(memory_is_given_away_once) {
  Host host;
  host.pool.limits.memory_mb = 2 * small_mb;
  BOOST_TEST(host.define(1, small_spec()) == "");
  host.pool.limits.memory_mb -= 1;
  BOOST_TEST(mentions(host.define(2, small_spec()),
                      "it needs 612 MB of memory (QEMU's own included) and 611 "
                      "are left"));
  host.pool.limits.memory_mb += 1;
  BOOST_TEST(host.define(2, small_spec()) == "");
  BOOST_TEST(mentions(host.define(3, small_spec()), "0 are left"));
}

/// It may be started at any time.
BOOST_AUTO_TEST_CASE(a_guest_that_is_off_has_its_room) {
  Host host;
  host.pool.limits.memory_mb = small_mb;
  host.define(1, small_spec());
  BOOST_TEST(!events::has_process(host.pool.vms.at(vm_id(1))));
  BOOST_TEST(!host.define(2, small_spec()).empty());
}

BOOST_AUTO_TEST_CASE(processors_are_given_away_once) {
  Host host;
  auto spec = small_spec();
  spec.vcpus = 3;
  BOOST_TEST(host.define(1, spec) == "");
  spec.vcpus = 2;
  BOOST_TEST(mentions(host.define(2, spec), "needs 2 vCPUs and 1 are left"));
  spec.vcpus = 1;
  BOOST_TEST(host.define(2, spec) == "");
}

BOOST_AUTO_TEST_CASE(a_host_takes_so_many_guests) {
  Host host;
  host.pool.limits.guests_max = 2;
  BOOST_TEST(host.define(1, small_spec()) == "");
  BOOST_TEST(host.define(2, small_spec()) == "");
  BOOST_TEST(mentions(host.define(3, small_spec()),
                      "there are 2 guests, and this host takes no more"));
}

BOOST_AUTO_TEST_CASE(a_change_takes_no_room_but_what_is_more) {
  Host host;
  auto spec = small_spec();
  for (auto number : numbers(4)) host.define(number, spec);
  spec.memory_mb += 1;
  BOOST_TEST(mentions(host.change(4, spec), "no room"));
  spec = small_spec();
  spec.vcpus = 2;
  BOOST_TEST(mentions(host.change(4, spec), "no room"));
  spec = small_spec();
  spec.memory_mb -= 1;
  spec.floor_mb = 100;
  BOOST_TEST(host.change(4, spec) == "");
}

BOOST_AUTO_TEST_CASE(what_a_guest_has_stays_its_own_when_the_host_has_less) {
  Host host;
  auto spec = small_spec();
  spec.vcpus = 2;
  for (auto number : numbers(2)) host.define(number, spec);
  host.pool.limits.vcpus_max = 1;
  host.pool.limits.memory_mb = small_mb;
  host.pool.limits.guests_max = 1;
  BOOST_TEST(!host.define(3, small_spec()).empty());
  spec.cpu_weight = 200;
  BOOST_TEST(host.change(1, spec) == "");
  spec.vcpus = 1;
  BOOST_TEST(host.change(1, spec) == "");
  spec.vcpus = 2;
  BOOST_TEST(mentions(host.change(1, spec), "0 are left"));
}

// -- changes ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_runs_is_changed_only_where_it_shows_at_once) {
  Host host;
  host.define(1, small_spec());
  host.run(1);
  auto spec = small_spec();
  spec.floor_mb = 300;
  spec.cpu_weight = 300;
  spec.autostart = false;
  spec.restart = schema::RestartPolicy::always;
  BOOST_TEST(host.change(1, spec) == "");
  BOOST_TEST((host.pool.vms.at(vm_id(1)).spec == spec));
  spec.memory_mb += 1;
  BOOST_TEST(mentions(host.change(1, spec),
                      "the guest guest-1 is running; only its floor"));
}

BOOST_AUTO_TEST_CASE(only_what_is_there_is_changed_to_something_else) {
  Host host;
  BOOST_TEST(mentions(host.change(1, small_spec()), "no such guest"));
  host.define(1, small_spec());
  BOOST_TEST(mentions(host.change(1, small_spec()), "is so already"));
  auto spec = small_spec();
  spec.memory_mb = 0;
  BOOST_TEST(mentions(host.change(1, spec), "memory"));
}

/// It would be shown over another image than the one it was written over, or
/// be as it was all the same.
BOOST_AUTO_TEST_CASE(a_disk_that_was_made_stays_as_it_is) {
  Host host;
  host.pool.images[image_digest(2)] = {"newer", 1, DiskFormat::qcow2};
  host.define(1, over(1));
  // Nothing was made of it yet.
  BOOST_TEST(host.change(1, over(2)) == "");
  BOOST_TEST(host.change(1, over(1)) == "");
  host.run(1);
  events::VmSight ended;
  ended.ended = 1;
  ended.end.kind = events::VmEnd::Kind::shut_down;
  host.record.record(
      events::decide_seen(vm_id(1), host.pool.vms.at(vm_id(1)), ended, at(2)));
  host.pool.vms = host.record.state().vms;

  auto larger = over(1);
  larger.disks[0].size_mb += 1;
  auto raw = small_spec();
  raw.disks[0].format = DiskFormat::raw;
  for (const auto& spec : {over(2), small_spec(), larger, raw})
    BOOST_TEST(
        mentions(host.change(1, spec), "the disk root is there already"));
  auto more = over(1);
  more.disks[0].read_only = true;
  more.disks.push_back({"data", DiskFormat::raw, 10});
  BOOST_TEST(host.change(1, more) == "");
  auto none = small_spec();
  none.disks = {{"other", DiskFormat::qcow2, 0, image_digest(2)}};
  BOOST_TEST(host.change(1, none) == "");
}

// -- who is meant -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_is_found_by_its_name_or_id) {
  Host host;
  host.define(1, small_spec());
  host.define(2, small_spec());
  const auto& vms = host.pool.vms;
  BOOST_TEST((std::get<Id>(events::find_vm(vms, "guest-2")) == vm_id(2)));
  BOOST_TEST((std::get<Id>(events::find_vm(vms, vm_id(2).hex())) == vm_id(2)));
  for (const auto* other : {"", "guest", "guest-3", "0101"})
    BOOST_TEST(
        mentions(std::get<events::Refusal>(events::find_vm(vms, other)).reason,
                 "ppnctl vm list"));
}

BOOST_AUTO_TEST_CASE(no_guest_takes_the_place_of_another_by_its_name) {
  Host host;
  host.record.record(events::decide_define(
      host.pool, {vm_id(1), vm_id(2).hex(), small_spec(), false}));
  host.pool.vms = host.record.state().vms;
  const auto& vms = host.pool.vms;
  auto meant = [&] {
    return std::get<Id>(events::find_vm(vms, vm_id(2).hex()));
  };
  BOOST_TEST((meant() == vm_id(1)));
  host.define(2, small_spec());
  BOOST_TEST((meant() == vm_id(2)));
}

BOOST_AUTO_TEST_CASE(an_image_is_used_by_whoever_is_made_of_it) {
  Host host;
  auto user = [&](std::uint8_t image) {
    return events::user_of(host.pool.vms, image_digest(image)).value_or("");
  };
  host.pool.images[image_digest(2)] = {"kernel", 1, DiskFormat::raw};
  host.pool.images[image_digest(3)] = {"initrd", 1, DiskFormat::raw};
  BOOST_TEST(user(1) == "");
  host.define(1, over(1));
  BOOST_TEST(user(1) == "guest-1");
  BOOST_TEST(user(2) == "");
  auto booted = small_spec();
  booted.kernel = image_digest(2);
  booted.initrd = image_digest(3);
  host.define(2, booted);
  BOOST_TEST(user(2) == "guest-2");
  BOOST_TEST(user(3) == "guest-2");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
