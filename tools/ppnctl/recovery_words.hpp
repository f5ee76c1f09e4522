// The recovery key of a mesh as words that a person can write down and say: 16
// of five letters, 16 bits each, and one more that shows a slip of the pen.
//
// A word is consonant, vowel, consonant, vowel, consonant: 4, 2, 4, 2 and 4
// bits, the highest first. The last word is made of the first 16 bits of the
// SHA-256 of the 32 bytes that the others stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

inline constexpr std::size_t recovery_seed_size = 32;
inline constexpr std::size_t recovery_word_count = recovery_seed_size / 2 + 1;

std::vector<std::string> encode_recovery_words(
    std::span<const std::uint8_t, recovery_seed_size> seed);

/// Of whatever kind.
std::size_t count_recovery_words(std::string_view text);

/// Fills `seed` with what the words stand for, however they are spaced; what is
/// wrong with them otherwise.
std::optional<Failure> decode_recovery_words(
    std::string_view text, std::span<std::uint8_t, recovery_seed_size> seed);

/// Four words a line, indented.
std::string recovery_words_text(const std::vector<std::string>& words);

}  // namespace ppn::ctl
