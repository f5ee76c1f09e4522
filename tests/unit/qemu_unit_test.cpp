// What a guest may take and reach as a unit of systemd, and how that is said.
#include "runtime/qemu_unit.hpp"

#include <algorithm>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::GuestUnit;
using runtime::QemuGuest;
using runtime::unit_command;

namespace {

using Words = std::vector<std::string>;

QemuGuest small() {
  QemuGuest guest;
  guest.name = "web";
  guest.start = 7;
  guest.spec = events::profile_of(schema::VmKind::plain);
  guest.accelerator = "kvm";
  return guest;
}

GuestUnit unit_of(const QemuGuest& guest) {
  return runtime::qemu_unit(guest, {"/guests", "/run/guests", "/guests/web"});
}

/// Of the property in what is run; nothing if it is not set.
Words values_of(const GuestUnit& unit, const std::string& property) {
  auto start = "--property=" + property + "=";
  Words values;
  for (const auto& word : unit_command(unit, {}))
    if (word.starts_with(start)) values.push_back(word.substr(start.size()));
  return values;
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(qemu_unit)

BOOST_AUTO_TEST_CASE(each_start_is_a_service_of_the_guests_slice) {
  auto command = unit_command(unit_of(small()), {"/keeper"});
  BOOST_TEST(has(command, "--unit=ppn-guest-" + Id{}.hex() + "-7"));
  BOOST_TEST(has(command, "--slice=ppn-guests.slice"));
  BOOST_TEST(has(command, "--description=Guest web, start 7"));
}

BOOST_AUTO_TEST_CASE(its_memory_is_bounded_with_what_qemu_takes_itself) {
  auto guest = small();
  guest.spec.memory_mb = 1000;
  guest.spec.vcpus = 2;
  // 96 and 4 a vCPU, 15 for page tables, and 128 to spare.
  BOOST_TEST(values_of(unit_of(guest), "MemoryMax") == Words{"1247M"});
  guest.accelerator = "tcg";
  BOOST_TEST(values_of(unit_of(guest), "MemoryMax") == Words{"1375M"});
  guest.spec.disks = {{"bare"}, {"root"}};
  guest.spec.disks.back().base = Hash{};
  BOOST_TEST(values_of(unit_of(guest), "MemoryMax") == Words{"1471M"});
}

BOOST_AUTO_TEST_CASE(its_weight_is_that_of_its_spec) {
  auto guest = small();
  guest.spec.cpu_weight = 250;
  BOOST_TEST(values_of(unit_of(guest), "CPUWeight") == Words{"250"});
}

BOOST_AUTO_TEST_CASE(of_other_guests_it_sees_nothing) {
  auto guest = small();
  guest.spec.disks = {{"root"}};
  guest.disks = {{"/guests/web/root", "/guests/images/base"}};
  guest.kernel = "/guests/images/kernel";
  auto unit = unit_of(guest);
  BOOST_TEST(values_of(unit, "TemporaryFileSystem") ==
             (Words{"/guests:ro", "/run:ro"}));
  BOOST_TEST(values_of(unit, "BindReadOnlyPaths") ==
             (Words{"/guests/images/base", "/guests/images/kernel"}));
  BOOST_TEST(values_of(unit, "BindPaths") == Words{"/guests/web"});
}

BOOST_AUTO_TEST_CASE(it_opens_the_devices_that_it_needs) {
  auto guest = small();
  guest.spec.disks = {{"root"}};
  guest.spec.disks.front().device = "ssd";
  guest.disks = {{"/dev/sdb"}};
  BOOST_TEST(values_of(unit_of(guest), "DeviceAllow") ==
             (Words{"/dev/kvm rw", "/dev/sdb rw"}));
  guest = small();
  guest.accelerator = "tcg";
  BOOST_TEST(values_of(unit_of(guest), "DeviceAllow").empty());
  BOOST_TEST(values_of(unit_of(guest), "DevicePolicy") == Words{"closed"});
}

BOOST_AUTO_TEST_CASE(without_forwards_it_has_no_network) {
  auto unit = unit_of(small());
  BOOST_TEST(values_of(unit, "PrivateNetwork") == Words{"yes"});
}

BOOST_AUTO_TEST_CASE(its_forwards_reach_this_host_alone) {
  auto guest = small();
  guest.spec.forwards = {{8080, 80}};
  auto unit = unit_of(guest);
  BOOST_TEST(values_of(unit, "PrivateNetwork").empty());
  BOOST_TEST(values_of(unit, "IPAddressDeny") == Words{"any"});
  BOOST_TEST(values_of(unit, "IPAddressAllow") == Words{"localhost"});
}

BOOST_AUTO_TEST_CASE(unless_one_is_open) {
  auto guest = small();
  guest.spec.forwards = {{8080, 80}, {8443, 443}};
  guest.spec.forwards.back().open = true;
  BOOST_TEST(values_of(unit_of(guest), "IPAddressDeny").empty());
}

BOOST_AUTO_TEST_CASE(no_word_of_a_guest_is_the_name_of_a_variable) {
  auto command = unit_command(
      unit_of(small()), {"/keeper", "-append", "root=$ROOT ${HOME} 100%"});
  auto end = std::find(command.begin(), command.end(), "--");
  BOOST_TEST((Words{end, command.end()}) ==
             (Words{"--", "/keeper", "-append", "root=$$ROOT $${HOME} 100%"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
