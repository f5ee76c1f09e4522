// Signed notes and verifier keys, as C2SP signed-note.md has them.
#include "store/note.hpp"

#include <vector>

#include "store/hash.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/vectors.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::Note;
using store::NoteAlgorithm;
using store::NoteSignature;
using store::parse_note;
using store::SigningKey;
using store::VerifierKey;
using store::verify_note;

namespace {

const std::string text = "This is an example message.\n";
const std::string line = std::string{vectors::note}.substr(text.size() + 1);

// Every code point with the Unicode property White_Space.
const std::vector<std::string> spaces = {
    "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085",
    "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
    "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
    "\u2029", "\u202f", "\u205f", "\u3000"};

auto is_refused(const std::string& note) {
  return is_error(parse_note(note), ErrorCode::bad_input);
}

std::string signature_line(const std::string& name, const std::string& blob) {
  return "— " + name + " " + blob + "\n";
}

VerifierKey published_key() {
  return must(VerifierKey::parse(vectors::note_key));
}

Note signed_by(const std::string& name, const SigningKey& key) {
  return {text, {must(store::sign_note(text, name, key))}};
}

VerifierKey verifier_of(const std::string& name, const SigningKey& key) {
  return must(
      VerifierKey::make(name, NoteAlgorithm::ed25519, key.public_key()));
}

/// Tessera's checkpoint with the line of its cosigner.
Note cosigned_note() {
  return must(parse_note(std::string{vectors::tessera_checkpoint} +
                         std::string{vectors::wit1_line}));
}

VerifierKey cosigner() { return must(VerifierKey::parse(vectors::wit1_key)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(note)

// -- vectors -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_published_note_verifies) {
  auto note = must(parse_note(vectors::note));
  BOOST_TEST(note.text == text);
  BOOST_TEST(note.signatures.size() == 1U);
  BOOST_TEST(note.signatures.front().name == "example.com/foo");
  BOOST_TEST(note.signatures.front().key_id == 0x530d903aU);
  must(verify_note(note, published_key()));
}

BOOST_AUTO_TEST_CASE(a_note_is_written_as_it_was_read) {
  BOOST_TEST(store::format_note(must(parse_note(vectors::note))) ==
             vectors::note);
}

BOOST_AUTO_TEST_CASE(published_verifier_keys_have_their_ids) {
  for (const auto& published : vectors::verifier_keys) {
    BOOST_TEST_CONTEXT(published.text) {
      auto key = must(VerifierKey::parse(published.text));
      BOOST_TEST(key.name() == published.name);
      BOOST_TEST(key.id() == published.id);
      BOOST_TEST(static_cast<int>(key.algorithm()) == published.type);
      BOOST_TEST(key.text() == published.text);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_type_is_part_of_a_key_id) {
  auto key = published_key();
  auto cosigning = must(
      VerifierKey::make(key.name(), NoteAlgorithm::cosignature, key.key()));
  BOOST_TEST(cosigning.id() != key.id());
}

BOOST_AUTO_TEST_CASE(published_cosignatures_have_key_id_and_time) {
  for (const auto& published : vectors::cosignatures) {
    BOOST_TEST_CONTEXT(published.source) {
      auto note = must(
          parse_note(text + "\n" +
                     signature_line("witness", std::string{published.blob})));
      const auto& signature = note.signatures.front();
      BOOST_TEST(signature.key_id == published.key_id);
      BOOST_TEST(signature.bytes.size() == 8 + Signature::size);
      BOOST_TEST(store::from_big_endian(ByteView{signature.bytes}.first(8)) ==
                 published.unix_seconds);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_cosignature_over_a_published_checkpoint_verifies) {
  must(verify_note(cosigned_note(), cosigner()));
  must(verify_note(cosigned_note(),
                   must(VerifierKey::parse(vectors::tessera_log_key))));
}

BOOST_AUTO_TEST_CASE(the_published_private_key_makes_the_cosignature) {
  auto encoded = vectors::wit1_private_key.substr(
      vectors::wit1_private_key.rfind('+') + 1);
  auto seed = store::from_base64(encoded);
  BOOST_REQUIRE(seed && seed->size() == 1 + SigningKey::seed_size);
  auto key =
      SigningKey::from_seed(ByteView{*seed}.last<SigningKey::seed_size>());
  BOOST_TEST(key.public_key() == cosigner().key());
  auto note = cosigned_note();
  auto made = key.sign(
      store::as_bytes(store::cosignature_statement(1679315147, note.text)));
  BOOST_TEST(to_hex(made.view()) ==
             to_hex(ByteView{note.signatures.back().bytes}.subspan(8)));
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_last_empty_line_ends_the_text) {
  auto long_text = text + "\n" + line + "\nmore\n\n";
  auto note = must(parse_note(long_text + "\n" + line));
  BOOST_TEST(note.text == long_text);
  BOOST_TEST(note.signatures.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_note_without_an_empty_line_is_refused) {
  BOOST_TEST(is_refused(text + line));
  BOOST_TEST(is_refused(text));
  BOOST_TEST(is_refused(line));
  BOOST_TEST(is_refused(""));
}

BOOST_AUTO_TEST_CASE(a_note_without_text_is_refused) {
  BOOST_TEST(is_refused("\n" + line));
}

BOOST_AUTO_TEST_CASE(a_note_without_signatures_is_refused) {
  BOOST_TEST(is_refused(text + "\n"));
  BOOST_TEST(is_refused(text + "\n" + line + "\n"));
}

BOOST_AUTO_TEST_CASE(a_note_without_final_newline_is_refused) {
  std::string note{vectors::note};
  note.pop_back();
  BOOST_TEST(is_refused(note));
  BOOST_TEST(is_refused(text + "\n" + line + line.substr(0, line.size() - 1)));
}

BOOST_AUTO_TEST_CASE(control_characters_are_refused_everywhere) {
  for (char c = 0; c < 0x20; ++c) {
    if (c == '\n') continue;
    auto spoilt = std::string{vectors::note};
    for (auto place : {std::size_t{0}, text.size() - 1, text.size() + 5,
                       spoilt.size() - 1}) {
      auto note = spoilt;
      note.insert(place, 1, c);
      BOOST_TEST(is_refused(note), "character " << int{c} << " at " << place);
    }
  }
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_refused) {
  const std::vector<std::string> invalid = {
      "\x80",
      "\xbf",  // continuation alone
      "\xc3",
      "\xe2\x82",
      "\xf0\x9f\x98",  // cut short
      "\xc3x",
      "\xe2\x82x",
      "\xf0\x9f\x98x",  // broken off
      "\xc0\x80",
      "\xc0\xaf",
      "\xc1\xbf",  // overlong
      "\xe0\x80\xaf",
      "\xe0\x9f\xbf",  //
      "\xf0\x80\x80\xaf",
      "\xf0\x8f\xbf\xbf",  //
      "\xed\xa0\x80",
      "\xed\xbf\xbf",  // surrogates
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",  // beyond U+10FFFF
      "\xf8\x88\x80\x80\x80",
      "\xfe",
      "\xff"};
  for (const auto& bytes : invalid) {
    BOOST_TEST_CONTEXT(to_hex(store::as_bytes(bytes))) {
      BOOST_TEST(is_refused(bytes + "\n\n" + line));
      BOOST_TEST(is_refused(text + "\n" + signature_line(bytes, "AAAAAAA=")));
      BOOST_TEST(
          is_error(store::sign_note(bytes + "\n", "name", key_of_seed(1)),
                   ErrorCode::bad_input));
      BOOST_TEST(is_error(
          VerifierKey::make(bytes, NoteAlgorithm::ed25519, PublicKey{}),
          ErrorCode::bad_input));
    }
  }
}

BOOST_AUTO_TEST_CASE(all_of_unicode_is_text) {
  for (const std::string first_and_last :
       {"\x7f", "\u0080\u07ff", "\u0800\uffff", "\U00010000\U0010ffff",
        "\ud7ff\ue000"}) {
    auto note = must(parse_note(first_and_last + "\n\n" + line));
    BOOST_TEST(note.text == first_and_last + "\n");
  }
}

BOOST_AUTO_TEST_CASE(a_note_may_have_64_kib) {
  std::string filler(store::max_note_size - 2 - line.size(), 'x');
  must(parse_note(filler + "\n\n" + line));
  BOOST_TEST(is_refused("x" + filler + "\n\n" + line));
}

// -- signature lines ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_note_may_have_a_hundred_signatures) {
  auto note = text + "\n";
  for (std::size_t i = 0; i < store::max_note_signatures; ++i) note += line;
  BOOST_TEST(must(parse_note(note)).signatures.size() == 100U);
  BOOST_TEST(is_refused(note + line));
}

BOOST_AUTO_TEST_CASE(a_signature_line_begins_with_an_em_dash) {
  auto rest = line.substr(std::string{"— "}.size());
  for (const std::string start :
       {"", " ", "- ", "– ", "—", "—  ", " — ", "—\u00a0", "— — "})
    BOOST_TEST(is_refused(text + "\n" + start + rest), start);
}

BOOST_AUTO_TEST_CASE(junk_beside_signature_lines_is_refused) {
  BOOST_TEST(is_refused(text + "\n" + line + "junk\n"));
  BOOST_TEST(is_refused(text + "\njunk\n" + line));
  BOOST_TEST(is_refused(text + "\n" + line + "junk"));
}

BOOST_AUTO_TEST_CASE(a_signature_line_has_a_valid_name) {
  BOOST_TEST(is_refused(text + "\n" + signature_line("", "AAAAAAA=")));
  BOOST_TEST(is_refused(text + "\n" + signature_line("a+b", "AAAAAAA=")));
  for (const auto& space : spaces)
    BOOST_TEST(
        is_refused(text + "\n" + signature_line("a" + space + "b", "AAAAAAA=")),
        to_hex(store::as_bytes(space)));
}

BOOST_AUTO_TEST_CASE(a_signature_is_canonical_base64) {
  must(parse_note(text + "\n" + signature_line("name", "AAAAAAA=")));
  for (const std::string blob :
       {"", " AAAAAAA=", "AAAAAAA= ", "AAAA AAA=", "AAAAAAA",
        "AAAAAAA==", "AAAAAAB=", "AAAAAA=", "AAAAAA==A",
        "AAAA-_A=", "AAAAAAA=AAAA", "AAAA\u00e9A=", "\u3042AAAAA"})
    BOOST_TEST(is_refused(text + "\n" + signature_line("name", blob)), blob);
}

BOOST_AUTO_TEST_CASE(a_signature_is_more_than_a_key_id) {
  BOOST_TEST(is_refused(text + "\n" + signature_line("name", "AAAA")));
  BOOST_TEST(is_refused(text + "\n" + signature_line("name", "AAAAAA==")));
}

// -- verification ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(no_byte_of_a_signed_text_can_change) {
  auto note = must(parse_note(vectors::note));
  for (std::size_t bit = 0; bit < note.text.size() * 8; ++bit) {
    auto changed = note;
    changed.text = with_bit_flipped(note.text, bit);
    BOOST_TEST(
        is_error(verify_note(changed, published_key()), ErrorCode::damaged));
  }
}

BOOST_AUTO_TEST_CASE(a_note_by_nobody_known_is_not_signed) {
  auto key = key_of_seed(1);
  BOOST_TEST(is_error(
      verify_note(signed_by("name", key), verifier_of("name", key_of_seed(2))),
      ErrorCode::not_found));
  BOOST_TEST(
      is_error(verify_note(signed_by("name", key), verifier_of("other", key)),
               ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(lines_of_unknown_keys_are_skipped) {
  auto key = key_of_seed(1);
  auto known = verifier_of("name", key);
  auto note = signed_by("name", key);
  NoteSignature same_name{"name", known.id() ^ 1U, Bytes(64)};
  NoteSignature same_id{"other", known.id(), Bytes(64)};
  NoteSignature of_other_kind{"third", 5, Bytes(3)};
  note.signatures.insert(note.signatures.begin(), same_name);
  note.signatures.push_back(same_id);
  note.signatures.push_back(of_other_kind);
  must(verify_note(note, known));
}

BOOST_AUTO_TEST_CASE(one_wrong_line_of_a_known_key_spoils_the_note) {
  auto key = key_of_seed(1);
  auto known = verifier_of("name", key);
  NoteSignature wrong{"name", known.id(), Bytes(64)};
  auto wrong_first = signed_by("name", key);
  wrong_first.signatures.insert(wrong_first.signatures.begin(), wrong);
  auto wrong_last = signed_by("name", key);
  wrong_last.signatures.push_back(wrong);
  BOOST_TEST(is_error(verify_note(wrong_first, known), ErrorCode::damaged));
  BOOST_TEST(is_error(verify_note(wrong_last, known), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_signature_has_its_exact_length) {
  auto key = key_of_seed(1);
  auto known = verifier_of("name", key);
  auto longer = signed_by("name", key);
  longer.signatures.front().bytes.push_back(0);
  auto shorter = signed_by("name", key);
  shorter.signatures.front().bytes.pop_back();
  BOOST_TEST(is_error(verify_note(longer, known), ErrorCode::damaged));
  BOOST_TEST(is_error(verify_note(shorter, known), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_cosignature_is_bound_to_its_time) {
  for (std::size_t bit = 0; bit < 64; ++bit) {
    auto note = cosigned_note();
    auto& bytes = note.signatures.back().bytes;
    bytes = with_bit_flipped(bytes, bit);
    BOOST_TEST(is_error(verify_note(note, cosigner()), ErrorCode::damaged));
  }
}

BOOST_AUTO_TEST_CASE(a_cosignature_has_a_time_between_0_and_2_to_the_63) {
  auto key = key_of_seed(1);
  auto cosigning = must(
      VerifierKey::make("name", NoteAlgorithm::cosignature, key.public_key()));
  auto at = [&](std::uint64_t time) {
    auto signature =
        key.sign(store::as_bytes(store::cosignature_statement(time, text)));
    auto bytes = store::big_endian(time);
    NoteSignature line_of_it{
        "name", cosigning.id(), {bytes.begin(), bytes.end()}};
    line_of_it.bytes.insert(line_of_it.bytes.end(), signature.bytes.begin(),
                            signature.bytes.end());
    return verify_note({text, {line_of_it}}, cosigning);
  };
  constexpr auto limit = std::uint64_t{1} << 63U;
  must(at(1));
  must(at(limit - 1));
  BOOST_TEST(is_error(at(0), ErrorCode::damaged));
  BOOST_TEST(is_error(at(limit), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_cosignature_can_not_be_shorter_than_its_time) {
  auto note = cosigned_note();
  note.signatures.back().bytes = Bytes(7);
  BOOST_TEST(is_error(verify_note(note, cosigner()), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_plain_signature_is_no_cosignature) {
  auto key = key_of_seed(1);
  auto cosigning = must(
      VerifierKey::make("name", NoteAlgorithm::cosignature, key.public_key()));
  auto note = signed_by("name", key);
  note.signatures.front().key_id = cosigning.id();
  BOOST_TEST(is_error(verify_note(note, cosigning), ErrorCode::damaged));
}

// -- signing -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_signed_note_reads_back_and_verifies) {
  auto key = key_of_seed(1);
  auto note = must(parse_note(store::format_note(signed_by("a/b", key))));
  BOOST_TEST(note.text == text);
  must(verify_note(note, verifier_of("a/b", key)));
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_not_signed) {
  for (const std::string wrong : {"", "no newline", "tab\t\n", "cr\r\n"})
    BOOST_TEST(is_error(store::sign_note(wrong, "name", key_of_seed(1)),
                        ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(nothing_is_signed_under_an_invalid_name) {
  for (const std::string name : {"", "a b", "a+b"})
    BOOST_TEST(is_error(store::sign_note(text, name, key_of_seed(1)),
                        ErrorCode::bad_input));
}

// -- verifier keys -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_key_name_has_no_white_space) {
  for (const auto& space : spaces)
    for (const auto& name :
         {space, "a" + space, space + "b", "a" + space + "b"})
      BOOST_TEST(is_error(VerifierKey::make(name, NoteAlgorithm::ed25519, {}),
                          ErrorCode::bad_input),
                 to_hex(store::as_bytes(name)));
}

BOOST_AUTO_TEST_CASE(a_key_name_may_have_any_other_letter) {
  for (const std::string name :
       {"a", "example.com/ledger/a", "é", "\u200b", "\u1fff", "\u3001", "😀"})
    BOOST_TEST(
        must(VerifierKey::make(name, NoteAlgorithm::ed25519, {})).name() ==
        name);
}

BOOST_AUTO_TEST_CASE(a_verifier_key_with_a_wrong_id_is_refused) {
  std::string right{vectors::note_key};
  auto id = right.find('+') + 1;
  for (std::size_t digit = 0; digit < 8; ++digit) {
    auto wrong = right;
    auto& c = wrong[id + digit];
    c = c == '0' ? '1' : '0';
    auto error = error_of(VerifierKey::parse(wrong));
    BOOST_TEST(error.message.find("530d903a") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_verifier_key_id_is_written_in_one_way) {
  std::string key{vectors::note_key.substr(vectors::note_key.rfind('+'))};
  for (const std::string id : {"530D903A", "0530d903a", "530d903", "",
                               " 530d903a", "0x530d903a", "530d903a "})
    BOOST_TEST(is_error(VerifierKey::parse("example.com/foo+" + id + key),
                        ErrorCode::bad_input),
               id);
}

BOOST_AUTO_TEST_CASE(a_verifier_key_has_three_parts) {
  for (const std::string wrong :
       {"", "+", "++", "name", "name+530d903a", "name+530d903a+"})
    BOOST_TEST(is_error(VerifierKey::parse(wrong), ErrorCode::bad_input),
               wrong);
}

BOOST_AUTO_TEST_CASE(a_verifier_key_has_32_bytes_and_a_known_type) {
  auto refused = [](std::uint8_t type, std::size_t size) {
    // With the id that a careless reader of just 32 bytes would compute.
    const std::uint8_t before[] = {'n', 'a', 'm', 'e', '\n', type};
    Bytes encoded(1 + size);
    encoded.front() = type;
    auto digest = store::Sha256{}
                      .update(before)
                      .update(Bytes(std::min<std::size_t>(size, 32)))
                      .finish();
    auto id = to_hex(digest.view().first(4));
    return is_error(
        VerifierKey::parse("name+" + id + "+" + store::to_base64(encoded)),
        ErrorCode::bad_input);
  };
  BOOST_TEST(!refused(0x01, 32));
  BOOST_TEST(!refused(0x04, 32));
  BOOST_TEST(refused(0x01, 31));
  BOOST_TEST(refused(0x01, 33));
  for (auto type : {0x00, 0x02, 0x03, 0x05, 0x06, 0xff})
    BOOST_TEST(refused(static_cast<std::uint8_t>(type), 32), "type " << type);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
