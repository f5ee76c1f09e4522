// Applying entries: any that pass the check, in any order, make a state that is
// kept and read back whole.
#include "events/state.hpp"
#include "events/state_codec.hpp"
#include "tests/fuzz/entries.hpp"
#include "tools/ppn-ledger/state_text.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  events::State state;
  for_each_entry(input, [&](ByteView, const schema::Entry& entry) {
    auto before = state;
    if (auto refused = events::apply(state, entry)) {
      require(!refused->empty(), "a refusal has a reason");
      require(state == before, "a refused entry leaves no trace");
    }
  });
  auto bytes = events::encode(state);
  auto decoded = events::decode(bytes);
  require(decoded && *decoded == state, "a state reads back");
  auto json = tools::state_json(state);
  require(json["capabilities"]["live"].size() == state.capabilities.live.size(),
          "every grant is shown");
  for (const auto& [path, line] : tools::flatten(json))
    require(!path.empty() && line.find('\n') == std::string::npos,
            "each thing is shown in one line");
}

}  // namespace ppn::fuzz
