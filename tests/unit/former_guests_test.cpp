// Guests of an identity whose ledger was put away.
#include "runtime/former_guests.hpp"

#include <fstream>

#include "runtime/api_former.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using runtime::FormerGuests;

namespace {

FormerGuests sample() {
  FormerGuests former;
  former.node = node_of(9);
  auto& vm = former.vms[vm_id(7)];
  vm.name = "web";
  vm.spec = small_spec();
  vm.spec.node = node_of(9);
  vm.spec.disks[0].base = image_digest(1);
  vm.wish = schema::VmWish::running;
  vm.start = 3;
  former.images[image_digest(1)] = {"base", 1, schema::DiskFormat::qcow2};
  former.images[image_digest(2)] = {"other", 1, schema::DiskFormat::qcow2};
  return former;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(former_guests)

BOOST_AUTO_TEST_CASE(what_an_old_ledger_tells_of_its_guests_is_read) {
  ScratchDirectory scratch;
  store::StateDirectory directory{scratch.path()};
  auto old = directory.former(node_of(9)).root;
  {
    auto ledger = must(TestLedger::found(old));
    schema::VmDefinedT defined;
    defined.vm = stored_vm_id(7);
    defined.name = "web";
    defined.spec =
        std::make_unique<schema::VmSpecT>(events::stored(small_spec()));
    store::Event event;
    event.stream = events::vm_stream(vm_id(7));
    event.principal = {schema::PrincipalKind::operator_, "uid/0"};
    event.payload.Set(std::move(defined));
    must(ledger->append({event}, test_clock));
  }
  auto all = runtime::read_former_guests(directory);
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(all[0].node == node_of(9));
  BOOST_TEST(all[0].vms.at(vm_id(7)).name == "web");
}

BOOST_AUTO_TEST_CASE(a_node_that_never_rejoined_had_none) {
  ScratchDirectory scratch;
  BOOST_TEST(runtime::read_former_guests({scratch.path()}).empty());
}

BOOST_AUTO_TEST_CASE(what_can_not_be_read_is_left_out_or_empty) {
  ScratchDirectory scratch;
  store::StateDirectory directory{scratch.path()};
  auto old = directory.former(node_of(9));
  std::filesystem::create_directories(old.ledger());
  std::filesystem::create_directories(directory.root / "former" / "notes");
  std::ofstream{old.database()} << "this is no ledger";
  for (const auto& former : runtime::read_former_guests(directory))
    BOOST_TEST(former.vms.empty());
}

BOOST_AUTO_TEST_CASE(a_guest_is_adopted_with_its_images_by_its_new_node) {
  ScratchDirectory scratch;
  auto wish = runtime::adoption_of(sample(), vm_id(7), node_of(1),
                                   scratch.path() / "none");
  BOOST_TEST(wish.name == "web");
  BOOST_TEST((wish.spec.node == node_of(1)));
  BOOST_TEST(wish.from == node_of(9));
  BOOST_TEST(wish.start == 3U);
  BOOST_TEST((wish.wish == schema::VmWish::running));
  BOOST_TEST(wish.images.size() == 1U);
  BOOST_TEST(wish.images.contains(image_digest(1)));
}

/// The ledger lost its end.
BOOST_AUTO_TEST_CASE(starts_that_left_a_trace_are_counted) {
  ScratchDirectory scratch;
  for (const char* name : {"2.ended", "11.control", "5.serial", "notes"})
    std::ofstream{scratch.path() / name};
  auto wish =
      runtime::adoption_of(sample(), vm_id(7), node_of(1), scratch.path());
  BOOST_TEST(wish.start == 11U);
}

BOOST_AUTO_TEST_CASE(numbers_that_no_start_can_have_are_ignored) {
  ScratchDirectory scratch;
  for (const char* name :
       {"18446744073709551615.ended", "99999999999999999999.ended", "5abc.x"})
    std::ofstream{scratch.path() / name};
  auto wish =
      runtime::adoption_of(sample(), vm_id(7), node_of(1), scratch.path());
  BOOST_TEST(wish.start == 3U);
}

BOOST_AUTO_TEST_CASE(one_that_was_being_deleted_is_not_started) {
  ScratchDirectory scratch;
  auto former = sample();
  former.vms[vm_id(7)].is_deleting = true;
  auto wish = runtime::adoption_of(former, vm_id(7), node_of(1),
                                   scratch.path() / "none");
  BOOST_TEST((wish.wish == schema::VmWish::off));
  BOOST_TEST(!wish.lives);
}

BOOST_AUTO_TEST_CASE(former_guests_are_told_with_what_became_of_them) {
  auto former = sample();
  auto document = runtime::former_guests_document(
      &former, {}, [](const Id& vm) { return vm == vm_id(7); });
  BOOST_TEST(document["node"] == node_of(9).hex());
  const auto& guest = document["guests"][0];
  BOOST_TEST(guest["name"] == "web");
  BOOST_TEST(guest["lives"] == true);
  BOOST_TEST(guest["adopted"] == false);
  BOOST_TEST(
      runtime::former_guests_document(nullptr, {}, {})["node"].is_null());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
