// QEMU is run to prove accelerators, and nothing is left of it: by programs
// that stand for it, and by itself.
#include "runtime/acceleration_linux.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "runtime/program_linux.hpp"
#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::prove_acceleration;
using runtime::Qemu;

namespace {

constexpr uid_t nobody = 65'534;

/// A program that stands for QEMU, and the devices of a host.
class FakeQemu {
 public:
  /// What it does by each of the two is said in shell.
  FakeQemu(const std::string& by_kvm, const std::string& by_tcg) {
    // Whom it is run as must come to it.
    ::chmod(scratch_.path().c_str(), 0755);
    write("qemu",
          "#!/bin/sh\n"
          "case $* in\n"
          "--version) echo QEMU of tests; exit;;\n"
          "*help) printf 'Accelerators:\\ntcg\\nkvm\\n'; exit;;\n"
          "*'-accel kvm '*) " +
              by_kvm +
              ";;\n"
              "*'-accel tcg '*) " +
              by_tcg + ";;\nesac\n");
    ::chmod((scratch_ / "qemu").c_str(), 0755);
    write("kvm", "");
    ::chmod((scratch_ / "kvm").c_str(), 0666);
  }

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return scratch_ / name;
  }

  [[nodiscard]] Qemu program() const {
    bool is_root = ::geteuid() == 0;
    return {scratch_ / "qemu", "x86_64", is_root ? nobody : ::geteuid(),
            is_root ? nobody : ::getegid(), scratch_.path()};
  }

  [[nodiscard]] events::Acceleration prove(
      std::chrono::milliseconds patience = std::chrono::minutes{1}) const {
    return must(prove_acceleration(program(), patience));
  }

  /// What is told of kvm, which did not work.
  [[nodiscard]] std::string kvm_refusal(
      std::chrono::milliseconds patience = std::chrono::minutes{1}) const {
    auto tried = prove(patience).tried;
    BOOST_REQUIRE(!tried.empty());
    BOOST_TEST(tried.front().name == "kvm");
    BOOST_TEST(!tried.front().works);
    return tried.front().reason;
  }

 private:
  void write(std::string_view name, std::string_view text) const {
    std::ofstream{scratch_ / name} << text;
  }

  ScratchDirectory scratch_;
};

/// That a guest ran.
std::string success() {
  return "exit " + std::to_string(runtime::probe_guest("x86_64")->exit_code);
}

/// Tells what a command of the shell writes.
std::string telling(const std::string& command) {
  return command + " >&2; exit 1";
}

/// One that is not root's.
gid_t give_kvm_a_group(const FakeQemu& qemu, mode_t mode) {
  auto device = qemu / "kvm";
  gid_t group = ::geteuid() == 0 ? 12'345 : ::getegid();
  BOOST_REQUIRE(::chown(device.c_str(), ::geteuid(), group) == 0);
  BOOST_REQUIRE(::chmod(device.c_str(), mode) == 0);
  return group;
}

/// A pipe with a name, to see when the last process is gone that has it open.
class Pipe {
 public:
  explicit Pipe(const std::filesystem::path& path) {
    ::mkfifo(path.c_str(), 0600);
    ::chmod(path.c_str(), 0666);
    pipe_ = store::FileHandle{::open(path.c_str(), O_RDONLY | O_NONBLOCK)};
  }

  [[nodiscard]] bool is_left() const {
    constexpr int patience_ms = 60'000;
    pollfd left{pipe_.get(), 0, 0};
    return ::poll(&left, 1, patience_ms) == 1 && (left.revents & POLLHUP) != 0;
  }

 private:
  store::FileHandle pipe_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(acceleration_linux)

// -- which one is taken -------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_best_that_ran_the_guest_is_taken) {
  FakeQemu qemu{success(), success()};
  auto proof = qemu.prove();
  BOOST_TEST(proof.accelerator == "kvm");
  BOOST_TEST((proof.tried == std::vector<events::TriedAccelerator>{
                                 {"kvm", true, "the guest ran"},
                                 {"tcg", true, "the guest ran"}}));
}

BOOST_AUTO_TEST_CASE(one_that_crashes_is_not_taken) {
  FakeQemu qemu{"echo MSR 0x10a >&2; kill -ABRT $$", success()};
  auto proof = qemu.prove();
  BOOST_TEST(proof.accelerator == "tcg");
  BOOST_TEST(proof.tried.at(0).reason == "QEMU ended by signal 6: MSR 0x10a");
}

