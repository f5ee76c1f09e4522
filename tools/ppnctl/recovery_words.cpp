#include "tools/ppnctl/recovery_words.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace ppn::ctl {

namespace {

constexpr std::string_view consonants = "bdfghjklmnprstvz";
constexpr std::string_view vowels = "aiou";

constexpr std::size_t letters_per_word = 5;
constexpr std::size_t bytes_per_word = 2;
static_assert(recovery_word_count == recovery_seed_size / bytes_per_word + 1);
constexpr std::size_t words_per_line = 4;

using Seed = std::span<const std::uint8_t, recovery_seed_size>;

std::string word_of(unsigned bits) {
  return {consonants[bits >> 12U & 15U], vowels[bits >> 10U & 3U],
          consonants[bits >> 6U & 15U], vowels[bits >> 4U & 3U],
          consonants[bits & 15U]};
}

/// The letters are those of ASCII: the locale has no say.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Nothing if it can not be a word.
std::optional<unsigned> bits_of(std::string_view word) {
  if (word.size() != letters_per_word) return std::nullopt;
  unsigned bits = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    bool is_vowel = i % 2 == 1;
    auto letter = (is_vowel ? vowels : consonants).find(lower(word[i]));
    if (letter == std::string_view::npos) return std::nullopt;
    bits = bits << (is_vowel ? 2U : 4U) | static_cast<unsigned>(letter);
  }
  return bits;
}

unsigned first_bits(const std::uint8_t* bytes) {
  return unsigned{bytes[0]} << 8U | bytes[1];
}

unsigned check_bits(Seed seed) {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), seed.data(), seed.size());
  return first_bits(hash.data());
}

std::vector<std::string_view> words_in(std::string_view text) {
  constexpr std::string_view between = " \t\r\n-";
  std::vector<std::string_view> words;
  for (;;) {
    auto begin = text.find_first_not_of(between);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    auto word = text.substr(0, text.find_first_of(between));
    words.push_back(word);
    text.remove_prefix(word.size());
  }
}

Failure wrong(std::string what, std::string advice = {}) {
  return {exit_usage, std::move(what), std::move(advice)};
}

}  // namespace

std::vector<std::string> encode_recovery_words(Seed seed) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < seed.size(); i += bytes_per_word)
    words.push_back(word_of(first_bits(&seed[i])));
  words.push_back(word_of(check_bits(seed)));
  return words;
}

std::size_t count_recovery_words(std::string_view text) {
  return words_in(text).size();
}

std::optional<Failure> decode_recovery_words(
    std::string_view text, std::span<std::uint8_t, recovery_seed_size> seed) {
  auto words = words_in(text);
  unsigned bits = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto found = bits_of(words[i]);
    if (!found)
      return wrong(
          fmt::format("word {}, '{}', is none of a recovery key", i + 1,
                      words[i]),
          fmt::format("each has a letter of {} in the places 1, 3 and 5, and "
                      "one of {} in 2 and 4",
                      consonants, vowels));
    bits = *found;
    if (i >= recovery_word_count - 1) continue;
    seed[i * bytes_per_word] = static_cast<std::uint8_t>(bits >> 8U);
    seed[i * bytes_per_word + 1] = static_cast<std::uint8_t>(bits & 255U);
  }
  if (words.size() != recovery_word_count)
    return wrong(fmt::format("a recovery key has {} words, and these are {}",
                             recovery_word_count, words.size()));
  if (bits != check_bits(seed))
    return wrong(
        "the last word does not fit the others: one of them is not as it was "
        "shown, or they are in another order");
  return std::nullopt;
}

std::string recovery_words_text(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i % words_per_line == 0 ? "  " : " ";
    text += words[i];
    if ((i + 1) % words_per_line == 0 || i + 1 == words.size()) text += '\n';
  }
  return text;
}

}  // namespace ppn::ctl
