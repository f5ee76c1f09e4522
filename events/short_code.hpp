// The short code of a ceremony: symbols of Crockford's base 32 that one
// operator reads aloud and another types, and one more that catches whatever
// was misheard.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "schema/fixed_bytes.hpp"
#include "schema/outcome.hpp"

namespace ppn::events {

/// The symbol for the lower five bits.
char code_symbol(std::uint8_t bits);

/// A secret: it is wiped when it is let go of, and never compared.
///
/// The symbols are independent of each other, 5 bits each. The check symbol is
/// their value, the first one most significant, modulo 37. Crockford's extra
/// symbols for 32 to 36 are hard to say, so codes that would need one are not
/// drawn: that costs 0.21 bit. The check sees each wrong symbol, and each two
/// in one another's place.
class ShortCode {
 public:
  static constexpr std::size_t symbols_min = 6;
  static constexpr std::size_t symbols_max = 10;
  static constexpr std::size_t symbols_usual = 8;

  /// A new one of so many symbols, symbols_min to symbols_max. Each random byte
  /// is used for one symbol.
  static ShortCode draw(std::size_t symbols,
                        const std::function<std::uint8_t()>& random_byte);

  /// What was typed, in whatever case, with hyphens and blanks anywhere, O for
  /// 0 and I or L for 1. Otherwise why it is no code, which repeats no more of
  /// it than one symbol.
  static Outcome<ShortCode, std::string> parse(std::string_view typed);

  ShortCode(const ShortCode&) = default;
  ShortCode& operator=(const ShortCode&) = default;
  ~ShortCode();

  /// As it is read aloud: XXXX-XXXX-C. This copy is not wiped: it is for the
  /// one terminal that shows it.
  [[nodiscard]] std::string text() const;

  /// What both sides put into the exchange of keys: the symbols in ASCII, upper
  /// case, without the check symbol.
  [[nodiscard]] ByteView password() const { return {symbols_.data(), size_}; }

 private:
  ShortCode() = default;

  std::array<std::uint8_t, symbols_max> symbols_{};
  std::size_t size_ = 0;
};

}  // namespace ppn::events
