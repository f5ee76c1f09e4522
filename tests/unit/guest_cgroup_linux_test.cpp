// The weight of a guest's process against others: what hosts of all kinds say
// of their control groups, and one group that is made on this one. That needs
// root and a hierarchy that may be changed; without, the test says so.
#include "runtime/guest_cgroup_linux.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using runtime::CgroupHost;
using runtime::CgroupPlace;
using runtime::CgroupVersion;
using runtime::cpu_group;
using runtime::cpu_weight_of;
using runtime::CpuGroup;
using runtime::forget_cgroup;
using runtime::guest_group;
using runtime::place_of;
using runtime::set_cpu_weight;
using runtime::shares_of_weight;
using runtime::weight_of_shares;
using store::ErrorCode;

namespace {

constexpr const char* hex_of_vm = "0123456789abcdef0123456789abcdef";
constexpr const char* service =
    "ppn-guest-0123456789abcdef0123456789abcdef-3.service";

// -- what hosts say -----------------------------------------------------------

/// Version 1, run by systemd; the process is a guest's service.
constexpr const char* groups_of_v1 =
    "11:devices:/ppn.slice/ppn-guests.slice\n"
    "4:cpu,cpuacct:/ppn.slice/ppn-guests.slice/"
    "ppn-guest-0123456789abcdef0123456789abcdef-3.service\n"
    "3:cpuset:/\n"
    "1:name=systemd:/ppn.slice/ppn-guests.slice/"
    "ppn-guest-0123456789abcdef0123456789abcdef-3.service\n";
constexpr const char* mounts_of_v1 =
    "25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "32 25 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
    "33 32 0:29 / /sys/fs/cgroup/cpuset rw shared:10 - cgroup cgroup "
    "rw,cpuset\n"
    "34 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup "
    "cgroup rw,cpu,cpuacct\n";

/// The controllers in version 1, processes in version 2 as well.
constexpr const char* groups_of_hybrid =
    "9:name=systemd:/\n"
    "2:cpuacct:/\n"
    "1:cpu:/ppn-guests/0123456789abcdef0123456789abcdef\n"
    "0::/user.slice\n";
constexpr const char* mounts_of_hybrid =
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup "
    "rw,cpuacct\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

constexpr const char* groups_of_v2 =
    "0::/ppn.slice/ppn-guests.slice/"
    "ppn-guest-0123456789abcdef0123456789abcdef-3.service\n";
constexpr const char* mounts_of_v2 =
    "22 28 0:21 / /proc rw,nosuid shared:14 - proc proc rw\n"
    "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

constexpr auto v1 = CgroupVersion::v1;
constexpr auto v2 = CgroupVersion::v2;

/// Where that group is, in words.
std::string seen(const CpuGroup& group, std::string_view mountinfo) {
  auto place = place_of(group, mountinfo);
  if (!place) return "nowhere";
  return place->folder.string() + " of " + place->mount.string();
}

std::string cpu_path(std::string_view cgroups) {
  auto group = cpu_group(cgroups);
  return group ? group->path : "none";
}

std::string text_of(const fs::path& path) {
  constexpr std::size_t size_max = std::size_t{1} << 20U;
  return must(store::read_file(path, size_max));
}

// -- hosts of this test's -----------------------------------------------------

/// A host that is made of files. The kernel would fill new folders; here those
/// that are to work are filled before.
struct Host {
  fs::path write(const fs::path& path, std::string_view text) {
    auto file = scratch / path.string();
    fs::create_directories(file.parent_path());
    std::ofstream{file} << text;
    return file;
  }

  /// Of the process 7, and of who asks.
  void say(std::string_view groups, const std::string& own_groups,
           const std::string& type_and_options) {
    write("proc/7/cgroup", groups);
    write("proc/self/cgroup", own_groups);
    write("proc/self/mountinfo", "29 22 0:26 / " + (scratch / "cg").string() +
                                     " rw - " + type_and_options + "\n");
  }

  /// Of version 2, with a folder for that guest.
  void be_ready_v2() {
    say("0::/\n", "0::/\n", "cgroup2 cgroup2 rw");
    write("cg/cgroup.subtree_control", "");
    write("cg/ppn-guests/cgroup.subtree_control", "");
    write(folder / "cpu.weight", "100\n");
    write(folder / "cgroup.procs", "");
  }

