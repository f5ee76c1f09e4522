// Verifier keys as people pass them on: one spelling each, and an id that fits.
#include "store/byte_order.hpp"
#include "store/note.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

void run(ByteView input) {
  auto text = store::as_text(input);
  if (auto key = store::VerifierKey::parse(text))
    require(key->text() == text, "a verifier key has one spelling");

  // The fuzzer can not compute an id that fits its key.
  Input parts{input};
  auto algorithm = parts.number(1) % 2 == 0 ? store::NoteAlgorithm::ed25519
                                            : store::NoteAlgorithm::cosignature;
  auto key = parts.fixed<PublicKey>();
  std::string name{store::as_text(parts.rest())};
  auto made = store::VerifierKey::make(name, algorithm, key);
  if (!made) return;
  auto parsed = store::VerifierKey::parse(made->text());
  require(parsed && parsed->name() == name && parsed->key() == key &&
              parsed->algorithm() == algorithm && parsed->id() == made->id(),
          "a verifier key reads back");
}

}  // namespace ppn::fuzz
