#include "runtime/acceleration.hpp"

#include <algorithm>
#include <array>

namespace ppn::runtime {

using events::TriedAccelerator;

namespace {

constexpr std::array<std::string_view, 4> best_first{"kvm", "nvmm", "hvf",
                                                     "tcg"};

// -- the guest ----------------------------------------------------------------

/// The guest adds up all numbers from 1 to this one, which is 02 fa f0 80 in
/// its code.
constexpr std::uint64_t summands = 50'000'000;
/// And tells one byte of the sum, from beyond its lower half.
constexpr std::uint8_t told_byte =
    static_cast<std::uint8_t>((summands * (summands + 1) / 2) >> 32U);

// QEMU takes no less of a PC's firmware. It lies at the end of the first
// megabyte and once more at the end of the first 4 GB, where the CPU begins,
// 16 bytes before the end.
constexpr std::size_t pc_firmware_size = 0x1'0000;

constexpr std::size_t reset_at = 0xfff0;
constexpr std::array<std::uint8_t, 3> reset{
    0xe9, 0x0d, 0x00,  // jmp 0
};

constexpr std::size_t real_mode_at = 0;
constexpr std::array<std::uint8_t, 24> real_mode{
    0x2e, 0x66, 0x0f, 0x01, 0x16, 0x20, 0x01,        // lgdt cs:[0x120]
    0x66, 0xb8, 0x11, 0,    0,    0,                 // mov eax, ET | PE
    0x0f, 0x22, 0xc0,                                // mov cr0, eax
    0x66, 0xea, 0x20, 0x00, 0x0f, 0x00, 0x08, 0x00,  // jmp 8:0xf0020
};

// Makes page tables by which the first 2 MB are where they are.
constexpr std::size_t protected_mode_at = 0x20;
constexpr std::array<std::uint8_t, 100> protected_mode{
    0xb8, 0x10, 0,    0,    0,                 // mov eax, 16
    0x8e, 0xd8,                                // mov ds, eax
    0x8e, 0xc0,                                // mov es, eax
    0x8e, 0xd0,                                // mov ss, eax
    0xbc, 0x00, 0x80, 0x00, 0,                 // mov esp, 0x8000
    0xbf, 0x00, 0x10, 0x00, 0,                 // mov edi, 0x1000
    0x0f, 0x22, 0xdf,                          // mov cr3, edi
    0x31, 0xc0,                                // xor eax, eax
    0xb9, 0x00, 0x0c, 0x00, 0,                 // mov ecx, 0xc00
    0xf3, 0xab,                                // rep stosd
    0xc7, 0x05, 0x00, 0x10, 0,    0,           // mov dword [0x1000],
    0x03, 0x20, 0,    0,                       // 0x2003: the next is at 0x2000
    0xc7, 0x05, 0x00, 0x20, 0,    0,           // mov dword [0x2000],
    0x03, 0x30, 0,    0,                       // 0x3003: the next is at 0x3000
    0xc7, 0x05, 0x00, 0x30, 0,    0,           // mov dword [0x3000],
    0x83, 0x00, 0,    0,                       // 0x83: a page of 2 MB is at 0
    0xb8, 0x20, 0,    0,    0,                 // mov eax, PAE
    0x0f, 0x22, 0xe0,                          // mov cr4, eax
    0xb9, 0x80, 0x00, 0x00, 0xc0,              // mov ecx, EFER
    0x31, 0xd2,                                // xor edx, edx
    0xb8, 0x00, 0x01, 0,    0,                 // mov eax, LME
    0x0f, 0x30,                                // wrmsr
    0xb8, 0x11, 0x00, 0x00, 0x80,              // mov eax, PG|ET|PE
    0x0f, 0x22, 0xc0,                          // mov cr0, eax
    0xea, 0xa0, 0x00, 0x0f, 0x00, 0x18, 0x00,  // jmp 24:0xf00a0
};

constexpr std::size_t long_mode_at = 0xa0;
constexpr std::array<std::uint8_t, 24> long_mode{
    0x31, 0xc0,                    // xor eax, eax
    0xb9, 0x80, 0xf0, 0xfa, 0x02,  // mov ecx, summands
    0x48, 0x01, 0xc8,              // add rax, rcx
    0xff, 0xc9,                    // dec ecx
    0x75, 0xf9,                    // jnz to the add
    0x50,                          // push rax
    0x8a, 0x44, 0x24, 0x04,        // mov al, [rsp + 4]
    0xe6, 0xf4,                    // out 0xf4, al
    0xf4,                          // hlt
    0xeb, 0xfd,                    // jmp to the hlt
};

constexpr std::size_t segments_at = 0x100;
constexpr std::array<std::uint8_t, 38> segments{
    0,    0,    0,    0,    0, 0,    0,    0,  // none
    0xff, 0xff, 0,    0,    0, 0x9b, 0xcf, 0,  // 8: code of protected mode
    0xff, 0xff, 0,    0,    0, 0x93, 0xcf, 0,  // 16: data
    0xff, 0xff, 0,    0,    0, 0x9b, 0xaf, 0,  // 24: code of long mode
    0x1f, 0x00,                                // 0x120: the last byte of these,
    0x00, 0x01, 0x0f, 0x00,                    // and where they are, 0xf0100
};

constexpr std::array<std::uint8_t, 84> aarch64{
    0x00, 0x10, 0x38, 0xd5,  // mrs x0, sctlr_el1
    0x00, 0x00, 0x74, 0xb2,  // orr x0, x0, #0x1000: instructions are cached
    0x00, 0x10, 0x18, 0xd5,  // msr sctlr_el1, x0
    0xdf, 0x3f, 0x03, 0xd5,  // isb
    0x00, 0x10, 0x9e, 0xd2,  // mov x0, #0xf080
    0x40, 0x5f, 0xa0, 0xf2,  // movk x0, #0x2fa, lsl #16: summands
    0xe1, 0x03, 0x1f, 0xaa,  // mov x1, xzr
    0x21, 0x00, 0x00, 0x8b,  // add x1, x1, x0
    0x00, 0x04, 0x00, 0xf1,  // subs x0, x0, #1
    0xc1, 0xff, 0xff, 0x54,  // b.ne to the add
    0x02, 0x00, 0xa8, 0xd2,  // mov x2, #0x40000000: memory
    0x41, 0x00, 0x00, 0xf9,  // str x1, [x2]
    0x41, 0x04, 0x40, 0xb9,  // ldr w1, [x2, #4]
    0x03, 0x20, 0xa1, 0xd2,  // mov x3, #0x9000000: a serial port, PL011
    0x24, 0x20, 0x80, 0x52,  // mov w4, #0x101
    0x64, 0x30, 0x00, 0xb9,  // str w4, [x3, #0x30]: is on, and sends
    0x61, 0x00, 0x00, 0x39,  // strb w1, [x3]
    0x00, 0x80, 0xb0, 0x52,  // mov w0, #0x84000000
    0x00, 0x01, 0x80, 0x72,  // movk w0, #8: SYSTEM_OFF
    0x02, 0x00, 0x00, 0xd4,  // hvc #0
    0x00, 0x00, 0x00, 0x14,  // b to itself
};

template <std::size_t At, std::size_t Size>
void put(Bytes& firmware, const std::array<std::uint8_t, Size>& code) {
  static_assert(At + Size <= pc_firmware_size);
  std::copy(code.begin(), code.end(), firmware.begin() + At);
}

ProbeGuest pc_guest() {
  static_assert(real_mode_at + real_mode.size() <= protected_mode_at);
  static_assert(protected_mode_at + protected_mode.size() <= long_mode_at);
  static_assert(long_mode_at + long_mode.size() <= segments_at);
  ProbeGuest guest;
  guest.firmware.resize(pc_firmware_size);
  put<real_mode_at>(guest.firmware, real_mode);
  put<protected_mode_at>(guest.firmware, protected_mode);
  put<long_mode_at>(guest.firmware, long_mode);
  put<segments_at>(guest.firmware, segments);
  put<reset_at>(guest.firmware, reset);
  guest.machine = {"-machine", "q35", "-device",
                   "isa-debug-exit,iobase=0xf4,iosize=1"};
  // The device makes one of the two of each byte, so it never looks like
  // success.
  guest.exit_code = static_cast<std::uint8_t>(told_byte << 1U | 1U);
  return guest;
}

ProbeGuest aarch64_guest() {
  ProbeGuest guest;
  guest.firmware.assign(aarch64.begin(), aarch64.end());
  guest.machine = {"-machine", "virt,gic-version=max", "-serial", "stdio"};
  guest.output = static_cast<char>(told_byte);
  return guest;
}

constexpr const char* sandbox =
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

// -- what is told -------------------------------------------------------------

constexpr std::size_t line_max = 200;

/// What is not ASCII, or no letter of it, is a question mark.
std::string shown(std::string_view line) {
  std::string text{line.substr(0, line_max)};
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string last_line_of(std::string_view text) {
  auto end = text.find_last_not_of(" \r\n");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  // Or from the start, one after npos.
  return shown(text.substr(text.rfind('\n') + 1));
}

std::string time_in_words(std::chrono::milliseconds time) {
  auto count = time.count();
  return count % 1'000 == 0 ? std::to_string(count / 1'000) + " s"
                            : std::to_string(count) + " ms";
}

std::string how(const ProgramEnd& end) {
  switch (end.how) {
    case ProgramEnd::How::late:
      return "did not end within " + time_in_words(end.patience);
    case ProgramEnd::How::by_signal:
      return "ended by signal " + std::to_string(end.code);
    case ProgramEnd::How::exited:
      break;
  }
  return "ended with exit code " + std::to_string(end.code);
}

std::string why_not(const std::string& device, const ProbeGuest& guest,
                    const ProgramEnd& end) {
  if (end.how == ProgramEnd::How::late)
    return (device.empty() ? "" : device + " is there but ") +
           "the guest did not run (no end within " +
           time_in_words(end.patience) + ")";
  if (end.how == ProgramEnd::How::exited && end.code == guest.exit_code)
    return "the guest calculated something else";
  return in_words(end);
}

}  // namespace

std::vector<std::string> accelerators_in(std::string_view help) {
  std::vector<std::string> found;
  for (auto name : best_first) {
    auto line = "\n" + std::string{name} + "\n";
    auto all = "\n" + std::string{help} + "\n";
    if (all.find(line) != std::string::npos) found.emplace_back(name);
  }
  return found;
}

std::string version_in(std::string_view said) {
  return shown(said.substr(0, said.find_first_of("\r\n")));
}

std::string_view device_of(std::string_view accelerator) {
  return accelerator == "kvm" || accelerator == "nvmm" ? accelerator
                                                       : std::string_view{};
}

std::optional<ProbeGuest> probe_guest(std::string_view architecture) {
  if (architecture == "x86_64") return pc_guest();
  if (architecture == "aarch64") return aarch64_guest();
  return std::nullopt;
}

std::vector<std::string> probe_arguments(const ProbeGuest& guest,
                                         std::string_view accelerator,
                                         const std::string& firmware) {
  std::vector<std::string> words{
      "-no-user-config", "-nodefaults", "-display", "none", "-sandbox", sandbox,
      // A guest that crashes is an end, too.
      "-no-reboot", "-accel", std::string{accelerator}, "-cpu",
      events::cpu_model_of(accelerator), "-smp", "1", "-m", "16", "-bios",
      firmware};
  words.insert(words.end(), guest.machine.begin(), guest.machine.end());
  return words;
}

std::string in_words(const ProgramEnd& end) {
  auto line = last_line_of(end.errors);
  if (end.how == ProgramEnd::How::exited && end.code == not_started &&
      !line.empty())
    return line;
  auto text = "QEMU " + how(end);
  return line.empty() ? text : text + ": " + line;
}

TriedAccelerator verdict_on(const std::string& accelerator,
                            const std::string& device, const ProbeGuest& guest,
                            const ProgramEnd& end) {
  std::string_view output{end.output};
  if (end.how == ProgramEnd::How::exited && end.code == guest.exit_code &&
      output.ends_with(guest.output))
    return {accelerator, true, "the guest ran"};
  return {accelerator, false, why_not(device, guest, end)};
}

events::Acceleration best_of(std::vector<TriedAccelerator> tried) {
  events::Acceleration acceleration;
  auto best = std::find_if(tried.begin(), tried.end(),
                           [](const auto& one) { return one.works; });
  if (best != tried.end()) acceleration.accelerator = best->name;
  acceleration.tried = std::move(tried);
  return acceleration;
}

}  // namespace ppn::runtime