BOOST_AUTO_TEST_CASE(one_that_says_all_is_well_is_not_taken) {
  FakeQemu qemu{"exit 0", success()};
  BOOST_TEST(qemu.prove().accelerator == "tcg");
}

BOOST_AUTO_TEST_CASE(none_is_taken_if_the_guest_never_ran) {
  FakeQemu qemu{"exit 1", "exit 1"};
  auto proof = qemu.prove();
  BOOST_TEST(proof.accelerator.empty());
  BOOST_TEST(proof.tried.size() == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_hangs_is_ended) {
  FakeQemu qemu{"exec 3>\"${0%qemu}pipe\"; while :; do sleep 9; done",
                "exit 1"};
  // Whether it comes to open it is up to chance.
  Pipe pipe{qemu / "pipe"};
  store::FileHandle held{::open((qemu / "pipe").c_str(), O_WRONLY)};
  BOOST_TEST(qemu.kvm_refusal(std::chrono::milliseconds{20}) ==
             (qemu / "kvm").string() +
                 " is there but the guest did not run (no end within 20 ms)");
  held = store::FileHandle{};
  BOOST_TEST(pipe.is_left());
}

BOOST_AUTO_TEST_CASE(what_it_started_is_ended_with_it) {
  FakeQemu qemu{"exec 3>\"${0%qemu}pipe\"; sleep 999 & " + success(), "exit 1"};
  Pipe pipe{qemu / "pipe"};
  BOOST_TEST(qemu.prove().accelerator == "kvm");
  BOOST_TEST(pipe.is_left());
}

BOOST_AUTO_TEST_CASE(an_architecture_without_a_guest_has_no_proof) {
  FakeQemu qemu{success(), success()};
  auto program = qemu.program();
  program.architecture = "riscv64";
  auto proof = must(prove_acceleration(program));
  BOOST_TEST(proof.accelerator.empty());
  BOOST_TEST(proof.tried.size() == 2U);
  BOOST_TEST(proof.tried.at(0).reason ==
             "there is no guest to try it with for riscv64");
}

// -- devices ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_device_that_is_not_there_is_told) {
  FakeQemu qemu{success(), success()};
  std::filesystem::remove(qemu / "kvm");
  BOOST_TEST(qemu.kvm_refusal() ==
             (qemu / "kvm").string() + ": No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_device_that_guests_may_not_use_is_told) {
  FakeQemu qemu{success(), success()};
  ::chmod((qemu / "kvm").c_str(), 0);
  BOOST_TEST(qemu.kvm_refusal() ==
             (qemu / "kvm").string() + ": Permission denied");
}

BOOST_AUTO_TEST_CASE(the_group_of_a_device_is_kept) {
  FakeQemu qemu{telling("id -G"), "exit 1"};
  auto group = give_kvm_a_group(qemu, 0660);
  BOOST_TEST((runtime::device_group(qemu / "kvm") == group));
  BOOST_TEST(mentions(qemu.kvm_refusal(), std::to_string(group)));
}

BOOST_AUTO_TEST_CASE(a_group_that_may_not_use_a_device_is_not_kept) {
  FakeQemu qemu{"exit 1", "exit 1"};
  for (mode_t mode : {0600, 0640, 0626}) {
    give_kvm_a_group(qemu, mode);
    BOOST_TEST(!runtime::device_group(qemu / "kvm").has_value());
  }
  BOOST_TEST(!runtime::device_group(qemu / "nvmm").has_value());
}

BOOST_AUTO_TEST_CASE(the_group_of_root_is_never_kept) {
  // All may use it, and it is root's.
  BOOST_TEST(!runtime::device_group("/dev/null").has_value());
}

// -- what it runs as ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(it_runs_as_the_given_user) {
  FakeQemu qemu{telling("echo $(id -u) $(id -g)"), "exit 1"};
  auto program = qemu.program();
  BOOST_TEST(qemu.kvm_refusal() ==
             "QEMU ended with exit code 1: " + std::to_string(program.uid) +
                 " " + std::to_string(program.gid));
}

BOOST_AUTO_TEST_CASE(nobody_in_particular_is_no_user) {
  FakeQemu qemu{success(), success()};
  auto program = qemu.program();
  // To the system it means: as before.
  program.uid = static_cast<uid_t>(-1);
  auto error = error_of(prove_acceleration(program));
  BOOST_TEST(mentions(error.message, "the rights of its user: "));
}

