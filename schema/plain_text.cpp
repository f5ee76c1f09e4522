#include "schema/plain_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ppn::schema {

namespace {

/// The first and the last of each kind.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> hidden{{
    {{"\0", 1}, "\x1f"},
    {"\x7f", "\x7f"},
    {"\xc2\x80", "\xc2\x9f"},                  // U+0080 to U+009F
    {"\xc2\xad", "\xc2\xad"},                  // U+00AD
    {"\xd8\x9c", "\xd8\x9c"},                  // U+061C
    {"\xe1\xa0\x8e", "\xe1\xa0\x8e"},          // U+180E
    {"\xe2\x80\x8b", "\xe2\x80\x8f"},          // U+200B to U+200F
    {"\xe2\x80\xa8", "\xe2\x80\xae"},          // U+2028 to U+202E
    {"\xe2\x81\xa0", "\xe2\x81\xaf"},          // U+2060 to U+206F
    {"\xe3\x85\xa4", "\xe3\x85\xa4"},          // U+3164
    {"\xef\xbb\xbf", "\xef\xbb\xbf"},          // U+FEFF
    {"\xf3\xa0\x80\x80", "\xf3\xa0\x81\xbf"},  // U+E0000 to U+E007F
}};

}  // namespace

std::size_t hidden_bytes(std::string_view text) {
  for (const auto& [first, last] : hidden) {
    auto letter = text.substr(0, first.size());
    if (letter >= first && letter <= last) return letter.size();
  }
  return 0;
}

std::string printable(std::string_view text, std::string_view kept) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    bool stays = kept.find(text.front()) != std::string_view::npos;
    auto bytes = stays ? 0 : hidden_bytes(text);
    safe += bytes == 0 ? text.front() : '?';
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return safe;
}

}  // namespace ppn::schema
