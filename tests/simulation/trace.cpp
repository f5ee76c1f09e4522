#include "tests/simulation/trace.hpp"

#include <cstdio>

namespace ppn::simulation {

void Trace::note(int host, std::string_view what, std::uint64_t number,
                 ByteView bytes) {
  absorb(now_ns_);
  absorb(static_cast<std::uint64_t>(host) + 1);
  for (char c : what) absorb(static_cast<std::uint8_t>(c));
  absorb(number);
  absorb(bytes);
  ++notes_;
  if (!sink_) return;
  constexpr std::uint64_t second = 1'000'000'000;
  char when[64];
  std::snprintf(when, sizeof when, "%8llu.%09llu  ",
                static_cast<unsigned long long>(now_ns_ / second),
                static_cast<unsigned long long>(now_ns_ % second));
  std::string line = when;
  line += host < 0 ? "world   " : "host " + std::to_string(host) + "  ";
  line += what;
  line += " " + std::to_string(number);
  sink_(line);
}

/// FNV-1a over words: enough to tell two runs apart.
void Trace::absorb(std::uint64_t number) {
  hash_ = (hash_ ^ number) * 0x100000001b3U;
  hash_ ^= hash_ >> 29U;
}

void Trace::absorb(ByteView bytes) {
  for (auto byte : bytes) absorb(std::uint64_t{byte});
}

}  // namespace ppn::simulation