  void be_ready_v1() {
    say("1:cpu:/\n", "1:cpu:/\n", "cgroup cgroup rw,cpu");
    write(folder / "cpu.shares", "1024\n");
    write(folder / "cgroup.procs", "");
  }

  /// Notes what it is told, and ends as given.
  void make_systemctl(int code) {
    auto note = (scratch / "told").string();
    auto program =
        write("systemctl", "#!/bin/sh\necho \"$@\" >>'" + note + "'\nexit " +
                               std::to_string(code) + "\n");
    fs::permissions(program, fs::perms::owner_all);
  }

  ScratchDirectory scratch;
  CgroupHost host{scratch / "proc", scratch / "systemctl"};
  Id vm = of_hex<Id>(hex_of_vm);
  fs::path folder = fs::path{"cg/ppn-guests"} / hex_of_vm;
};

// -- this host ----------------------------------------------------------------

/// A process that does nothing, with a guest's id that is no other's, and
/// nothing of either once the test is over.
struct Idle {
  Idle() {
    auto number = static_cast<std::uint32_t>(::getpid());
    for (std::size_t i = 0; i < sizeof number; ++i)
      vm.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    BOOST_REQUIRE(pid > 0);
  }
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;
  ~Idle() {
    end();
    forget_cgroup(vm);
  }

  void end() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = 0;
  }

  pid_t pid = 0;
  Id vm;
};

/// Where this process is, if groups may be made there.
std::optional<CgroupPlace> place_for_groups() {
  if (::geteuid() != 0) return std::nullopt;
  auto group = cpu_group(text_of("/proc/self/cgroup"));
  auto place = group ? place_of(*group, text_of("/proc/self/mountinfo"))
                     : std::nullopt;
  if (!place || ::access(place->mount.c_str(), W_OK) != 0) return std::nullopt;
  if (group->version == v1) return place;
  // Where nobody did that yet it may be refused, as it is in most containers.
  std::ifstream handed_down{place->mount / "cgroup.subtree_control"};
  for (std::string word; handed_down >> word;)
    if (word == "cpu") return place;
  return std::nullopt;
}

/// Those of all guests, gone at the end if there were none at the beginning.
struct FolderOfAll {
  explicit FolderOfAll(const fs::path& mount)
      : path(mount / "ppn-guests"), was_there(fs::exists(path)) {}
  FolderOfAll(const FolderOfAll&) = delete;
  FolderOfAll& operator=(const FolderOfAll&) = delete;
  ~FolderOfAll() {
    if (!was_there) ::rmdir(path.c_str());
  }

