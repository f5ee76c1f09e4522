// Base64 that can be written in one way only.
#include "store/base64.hpp"

#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::as_bytes;
using store::from_base64;
using store::to_base64;

namespace {

struct Pair {
  std::string_view plain;
  std::string_view encoded;
};

// RFC 4648 section 10.
constexpr Pair published[] = {{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"}};

/// Whether the text is read, and then as what would be written again so.
bool is_canonical(const std::string& text) {
  auto bytes = from_base64(text);
  if (bytes && to_base64(*bytes) != text)
    BOOST_FAIL(to_hex(as_bytes(text)) << " is read, yet not canonical");
  return bytes.has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(base64)

BOOST_AUTO_TEST_CASE(the_vectors_of_rfc_4648_hold) {
  for (const auto& pair : published) {
    BOOST_TEST(to_base64(as_bytes(pair.plain)) == pair.encoded);
    auto bytes = from_base64(pair.encoded);
    BOOST_REQUIRE(bytes);
    BOOST_TEST(store::as_text(*bytes) == pair.plain);
  }
}

BOOST_AUTO_TEST_CASE(the_standard_alphabet_is_used) {
  const std::uint8_t bytes[] = {0xfb, 0xff, 0xbf};
  BOOST_TEST(to_base64(bytes) == "+/+/");
  BOOST_TEST(!from_base64("-_-_"));
}

BOOST_AUTO_TEST_CASE(bytes_of_any_length_come_back) {
  Random random{seed_or(20260105)};
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random.below(256));
    auto back = from_base64(to_base64(bytes));
    BOOST_REQUIRE(back);
    BOOST_TEST(to_hex(*back) == to_hex(bytes));
  }
}

BOOST_AUTO_TEST_CASE(bytes_beyond_ascii_are_not_read) {
  for (int byte = 0x80; byte < 0x100; ++byte)
    BOOST_TEST(!from_base64("AAA" + std::string(1, static_cast<char>(byte))),
               "byte " << byte);
}

BOOST_AUTO_TEST_CASE(of_all_short_texts_only_the_canonical_are_read) {
  int read = 0;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string two{static_cast<char>(first),
                            static_cast<char>(second)};
      read += is_canonical(two + "==") ? 1 : 0;
      if (second != '=') read += is_canonical("A" + two + "=") ? 1 : 0;
      if (is_canonical(two) || is_canonical(two + "="))
        BOOST_ERROR("'" << two << "' is read without padding");
    }
  }
  BOOST_TEST(read == 64 * 4 + 64 * 16);
}

BOOST_AUTO_TEST_CASE(what_is_not_canonical_is_not_read) {
  using namespace std::string_view_literals;
  for (auto text : {"=", "==", "====", "Z", "Zg",
                    "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9vY", "Zg==Zg==", "=Zg=",
                    "Z=g=", " Zg==", "Zg== ", "Zg=\n=", "Zm\n9v", "Zm9v\n"})
    BOOST_TEST(!from_base64(text), text);
  BOOST_TEST(!from_base64("Zm9v\0"sv));
  BOOST_TEST(!from_base64("Zm9v\0Zm8"sv));
}

BOOST_AUTO_TEST_CASE(a_fixed_size_must_be_met) {
  BOOST_TEST(!store::fixed_from_base64<Hash>(to_base64(Bytes(31))));
  BOOST_TEST(!store::fixed_from_base64<Hash>(to_base64(Bytes(33))));
  BOOST_TEST(!store::fixed_from_base64<Hash>(""));
  auto hash = store::fixed_from_base64<Hash>(to_base64(Bytes(32, 7)));
  BOOST_REQUIRE(hash);
  BOOST_TEST(hash->hex() == to_hex(Bytes(32, 7)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
