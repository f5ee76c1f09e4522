// What is run to prove an accelerator, and what its end tells.
#include "runtime/acceleration.hpp"

#include <algorithm>

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::ProbeGuest;
using runtime::ProgramEnd;
using Names = std::vector<std::string>;

namespace {

constexpr std::chrono::milliseconds patience{5'000};

ProgramEnd exited(int code, const std::string& errors = {},
                  const std::string& output = {}) {
  return {ProgramEnd::How::exited, code, patience, output, errors};
}

ProgramEnd ended_by(int signal, const std::string& errors) {
  return {ProgramEnd::How::by_signal, signal, patience, {}, errors};
}

ProgramEnd late(std::chrono::milliseconds after) {
  return {ProgramEnd::How::late, 0, after, {}, {}};
}

ProbeGuest guest_for(std::string_view architecture) {
  auto guest = runtime::probe_guest(architecture);
  BOOST_REQUIRE(guest);
  return *guest;
}

events::TriedAccelerator verdict(const ProgramEnd& end) {
  return runtime::verdict_on("kvm", "/dev/kvm", guest_for("x86_64"), end);
}

/// Why the guest did not run.
std::string refusal(const ProgramEnd& end) {
  auto tried = verdict(end);
  BOOST_TEST(!tried.works);
  BOOST_TEST(tried.name == "kvm");
  return tried.reason;
}

/// The word behind an option.
std::string value_of(const Names& words, const std::string& option) {
  auto at = std::find(words.begin(), words.end(), option);
  BOOST_REQUIRE(at != words.end() && at + 1 != words.end());
  return *(at + 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(acceleration)

// -- what QEMU says -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_accelerators_are_ordered_from_the_best) {
  BOOST_TEST((runtime::accelerators_in("Accelerators supported in QEMU "
                                       "binary:\ntcg\nhvf\nnvmm\nkvm\n") ==
              Names{"kvm", "nvmm", "hvf", "tcg"}));
}

BOOST_AUTO_TEST_CASE(accelerators_that_are_not_known_are_left_out) {
  BOOST_TEST((runtime::accelerators_in(
                  "Accelerators supported in QEMU binary:\nxen\nqtest\ntcg"
                  "\nkvm-next\nno kvm\n") == Names{"tcg"}));
  BOOST_TEST(runtime::accelerators_in("").empty());
}

BOOST_AUTO_TEST_CASE(the_version_is_the_first_line) {
  BOOST_TEST(runtime::version_in("QEMU emulator version 7.2.22\nCopyright\n") ==
             "QEMU emulator version 7.2.22");
  BOOST_TEST(runtime::version_in("QEMU\x1b[2J 9\xff") == "QEMU?[2J 9?");
  BOOST_TEST(runtime::version_in("").empty());
}

// -- what is run --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_cpu_is_the_one_that_guests_get) {
  auto guest = guest_for("x86_64");
  for (const auto* accelerator : {"kvm", "nvmm", "hvf", "tcg"}) {
    auto words = runtime::probe_arguments(guest, accelerator, "/firmware");
    BOOST_TEST(value_of(words, "-accel") == accelerator);
    BOOST_TEST(value_of(words, "-cpu") == events::cpu_model_of(accelerator));
    BOOST_TEST(value_of(words, "-bios") == "/firmware");
  }
}

BOOST_AUTO_TEST_CASE(qemu_is_confined_and_has_nothing_it_was_not_given) {
  for (const auto* architecture : {"x86_64", "aarch64"}) {
    auto words =
        runtime::probe_arguments(guest_for(architecture), "tcg", "/firmware");
    BOOST_TEST(value_of(words, "-sandbox") ==
               "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
               "resourcecontrol=deny");
    for (const auto* option : {"-nodefaults", "-no-user-config", "-no-reboot"})
      BOOST_TEST(std::count(words.begin(), words.end(), option) == 1, option);
    BOOST_TEST(value_of(words, "-display") == "none");
  }
}

BOOST_AUTO_TEST_CASE(a_pc_begins_with_a_jump_to_the_guest) {
  auto firmware = guest_for("x86_64").firmware;
  BOOST_REQUIRE(firmware.size() == 65'536U);
  // A jump relative to what follows it, within 16 bits.
  BOOST_TEST(firmware[0xfff0] == 0xe9);
  auto distance = firmware[0xfff1] + 256U * firmware[0xfff2];
  BOOST_TEST((0xfff3U + distance) % 65'536U == 0U);
}

BOOST_AUTO_TEST_CASE(qemu_does_not_end_by_itself_as_the_guest_makes_it) {
  auto guest = guest_for("x86_64");
  for (int code : {0, 1, 2, runtime::not_started})
    BOOST_TEST(guest.exit_code != code);
  BOOST_TEST(!guest_for("aarch64").output.empty());
}

BOOST_AUTO_TEST_CASE(there_are_architectures_without_a_guest) {
  for (const auto* architecture : {"riscv64", "i386", ""})
    BOOST_TEST(!runtime::probe_guest(architecture).has_value(), architecture);
}

BOOST_AUTO_TEST_CASE(hardware_has_devices) {
  BOOST_TEST(runtime::device_of("kvm") == "kvm");
  BOOST_TEST(runtime::device_of("nvmm") == "nvmm");
  BOOST_TEST(runtime::device_of("hvf").empty());
  BOOST_TEST(runtime::device_of("tcg").empty());
}

// -- verdicts -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_ran_if_it_tells_what_it_had_to_calculate) {
  auto tried = verdict(exited(guest_for("x86_64").exit_code));
  BOOST_TEST((tried == events::TriedAccelerator{"kvm", true, "the guest ran"}));
}

BOOST_AUTO_TEST_CASE(another_number_is_no_proof) {
  for (int code = 0; code < 256; ++code)
    if (code != guest_for("x86_64").exit_code)
      BOOST_TEST(!verdict(exited(code)).works, code);
}

BOOST_AUTO_TEST_CASE(what_a_guest_writes_counts_where_it_is_all_it_tells) {
  auto guest = guest_for("aarch64");
  auto tried = [&](const std::string& output) {
    return runtime::verdict_on("tcg", "", guest, exited(0, "", output));
  };
  BOOST_TEST(tried(guest.output).works);
  BOOST_TEST(!tried("").works);
  BOOST_TEST(tried("*").reason == "the guest calculated something else");
}

BOOST_AUTO_TEST_CASE(a_device_is_not_enough) {
  BOOST_TEST(refusal(late(patience)) ==
             "/dev/kvm is there but the guest did not run (no end within 5 s)");
  BOOST_TEST(runtime::verdict_on("tcg", "", guest_for("x86_64"),
                                 late(std::chrono::milliseconds{1'500}))
                 .reason == "the guest did not run (no end within 1500 ms)");
}

BOOST_AUTO_TEST_CASE(a_crash_is_told_with_the_last_words) {
  BOOST_TEST(refusal(ended_by(6, "a warning\nkvm_buf_set_msrs failed\n\n")) ==
             "QEMU ended by signal 6: kvm_buf_set_msrs failed");
  BOOST_TEST(refusal(ended_by(9, "\n \n")) == "QEMU ended by signal 9");
}

BOOST_AUTO_TEST_CASE(an_exit_code_is_told_with_the_last_words) {
  BOOST_TEST(refusal(exited(1, "no such CPU")) ==
             "QEMU ended with exit code 1: no such CPU");
  BOOST_TEST(refusal(exited(0)) == "QEMU ended with exit code 0");
}

BOOST_AUTO_TEST_CASE(what_was_not_started_tells_why) {
  BOOST_TEST(
      refusal(exited(runtime::not_started, "/dev/kvm: Permission denied\n")) ==
      "/dev/kvm: Permission denied");
  BOOST_TEST(refusal(exited(runtime::not_started)) ==
             "QEMU ended with exit code 127");
}

BOOST_AUTO_TEST_CASE(last_words_are_short_and_fit_to_be_shown) {
  auto reason =
      refusal(exited(1, "bell\a, tab\t, \xff" + std::string(999, 'x')));
  BOOST_TEST(mentions(reason, ": bell?, tab?, ?xxx"));
  BOOST_TEST(reason.size() < 256U);
}

BOOST_AUTO_TEST_CASE(the_first_that_works_is_taken) {
  std::vector<events::TriedAccelerator> tried{
      {"kvm", false, "no"}, {"hvf", true, "yes"}, {"tcg", true, "yes"}};
  auto best = runtime::best_of(tried);
  BOOST_TEST(best.accelerator == "hvf");
  BOOST_TEST((best.tried == tried));
}

BOOST_AUTO_TEST_CASE(none_is_taken_if_none_works) {
  BOOST_TEST(runtime::best_of({{"tcg", false, "no"}}).accelerator.empty());
  BOOST_TEST(runtime::best_of({}).accelerator.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
