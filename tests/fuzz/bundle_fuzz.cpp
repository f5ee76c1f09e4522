// Entry bundles: a bundle is its records and nothing else, and what fits one
// width fits no other.
#include "store/record.hpp"
#include "store/tiles.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  Input parts{input};
  auto width = parts.number(1) + 1;
  auto bundle = parts.rest();
  auto records = store::parse_bundle(bundle, width);
  if (!records) return;
  require(records->size() == width, "a bundle has as many records as it says");
  Bytes again;
  for (auto record : *records) {
    store::add_to_bundle(again, record);
    if (auto split = store::split_record(record))
      (void)store::hash_record(*split);
  }
  require(std::ranges::equal(again, bundle), "records make their bundle");
  require(!store::parse_bundle(bundle, width + 1), "it has no other width");
  require(!store::parse_bundle(bundle, width - 1), "it has no other width");
}

}  // namespace ppn::fuzz
