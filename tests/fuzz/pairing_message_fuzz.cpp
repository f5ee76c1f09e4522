// Messages of a ceremony: what is read is told again in as many words, and
// whoever has no code comes to no channel with either side, whatever it says in
// whatever order. An input is messages, each behind its length as u16.
#include "actors/pairing_talk.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

using namespace actors;

/// Always the same: a fuzzer that could guess it would have to invert a hash.
Entropy some_entropy() {
  return [](std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = 7;
  };
}

events::ShortCode some_code() {
  return events::ShortCode::draw(8, [] { return std::uint8_t{3}; });
}

/// Both sides of a ceremony, who only ever hear the fuzzer.
struct Sides {
  Entropy entropy = some_entropy();
  AuthorityTalk authority{entropy};
  NewcomerTalk newcomer{std::make_shared<const events::ShortCode>(some_code()),
                        7, 600, entropy};

  void hear(ByteView message) {
    auto to_newcomer = newcomer.take(message, entropy);
    require(!std::holds_alternative<PairingProved>(to_newcomer),
            "the newcomer believes who has no code");
    auto to_authority = authority.take(message);
    require(!std::holds_alternative<PairingMetNewcomer>(to_authority),
            "the authority believes who has no code");
    if (std::holds_alternative<PairingOffered>(to_authority))
      std::ignore = authority.begin(some_code(), entropy);
  }
};

}  // namespace

void run(ByteView input) {
  Sides sides;
  Input parts{input};
  while (!parts.empty()) {
    auto bytes = parts.sized_bytes();
    sides.hear(bytes);
    auto message = read_message(bytes);
    if (!message) {
      require(!message.error().message.empty(), "a refusal has a reason");
      continue;
    }
    auto written = write_message(*message);
    auto again = read_message(written);
    require(again && write_message(*again) == written, "it is told again");
  }
}

}  // namespace ppn::fuzz
