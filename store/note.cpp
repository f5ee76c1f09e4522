#include "store/note.hpp"

#include <charconv>
#include <utility>

#include "store/base64.hpp"
#include "store/byte_order.hpp"
#include "store/hash.hpp"

namespace ppn::store {

namespace {

constexpr std::string_view signature_mark = "\xe2\x80\x94 ";  // em dash
constexpr std::size_t key_id_size = 4;
constexpr std::size_t cosignature_time_size = 8;

Error bad(std::string why) {
  return {ErrorCode::bad_input, "signed note: " + std::move(why)};
}

/// One code point of UTF-8 from the front of `text`; 0 bytes taken if it is
/// overlong, cut short, a surrogate or too large.
struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;
};

CodePoint next_code_point(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t size = 0;
  if ((lead & 0xe0U) == 0xc0U)
    size = 2;
  else if ((lead & 0xf0U) == 0xe0U)
    size = 3;
  else if ((lead & 0xf8U) == 0xf0U)
    size = 4;
  if (size == 0 || text.size() < size) return {};
  char32_t value = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < smallest[size] || surrogate || value > 0x10ffff) return {};
  return {value, size};
}

/// White space by the Unicode property of that name.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

template <class Allowed>
bool all_code_points(std::string_view text, Allowed allowed) {
  while (!text.empty()) {
    auto point = next_code_point(text);
    if (point.size == 0 || !allowed(point.value)) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

bool is_note_text(std::string_view text) {
  return all_code_points(text,
                         [](char32_t c) { return c >= 0x20 || c == '\n'; });
}

bool is_key_name(std::string_view name) {
  return !name.empty() && all_code_points(name, [](char32_t c) {
    return c >= 0x20 && c != '+' && !is_space(c);
  });
}

std::uint8_t type_byte(NoteAlgorithm algorithm) {
  return static_cast<std::uint8_t>(algorithm);
}

std::uint32_t key_id(std::string_view name, NoteAlgorithm algorithm,
                     const PublicKey& key) {
  const std::uint8_t separator[] = {0x0a, type_byte(algorithm)};
  auto digest = Sha256{}
                    .update(as_bytes(name))
                    .update(separator)
                    .update(key.view())
                    .finish();
  return static_cast<std::uint32_t>(
      from_big_endian(digest.view().first(key_id_size)));
}

std::string key_id_hex(std::uint32_t id) {
  return to_hex(ByteView{big_endian(id)}.last(key_id_size));
}

Result<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(signature_mark))
    return bad("a signature line does not begin with a dash and a space");
  line.remove_prefix(signature_mark.size());
  auto space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space)))
    return bad("a signature line has no valid key name");
  auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= key_id_size)
    return bad("a signature is not base64 of a key id and a signature");
  NoteSignature signature;
  signature.name = line.substr(0, space);
  signature.key_id = static_cast<std::uint32_t>(
      from_big_endian(ByteView{*bytes}.first(key_id_size)));
  signature.bytes.assign(bytes->begin() + key_id_size, bytes->end());
  return signature;
}

bool signature_holds(const Note& note, const NoteSignature& signature,
                     const VerifierKey& key) {
  ByteView bytes{signature.bytes};
  std::string statement = note.text;
  if (key.algorithm() == NoteAlgorithm::cosignature) {
    if (bytes.size() < cosignature_time_size) return false;
    auto time = from_big_endian(bytes.first(cosignature_time_size));
    if (time == 0 || time >> 63U != 0) return false;
    statement = cosignature_statement(time, note.text);
    bytes = bytes.subspan(cosignature_time_size);
  }
  if (bytes.size() != Signature::size) return false;
  return verify(key.key(), as_bytes(statement),
                Signature{bytes.first<Signature::size>()});
}

}  // namespace

VerifierKey::VerifierKey(std::string name, NoteAlgorithm algorithm,
                         const PublicKey& key)
    : name_(std::move(name)),
      algorithm_(algorithm),
      key_(key),
      id_(key_id(name_, algorithm, key)) {}