BOOST_AUTO_TEST_CASE(it_has_no_more_than_it_needs) {
  FakeQemu qemu{telling("echo $(pwd -P) $(cd /proc/$$; readlink fd/0; "
                        "ls fd/0 fd/1 fd/2 fd/3 fd/200; ulimit -c)"),
                "exit 1"};
  store::FileHandle other{::dup2(STDERR_FILENO, 200)};
  BOOST_REQUIRE(other.open());
  BOOST_TEST(
      mentions(qemu.kvm_refusal(), ": / /dev/null fd/0 fd/1 fd/2 fd/3 0"));
}

BOOST_AUTO_TEST_CASE(it_is_in_a_session_of_its_own) {
  // The fields of stat behind the name: state, parent, group, session.
  FakeQemu qemu{telling("set -- $(cat /proc/$$/stat); "
                        "test $5 = $$ -a $6 = $$ && echo apart"),
                "exit 1"};
  BOOST_TEST(mentions(qemu.kvm_refusal(), ": apart"));
}

BOOST_AUTO_TEST_CASE(its_firmware_can_be_read_and_not_be_changed) {
  FakeQemu qemu{telling("cd /proc/$$/fd; test $(wc -c < 3) = 65536 && { echo x "
                        ">> 3 || echo sealed; }"),
                "exit 1"};
  BOOST_TEST(mentions(qemu.kvm_refusal(), ": sealed"));
}

BOOST_AUTO_TEST_CASE(of_much_that_it_writes_the_end_is_kept) {
  FakeQemu qemu{"yes | head -c 1000000 >&2; echo end >&2; exit 1", "exit 1"};
  BOOST_TEST(qemu.kvm_refusal() == "QEMU ended with exit code 1: end");
}

// -- what a proof is of -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_proof_stands_for_this_qemu_and_this_kernel) {
  FakeQemu qemu{success(), success()};
  auto proof = qemu.prove();
  auto program = qemu.program();
  BOOST_TEST(proof.is_of(must(name_of(program)), runtime::kernel_name()));
  BOOST_TEST(
      mentions(proof.qemu, "QEMU of tests, " + program.program.string()));
  BOOST_TEST(proof.kernel.starts_with("Linux "));
}

BOOST_AUTO_TEST_CASE(another_binary_is_another_qemu_of_the_same_version) {
  FakeQemu qemu{success(), success()};
  auto before = must(name_of(qemu.program()));
  timespec built{1'700'000'000, 0};
  std::array<timespec, 2> times{built, built};
  BOOST_REQUIRE(
      ::utimensat(AT_FDCWD, (qemu / "qemu").c_str(), times.data(), 0) == 0);
  auto after = must(name_of(qemu.program()));
  BOOST_TEST(after != before);
  BOOST_TEST(mentions(after, " of 2023-11-14T22:13:20.000Z"));
}

BOOST_AUTO_TEST_CASE(a_qemu_that_is_not_there_is_not_found) {
  FakeQemu qemu{success(), success()};
  std::filesystem::remove(qemu / "qemu");
  BOOST_TEST(is_error(prove_acceleration(qemu.program()),
                      store::ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_qemu_that_can_not_be_asked_tells_why) {
  FakeQemu qemu{success(), success()};
  ::chmod((qemu / "qemu").c_str(), 0644);
  auto error = error_of(prove_acceleration(qemu.program()));
  BOOST_TEST(error.code == store::ErrorCode::io);
  BOOST_TEST(mentions(error.message, "qemu: Permission denied"));
}

// -- QEMU ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_guest_runs_by_the_emulator_of_qemu) {
  utsname host{};
  ::uname(&host);
  auto name = std::string{"qemu-system-"} + host.machine;
  auto path = runtime::find_program(name);
  BOOST_REQUIRE_MESSAGE(path, "this test needs " + name + ": install it");
  // Where there are no devices there is only that one.
  FakeQemu none{"exit 1", "exit 1"};
  std::filesystem::remove(none / "kvm");
  auto qemu = none.program();
  qemu.program = *path;
  qemu.architecture = host.machine;
  auto proof = must(prove_acceleration(qemu, std::chrono::minutes{1}));
  BOOST_TEST(proof.accelerator == "tcg");
  BOOST_REQUIRE(!proof.tried.empty());
  BOOST_TEST((proof.tried.back() ==
              events::TriedAccelerator{"tcg", true, "the guest ran"}));
  BOOST_TEST(mentions(proof.qemu, "QEMU emulator version "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
