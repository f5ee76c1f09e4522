#include "store/checkpoint.hpp"

#include <charconv>
#include <utility>

#include "store/base64.hpp"
#include "store/signed_head.hpp"

namespace ppn::store {

namespace {

Error bad(std::string why) {
  return {ErrorCode::bad_input, "checkpoint: " + std::move(why)};
}

/// Takes a line without its newline from the front of `text`.
std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, size);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  if (text != std::to_string(size)) return std::nullopt;
  return size;
}

}  // namespace

std::string checkpoint_origin(const NodeId& node) {
  return std::string{checkpoint_domain.prefix} + node.hex();
}

Result<Checkpoint> parse_checkpoint(std::string_view bytes) {
  auto note = parse_note(bytes);
  if (!note) return note.error();
  std::string_view text = note->text;
  Checkpoint checkpoint;
  checkpoint.origin = take_line(text);
  if (checkpoint.origin.empty()) return bad("no origin");
  auto size = parse_size(take_line(text));
  if (!size) return bad("the size is not a decimal number");
  auto root = fixed_from_base64<Hash>(take_line(text));
  if (!root) return bad("the root is not base64 of 32 bytes");
  while (!text.empty())
    if (take_line(text).empty()) return bad("an empty extension line");
  checkpoint.head = {*size, *root};
  checkpoint.note = std::move(*note);
  return checkpoint;
}

Result<std::string> sign_checkpoint(const NodeId& node, const TreeHead& head,
                                    const SigningKey& key) {
  auto origin = checkpoint_origin(node);
  Note note;
  note.text = checkpoint_text(node, head);
  auto signature = sign_note(note.text, origin, key);
  if (!signature) return signature.error();
  note.signatures.push_back(std::move(*signature));
  return format_note(note);
}

Status verify_checkpoint(const Checkpoint& checkpoint, const NodeId& node,
                         const PublicKey& key) {
  auto origin = checkpoint_origin(node);
  if (checkpoint.origin != origin)
    return Error{
        ErrorCode::damaged,
        "the checkpoint is of " + checkpoint.origin + ", not of " + origin};
  auto verifier = VerifierKey::make(origin, NoteAlgorithm::ed25519, key);
  if (!verifier) return verifier.error();
  return verify_note(checkpoint.note, *verifier);
}

}  // namespace ppn::store
