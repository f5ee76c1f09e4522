// Checkpoints: those of others, as published, and our own.
#include "store/checkpoint.hpp"

#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/tree_model.hpp"
#include "tests/unit/vectors.hpp"

namespace ppn::tests {

using store::Checkpoint;
using store::Consistency;
using store::ErrorCode;
using store::NoteAlgorithm;
using store::parse_checkpoint;
using store::SigningKey;
using store::TreeHead;
using store::VerifierKey;

namespace {

const NodeId node = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");
const std::string root_text = "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::string any_line = "\n— name AAAAAAA=\n";

TreeHead some_head() { return {42, store::sha256(store::as_bytes("root"))}; }

Checkpoint own_checkpoint() {
  return must(parse_checkpoint(
      must(store::sign_checkpoint(node, some_head(), key_of_seed(1)))));
}

auto is_refused(const std::string& text) {
  return is_error(parse_checkpoint(text + any_line), ErrorCode::bad_input);
}

VerifierKey witnessed_log() {
  return must(VerifierKey::make(std::string{vectors::witnessed_origin},
                                NoteAlgorithm::ed25519,
                                of_hex<PublicKey>(vectors::witnessed_log_key)));
}

std::string note_of(const vectors::WitnessedCheckpoint& published) {
  std::string origin{vectors::witnessed_origin};
  return origin + "\n" + std::to_string(published.size) + "\n" +
         std::string{published.root} + "\n\n— " + origin + " " +
         std::string{published.signature} + "\n";
}

store::Proof proof_of(const vectors::WitnessedCheckpoint& published) {
  store::Proof proof;
  for (auto hash : published.proof)
    if (!hash.empty()) proof.push_back(of_base64<Hash>(hash));
  return proof;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint)

// -- vectors -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_published_checkpoint_is_of_its_published_entries) {
  auto checkpoint = must(parse_checkpoint(vectors::tessera_checkpoint));
  MemoryTree tree;
  for (auto entry : vectors::tessera_entries)
    tree.append(store::leaf_hash(store::as_bytes(entry)));
  BOOST_TEST(checkpoint.origin == "example.com/log/testdata");
  BOOST_TEST(checkpoint.head.size == tree.frontier().size());
  BOOST_TEST(checkpoint.head.root == tree.frontier().root());
  must(store::verify_note(checkpoint.note,
                          must(VerifierKey::parse(vectors::tessera_log_key))));
}

BOOST_AUTO_TEST_CASE(the_witnessed_log_has_its_published_key_id) {
  BOOST_TEST(witnessed_log().id() == vectors::witnessed_log_key_id);
}

BOOST_AUTO_TEST_CASE(the_witness_has_its_published_key) {
  auto seed = bytes_of_hex(vectors::witness_seed);
  auto key =
      SigningKey::from_seed(ByteView{seed}.first<SigningKey::seed_size>());
  BOOST_TEST(key.public_key().hex() == vectors::witness_key);
}

BOOST_AUTO_TEST_CASE(witnessed_checkpoints_are_signed_by_the_log) {
  for (const auto& published : vectors::witnessed_checkpoints) {
    BOOST_TEST_CONTEXT("size " << published.size) {
      auto checkpoint = must(parse_checkpoint(note_of(published)));
      BOOST_TEST(checkpoint.origin == vectors::witnessed_origin);
      BOOST_TEST(checkpoint.head.size == published.size);
      BOOST_TEST(checkpoint.head.root == of_base64<Hash>(published.root));
      must(store::verify_note(checkpoint.note, witnessed_log()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_witnessed_signature_is_for_one_size_only) {
  for (const auto& signed_one : vectors::witnessed_checkpoints) {
    for (auto other : vectors::witnessed_checkpoints) {
      if (other.size == signed_one.size) continue;
      other.signature = signed_one.signature;
      auto checkpoint = must(parse_checkpoint(note_of(other)));
      BOOST_TEST(is_error(store::verify_note(checkpoint.note, witnessed_log()),
                          ErrorCode::damaged));
    }
  }
}

BOOST_AUTO_TEST_CASE(witnessed_proofs_join_their_checkpoints_and_no_others) {
  std::map<std::uint64_t, TreeHead> heads;
  heads[0] = {0, store::sha256({})};
  for (const auto& published : vectors::witnessed_checkpoints)
    heads[published.size] = must(parse_checkpoint(note_of(published))).head;
  for (const auto& published : vectors::witnessed_checkpoints) {
    auto proof = proof_of(published);
    for (const auto& [old_size, older] : heads) {
      for (const auto& [size, newer] : heads) {
        if (proof.empty() || old_size == 0) continue;
        bool joined = old_size == published.old_size && size == published.size;
        BOOST_TEST_INFO("proof " << published.old_size << " -> "
                                 << published.size << " for " << old_size
                                 << " -> " << size);
        BOOST_TEST((store::verify_consistency(older, newer, proof) ==
                    Consistency::consistent) == joined);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_witness_that_knows_nothing_gets_no_proof) {
  const auto& first = vectors::witnessed_checkpoints[0];
  auto head = must(parse_checkpoint(note_of(first))).head;
  TreeHead nothing{0, store::sha256({})};
  BOOST_TEST(first.old_size == 0U);
  BOOST_TEST(store::verify_consistency(nothing, head, proof_of(first)) ==
             Consistency::vacuous);
}

// -- our own -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(our_checkpoint_has_three_lines_of_text) {
  auto checkpoint = own_checkpoint();
  BOOST_TEST(checkpoint.note.text ==
             "ppn.internal/000102030405060708090a0b0c0d0e0f\n42\n" +
                 store::to_base64(some_head().root.view()) + "\n");
  BOOST_TEST(checkpoint.note.signatures.size() == 1U);
  BOOST_TEST(checkpoint.note.signatures.front().name ==
             store::checkpoint_origin(node));
}

BOOST_AUTO_TEST_CASE(our_checkpoint_verifies) {
  auto checkpoint = own_checkpoint();
  BOOST_TEST((checkpoint.head == some_head()));
  must(store::verify_checkpoint(checkpoint, node, key_of_seed(1).public_key()));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_can_be_of_any_size) {
  for (auto size : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    auto note = must(
        store::sign_checkpoint(node, {size, some_head().root}, key_of_seed(1)));
    BOOST_TEST(must(parse_checkpoint(note)).head.size == size);
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_node_is_refused) {
  NodeId other;
  auto error = error_of(store::verify_checkpoint(own_checkpoint(), other,
                                                 key_of_seed(1).public_key()));
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, other.hex()));
  BOOST_TEST(mentions(error.message, node.hex()));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_by_another_key_is_refused) {
  BOOST_TEST(is_error(store::verify_checkpoint(own_checkpoint(), node,
                                               key_of_seed(2).public_key()),
                      ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_with_another_text_is_refused) {
  auto note = must(store::sign_checkpoint(node, some_head(), key_of_seed(1)));
  note.replace(note.find("\n42\n"), 4, "\n43\n");
  BOOST_TEST(
      is_error(store::verify_checkpoint(must(parse_checkpoint(note)), node,
                                        key_of_seed(1).public_key()),
               ErrorCode::damaged));
}

// -- reading -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(extension_lines_are_ignored) {
  auto checkpoint = must(parse_checkpoint("origin\n7\n" + root_text +
                                          "\nextension one\n2\n" + any_line));
  BOOST_TEST(checkpoint.origin == "origin");
  BOOST_TEST(checkpoint.head.size == 7U);
  BOOST_TEST(checkpoint.head.root == of_base64<Hash>(root_text));
}

BOOST_AUTO_TEST_CASE(an_extension_line_is_not_empty) {
  BOOST_TEST(is_refused("origin\n7\n" + root_text + "\n\n"));
  BOOST_TEST(is_refused("origin\n7\n" + root_text + "\n\nextension\n"));
  BOOST_TEST(is_refused("origin\n7\n" + root_text + "\nextension\n\n"));
}

BOOST_AUTO_TEST_CASE(a_size_is_written_in_one_way) {
  for (const std::string size :
       {"", "00", "07", "+7", "-7", "-0", " 7", "7 ", "0x7", "7.0", "7e1", "a",
        "18446744073709551616", "99999999999999999999999", "٧"})
    BOOST_TEST(is_refused("origin\n" + size + "\n" + root_text + "\n"), size);
}

BOOST_AUTO_TEST_CASE(a_root_is_canonical_base64_of_32_bytes) {
  auto encoded = [](std::size_t size) { return store::to_base64(Bytes(size)); };
  for (const auto& root :
       {std::string{}, encoded(31), encoded(33), root_text.substr(0, 43),
        root_text + "=", " " + root_text, root_text + " ",
        root_text.substr(0, 42) + "B="})
    BOOST_TEST(is_refused("origin\n7\n" + root + "\n"), root);
}

BOOST_AUTO_TEST_CASE(an_origin_is_not_empty) {
  BOOST_TEST(is_refused("\n7\n" + root_text + "\n"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_has_three_lines) {
  BOOST_TEST(is_refused("origin\n"));
  BOOST_TEST(is_refused("origin\n7\n"));
  BOOST_TEST(is_refused("origin\n" + root_text + "\n"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_a_signed_note) {
  BOOST_TEST(is_error(parse_checkpoint("origin\n7\n" + root_text + "\n"),
                      ErrorCode::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
