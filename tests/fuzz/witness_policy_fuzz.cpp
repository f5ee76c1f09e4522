// Policy files: each is taken or refused with a line of text.
#include "store/byte_order.hpp"
#include "store/witness_policy.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  auto policy = store::WitnessPolicy::parse(store::as_text(input));
  if (policy) return;
  const auto& message = policy.error().message;
  require(!message.empty(), "a refusal has a reason");
}

}  // namespace ppn::fuzz
