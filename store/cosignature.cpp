#include "store/cosignature.hpp"

#include <sodium.h>

#include <algorithm>
#include <iterator>

#include "store/byte_order.hpp"
#include "store/checkpoint.hpp"
#include "store/secret_bytes.hpp"

namespace ppn::store {

namespace {

constexpr std::string_view witness_key_context = "ppn-witness-key-v1\n";
constexpr std::size_t time_size = sizeof(std::uint64_t);

std::uint64_t time_of(const NoteSignature& line) {
  return from_big_endian(ByteView{line.bytes}.first(time_size));
}

bool is_of_one_key(const NoteSignature& a, const NoteSignature& b) {
  return a.name == b.name && a.key_id == b.key_id;
}

bool stands_before(const NoteSignature& a, const NoteSignature& b) {
  if (a.name != b.name) return a.name < b.name;
  if (a.key_id != b.key_id) return a.key_id < b.key_id;
  return time_of(a) > time_of(b);
}

}  // namespace

std::string witness_name(const NodeId& witness) {
  return checkpoint_origin(witness) + "/witness";
}

SigningKey witness_key_of(const SigningKey& node_key) {
  WipedBytes<SigningKey::seed_size> seed;
  auto context = as_bytes(witness_key_context);
  node_key.with_seed([&](auto node_seed) {
    crypto_generichash(seed.data(), seed.size(), context.data(), context.size(),
                       node_seed.data(), node_seed.size());
  });
  return SigningKey::from_seed(
      std::span<const std::uint8_t, SigningKey::seed_size>{seed});
}

VerifierKey witness_verifier(const NodeId& witness, const PublicKey& key) {
  return *VerifierKey::make(witness_name(witness), NoteAlgorithm::cosignature,
                            key);
}

NoteSignature cosignature_line(const NodeId& witness, const PublicKey& key,
                               std::uint64_t unix_seconds,
                               const Signature& signature) {
  auto verifier = witness_verifier(witness, key);
  auto time = big_endian(unix_seconds);
  NoteSignature line{verifier.name(), verifier.id(), {}};
  line.bytes.assign(time.begin(), time.end());
  line.bytes.insert(line.bytes.end(), signature.bytes.begin(),
                    signature.bytes.end());
  return line;
}

NoteSignature cosign_note(std::string_view note_text, const NodeId& witness,
                          const SigningKey& witness_key,
                          std::uint64_t unix_seconds) {
  return cosignature_line(witness, witness_key.public_key(), unix_seconds,
                          witness_key.sign(as_bytes(
                              cosignature_statement(unix_seconds, note_text))));
}

Result<std::uint64_t> verify_cosignature(const Note& note,
                                         const VerifierKey& key) {
  if (key.algorithm() != NoteAlgorithm::cosignature)
    return Error{ErrorCode::bad_input,
                 key.name() + " is no key of cosignatures"};
  if (auto verified = verify_note(note, key); !verified)
    return verified.error();
  std::uint64_t newest = 0;
  for (const auto& line : note.signatures)
    if (line.name == key.name() && line.key_id == key.id())
      newest = std::max(newest, time_of(line));
  return newest;
}

bool looks_like_cosignature(const NoteSignature& line) {
  return line.bytes.size() == time_size + Signature::size;
}

void add_cosignatures(Note& note, const std::vector<NoteSignature>& lines) {
  auto& all = note.signatures;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(all),
               looks_like_cosignature);
  auto first = std::stable_partition(
      all.begin(), all.end(),
      [](const auto& line) { return !looks_like_cosignature(line); });
  std::sort(first, all.end(), stands_before);
  all.erase(std::unique(first, all.end(), is_of_one_key), all.end());
  if (all.size() > max_note_signatures)
    all.erase(all.begin() + max_note_signatures, all.end());
  while (all.size() > 1 && format_note(note).size() > max_note_size)
    all.pop_back();
}

std::optional<std::uint64_t> cosigned_at(std::string_view note) {
  auto parsed = parse_note(note);
  std::optional<std::uint64_t> newest;
  if (!parsed) return newest;
  for (const auto& line : parsed->signatures)
    if (looks_like_cosignature(line))
      newest = std::max(newest.value_or(0), time_of(line));
  return newest;
}

}  // namespace ppn::store