  fs::path path;
  bool was_there;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(guest_cgroup_linux)

// -- weights and shares -------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_usual_weight_is_the_usual_number_of_shares) {
  BOOST_TEST(shares_of_weight(100) == 1024U);
  BOOST_TEST(shares_of_weight(1) == 10U);
  // 1013.76 of them.
  BOOST_TEST(shares_of_weight(99) == 1014U);
  BOOST_TEST(shares_of_weight(10'000) == 102'400U);
}

BOOST_AUTO_TEST_CASE(each_weight_comes_back_from_its_shares) {
  for (std::uint16_t weight = 1; weight <= 10'000; ++weight) {
    auto shares = shares_of_weight(weight);
    BOOST_REQUIRE(weight_of_shares(shares) == weight);
    // systemd rounds down.
    BOOST_REQUIRE(weight_of_shares(weight * 1024U / 100) == weight);
  }
}

BOOST_AUTO_TEST_CASE(shares_beyond_all_weights_are_the_nearest) {
  BOOST_TEST(weight_of_shares(0) == 1);
  BOOST_TEST(weight_of_shares(2) == 1);
  BOOST_TEST(weight_of_shares(262'144) == 10'000);
  BOOST_TEST(weight_of_shares(0xffff'ffff) == 10'000);
}

// -- groups -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_group_is_that_of_the_cpu_controller) {
  auto of_v1 = cpu_group(groups_of_v1);
  BOOST_REQUIRE(of_v1.has_value());
  BOOST_TEST((of_v1->version == v1));
  BOOST_TEST(of_v1->path ==
             std::string{"/ppn.slice/ppn-guests.slice/"} + service);
  auto of_hybrid = cpu_group(groups_of_hybrid);
  BOOST_REQUIRE(of_hybrid.has_value());
  BOOST_TEST((of_hybrid->version == v1));
  BOOST_TEST(of_hybrid->path == std::string{"/ppn-guests/"} + hex_of_vm);
  auto of_v2 = cpu_group(groups_of_v2);
  BOOST_REQUIRE(of_v2.has_value());
  BOOST_TEST((of_v2->version == v2));
  BOOST_TEST(of_v2->path ==
             std::string{"/ppn.slice/ppn-guests.slice/"} + service);
}

BOOST_AUTO_TEST_CASE(other_controllers_may_be_in_version_1) {
  auto group = cpu_group("5:cpuset:/set\n2:cpuacct:/acct\n0::/one\n");
  BOOST_REQUIRE(group.has_value());
  BOOST_TEST((group->version == v2));
  BOOST_TEST(group->path == "/one");
}

BOOST_AUTO_TEST_CASE(a_path_may_have_what_ends_other_fields) {
  BOOST_TEST(cpu_path("1:cpu:/a:cpu:/b c\\040\n") == "/a:cpu:/b c\\040");
  BOOST_TEST(cpu_path("0::/a::/b\n0::/c\n") == "/a::/b");
}

BOOST_AUTO_TEST_CASE(what_tells_of_no_group_is_passed_over) {
  for (const auto* garbled :
       {"", "\n\n", ":", "::", "1", "1:cpu", "1:cpu:", "1:cpu:relative",
        "0::", "0::..", "1:cpux:/", "1:xcpu,cpuacct:/", "1:name=cpu:/",
        "1::/unnumbered", "0:memory:/", "cpu:/", "\x80\xff:\xff:/\xfe"})
    BOOST_TEST(cpu_path(garbled) == "none", garbled);
  BOOST_TEST(cpu_path("1:cpu\n:::\n0::\n7:cpu:/right\n0::/other") == "/right");
}

BOOST_AUTO_TEST_CASE(a_guest_is_known_by_its_group) {
  auto made = guest_group(std::string{"/docker/1/ppn-guests/"} + hex_of_vm);
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(made->vm.hex() == hex_of_vm);
  BOOST_TEST(!made->service.has_value());
  auto given = guest_group(std::string{"/ppn.slice/"} + service);
  BOOST_REQUIRE(given.has_value());
  BOOST_TEST(given->vm.hex() == hex_of_vm);
  BOOST_TEST(given->service.value() == service);
}

BOOST_AUTO_TEST_CASE(who_shares_a_group_has_none_of_its_own) {
  const std::string id{hex_of_vm};
  for (const auto& path : {std::string{},
                           std::string{"/"},
                           std::string{"/user.slice"},
                           std::string{"/ppn-guests"},
                           std::string{"/ppn-guests/"},
                           "/" + id,
                           "/guests/" + id,
                           "/ppn-guests/" + id + "/more",
                           "/ppn-guests/" + id + "/",
                           "/ppn-guests/" + id + " (deleted)",
                           "/ppn-guests/" + id.substr(1),
                           "/ppn-guests/" + id + "0",
                           "/ppn-guests/ABCDEF" + id.substr(6),
                           "/ppn-guest-" + id + ".service",
                           "/ppn-guest-" + id + "-.service",
                           "/ppn-guest-" + id + "-1.scope",
                           "/ppn-guest-" + id + "-1.service/more",
                           "/ppn-guest-" + id + "-1x.service",
                           "/ppn-guest-" + id + "--1.service",
                           "/ppn-guest-" + id + "-99999999999999999999.service",
                           "/ppn-guest-" + id + "0-1.service",
                           "/x-ppn-guest-" + id + "-1.service",
                           std::string{"/ppn-guest-.service"},
                           std::string{"/ppn-guest-service"}})
    BOOST_TEST(!guest_group(path).has_value(), path);
}

// -- mounts -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_group_is_where_its_hierarchy_is_mounted) {
  BOOST_TEST(seen({v1, "/a/b"}, mounts_of_v1) ==
             "/sys/fs/cgroup/cpu,cpuacct/a/b of /sys/fs/cgroup/cpu,cpuacct");
  BOOST_TEST(seen({v1, "/a"}, mounts_of_hybrid) ==
             "/sys/fs/cgroup/cpu/a of /sys/fs/cgroup/cpu");
  BOOST_TEST(seen({v2, "/a"}, mounts_of_hybrid) ==
             "/sys/fs/cgroup/unified/a of /sys/fs/cgroup/unified");
  BOOST_TEST(seen({v2, "/"}, mounts_of_v2) ==
             "/sys/fs/cgroup of /sys/fs/cgroup");
  BOOST_TEST(seen({v2, "/"}, mounts_of_v1) == "nowhere");
  BOOST_TEST(seen({v1, "/"}, mounts_of_v2) == "nowhere");
}

BOOST_AUTO_TEST_CASE(what_is_mounted_may_be_a_part_of_it) {
  const auto* mounts =
      "33 32 0:29 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
  BOOST_TEST(seen({v1, "/docker/ab"}, mounts) ==
             "/sys/fs/cgroup/cpu of /sys/fs/cgroup/cpu");
  BOOST_TEST(seen({v1, "/docker/ab/c"}, mounts) ==
             "/sys/fs/cgroup/cpu/c of /sys/fs/cgroup/cpu");
  for (const auto* path : {"/", "/docker", "/docker/abc", "/c"})
    BOOST_TEST(seen({v1, path}, mounts) == "nowhere");
}

BOOST_AUTO_TEST_CASE(no_path_leads_out_of_its_mount) {
  for (const auto* path : {"/..", "/../x", "/a/../../etc", "/a/.."})
    BOOST_TEST(seen({v2, path}, mounts_of_v2) == "nowhere");
  // As a process outside of this one's namespace has it.
  const auto* outside = "29 22 0:26 /.. /cg rw - cgroup2 cgroup2 rw\n";
  BOOST_TEST(seen({v2, "/../x"}, outside) == "/cg/x of /cg");
  BOOST_TEST(seen({v2, "/a..b"}, mounts_of_v2) ==
             "/sys/fs/cgroup/a..b of /sys/fs/cgroup");
}

BOOST_AUTO_TEST_CASE(of_two_mounts_that_show_it_the_latter_counts) {
  const auto* mounts =
      "1 0 0:1 / /one rw - cgroup2 cgroup2 rw\n"
      "2 0 0:1 / /two rw - cgroup2 none rw\n"
      "3 0 0:1 /elsewhere /three rw - cgroup2 cgroup2 rw\n";
  BOOST_TEST(seen({v2, "/a"}, mounts) == "/two/a of /two");
}

BOOST_AUTO_TEST_CASE(mounts_are_told_with_escapes_and_optional_fields) {
  const auto* mounts =
      "1 0 0:1 /a\\040b /c\\011d\\134e rw shared:1 master:2 propagate_from:3 - "
      "cgroup  rw,cpu\n";
  BOOST_TEST(seen({v1, "/a b/x"}, mounts) == "/c\td\\e/x of /c\td\\e");
  const auto* no_escapes =
      "1 0 0:1 / /a\\9\\08b\\1 rw - cgroup cgroup rw,cpu\n";
  BOOST_TEST(seen({v1, "/"}, no_escapes) == "/a\\9\\08b\\1 of /a\\9\\08b\\1");
}

BOOST_AUTO_TEST_CASE(what_tells_of_no_mount_is_passed_over) {
  for (const auto* garbled :
       {"", "\n", " ", "-", "- cgroup cgroup rw,cpu",
        "1 0 0:1 / /cg - cgroup cgroup rw,cpu",
        "1 0 0:1 / /cg rw cgroup cgroup rw,cpu", "1 0 0:1 / /cg rw -",
        "1 0 0:1 / /cg rw - cgroup", "1 0 0:1 / /cg rw - cgroup cgroup",
        "1 0 0:1 / /cg rw - cgroup cgroup rw,cpuset,cpuacct,xcpu",
        "1 0 0:1 / /cg rw - tmpfs cgroup rw,cpu",
        "1 0 0:1 / /cg rw - cgroup3 cgroup2 rw,cpu",
        "1 0 0:1 / /cpu rw,cpu - cgroup cpu rw,name=cpu", "\xff\x80 \xfe"}) {
    BOOST_TEST(seen({v1, "/"}, garbled) == "nowhere", garbled);
    BOOST_TEST(seen({v2, "/"}, garbled) == "nowhere", garbled);
  }
}

// -- weights of hosts that are made of files ----------------------------------

BOOST_FIXTURE_TEST_CASE(a_weight_is_read_from_the_guests_own_group, Host) {
  say(groups_of_v2, "0::/\n", "cgroup2 cgroup2 rw");
  auto weight =
      fs::path{"cg/ppn.slice/ppn-guests.slice"} / service / "cpu.weight";
  write(weight, "250\n");
  BOOST_TEST((cpu_weight_of(7, host) == 250));
  write("proc/7/cgroup", "0::/ppn.slice/ppn-guests.slice\n");
  write("cg/ppn.slice/ppn-guests.slice/cpu.weight", "100\n");
  BOOST_TEST(!cpu_weight_of(7, host).has_value());
}

BOOST_FIXTURE_TEST_CASE(shares_are_read_as_a_weight, Host) {
  say(groups_of_hybrid, "1:cpu:/\n", "cgroup cgroup rw,cpu");
  write(folder / "cpu.shares", "2560\n");
  // Of no meaning in version 1.
  write(folder / "cpu.weight", "7\n");
  BOOST_TEST((cpu_weight_of(7, host) == 250));
}

BOOST_FIXTURE_TEST_CASE(what_is_no_weight_is_none, Host) {
  be_ready_v2();
  write("proc/7/cgroup", std::string{"0::/ppn-guests/"} + hex_of_vm + "\n");
  BOOST_TEST((cpu_weight_of(7, host) == 100));
  for (const auto* text :
       {"", "\n", "0\n", "-5\n", "10001\n", "65636\n", "4294967396\n", "12",
        "1x\n", " 1\n", "1\n\n", "idle\n"}) {
    write(folder / "cpu.weight", text);
    BOOST_TEST(!cpu_weight_of(7, host).has_value(), text);
  }
}

BOOST_FIXTURE_TEST_CASE(without_its_files_there_is_no_weight, Host) {
  BOOST_TEST(!cpu_weight_of(7, host).has_value());
  be_ready_v2();
  write("proc/7/cgroup", std::string{"0::/ppn-guests/"} + hex_of_vm + "\n");
  fs::remove(scratch / (folder / "cpu.weight").string());
  BOOST_TEST(!cpu_weight_of(7, host).has_value());
}

BOOST_FIXTURE_TEST_CASE(systemd_is_asked_for_the_weight_of_its_service, Host) {
  make_systemctl(0);
  for (const auto* groups : {groups_of_v1, groups_of_v2}) {
    say(groups, "0::/\n", "cgroup2 cgroup2 rw");
    must(set_cpu_weight(7, vm, 250, host));
  }
  // One whose controller is not used yet.
  say(std::string{"4:cpu,cpuacct:/\n1:name=systemd:/"} + service + "\n", "",
      "cgroup cgroup rw,cpu");
  must(set_cpu_weight(7, vm, 10'000, host));
  auto told = std::string{"set-property --runtime "} + service + " CPUWeight=";
  BOOST_TEST(text_of(scratch / "told") ==
             told + "250\n" + told + "250\n" + told + "10000\n");
  BOOST_TEST(!fs::exists(scratch / "cg"));
}

BOOST_FIXTURE_TEST_CASE(why_systemd_did_not_is_told, Host) {
  say(groups_of_v2, "0::/\n", "cgroup2 cgroup2 rw");
  auto absent = error_of(set_cpu_weight(7, vm, 250, host));
  BOOST_TEST(absent.code == ErrorCode::io);
  make_systemctl(1);
  auto refused = error_of(set_cpu_weight(7, vm, 250, host));
  BOOST_TEST(refused.code == ErrorCode::io);
  for (const auto& error : {absent, refused}) {
    BOOST_TEST(mentions(error.message, service));
    BOOST_TEST(mentions(error.message, host.systemctl.string()));
  }
}

BOOST_FIXTURE_TEST_CASE(in_version_2_the_controller_is_handed_down, Host) {
  be_ready_v2();
  must(set_cpu_weight(7, vm, 99, host));
  BOOST_TEST(text_of(scratch / "cg/cgroup.subtree_control") == "+cpu");
  BOOST_TEST(text_of(scratch / "cg/ppn-guests/cgroup.subtree_control") ==
             "+cpu");
  auto own = scratch / folder.string();
  BOOST_TEST(text_of(own / "cpu.weight") == "99");
  BOOST_TEST(text_of(own / "cgroup.procs") == "7");
}

BOOST_FIXTURE_TEST_CASE(in_version_1_it_gets_shares, Host) {
  be_ready_v1();
  must(set_cpu_weight(7, vm, 1, host));
  auto own = scratch / folder.string();
  BOOST_TEST(text_of(own / "cpu.shares") == "10");
  BOOST_TEST(text_of(own / "cgroup.procs") == "7");
}

BOOST_FIXTURE_TEST_CASE(what_the_host_lacks_is_told, Host) {
  be_ready_v2();
  auto controllers = scratch / "cg/cgroup.subtree_control";
  fs::remove(controllers);
  auto error = error_of(set_cpu_weight(7, vm, 99, host));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "get no cpu controller"));
  BOOST_TEST(mentions(error.message, controllers.string()));
  say("3:memory:/\n", "3:memory:/\n", "cgroup cgroup rw,memory");
  error = error_of(set_cpu_weight(7, vm, 99, host));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "with the cpu controller"));
}

