// C2SP tlog-cosignature, Ed25519: a witness says that the checkpoint of a
// ledger is the largest one that it knows, and that the ledger grew only.
#pragma once

#include <cstdint>
#include <optional>

#include "store/note.hpp"

namespace ppn::store {

/// Under which a node's cosignatures stand in a note.
std::string witness_name(const NodeId& witness);

/// The key for nothing but cosignatures, which a node's own key brings forth.
SigningKey witness_key_of(const SigningKey& node_key);

/// Its public half, to check cosignatures with.
VerifierKey witness_verifier(const NodeId& witness, const PublicKey& key);

/// The signature line: the time, 8 bytes big-endian, and the signature.
NoteSignature cosignature_line(const NodeId& witness, const PublicKey& key,
                               std::uint64_t unix_seconds,
                               const Signature& signature);

/// Signs a note, and answers that line.
NoteSignature cosign_note(std::string_view note_text, const NodeId& witness,
                          const SigningKey& witness_key,
                          std::uint64_t unix_seconds);

/// When `key` cosigned the note, in seconds since 1970: the newest time if it
/// did more than once. not_found if it did not, damaged if a line under its
/// name and id is wrong; bad_input if it is no key for cosignatures.
Result<std::uint64_t> verify_cosignature(const Note& note,
                                         const VerifierKey& key);

/// Whether the line has the size of a cosignature: without its key that is all
/// that can be told.
bool looks_like_cosignature(const NoteSignature& line);

/// Adds those of `lines` that look like cosignatures. They stand behind the
/// other lines, sorted by name, the newest of each key, and as many as a note
/// has room for.
void add_cosignatures(Note& note, const std::vector<NoteSignature>& lines);

/// When a note was cosigned last by whomever, unchecked, in seconds since 1970;
/// nothing if nobody did.
std::optional<std::uint64_t> cosigned_at(std::string_view note);

}  // namespace ppn::store
