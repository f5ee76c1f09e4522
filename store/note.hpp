// C2SP signed notes: a text that people can read, and signature lines under it.
//
//   text, ending in a newline
//   (empty line)
//   — <key name> <base64(4-byte key id || signature)>
//   ...
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"
#include "store/signing.hpp"

namespace ppn::store {

/// The byte in a key's id and encoding that says how it signs.
enum class NoteAlgorithm : std::uint8_t { ed25519 = 0x01, cosignature = 0x04 };

/// A name and the public key that signs notes under it.
class VerifierKey {
 public:
  /// bad_input if the name is empty or holds white space or a plus sign.
  static Result<VerifierKey> make(std::string name, NoteAlgorithm algorithm,
                                  const PublicKey& key);

  /// Reads `<name>+<8 hex digits>+<base64(type || key)>`; the id is computed
  /// again and must agree.
  static Result<VerifierKey> parse(std::string_view text);

  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] NoteAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] const PublicKey& key() const { return key_; }
  /// First 4 bytes of SHA-256(name || 0x0a || type || key), big-endian.
  [[nodiscard]] std::uint32_t id() const { return id_; }

 private:
  VerifierKey(std::string name, NoteAlgorithm algorithm, const PublicKey& key);

  std::string name_;
  NoteAlgorithm algorithm_;
  PublicKey key_;
  std::uint32_t id_;
};

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  /// What follows the key id: 64 bytes for Ed25519, 8 more for a cosignature.
  Bytes bytes;
};

struct Note {
  /// Ends in a newline; this is what Ed25519 signatures cover.
  std::string text;
  std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t max_note_size = 65'536;
inline constexpr std::size_t max_note_signatures = 100;

/// Reads a note of at most max_note_size bytes without checking a signature.
/// bad_input says which rule of signed-note.md it breaks.
Result<Note> parse_note(std::string_view bytes);

/// The note as it is stored and sent.
std::string format_note(const Note& note);

/// Signs with an Ed25519 key under `name`.
Result<NoteSignature> sign_note(std::string_view text, const std::string& name,
                                const SigningKey& key);

/// Succeeds if `key` signed the note and no line under its name and id fails;
/// not_found if it did not sign at all, damaged if a line of it is wrong.
Status verify_note(const Note& note, const VerifierKey& key);

/// What a cosigner signs (tlog-cosignature.md, Ed25519 form).
std::string cosignature_statement(std::uint64_t unix_seconds,
                                  std::string_view note_text);

}  // namespace ppn::store