BOOST_FIXTURE_TEST_CASE(what_fails_leaves_no_group, Host) {
  // Its folder stays empty, unlike what a kernel makes.
  say("1:cpu:/\n", "1:cpu:/\n", "cgroup cgroup rw,cpu");
  fs::create_directory(scratch / "cg");
  auto error = error_of(set_cpu_weight(7, vm, 99, host));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "cpu.shares"));
  BOOST_TEST(fs::is_empty(scratch / "cg/ppn-guests"));
}

BOOST_FIXTURE_TEST_CASE(the_process_of_another_guest_is_left_alone, Host) {
  be_ready_v2();
  make_systemctl(0);
  auto other = with_bit_flipped(vm, 0);
  for (const auto& path :
       {std::string{"/"} + service, std::string{"/ppn-guests/"} + hex_of_vm}) {
    write("proc/7/cgroup", "0::" + path + "\n");
    auto error = error_of(set_cpu_weight(7, other, 99, host));
    BOOST_TEST(error.code == ErrorCode::bad_input);
    BOOST_TEST(mentions(error.message, other.hex()));
  }
  BOOST_TEST(!fs::exists(scratch / "told"));
  BOOST_TEST(!fs::exists(scratch / "cg/ppn-guests" / other.hex()));
  BOOST_TEST(text_of(scratch / "cg/cgroup.subtree_control").empty());
}

