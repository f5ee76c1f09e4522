// What a guest may be: profiles, flaws, and what is stored of it.
#include "events/vm_spec.hpp"

#include <functional>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace {

using events::flaw_of;
using events::VmDisk;
using events::VmForward;
using events::VmSpec;
using schema::DiskFormat;
using schema::RestartPolicy;
using schema::VmKind;

const std::vector<VmKind> kinds{VmKind::plain, VmKind::media_kit,
                                VmKind::totebox, VmKind::orchestration,
                                VmKind::private_git};

Hash hash_of(std::uint8_t number) {
  Hash hash;
  hash.bytes.fill(number);
  return hash;
}

NodeId some_node() {
  NodeId node;
  node.bytes.fill(7);
  return node;
}

/// As little as a guest can be.
VmSpec small() {
  auto spec = events::profile_of(VmKind::plain);
  spec.disks = {{"root", DiskFormat::qcow2, 1024}};
  return spec;
}

VmSpec with_kernel() {
  auto spec = events::profile_of(VmKind::plain);
  spec.kernel = hash_of(1);
  return spec;
}

/// All that a guest can have at once.
VmSpec full() {
  auto spec = events::profile_of(VmKind::totebox);
  spec.vcpus = 3;
  spec.memory_mb = 1025;
  spec.floor_mb = 300;
  spec.cpu_weight = 250;
  spec.disks = {{"root", DiskFormat::qcow2, 2048, hash_of(1)},
                {"tools", DiskFormat::qcow2, 0, hash_of(2), "", true},
                {"scratch", DiskFormat::raw, 64},
                {"archive", DiskFormat::raw, 0, {}, "vault-1"}};
  spec.kernel = hash_of(3);
  spec.initrd = hash_of(4);
  spec.command_line = "console=ttyS0 root=/dev/vda quiet,\"=on";
  spec.forwards = {{10'024, 22}, {8080, 80, false, true}};
  spec.cloud_init = hash_of(5);
  spec.autostart = false;
  spec.restart = RestartPolicy::always;
  spec.node = some_node();
  return spec;
}

std::string flaw(const VmSpec& spec) { return flaw_of(spec).value_or(""); }

/// The flaw of one that is like another but for one thing.
std::string flaw_after(VmSpec spec,
                       const std::function<void(VmSpec&)>& change) {
  change(spec);
  return flaw(spec);
}

std::string disk_flaw(const VmDisk& disk) {
  return flaw_after(small(), [&](VmSpec& spec) { spec.disks = {disk}; });
}

std::string forwards_flaw(const std::vector<VmForward>& forwards) {
  return flaw_after(small(), [&](VmSpec& spec) { spec.forwards = forwards; });
}

std::string bridge_flaw(const std::string& name) {
  return flaw_after(small(), [&](VmSpec& spec) { spec.bridge = name; });
}

/// Names that would be something else where a path, an option or a line is due.
const std::vector<std::string> hostile_names{"..",
                                             "../root",
                                             "/etc/shadow",
                                             "a/b",
                                             "a,readonly",
                                             "a=on",
                                             "json:{}",
                                             "file:a",
                                             "a\nb",
                                             "a\"b",
                                             "-drive",
                                             "a b",
                                             "a%n",
                                             "\xc3\xa9",
                                             "nbd:host:1",
                                             "$(id)",
                                             "a-",
                                             "A",
                                             "a.qcow2",
                                             std::string{"a\0b", 3},
                                             std::string(64, 'a')};

// -- what is stored -----------------------------------------------------------

std::optional<VmSpec> read_back(const schema::VmSpecT& stored) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(schema::CreateVmSpec(builder, &stored));
  flatbuffers::Verifier verifier{builder.GetBufferPointer(), builder.GetSize()};
  BOOST_REQUIRE(verifier.VerifyBuffer<schema::VmSpec>(nullptr));
  return events::read_spec(
      *flatbuffers::GetRoot<schema::VmSpec>(builder.GetBufferPointer()));
}

bool is_read_after(const std::function<void(schema::VmSpecT&)>& change) {
  auto spec = events::stored(full());
  change(spec);
  return read_back(spec).has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_spec)

// -- kinds --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_kind_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (auto kind : kinds) {
    auto name = events::name_of(kind);
    BOOST_TEST((events::kind_of(name) == kind));
    names.insert(name);
  }
  BOOST_TEST(
      (names == std::set<std::string_view>{"plain", "mediakit", "totebox",
                                           "orchestration", "privategit"}));
}

