#include "events/short_code.hpp"

#include <string.h>

#include <optional>

namespace ppn::events {

namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::uint32_t base = 32;
constexpr std::uint32_t check_modulus = 37;
constexpr std::size_t group_size = 4;

std::optional<std::uint8_t> symbol_of(char typed) {
  bool is_small = typed >= 'a' && typed <= 'z';
  auto upper = is_small ? static_cast<char>(typed - 'a' + 'A') : typed;
  if (upper == 'I' || upper == 'L') upper = '1';
  if (upper == 'O') upper = '0';
  if (alphabet.find(upper) == alphabet.npos) return std::nullopt;
  return static_cast<std::uint8_t>(upper);
}

bool separates(char typed) { return typed == '-' || typed == ' '; }

/// Below 32 of those codes that are drawn.
std::uint32_t check_of(ByteView symbols) {
  std::uint32_t value = 0;
  for (auto symbol : symbols) {
    auto digit = alphabet.find(static_cast<char>(symbol));
    value = (value * base + static_cast<std::uint32_t>(digit)) % check_modulus;
  }
  return value;
}

std::string not_a_symbol(char typed) {
  std::string message = "a code has no ";
  if (typed > ' ' && typed <= '~')
    message += std::string{'\'', typed, '\''};
  else
    message += "such character";
  if (typed == 'U' || typed == 'u') message += ": was it V?";
  return message;
}

}  // namespace

char code_symbol(std::uint8_t bits) { return alphabet[bits % base]; }

ShortCode::~ShortCode() { ::explicit_bzero(symbols_.data(), symbols_.size()); }

ShortCode ShortCode::draw(std::size_t symbols,
                          const std::function<std::uint8_t()>& random_byte) {
  ShortCode code;
  code.size_ = symbols;
  do {
    for (std::size_t i = 0; i < symbols; ++i)
      code.symbols_.at(i) =
          static_cast<std::uint8_t>(code_symbol(random_byte()));
  } while (check_of(code.password()) >= base);
  return code;
}

Outcome<ShortCode, std::string> ShortCode::parse(std::string_view typed) {
  ShortCode code;
  std::optional<std::uint8_t> last;
  for (char character : typed) {
    if (separates(character)) continue;
    auto symbol = symbol_of(character);
    if (!symbol) return not_a_symbol(character);
    if (last && code.size_ == symbols_max)
      return "a code has " + std::to_string(symbols_max) +
             " symbols and one that checks them at most";
    if (last) code.symbols_.at(code.size_++) = *last;
    last = symbol;
  }
  if (code.size_ < symbols_min)
    return "a code has " + std::to_string(symbols_min) +
           " symbols and one that checks them at least";
  auto check = check_of(code.password());
  if (check >= base || static_cast<std::uint8_t>(alphabet[check]) != *last)
    return std::string{
        "the code was misheard or mistyped: its last symbol does not fit the "
        "others. Nothing was sent; type it once more"};
  return code;
}

std::string ShortCode::text() const {
  std::string text;
  for (std::size_t i = 0; i < size_; ++i) {
    if (i != 0 && i % group_size == 0) text += '-';
    text += static_cast<char>(symbols_.at(i));
  }
  return text + '-' + alphabet[check_of(password())];
}

}  // namespace ppn::events
