// Guests that a host had under another identity.
#include "events/pool.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::AdoptVm;
using events::Pool;
using schema::Event;
using schema::VmOutcome;
using schema::VmWish;

namespace {

constexpr std::uint64_t plenty_mb = 100'000;

struct Host {
  Pool pool;
  VmRecord record;

  Host() {
    pool.limits.memory_mb = plenty_mb;
    pool.limits.node = node_of(1);
  }

  /// It ran, as far as is known, in its third start.
  static AdoptVm running() {
    AdoptVm wish;
    wish.vm = vm_id(7);
    wish.name = "web";
    wish.spec = small_spec();
    wish.wish = VmWish::running;
    wish.start = 3;
    wish.lives = true;
    wish.from = node_of(9);
    return wish;
  }

  std::vector<Event> adopt(const AdoptVm& wish) {
    auto kinds = record.record(events::decide_adopt(pool, wish));
    pool.vms = record.state().vms;
    pool.images = record.state().images;
    return kinds;
  }

  [[nodiscard]] const events::Vm& vm() const {
    return record.state().vms.at(vm_id(7));
  }

  std::vector<Event> see(const events::VmSight& sight) {
    return record.record(events::decide_seen(vm_id(7), vm(), sight, at(2)),
                         at(2));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_adopt)

BOOST_AUTO_TEST_CASE(a_guest_that_still_runs_goes_on) {
  Host host;
  BOOST_TEST(
      (host.adopt(Host::running()) == std::vector<Event>{Event::VmAdopted}));
  BOOST_TEST(host.vm().start == 3U);
  events::VmSight sight;
  sight.process = 3;
  sight.run = events::VmRun::running;
  BOOST_TEST((host.see(sight) == std::vector<Event>{Event::VmStarted}));
  BOOST_TEST((host.vm().outcome == VmOutcome::running));
}

BOOST_AUTO_TEST_CASE(one_that_ends_unseen_is_started_anew) {
  Host host;
  host.adopt(Host::running());
  events::VmSight sight;
  sight.ended = 3;
  sight.end = {events::VmEnd::Kind::killed, ""};
  auto kinds = host.see(sight);
  BOOST_REQUIRE(!kinds.empty());
  BOOST_TEST((kinds.front() == Event::VmCrashed));
  BOOST_TEST((host.vm().wish == VmWish::running));
}

BOOST_AUTO_TEST_CASE(one_whose_process_is_gone_gets_the_next_number) {
  Host host;
  auto wish = Host::running();
  wish.lives = false;
  BOOST_TEST((host.adopt(wish) ==
              std::vector<Event>{Event::VmAdopted, Event::VmStartRequested}));
  BOOST_TEST((host.see({}) == std::vector<Event>{Event::VmStarting}));
  BOOST_TEST(host.vm().start == 4U);
}

BOOST_AUTO_TEST_CASE(a_number_that_no_start_can_have_is_refused) {
  Host host;
  auto wish = Host::running();
  wish.start = events::vm_start_max + 1;
  BOOST_TEST(
      mentions(refusal_of(events::decide_adopt(host.pool, wish)), "so often"));
}

BOOST_AUTO_TEST_CASE(one_that_was_off_stays_off_and_no_start_is_used_twice) {
  Host host;
  auto wish = Host::running();
  wish.wish = VmWish::off;
  host.adopt(wish);
  BOOST_TEST((host.vm().outcome == VmOutcome::stopped));
  host.record.record(
      events::decide_command(vm_id(7), host.vm(), {events::VmVerb::start}));
  BOOST_TEST((host.see({}) == std::vector<Event>{Event::VmStarting}));
  BOOST_TEST(host.vm().start == 4U);
}

BOOST_AUTO_TEST_CASE(one_that_never_was_started_is_as_new) {
  Host host;
  auto wish = Host::running();
  wish.wish = VmWish::off;
  wish.start = 0;
  wish.lives = false;
  host.adopt(wish);
  BOOST_TEST((host.vm().outcome == VmOutcome::defined));
}

BOOST_AUTO_TEST_CASE(what_it_is_made_of_comes_with_it_once) {
  Host host;
  auto wish = Host::running();
  wish.spec.disks[0].base = image_digest(1);
  wish.images[image_digest(1)] = {"base", 1, schema::DiskFormat::qcow2};
  BOOST_TEST((host.adopt(wish) ==
              std::vector<Event>{Event::ImageAdded, Event::VmAdopted}));
  wish.vm = vm_id(8);
  wish.name = "db";
  BOOST_TEST((host.adopt(wish) == std::vector<Event>{Event::VmAdopted}));
}

BOOST_AUTO_TEST_CASE(one_without_its_image_or_room_is_refused) {
  Host host;
  auto wish = Host::running();
  wish.spec.disks[0].base = image_digest(1);
  BOOST_TEST(mentions(refusal_of(events::decide_adopt(host.pool, wish)),
                      image_digest(1).hex()));
  host.pool.limits.memory_mb = 1;
  BOOST_TEST(
      !refusal_of(events::decide_adopt(host.pool, Host::running())).empty());
}

BOOST_AUTO_TEST_CASE(a_guest_is_adopted_once) {
  Host host;
  host.adopt(Host::running());
  BOOST_TEST(refusal_of(events::decide_adopt(host.pool, Host::running())) ==
             "there is a guest web already");
}

BOOST_AUTO_TEST_CASE(an_adoption_that_can_not_be_is_a_contradiction) {
  VmRecord record;
  auto adopted = [](VmWish wish, std::uint64_t start) {
    schema::VmAdoptedT event;
    event.vm = stored_vm_id();
    event.name = "web";
    event.spec =
        std::make_unique<schema::VmSpecT>(events::stored(small_spec()));
    event.wish = wish;
    event.start = start;
    event.from = std::make_unique<schema::NodeId>(node_of(9).stored());
    return event;
  };
  BOOST_TEST(record(adopted(VmWish::running, 0)) ==
             "the guest was never started");
  BOOST_TEST(record(adopted(VmWish::off, events::vm_start_max + 1)) ==
             "no guest was started so often");
  BOOST_TEST(record(adopted(VmWish::unknown, 1)) ==
             "what is wanted of the guest is not known");
  BOOST_TEST(record(adopted(VmWish::running, 1)) == "");
  BOOST_TEST(record(adopted(VmWish::running, 1)) ==
             "another guest has the name");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
