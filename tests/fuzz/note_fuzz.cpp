// Signed notes: an accepted note has one spelling, and a signature made for it
// covers its whole text and nothing else.
#include "store/byte_order.hpp"
#include "store/note.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

const std::string name = "fuzz.example/log";

/// The note with one good signature instead of those it came with.
void sign_and_verify(store::Note note) {
  auto key = store::VerifierKey::make(name, store::NoteAlgorithm::ed25519,
                                      test_key().public_key());
  auto signature = store::sign_note(note.text, name, test_key());
  require(key && signature, "the text of a note can be signed");
  note.signatures = {*signature};
  auto bytes = store::format_note(note);
  if (bytes.size() > store::max_note_size) return;
  auto parsed = store::parse_note(bytes);
  require(parsed && parsed->text == note.text, "a signed note reads back");
  require(store::verify_note(*parsed, *key).ok(), "its signature holds");

  auto& middle = parsed->text[parsed->text.size() / 2];
  middle = middle == 'x' ? 'y' : 'x';
  auto verified = store::verify_note(*parsed, *key);
  require(!verified && verified.error().code == store::ErrorCode::damaged,
          "a note that was changed is condemned");
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  if (auto note = store::parse_note(text)) {
    require(store::format_note(*note) == text, "a note has one spelling");
    for (const auto& signature : note->signatures) {
      auto key = store::VerifierKey::make(signature.name,
                                          store::NoteAlgorithm::cosignature,
                                          test_key().public_key());
      require(key && !store::verify_note(*note, *key),
              "nobody signed with the test key");
    }
    sign_and_verify(std::move(*note));
  }
  // The fuzzer need not find out how a signature line looks.
  store::Note note{std::string{text} + "\n", {}};
  if (store::sign_note(note.text, name, test_key())) sign_and_verify(note);
}

}  // namespace ppn::fuzz