Result<VerifierKey> VerifierKey::make(std::string name, NoteAlgorithm algorithm,
                                      const PublicKey& key) {
  if (!is_key_name(name))
    return bad("a key name must not be empty nor hold white space or '+'");
  return VerifierKey{std::move(name), algorithm, key};
}

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
  // Base64 may hold a plus sign too, so only the first two separate.
  auto first = text.find('+');
  auto second = first == std::string_view::npos ? first
                                                : text.find('+', first + 1);
  if (second == std::string_view::npos)
    return bad("a verifier key reads NAME+ID+KEY");
  auto name = text.substr(0, first);
  auto id = text.substr(first + 1, second - first - 1);
  auto encoded = from_base64(text.substr(second + 1));
  if (!is_key_name(name)) return bad("the verifier key has no valid name");
  if (!encoded || encoded->size() != 1 + PublicKey::size)
    return bad("the verifier key is not base64 of a type and 32 bytes");
  NoteAlgorithm algorithm{encoded->front()};
  if (algorithm != NoteAlgorithm::ed25519 &&
      algorithm != NoteAlgorithm::cosignature)
    return bad("the verifier key is of a type that is not known here");
  VerifierKey key{std::string{name}, algorithm,
                  PublicKey{ByteView{*encoded}.last<PublicKey::size>()}};
  if (id != key_id_hex(key.id()))
    return bad("the verifier key's id is " + key_id_hex(key.id()) +
               ", but it says " + std::string{id});
  return key;
}

std::string VerifierKey::text() const {
  Bytes encoded{type_byte(algorithm_)};
  encoded.insert(encoded.end(), key_.bytes.begin(), key_.bytes.end());
  return name_ + "+" + key_id_hex(id_) + "+" + to_base64(encoded);
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > max_note_size) return bad("larger than 64 KiB");
  if (!is_note_text(bytes)) return bad("not UTF-8, or with control characters");
  auto split = bytes.rfind("\n\n");
  if (split == std::string_view::npos)
    return bad("no empty line between text and signatures");
  Note note;
  note.text = bytes.substr(0, split + 1);
  auto lines = bytes.substr(split + 2);
  if (lines.empty()) return bad("no signature");
  while (!lines.empty()) {
    auto end = lines.find('\n');
    if (end == std::string_view::npos)
      return bad("the last line has no newline");
    if (note.signatures.size() == max_note_signatures)
      return bad("more than 100 signatures");
    auto signature = parse_signature_line(lines.substr(0, end));
    if (!signature) return signature.error();
    note.signatures.push_back(std::move(*signature));
    lines.remove_prefix(end + 1);
  }
  return note;
}

std::string format_note(const Note& note) {
  std::string bytes = note.text + "\n";
  for (const auto& signature : note.signatures) {
    Bytes blob;
    auto id = big_endian(signature.key_id);
    blob.insert(blob.end(), id.end() - key_id_size, id.end());
    blob.insert(blob.end(), signature.bytes.begin(), signature.bytes.end());
    bytes += signature_mark;
    bytes += signature.name + " " + to_base64(blob) + "\n";
  }
  return bytes;
}

Result<NoteSignature> sign_note(std::string_view text, const std::string& name,
                                const SigningKey& key) {
  if (!text.ends_with('\n') || !is_note_text(text))
    return bad("a text to sign is UTF-8 that ends in a newline");
  auto verifier =
      VerifierKey::make(name, NoteAlgorithm::ed25519, key.public_key());
  if (!verifier) return verifier.error();
  auto signature = key.sign(as_bytes(text));
  return NoteSignature{
      name, verifier->id(), {signature.bytes.begin(), signature.bytes.end()}};
}

Status verify_note(const Note& note, const VerifierKey& key) {
  bool signed_by_key = false;
  for (const auto& signature : note.signatures) {
    if (signature.name != key.name() || signature.key_id != key.id()) continue;
    if (!signature_holds(note, signature, key))
      return Error{ErrorCode::damaged,
                   "the signature of " + key.name() + " is wrong"};
    signed_by_key = true;
  }
  if (!signed_by_key)
    return Error{ErrorCode::not_found,
                 "not signed by " + key.name() + "+" + key_id_hex(key.id())};
  return {};
}

std::string cosignature_statement(std::uint64_t unix_seconds,
                                  std::string_view note_text) {
  return std::string{cosignature_domain.prefix} + "time " +
         std::to_string(unix_seconds) + "\n" + std::string{note_text};
}

}  // namespace ppn::store
