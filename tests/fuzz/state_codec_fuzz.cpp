// Encoded states: what is read is written back as bytes that do not change any
// more.
#include "events/state_codec.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/ppn-ledger/state_text.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  auto state = events::decode(input);
  if (!state) return;
  auto bytes = events::encode(*state);
  auto again = events::decode(bytes);
  require(again && *again == *state, "a state reads back");
  require(events::encode(*again) == bytes, "the same state has the same bytes");
  auto text = schema::compact(tools::state_json(*state));
  require(schema::Json::parse(text, nullptr, false).is_object(),
          "a state is shown as valid JSON");
}

}  // namespace ppn::fuzz
