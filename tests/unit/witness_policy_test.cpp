// Whose cosignatures are wanted, as C2SP tlog-policy.md has it.
#include "store/witness_policy.hpp"

#include "store/checkpoint.hpp"
#include "store/hash.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/vectors.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::NoteAlgorithm;
using store::VerifierKey;
using store::WitnessPolicy;

namespace {

const NodeId log_node = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");

NodeId witness_node(std::uint8_t number) {
  NodeId node;
  node.bytes.fill(number);
  return node;
}

VerifierKey witness_key(std::uint8_t number) {
  return store::witness_verifier(
      witness_node(number),
      store::witness_key_of(key_of_seed(number)).public_key());
}

VerifierKey log_key(std::uint8_t seed = 100) {
  return must(VerifierKey::make(store::checkpoint_origin(log_node),
                                NoteAlgorithm::ed25519,
                                key_of_seed(seed).public_key()));
}

store::Note note_by(const std::vector<std::uint8_t>& witnesses) {
  store::TreeHead head{42, store::sha256(store::as_bytes("root"))};
  auto note = must(store::parse_note(
      must(store::sign_checkpoint(log_node, head, key_of_seed(100)))));
  for (auto number : witnesses)
    note.signatures.push_back(store::cosign_note(
        note.text, witness_node(number),
        store::witness_key_of(key_of_seed(number)), 1'700'000'000));
  return note;
}

/// "witness w<n> <key>" for 1 to `count`.
std::string witnesses(std::uint8_t count) {
  std::string text;
  for (std::uint8_t i = 1; i <= count; ++i)
    text +=
        "witness w" + std::to_string(i) + " " + witness_key(i).text() + "\n";
  return text;
}

WitnessPolicy policy(const std::string& text) {
  return must(WitnessPolicy::parse(text));
}

bool holds(const std::string& text, const std::vector<std::uint8_t>& by) {
  return policy(text).judge(note_by(by)).holds;
}

/// Whether it is refused for a reason that has these words, and the line.
boost::test_tools::assertion_result is_refused(const std::string& text,
                                               std::size_t line,
                                               const std::string& words) {
  auto parsed = WitnessPolicy::parse(text);
  auto in_line = "line " + std::to_string(line) + ":";
  if (!parsed && parsed.error().code == ErrorCode::bad_input &&
      mentions(parsed.error().message, words) &&
      mentions(parsed.error().message, in_line))
    return true;
  boost::test_tools::assertion_result other{false};
  other.message() << (parsed ? "it is taken" : parsed.error().message);
  return other;
}

std::vector<std::string> names_of(
    const std::vector<WitnessPolicy::Witness>& all) {
  std::vector<std::string> names;
  for (const auto& witness : all) names.push_back(witness.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(witness_policy)

// -- judging -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_example_of_the_standard_wants_two_and_one) {
  auto text = "log " + log_key().text() + "\n\n" + witnesses(6) +
              "group X-witnesses 2 w1 w2 w3\n"
              "group Y-witnesses any w4 w5 w6\n"
              "group X-and-Y all X-witnesses Y-witnesses\n"
              "quorum X-and-Y\n";
  BOOST_TEST(holds(text, {1, 3, 5}));
  BOOST_TEST(holds(text, {1, 2, 3, 4, 5, 6}));
  BOOST_TEST(!holds(text, {1, 3}));
  BOOST_TEST(!holds(text, {1, 4, 5, 6}));
  BOOST_TEST(!holds(text, {}));
}

BOOST_AUTO_TEST_CASE(a_group_wants_as_many_as_it_says) {
  for (std::size_t wanted = 1; wanted <= 3; ++wanted) {
    auto text = witnesses(3) + "group g " + std::to_string(wanted) +
                " w1 w2 w3\nquorum g\n";
    BOOST_TEST(holds(text, {2}) == (wanted <= 1));
    BOOST_TEST(holds(text, {2, 3}) == (wanted <= 2));
    BOOST_TEST(holds(text, {1, 2, 3}));
  }
  BOOST_TEST(holds(witnesses(3) + "group g any w1 w2 w3\nquorum g\n", {3}));
  auto all = witnesses(3) + "group g all w1 w2 w3\nquorum g\n";
  BOOST_TEST(!holds(all, {1, 2}));
  BOOST_TEST(holds(all, {1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_quorum_may_be_one_witness_or_none) {
  BOOST_TEST(holds(witnesses(2) + "quorum w2\n", {2}));
  BOOST_TEST(!holds(witnesses(2) + "quorum w2\n", {1}));
  BOOST_TEST(holds("quorum none\n", {}));
  BOOST_TEST(holds(witnesses(2) + "quorum none\n", {}));
}

BOOST_AUTO_TEST_CASE(who_is_missing_is_told_of_those_that_count) {
  auto verdict = policy(witnesses(4) + "group g 2 w1 w2 w3\nquorum g\n")
                     .judge(note_by({2}));
  BOOST_TEST(!verdict.holds);
  BOOST_TEST(names_of(verdict.cosigned) == Names{"w2"});
  BOOST_TEST((names_of(verdict.missing) == Names{"w1", "w3"}));
  BOOST_TEST(verdict.wrong.empty());
}

BOOST_AUTO_TEST_CASE(a_wrong_line_is_wrong_and_not_missing) {
  auto note = note_by({1, 2});
  note.signatures.back().bytes.back() ^= 1U;
  auto verdict =
      policy(witnesses(2) + "group g any w1 w2\nquorum g\n").judge(note);
  BOOST_TEST(!verdict.holds);
  BOOST_TEST(names_of(verdict.cosigned) == Names{"w1"});
  BOOST_TEST(verdict.missing.empty());
  BOOST_TEST(names_of(verdict.wrong) == Names{"w2"});
  // Also where it is not counted.
  BOOST_TEST(!policy(witnesses(2) + "quorum w1\n").judge(note).holds);
}

BOOST_AUTO_TEST_CASE(lines_of_strangers_do_not_count) {
  BOOST_TEST(!holds(witnesses(1) + "quorum w1\n", {2, 3}));
  BOOST_TEST(holds(witnesses(1) + "quorum w1\n", {3, 1, 2}));
}

BOOST_AUTO_TEST_CASE(a_published_witness_is_recognised) {
  auto verdict =
      policy("log " + std::string{vectors::tessera_log_key} + "\nwitness one " +
             std::string{vectors::wit1_key} + "\nquorum one\n")
          .judge(
              must(store::parse_note(std::string{vectors::tessera_checkpoint} +
                                     std::string{vectors::wit1_line})));
  BOOST_TEST(verdict.holds);
}

BOOST_AUTO_TEST_CASE(a_policy_accepts_the_logs_it_names_or_any) {
  auto one =
      policy("log " + log_key().text() + " https://a.example/\nquorum none\n");
  BOOST_TEST(one.accepts_log(log_key()));
  BOOST_TEST(!one.accepts_log(log_key(101)));
  BOOST_TEST(policy("quorum none\n").accepts_log(log_key()));
}

// -- reading -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(comments_empty_lines_and_white_space_are_passed_over) {
  BOOST_TEST(holds("# words\n \t\n  \t# more\n\t witness \t w1\t" +
                       witness_key(1).text() +
                       "  https://w.example/  \n\nquorum w1 \n",
                   {1}));
}

BOOST_AUTO_TEST_CASE(names_are_octets) {
  auto text = "witness \xe2\x84\xaa " + witness_key(1).text() + "\n";
  BOOST_TEST(holds(text + "quorum \xe2\x84\xaa\n", {1}));
  BOOST_TEST(is_refused(text + "quorum K\n", 2, "not defined"));
  BOOST_TEST(
      holds("witness \xff " + witness_key(1).text() + "\nquorum \xff\n", {1}));
}

BOOST_AUTO_TEST_CASE(there_is_exactly_one_quorum) {
  auto error = error_of(WitnessPolicy::parse(witnesses(1)));
  BOOST_TEST(mentions(error.message, "quorum"));
  BOOST_TEST(!WitnessPolicy::parse("").ok());
  BOOST_TEST(is_refused("quorum none\nquorum none\n", 2, "second quorum"));
  BOOST_TEST(is_refused("quorum\n", 1, "quorum NAME"));
  BOOST_TEST(is_refused("quorum none none\n", 1, "quorum NAME"));
}

BOOST_AUTO_TEST_CASE(what_is_used_is_defined_before) {
  BOOST_TEST(is_refused("quorum w1\n" + witnesses(1), 1, "'w1'"));
  BOOST_TEST(is_refused("group g any w1\n" + witnesses(1), 1, "'w1'"));
  BOOST_TEST(is_refused("group g any g\n", 1, "'g'"));
  BOOST_TEST(is_refused(witnesses(1) + "group g any none\n", 2, "'none'"));
}

BOOST_AUTO_TEST_CASE(a_name_is_defined_once) {
  auto again = "witness w1 " + witness_key(9).text() + "\n";
  BOOST_TEST(is_refused(witnesses(2) + again, 3, "'w1' is defined already"));
  BOOST_TEST(is_refused(witnesses(2) + "group w1 any w2\n", 3, "'w1'"));
  BOOST_TEST(
      is_refused("witness none " + witness_key(9).text() + "\n", 1, "'none'"));
}

BOOST_AUTO_TEST_CASE(a_member_is_in_one_group_once) {
  BOOST_TEST(is_refused(witnesses(2) + "group g any w1 w1\n", 3, "'w1'"));
  BOOST_TEST(is_refused(witnesses(2) + "group g any w1 w2\ngroup h any w2\n", 4,
                        "'w2'"));
}

BOOST_AUTO_TEST_CASE(a_group_wants_one_to_all_of_its_members) {
  for (const std::string wanted : {"0", "3", "01", "+1", "-1", "1.0", "some",
                                   "ALL", "1x", "18446744073709551617"})
    BOOST_TEST(is_refused(witnesses(2) + "group g " + wanted + " w1 w2\n", 3,
                          "'" + wanted + "'"),
               wanted);
  BOOST_TEST(is_refused(witnesses(1) + "group g any\n", 2, "group NAME"));
  BOOST_TEST(is_refused("group g\n", 1, "group NAME"));
}

BOOST_AUTO_TEST_CASE(a_public_key_is_there_once) {
  auto same_key = must(VerifierKey::make("other", NoteAlgorithm::cosignature,
                                         witness_key(1).key()));
  BOOST_TEST(is_refused(witnesses(1) + "witness x " + same_key.text() + "\n", 2,
                        "public key"));
  BOOST_TEST(
      is_refused("log " + log_key().text() + "\nlog " + log_key().text() + "\n",
                 2, "public key"));
  auto log_as_witness = must(
      VerifierKey::make("other", NoteAlgorithm::cosignature, log_key().key()));
  BOOST_TEST(is_refused(
      "log " + log_key().text() + "\nwitness x " + log_as_witness.text() + "\n",
      2, "public key"));
}

BOOST_AUTO_TEST_CASE(keys_are_of_the_kind_that_their_holder_has) {
  BOOST_TEST(is_refused("log " + witness_key(1).text() + "\n", 1,
                        "a key for cosignatures"));
  BOOST_TEST(is_refused("witness w " + log_key().text() + "\n", 1,
                        "no key for cosignatures"));
  BOOST_TEST(is_refused("log nonsense\n", 1, "NAME+ID+KEY"));
  BOOST_TEST(is_refused("witness w1 nonsense\n", 1, "NAME+ID+KEY"));
}

BOOST_AUTO_TEST_CASE(lines_have_their_words) {
  auto key = witness_key(1).text();
  BOOST_TEST(is_refused("log\n", 1, "log KEY"));
  BOOST_TEST(is_refused("log " + log_key().text() + " a b\n", 1, "log KEY"));
  BOOST_TEST(is_refused("witness w1\n", 1, "witness NAME"));
  BOOST_TEST(is_refused("witness w1 " + key + " a b\n", 1, "witness NAME"));
  BOOST_TEST(is_refused("# x\n\nWitness w1 " + key + "\n", 3, "'Witness'"));
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_cut_short_is_refused) {
  BOOST_TEST(is_refused("quorum none", 1, "no newline"));
  BOOST_TEST(is_refused("quorum none\n#", 2, "no newline"));
}

BOOST_AUTO_TEST_CASE(control_characters_are_refused) {
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\n') continue;
    auto text = "# a" + std::string(1, static_cast<char>(c)) + "\n";
    BOOST_TEST(is_refused(text + "quorum none\n", 1, "control"), c);
  }
  BOOST_TEST(is_refused("# \x7f\nquorum none\n", 1, "control"));
  BOOST_TEST(is_refused("quorum none\r\n", 1, "control"));
}

BOOST_AUTO_TEST_CASE(a_policy_may_have_64_kib) {
  std::string quorum = "quorum none\n";
  std::string filler(store::max_policy_size - quorum.size() - 1, '#');
  policy(filler + "\n" + quorum);
  BOOST_TEST(is_error(WitnessPolicy::parse(filler + "#\n" + quorum),
                      ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(random_lines_do_no_harm) {
  const std::string words[] = {"log",
                               "witness",
                               "group",
                               "quorum",
                               "none",
                               "w1",
                               "g",
                               "any",
                               "all",
                               "1",
                               "2",
                               "#",
                               "\n",
                               "\n",
                               witness_key(1).text(),
                               log_key().text()};
  auto seed = seed_or(20261203);
  Random random{seed};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto left = random.below(24); left > 0; --left)
      text += words[random.below(std::size(words))] + " ";
    auto parsed = WitnessPolicy::parse(text + "\nquorum none\n");
    if (parsed) BOOST_TEST(parsed->judge(note_by({1})).holds);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