BOOST_AUTO_TEST_CASE(a_host_is_no_guest) {
  for (const auto* name : {"infrastructure", "", "Plain", "media_kit"})
    BOOST_TEST((events::kind_of(name) == VmKind::unknown), name);
  BOOST_TEST(events::name_of(VmKind::unknown).empty());
  BOOST_TEST(events::name_of(VmKind{200}).empty());
}

BOOST_AUTO_TEST_CASE(a_plain_guest_is_small_and_bare) {
  auto spec = events::profile_of(VmKind::plain);
  BOOST_TEST(spec.vcpus == 1);
  BOOST_TEST(spec.memory_mb == 512U);
  BOOST_TEST(spec.disks.empty());
  BOOST_TEST(spec.forwards.empty());
}

BOOST_AUTO_TEST_CASE(the_other_kinds_have_their_profiles) {
  struct Expected {
    VmKind kind;
    std::uint32_t memory_mb;
    std::uint16_t ssh;
    std::size_t services;
  };
  for (auto [kind, memory_mb, ssh, services] :
       {Expected{VmKind::media_kit, 6144, 10'022, 8},
        Expected{VmKind::orchestration, 4096, 10'023, 3},
        Expected{VmKind::totebox, 4096, 10'024, 0},
        Expected{VmKind::private_git, 2048, 10'025, 0}}) {
    auto spec = events::profile_of(kind);
    BOOST_TEST_CONTEXT(events::name_of(kind)) {
      BOOST_TEST((spec.kind == kind));
      BOOST_TEST(spec.vcpus == 2);
      BOOST_TEST(spec.memory_mb == memory_mb);
      BOOST_TEST((spec.disks ==
                  std::vector<VmDisk>{{"root", DiskFormat::qcow2, 20'480}}));
      BOOST_TEST_REQUIRE(spec.forwards.size() == services + 1);
      BOOST_TEST((spec.forwards[0] == VmForward{ssh, 22}));
      for (std::size_t i = 1; i <= services; ++i)
        BOOST_TEST(spec.forwards[i].host_port ==
                   spec.forwards[i].guest_port + 10'000);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_mediakit_serves_what_it_is_known_for) {
  std::vector<std::uint16_t> ports;
  for (const auto& forward : events::profile_of(VmKind::media_kit).forwards)
    ports.push_back(forward.host_port);
  BOOST_TEST(ports == (std::vector<std::uint16_t>{10'022, 19'090, 19'092,
                                                  19'093, 19'095, 19'096,
                                                  19'100, 19'101, 19'102}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_profile_lacks_only_what_nobody_else_can_know) {
  for (auto kind : kinds) {
    auto spec = events::profile_of(kind);
    if (kind == VmKind::totebox) spec.node = some_node();
    if (kind == VmKind::plain) spec.kernel = hash_of(1);
    BOOST_TEST(flaw_of(spec, {}).value_or("") == "", events::name_of(kind));
    BOOST_TEST(spec.floor_mb == events::floor_usual(spec.memory_mb));
    BOOST_TEST(spec.autostart);
    BOOST_TEST((spec.restart == RestartPolicy::on_failure));
  }
}

BOOST_AUTO_TEST_CASE(a_floor_is_a_quarter_if_that_is_enough_to_live_on) {
  BOOST_TEST(events::floor_usual(6144) == 1536U);
  BOOST_TEST(events::floor_usual(1024) == 256U);
  BOOST_TEST(events::floor_usual(512) == 256U);
  BOOST_TEST(events::floor_usual(100) == 100U);
}

// -- the machine --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_may_have_all_at_once) {
  BOOST_TEST(flaw(small()) == "");
  BOOST_TEST(flaw(full()) == "");
}

BOOST_AUTO_TEST_CASE(vcpus_are_bounded) {
  auto with = [](std::uint16_t vcpus) {
    return flaw_after(small(), [&](VmSpec& spec) { spec.vcpus = vcpus; });
  };
  BOOST_TEST(with(1) == "");
  BOOST_TEST(with(256) == "");
  BOOST_TEST(with(0) == "give the guest 1 to 256 vCPUs");
  BOOST_TEST(with(257) == with(0));
}

BOOST_AUTO_TEST_CASE(memory_is_bounded) {
  auto with = [](std::uint32_t memory_mb) {
    return flaw_after(small(), [&](VmSpec& spec) {
      spec.memory_mb = memory_mb;
      spec.floor_mb = 1;
    });
  };
  BOOST_TEST(with(16) == "");
  BOOST_TEST(with(1U << 24U) == "");
  BOOST_TEST(with(15) == "give the guest 16 to 16777216 MB of memory");
  BOOST_TEST(with((1U << 24U) + 1) == with(15));
}

BOOST_AUTO_TEST_CASE(a_floor_lies_within_the_memory) {
  auto with = [](std::uint32_t floor_mb) {
    return flaw_after(small(), [&](VmSpec& spec) { spec.floor_mb = floor_mb; });
  };
  BOOST_TEST(with(1) == "");
  BOOST_TEST(with(512) == "");
  BOOST_TEST(with(513) ==
             "give the guest a floor within its memory: 1 to 512 "
             "MB");
  BOOST_TEST(with(0) == with(513));
}

BOOST_AUTO_TEST_CASE(a_weight_is_one_that_the_kernel_takes) {
  auto with = [](std::uint16_t weight) {
    return flaw_after(small(), [&](VmSpec& spec) { spec.cpu_weight = weight; });
  };
  BOOST_TEST(with(1) == "");
  BOOST_TEST(with(10'000) == "");
  BOOST_TEST(mentions(with(0), "1 to 10000"));
  BOOST_TEST(with(10'001) == with(0));
}

BOOST_AUTO_TEST_CASE(what_a_number_does_not_stand_for_is_refused) {
  for (auto number : std::initializer_list<std::uint8_t>{0, 6, 255}) {
    auto as_kind = [&](VmSpec& spec) { spec.kind = VmKind{number}; };
    BOOST_TEST(mentions(flaw_after(small(), as_kind), "say which"));
    auto as_restart = [&](VmSpec& spec) {
      spec.restart = RestartPolicy{number};
    };
    BOOST_TEST(mentions(flaw_after(small(), as_restart), "say which"));
    auto as_format = [&](VmSpec& spec) {
      spec.disks[0].format = DiskFormat{number};
    };
    BOOST_TEST(mentions(flaw_after(small(), as_format), "say which"));
  }
}

BOOST_AUTO_TEST_CASE(a_totebox_names_its_node) {
  auto spec = events::profile_of(VmKind::totebox);
  BOOST_TEST(flaw(spec) == "a totebox stays where it is: name its node");
  spec.node = some_node();
  BOOST_TEST(flaw(spec) == "");
}

// -- what it starts -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_has_something_to_start) {
  BOOST_TEST(flaw(events::profile_of(VmKind::plain)) ==
             "the guest has nothing to start: give it a kernel or a disk");
  BOOST_TEST(flaw(with_kernel()) == "");
}

BOOST_AUTO_TEST_CASE(what_is_for_a_kernel_needs_one) {
  auto initrd = [](VmSpec& spec) { spec.initrd = hash_of(1); };
  auto line = [](VmSpec& spec) { spec.command_line = "quiet"; };
  BOOST_TEST(mentions(flaw_after(small(), initrd), "are for a kernel"));
  BOOST_TEST(mentions(flaw_after(small(), line), "are for a kernel"));
  BOOST_TEST(flaw_after(with_kernel(), initrd) == "");
  BOOST_TEST(flaw_after(with_kernel(), line) == "");
}

BOOST_AUTO_TEST_CASE(a_command_line_is_printable_and_short) {
  auto with = [](const std::string& line) {
    return flaw_after(with_kernel(),
                      [&](VmSpec& spec) { spec.command_line = line; });
  };
  BOOST_TEST(with(std::string(2047, '~')) == "");
  BOOST_TEST(with("a, b=\"c\" -drive file=x") == "");
  for (const auto& line : {std::string(2048, 'a'), std::string{"a\nb"},
                           std::string{"\x7f"}, std::string{"\xc3\xa9"},
                           std::string{"a\0b", 3}, std::string{"\x1b[2J"}})
    BOOST_TEST(mentions(with(line), "at most 2047 printable"));
}

// -- disks --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(disks_are_so_many_and_no_more) {
  auto with = [](std::size_t count) {
    return flaw_after(small(), [&](VmSpec& spec) {
      spec.disks.clear();
      for (std::size_t i = 0; i < count; ++i)
        spec.disks.push_back({"d" + std::to_string(i), DiskFormat::raw, 1});
    });
  };
  BOOST_TEST(with(16) == "");
  BOOST_TEST(with(17) == "give the guest at most 16 disks");
}

BOOST_AUTO_TEST_CASE(a_disk_has_a_name_that_is_nothing_else) {
  BOOST_TEST(disk_flaw({std::string(63, 'a'), DiskFormat::raw, 1}) == "");
  BOOST_TEST(disk_flaw({"", DiskFormat::raw, 1}) ==
             "the name of a disk is 1 to 63 of a-z, 0-9 and inner hyphens");
  for (const auto& name : hostile_names)
    BOOST_TEST(
        mentions(disk_flaw({name, DiskFormat::raw, 1}), "the name of a disk"),
        name);
}

BOOST_AUTO_TEST_CASE(two_disks_have_two_names) {
  auto twice = [](VmSpec& spec) {
    spec.disks.push_back({"root", DiskFormat::raw, 1});
  };
  BOOST_TEST(flaw_after(small(), twice) ==
             "two disks are called root: give each a name of its own");
}

BOOST_AUTO_TEST_CASE(a_raw_disk_has_no_base) {
  BOOST_TEST(disk_flaw({"root", DiskFormat::qcow2, 1, hash_of(1)}) == "");
  BOOST_TEST(mentions(disk_flaw({"root", DiskFormat::raw, 1, hash_of(1)}),
                      "a raw disk has no base"));
}

BOOST_AUTO_TEST_CASE(a_disk_has_a_size_of_its_own_or_of_its_base) {
  BOOST_TEST(disk_flaw({"root", DiskFormat::qcow2, 0, hash_of(1)}) == "");
  BOOST_TEST(disk_flaw({"root", DiskFormat::qcow2, 0}) ==
             "the disk root needs a size, or a base");
  BOOST_TEST(disk_flaw({"root", DiskFormat::raw, 1ULL << 26U}) == "");
  BOOST_TEST(mentions(disk_flaw({"root", DiskFormat::raw, (1ULL << 26U) + 1}),
                      "at most 67108864 MB"));
}

BOOST_AUTO_TEST_CASE(a_device_is_used_as_it_is) {
  auto device = [](VmDisk disk) {
    disk.device = "vault";
    return disk_flaw(disk);
  };
  BOOST_TEST(device({"root", DiskFormat::raw}) == "");
  BOOST_TEST(mentions(device({"root", DiskFormat::raw, 1}), "its size"));
  BOOST_TEST(
      mentions(device({"root", DiskFormat::raw, 0, hash_of(1)}), "its base"));
}

// Else a guest could write a header on it that names what the next one reads.
BOOST_AUTO_TEST_CASE(what_lies_on_a_device_is_not_interpreted) {
  BOOST_TEST(disk_flaw({"root", DiskFormat::qcow2, 0, {}, "vault"}) ==
             "a device is used raw: say so of the disk root");
}

BOOST_AUTO_TEST_CASE(a_device_is_a_name_and_no_path) {
  for (const auto& name : hostile_names)
    BOOST_TEST(mentions(disk_flaw({"root", DiskFormat::raw, 0, {}, name}),
                        "the name of a device"),
               name);
}

BOOST_AUTO_TEST_CASE(a_device_is_one_disk_of_a_guest) {
  auto twice = [](VmSpec& spec) {
    spec.disks = {{"a", DiskFormat::raw, 0, {}, "vault"},
                  {"b", DiskFormat::raw, 0, {}, "vault"}};
  };
  BOOST_TEST(flaw_after(small(), twice) ==
             "two disks are the device vault: leave one out");
}

// -- the network --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_bridge_has_a_name_that_linux_can_give) {
  for (const auto* name : {"br0", "virbr-lan.2", "_x", "BR", "a23456789012345"})
    BOOST_TEST(bridge_flaw(name) == "", name);
  for (const auto* name : {"a234567890123456", "-br0", ".", "..", "br/0",
                           "br0,script=/x", "br 0", "br\n", "br0;id", "br:1"})
    BOOST_TEST(mentions(bridge_flaw(name), "the name of a bridge"), name);
}

BOOST_AUTO_TEST_CASE(a_forward_has_two_ports) {
  BOOST_TEST(forwards_flaw({{1, 65'535}, {65'535, 1}}) == "");
  BOOST_TEST(mentions(forwards_flaw({{0, 22}}), "each 1 to 65535"));
  BOOST_TEST(mentions(forwards_flaw({{22, 0}}), "each 1 to 65535"));
}

BOOST_AUTO_TEST_CASE(two_forwards_have_two_ports_of_the_host) {
  BOOST_TEST(forwards_flaw({{8080, 80}, {8081, 80}}) == "");
  BOOST_TEST(forwards_flaw({{8080, 80}, {8080, 81, false, true}}) ==
             "two forwards are at the port 8080 of the host: give each one of "
             "its own");
}

BOOST_AUTO_TEST_CASE(what_a_guest_could_not_answer_is_not_forwarded) {
  BOOST_TEST(mentions(forwards_flaw({{5353, 53, true}}), "UDP"));
}

BOOST_AUTO_TEST_CASE(forwards_are_so_many_and_no_more) {
  std::vector<VmForward> forwards;
  for (std::uint16_t i = 0; i < 64; ++i)
    forwards.push_back({static_cast<std::uint16_t>(1000 + i), 80});
  BOOST_TEST(forwards_flaw(forwards) == "");
  forwards.push_back({2000, 80});
  BOOST_TEST(forwards_flaw(forwards) == "give the guest at most 64 forwards");
}

BOOST_AUTO_TEST_CASE(a_guest_at_a_bridge_has_no_forwards) {
  auto spec = small();
  spec.bridge = "br0";
  spec.forwards = {{8080, 80}};
  BOOST_TEST(mentions(flaw(spec), "leave out its forwards, or the bridge"));
}

// -- what a host allows -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_bridge_is_for_guests_if_the_host_says_so) {
  auto spec = small();
  spec.bridge = "br0";
  BOOST_TEST(mentions(flaw_of(spec, {}).value_or(""), "[guests] bridges"));
  BOOST_TEST(mentions(flaw_of(spec, {{"br1"}, {"br0"}, true}).value_or(""),
                      "[guests] bridges"));
  BOOST_TEST(!flaw_of(spec, {{"br0"}, {}, false}));
}

BOOST_AUTO_TEST_CASE(a_device_is_for_guests_if_the_host_says_so) {
  auto spec = small();
  spec.disks.push_back({"data", DiskFormat::raw, 0, {}, "vault"});
  BOOST_TEST(mentions(flaw_of(spec, {}).value_or(""), "[guests] devices"));
  BOOST_TEST(mentions(flaw_of(spec, {{"vault"}, {"v"}, true}).value_or(""),
                      "[guests] devices"));
  BOOST_TEST(!flaw_of(spec, {{}, {"vault"}, false}));
}

BOOST_AUTO_TEST_CASE(a_forward_is_open_if_the_host_says_so) {
  auto spec = small();
  spec.forwards = {{8080, 80}, {8081, 81, false, true}};
  BOOST_TEST(
      mentions(flaw_of(spec, {}).value_or(""), "[guests] open_forwards"));
  BOOST_TEST(!flaw_of(spec, {{}, {}, true}));
  spec.forwards.pop_back();
  BOOST_TEST(!flaw_of(spec, {}));
}

BOOST_AUTO_TEST_CASE(no_host_allows_a_flaw) {
  auto spec = small();
  spec.bridge = "../br0";
  BOOST_TEST((flaw_of(spec, {{"../br0"}, {}, true}) == flaw_of(spec)));
}

// -- images -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(all_images_of_a_guest_are_told_once) {
  BOOST_TEST(events::images_of(small()).empty());
  auto spec = full();
  spec.disks.push_back({"more", DiskFormat::qcow2, 0, hash_of(3)});
  BOOST_TEST((events::images_of(spec) ==
              std::set{hash_of(1), hash_of(2), hash_of(3), hash_of(4)}));
}

// -- what is stored -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_is_stored_is_read_as_it_was) {
  auto at_bridge = small();
  at_bridge.bridge = "br0";
  for (const auto& spec : {small(), with_kernel(), at_bridge, full()})
    BOOST_TEST((read_back(events::stored(spec)) == spec));
}

BOOST_AUTO_TEST_CASE(nothing_at_all_is_no_guest) { BOOST_TEST(!read_back({})); }

BOOST_AUTO_TEST_CASE(what_has_a_flaw_is_not_read) {
  BOOST_TEST(is_read_after([](auto&) {}));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.vcpus = 0; }));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.kind = VmKind{9}; }));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.node = nullptr; }));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.kernel = nullptr; }));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.bridge = "../x"; }));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.disks[0]->name = "../x"; }));
  BOOST_TEST(
      !is_read_after([](auto& spec) { spec.disks[3]->device = "/dev/sda"; }));
  BOOST_TEST(!is_read_after([](auto& spec) { spec.forwards[0]->udp = true; }));
  BOOST_TEST(!is_read_after(
      [](auto& spec) { spec.disks[0]->format = DiskFormat{77}; }));
}

// Many of them may be one and the same bytes, which are small only there.
BOOST_AUTO_TEST_CASE(more_than_a_guest_can_have_is_not_even_copied) {
  flatbuffers::FlatBufferBuilder builder;
  auto name = builder.CreateString(std::string(1'000'000, 'a'));
  std::vector<flatbuffers::Offset<schema::VmDisk>> disks(
      1'000'000, schema::CreateVmDisk(builder, name, DiskFormat::raw, 1));
  auto all = builder.CreateVector(disks);
  builder.Finish(
      schema::CreateVmSpec(builder, VmKind::plain, 1, 512, 256, 100, all));
  BOOST_TEST(!events::read_spec(
      *flatbuffers::GetRoot<schema::VmSpec>(builder.GetBufferPointer())));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
