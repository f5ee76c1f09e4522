// Keys of the index of streams: a key says one stream and version, and these
// make the key.
#include "store/byte_order.hpp"
#include "store/ledger_view.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  if (auto key = store::parse_stream_key(input)) {
    auto again = store::stream_key(key->part * store::stream_index_entries,
                                   key->stream, key->version);
    require(std::ranges::equal(again, input), "a key makes itself");
  }
  Input parts{input};
  auto sequence = parts.number();
  auto version = parts.number();
  auto name = store::as_text(parts.rest());
  auto made = store::stream_key(sequence, name, version);
  auto parsed = store::parse_stream_key(made);
  require(parsed.has_value() == !name.empty(), "a named stream has keys");
  require(!parsed || (parsed->part == sequence / store::stream_index_entries &&
                      parsed->stream == name && parsed->version == version),
          "a key says what it was made of");
}

}  // namespace ppn::fuzz
