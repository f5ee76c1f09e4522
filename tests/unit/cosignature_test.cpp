// What a witness signs, as C2SP tlog-cosignature.md has it.
#include "store/cosignature.hpp"

#include "store/checkpoint.hpp"
#include "store/hash.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/vectors.hpp"

namespace ppn::tests {

using store::add_cosignatures;
using store::cosign_note;
using store::ErrorCode;
using store::Note;
using store::NoteAlgorithm;
using store::NoteSignature;
using store::SigningKey;
using store::VerifierKey;
using store::verify_cosignature;
using store::witness_key_of;
using store::witness_verifier;

namespace {

constexpr std::uint64_t vector_time = 1679315147;

const NodeId log_node = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");
const NodeId witness = of_hex<NodeId>("101112131415161718191a1b1c1d1e1f");
const NodeId other_witness = of_hex<NodeId>("202122232425262728292a2b2c2d2e2f");

Note log_note() {
  store::TreeHead head{42, store::sha256(store::as_bytes("root"))};
  return must(store::parse_note(
      must(store::sign_checkpoint(log_node, head, key_of_seed(1)))));
}

SigningKey witness_key() { return witness_key_of(key_of_seed(2)); }

VerifierKey verifier() {
  return witness_verifier(witness, witness_key().public_key());
}

NoteSignature line_at(std::uint64_t seconds, const NodeId& by = witness) {
  return cosign_note(log_note().text, by, witness_key(), seconds);
}

Note note_with(const std::vector<NoteSignature>& lines) {
  auto note = log_note();
  add_cosignatures(note, lines);
  return note;
}

std::vector<std::string> names_in(const Note& note) {
  std::vector<std::string> names;
  for (const auto& line : note.signatures) names.push_back(line.name);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cosignature)

// -- vectors -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_published_key_cosigned_at_its_time) {
  auto note = must(store::parse_note(std::string{vectors::tessera_checkpoint} +
                                     std::string{vectors::wit1_line}));
  auto key = must(VerifierKey::parse(vectors::wit1_key));
  BOOST_TEST(must(verify_cosignature(note, key)) == vector_time);
}

BOOST_AUTO_TEST_CASE(published_cosignatures_look_like_such) {
  for (const auto& published : vectors::cosignatures) {
    auto note = must(store::parse_note("text\n\n— witness " +
                                       std::string{published.blob} + "\n"));
    BOOST_TEST(store::looks_like_cosignature(note.signatures.front()),
               published.source);
  }
  BOOST_TEST(!store::looks_like_cosignature(log_note().signatures.front()));
}

// -- keys --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_witness_signs_with_a_key_of_its_own) {
  auto node_key = key_of_seed(2);
  BOOST_TEST(witness_key_of(node_key).public_key() != node_key.public_key());
  BOOST_TEST(witness_key_of(node_key).public_key() ==
             witness_key_of(key_of_seed(2)).public_key());
  BOOST_TEST(witness_key_of(key_of_seed(3)).public_key() !=
             witness_key_of(node_key).public_key());
}

// It must never change: a witness would be unknown to all who have its key.
BOOST_AUTO_TEST_CASE(the_key_of_a_witness_is_the_keyed_hash_of_its_context) {
  BOOST_TEST(
      witness_key_of(key_of_seed(2)).public_key().hex() ==
      "d5cdcbe59bc196eddadd02d4e94a6f8bef204566e2e7f96d871e2e5d481d6524");
}

BOOST_AUTO_TEST_CASE(a_verifier_key_of_a_witness_says_so) {
  auto key = must(VerifierKey::parse(verifier().text()));
  BOOST_TEST(key.algorithm() == NoteAlgorithm::cosignature);
  BOOST_TEST(key.name() == "ppn.internal/" + witness.hex() + "/witness");
}

// -- cosigning ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_cosignature_verifies_and_tells_its_time) {
  auto note = must(
      store::parse_note(store::format_note(note_with({line_at(vector_time)}))));
  BOOST_TEST(must(verify_cosignature(note, verifier())) == vector_time);
  must(store::verify_checkpoint(
      must(store::parse_checkpoint(store::format_note(note))), log_node,
      key_of_seed(1).public_key()));
}

BOOST_AUTO_TEST_CASE(the_newest_of_several_times_counts) {
  auto note = log_note();
  for (auto time : {7U, 9U, 8U}) note.signatures.push_back(line_at(time));
  BOOST_TEST(must(verify_cosignature(note, verifier())) == 9U);
}

BOOST_AUTO_TEST_CASE(a_note_that_nobody_cosigned_is_told) {
  BOOST_TEST(is_error(verify_cosignature(log_note(), verifier()),
                      ErrorCode::not_found));
  auto note = note_with({line_at(7, other_witness)});
  BOOST_TEST(
      is_error(verify_cosignature(note, verifier()), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(one_wrong_line_condemns_the_right_one) {
  auto note = log_note();
  auto wrong = line_at(9);
  wrong.bytes.back() ^= 1U;
  note.signatures.push_back(line_at(7));
  note.signatures.push_back(wrong);
  BOOST_TEST(
      is_error(verify_cosignature(note, verifier()), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_cosignature_is_for_one_text) {
  auto note = note_with({line_at(7)});
  for (std::size_t bit = 0; bit < note.text.size() * 8; ++bit) {
    auto changed = note;
    changed.text = with_bit_flipped(note.text, bit);
    BOOST_TEST(
        is_error(verify_cosignature(changed, verifier()), ErrorCode::damaged));
  }
}

BOOST_AUTO_TEST_CASE(the_key_of_a_log_checks_no_cosignature) {
  auto log = must(VerifierKey::make(store::checkpoint_origin(log_node),
                                    NoteAlgorithm::ed25519,
                                    key_of_seed(1).public_key()));
  BOOST_TEST(
      is_error(verify_cosignature(log_note(), log), ErrorCode::bad_input));
}

// -- adding lines to a note --------------------------------------------------

BOOST_AUTO_TEST_CASE(cosignatures_stand_behind_the_log_sorted_by_name) {
  auto note = note_with({line_at(7, other_witness), line_at(7)});
  const std::vector<std::string> due{store::checkpoint_origin(log_node),
                                     store::witness_name(witness),
                                     store::witness_name(other_witness)};
  BOOST_TEST(names_in(note) == due, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_each_key_the_newest_is_taken_once) {
  auto note = note_with({line_at(7), line_at(9), line_at(9), line_at(8)});
  BOOST_TEST(note.signatures.size() == 2U);
  BOOST_TEST(must(verify_cosignature(note, verifier())) == 9U);
  add_cosignatures(note, {line_at(8)});
  BOOST_TEST(must(verify_cosignature(note, verifier())) == 9U);
}

BOOST_AUTO_TEST_CASE(other_lines_are_not_added) {
  auto line = log_note().signatures.front();
  line.name = "another.log";
  BOOST_TEST(note_with({line, {"short", 5, Bytes(3)}}).signatures.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_note_takes_no_more_lines_than_can_be_read) {
  std::vector<NoteSignature> lines;
  for (int i = 0; i < 150; ++i) {
    lines.push_back(line_at(7));
    lines.back().name = "witness" + std::to_string(1000 + i);
  }
  auto note = note_with(lines);
  BOOST_TEST(note.signatures.size() == store::max_note_signatures);
  BOOST_TEST(note.signatures.front().name ==
             store::checkpoint_origin(log_node));
  for (auto& line : lines) line.name += std::string(2'000, 'x');
  note = note_with(lines);
  BOOST_TEST(note.signatures.size() > 20U);
  must(store::parse_note(store::format_note(note)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
