// Base64 and hexadecimal: what is accepted has one spelling only.
#include "store/base64.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  auto text = store::as_text(input);
  if (auto bytes = store::from_base64(text))
    require(store::to_base64(*bytes) == text, "base64 is canonical");
  if (auto bytes = from_hex(text))
    require(to_hex(*bytes) == text, "hexadecimal is canonical");
  auto hash = store::fixed_from_base64<Hash>(text);
  require(!hash || store::to_base64(hash->view()) == text, "a hash in base64");
  auto id = Id::parse_hex(text);
  require(!id || id->hex() == text, "an id in hexadecimal");

  auto encoded = store::from_base64(store::to_base64(input));
  require(encoded && std::ranges::equal(*encoded, input),
          "any bytes survive base64");
  auto in_hex = from_hex(to_hex(input));
  require(in_hex && std::ranges::equal(*in_hex, input),
          "any bytes survive hexadecimal");
}

}  // namespace ppn::fuzz