BOOST_FIXTURE_TEST_CASE(no_weight_is_set_that_is_none, Host) {
  be_ready_v2();
  for (auto weight : std::array<std::uint16_t, 3>{0, 10'001, 65'535})
    BOOST_TEST(
        is_error(set_cpu_weight(7, vm, weight, host), ErrorCode::bad_input));
  BOOST_TEST(is_error(set_cpu_weight(8, vm, 100, host), ErrorCode::not_found));
  BOOST_TEST(text_of(scratch / "cg/cgroup.subtree_control").empty());
}

BOOST_FIXTURE_TEST_CASE(an_empty_group_is_forgotten_and_no_other, Host) {
  forget_cgroup(vm, host);
  say("", "0::/\n", "cgroup2 cgroup2 rw");
  forget_cgroup(vm, host);
  auto own = scratch / folder.string();
  auto other = own.parent_path() / with_bit_flipped(vm, 0).hex();
  fs::create_directories(own);
  fs::create_directories(other);
  forget_cgroup(vm, host);
  BOOST_TEST(!fs::exists(own));
  BOOST_TEST(fs::exists(other));
}

// -- this host ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_process_of_this_host_is_weighed) {
  auto place = place_for_groups();
  if (!place) {
    BOOST_TEST_MESSAGE(
        "only root can weigh processes, and only where groups with a cpu "
        "controller can be made: not tried here");
    return;
  }
  FolderOfAll all{place->mount};
  Idle idle;
  auto own = all.path / idle.vm.hex();
  BOOST_TEST(!cpu_weight_of(idle.pid).has_value());
  must(set_cpu_weight(idle.pid, idle.vm, 250));
  BOOST_TEST((cpu_weight_of(idle.pid) == 250));
  BOOST_TEST(text_of(own / "cgroup.procs") == std::to_string(idle.pid) + "\n");
  for (auto weight : std::array<std::uint16_t, 3>{1, 99, 10'000}) {
    must(set_cpu_weight(idle.pid, idle.vm, weight));
    BOOST_TEST((cpu_weight_of(idle.pid) == weight));
  }
  BOOST_TEST(!cpu_weight_of(::getpid()).has_value());
  // As long as it lives that is not taken from it.
  forget_cgroup(idle.vm);
  BOOST_TEST((cpu_weight_of(idle.pid) == 10'000));
  idle.end();
  forget_cgroup(idle.vm);
  BOOST_TEST(!fs::exists(own));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
