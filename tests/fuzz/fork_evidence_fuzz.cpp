// Evidence of a fork as it stands in an entry: whatever it is, it is read or
// refused, and what was read is the same when it is read again.
#include "store/fork_evidence.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  auto evidence = store::decode_fork_evidence(input);
  if (!evidence) return;
  // Nobody signed anything with that key.
  require(!store::verify_fork_evidence(*evidence, PublicKey{}).ok(),
          "evidence needs signatures");
  (void)store::verify_fork_evidence(*evidence, test_key().public_key());
  auto again = store::decode_fork_evidence(store::encode(*evidence));
  require(again.ok() && again->node == evidence->node &&
              again->proof == evidence->proof &&
              again->frame == evidence->frame,
          "evidence that was read can be written");
}

}  // namespace ppn::fuzz
