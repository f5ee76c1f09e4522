// What ppn-ledger makes of what others vouch for and remember.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <map>

#include "store/cosignature.hpp"
#include "store/files.hpp"
#include "store/fork_evidence.hpp"
#include "store/statements.hpp"
#include "store/witness_memory.hpp"
#include "tests/corruption/run_program.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/tree_model.hpp"
#include "tools/ppn-ledger/commands.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using tools::exit_failed;
using tools::exit_ledger_invalid;
using tools::exit_ok;
using tools::exit_usage;

namespace {

NodeId node_of(std::uint8_t seed) {
  return store::node_id_of(key_of_seed(seed).public_key());
}

/// A ledger, and witnesses of it that are named after the seeds of their keys.
struct Witnessed {
  Witnessed() { grow(40); }

  void grow(std::size_t count) {
    must(ledger->append(numbered_request(*ledger, count), test_clock));
    must(ledger->publish());
  }

  [[nodiscard]] NodeId node() { return ledger->position().node; }

  /// A checkpoint as the node signs it.
  std::string signed_by_node(const store::TreeHead& head) {
    auto note = must(store::parse_note(
        must(store::sign_checkpoint(node(), head, key_of_seed(1)))));
    auto after_prefix =
        note.text.substr(store::checkpoint_domain.prefix.size());
    auto signature =
        ledger->sign(store::checkpoint_domain, store::as_bytes(after_prefix));
    auto log = must(store::VerifierKey::make(
        store::checkpoint_origin(node()), store::NoteAlgorithm::ed25519,
        ledger->position().keys.back().key));
    note.signatures = {{log.name(),
                        log.id(),
                        {signature.bytes.begin(), signature.bytes.end()}}};
    return store::format_note(note);
  }

  store::NoteSignature line_of(std::uint8_t seed, const std::string& text) {
    return store::cosign_note(text, node_of(seed),
                              store::witness_key_of(key_of_seed(seed)),
                              1'700'000'000);
  }

  std::string cosigned(const std::string& note, std::uint8_t seed) {
    auto whole = must(store::parse_note(note));
    whole.signatures.push_back(line_of(seed, whole.text));
    return store::format_note(whole);
  }

  /// The node keeps that cosignature over its newest checkpoint.
  void cosign_newest(std::uint8_t seed) {
    keep(seed, cosigned(ledger->checkpoint(), seed));
  }

  void keep(std::uint8_t seed, const std::string& note) {
    must(folder.keep_cosigned(node_of(seed), note));
  }

  /// A policy of those witnesses, all of which are wanted.
  std::string policy(const std::vector<std::uint8_t>& seeds) {
    std::string text;
    std::string members;
    for (auto seed : seeds) {
      auto key = store::witness_key_of(key_of_seed(seed)).public_key();
      auto name = "w" + std::to_string(seed);
      text += "witness " + name + " " +
              store::witness_verifier(node_of(seed), key).text() + "\n";
      members += " " + name;
    }
    auto path = scratch / "policy";
    write(path,
          text + "group all-of-them all" + members + "\nquorum all-of-them\n");
    return path.string();
  }

  void write(const fs::path& path, const std::string& content) {
    must(store::replace_file(path, store::as_bytes(content), 0600));
  }

  /// Another node's state directory, which remembers that note.
  std::string witness_that_remembers(const NodeId& of,
                                     const std::string& note) {
    auto another = scratch / "another";
    store::WitnessFolder memory{store::StateDirectory{another}.witness()};
    must(memory.keep_head(of, note));
    return another.string();
  }

  ProgramRun checkpoint(const std::vector<std::string>& options = {}) {
    return run("checkpoint", options);
  }

  ProgramRun run(const std::string& command,
                 const std::vector<std::string>& options) {
    std::vector<std::string> arguments{command, directory.string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_ppn_ledger(arguments);
  }

  ProgramRun verify(const std::vector<std::string>& options) {
    auto all = options;
    all.insert(all.end(), {"--json", "--level", "signatures", "--jobs", "1"});
    return run("verify", all);
  }

  std::string log_key() {
    auto run_key = run("key", {});
    return run_key.output.substr(0, run_key.output.find('\n'));
  }

  ScratchDirectory scratch;
  fs::path directory = scratch / "node";
  TestLedger ledger = must(TestLedger::found(directory));
  store::WitnessFolder folder{store::StateDirectory{directory}.witness()};
};

std::vector<std::string> with_policy(const std::string& file,
                                     const std::string& missing) {
  return {"--policy", file, "--missing", missing};
}

store::Checkpoint checkpoint_in(const ProgramRun& run) {
  return must(store::parse_checkpoint(run.output));
}

std::vector<std::string> cosigners_in(const store::Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const auto& line : checkpoint.note.signatures)
    if (line.name != checkpoint.origin) names.push_back(line.name);
  return names;
}

std::vector<std::string> names_of(const std::vector<std::uint8_t>& seeds) {
  std::vector<std::string> names;
  for (auto seed : seeds) names.push_back(store::witness_name(node_of(seed)));
  std::sort(names.begin(), names.end());
  return names;
}

bool has_findings(const Json& report, const std::string& words) {
  const auto& findings = report["findings"];
  return std::any_of(findings.begin(), findings.end(), [&](const Json& one) {
    return mentions(one["message"].get<std::string>(), words);
  });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(witness, Witnessed)

// -- checkpoint --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_checkpoint_without_witnesses_is_as_it_was) {
  BOOST_TEST(checkpoint().output == ledger->checkpoint());
  BOOST_TEST(!fs::exists(store::StateDirectory{directory}.witness()));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_has_all_cosignatures_that_fit_it) {
  auto former = ledger->checkpoint();
  grow(1);
  for (auto seed : std::vector<std::uint8_t>{4, 2, 3}) cosign_newest(seed);
  keep(5, cosigned(former, 5));
  auto printed = checkpoint_in(checkpoint());
  BOOST_TEST(printed.head.size == 42U);
  BOOST_TEST(cosigners_in(printed) == names_of({2, 3, 4}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_witness_speaks_for_itself_only) {
  keep(2, cosigned(ledger->checkpoint(), 3));
  write(store::StateDirectory{directory}.witness() / "cosigned/README", "?");
  keep(4, "no checkpoint\n");
  BOOST_TEST(checkpoint().output == ledger->checkpoint());
}

BOOST_AUTO_TEST_CASE(a_policy_that_holds_gives_the_newest) {
  cosign_newest(2);
  cosign_newest(3);
  auto run = checkpoint(with_policy(policy({2, 3}), "fail"));
  BOOST_TEST(run.exit_code == exit_ok);
  BOOST_TEST(run.errors == "");
  BOOST_TEST(cosigners_in(checkpoint_in(run)).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_policy_gives_the_newest_that_it_holds_for) {
  auto former = ledger->checkpoint();
  keep(2, cosigned(former, 2));
  grow(1);
  cosign_newest(3);
  auto run = checkpoint(with_policy(policy({2}), "fail"));
  BOOST_TEST(run.exit_code == exit_ok);
  BOOST_TEST(run.output == cosigned(former, 2));
}

BOOST_AUTO_TEST_CASE(missing_cosignatures_fail_or_are_told) {
  cosign_newest(2);
  auto run = checkpoint(with_policy(policy({2, 3}), "fail"));
  BOOST_TEST(run.exit_code == exit_ledger_invalid);
  BOOST_TEST(run.output == "");
  BOOST_TEST(mentions(run.errors, "is without w3"), run.errors);
  run = checkpoint(with_policy(policy({2, 3}), "tell"));
  BOOST_TEST(run.exit_code == exit_ok);
  BOOST_TEST(run.output == checkpoint().output);
  BOOST_TEST(mentions(run.errors, "is without w3"), run.errors);
  BOOST_TEST(!mentions(run.errors, "w2"), run.errors);
}

BOOST_AUTO_TEST_CASE(a_wrong_line_is_told_and_not_passed_on) {
  auto wrong = must(store::parse_note(cosigned(ledger->checkpoint(), 2)));
  wrong.signatures.back().bytes.back() ^= 1U;
  keep(2, store::format_note(wrong));
  auto run = checkpoint(with_policy(policy({2}), "fail"));
  BOOST_TEST(run.exit_code == exit_ledger_invalid);
  BOOST_TEST(mentions(run.errors, "a line of w2 that is wrong"), run.errors);
  run = checkpoint(with_policy(policy({2}), "tell"));
  BOOST_TEST(run.output == ledger->checkpoint());
}

BOOST_AUTO_TEST_CASE(what_to_do_about_missing_ones_is_said_explicitly) {
  auto file = policy({2});
  for (const auto& options : std::vector<std::vector<std::string>>{
           {"--policy", file},
           {"--missing", "tell"},
           {"--policy", file, "--missing", "ignore"}})
    for (const std::string command : {"checkpoint", "verify"})
      BOOST_TEST(run(command, options).exit_code == exit_usage, command);
}

BOOST_AUTO_TEST_CASE(a_bad_policy_is_named_with_its_line) {
  write(scratch / "policy", "quorum w1\n");
  auto file = (scratch / "policy").string();
  for (const std::string command : {"checkpoint", "verify"}) {
    auto failed = run(command, with_policy(file, "tell"));
    BOOST_TEST(failed.exit_code == exit_failed);
    BOOST_TEST(mentions(failed.errors, file + ": policy, line 1"),
               failed.errors);
  }
}

BOOST_AUTO_TEST_CASE(a_policy_for_other_logs_is_refused) {
  write(scratch / "policy", "log " + log_key() + "\nquorum none\n");
  auto right = with_policy((scratch / "policy").string(), "fail");
  BOOST_TEST(checkpoint(right).exit_code == exit_ok);
  must(ledger->rotate_key({}, test_clock));
  auto run = checkpoint(right);
  BOOST_TEST(run.exit_code == exit_failed);
  BOOST_TEST(mentions(run.errors, log_key()), run.errors);
}

BOOST_AUTO_TEST_CASE(a_former_key_signed_what_it_signed) {
  keep(2, cosigned(ledger->checkpoint(), 2));
  must(ledger->rotate_key({}, test_clock));
  auto run = checkpoint(with_policy(policy({2}), "fail"));
  BOOST_TEST(checkpoint_in(run).head.size == 41U);
}

BOOST_AUTO_TEST_CASE(only_checkpoints_of_this_ledger_are_used) {
  auto root = ledger->position().head.root;
  auto by_stranger =
      must(store::sign_checkpoint(node(), {30, root}, key_of_seed(9)));
  const std::pair<std::string, std::string> cases[] = {
      {by_stranger, "is without w2"},
      {signed_by_node({30, root}), "the ledger was forked"},
      {signed_by_node({90, root}), "the ledger was rolled back"}};
  for (const auto& [note, words] : cases) {
    keep(2, cosigned(note, 2));
    auto run = checkpoint(with_policy(policy({2}), "fail"));
    BOOST_TEST(run.exit_code == exit_ledger_invalid);
    BOOST_TEST(mentions(run.errors, words), run.errors);
  }
}

// -- export and restore ------------------------------------------------------

BOOST_AUTO_TEST_CASE(cosignatures_are_exported_and_restored) {
  auto out = (scratch / "log").string();
  auto exported = [&] {
    return must(store::read_file(out + "/checkpoint", store::max_note_size));
  };
  BOOST_TEST(run("export", {out}).exit_code == exit_ok);
  BOOST_TEST(exported() == ledger->checkpoint());
  cosign_newest(2);
  BOOST_TEST(run("export", {out}).exit_code == exit_ok);
  BOOST_TEST(exported() == cosigned(ledger->checkpoint(), 2));
  fs::remove_all(store::StateDirectory{directory}.witness());
  BOOST_TEST(run("export", {out}).exit_code == exit_ok);
  BOOST_TEST(exported() == cosigned(ledger->checkpoint(), 2));
  auto again = (scratch / "again").string();
  BOOST_TEST(run_ppn_ledger({"restore", out, again}).exit_code == exit_ok);
  BOOST_TEST(run_ppn_ledger({"checkpoint", again}).output == exported());
  BOOST_TEST(
      run_ppn_ledger({"verify", again, "--level", "signatures"}).exit_code ==
      exit_ok);
}

BOOST_AUTO_TEST_CASE(an_export_that_lacks_cosignatures_is_refused_or_told) {
  auto out = (scratch / "log").string();
  auto options = with_policy(policy({2}), "fail");
  options.push_back(out);
  BOOST_TEST(run("export", options).exit_code == exit_ledger_invalid);
  BOOST_TEST(!fs::exists(out));
  options[3] = "tell";
  auto told = run("export", options);
  BOOST_TEST(told.exit_code == exit_ok);
  BOOST_TEST(mentions(told.errors, "w2"), told.errors);
  BOOST_TEST(fs::exists(out + "/checkpoint"));
}

BOOST_AUTO_TEST_CASE(an_export_is_of_the_checkpoint_that_the_policy_wants) {
  cosign_newest(2);
  grow(1);
  auto out = (scratch / "log").string();
  auto options = with_policy(policy({2}), "fail");
  options.push_back(out);
  auto exported = run("export", options);
  BOOST_TEST(exported.exit_code == exit_ok);
  BOOST_TEST(mentions(exported.output, "41 entries"), exported.output);
  BOOST_TEST(run_ppn_ledger({"restore", out, (scratch / "again").string()})
                 .exit_code == exit_ok);
}

// -- verify ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_a_witness_remembers_is_held_against_the_ledger) {
  auto remembered = cosigned(ledger->checkpoint(), 2);
  grow(3);
  auto another = witness_that_remembers(node(), remembered);
  for (const auto& place : {another, another + "/witness"}) {
    auto verified = verify({"--witness", place});
    BOOST_TEST(verified.exit_code == exit_ok, verified.output);
    BOOST_TEST(mentions(verified.output, "that the witness " + place));
  }
}

BOOST_AUTO_TEST_CASE(a_rewritten_ledger_is_told_by_its_witness) {
  auto root = ledger->position().head.root;
  auto forked = witness_that_remembers(node(), signed_by_node({30, root}));
  auto verified = verify({"--witness", forked});
  BOOST_TEST(verified.exit_code == exit_ledger_invalid);
  auto report = Json::parse(verified.output);
  BOOST_TEST(has_findings(report, "the witness " + forked));
  BOOST_TEST(has_findings(report, "the ledger was forked"));
  auto longer = witness_that_remembers(node(), signed_by_node({90, root}));
  verified = verify({"--witness", longer});
  BOOST_TEST(verified.exit_code == exit_ledger_invalid);
  BOOST_TEST(has_findings(Json::parse(verified.output), "rolled back"));
}

BOOST_AUTO_TEST_CASE(a_witness_that_remembers_nothing_is_an_error) {
  auto another = witness_that_remembers(node_of(9), ledger->checkpoint());
  auto verified = run("verify", {"--witness", another});
  BOOST_TEST(verified.exit_code == exit_failed);
  BOOST_TEST(
      mentions(verified.errors,
               "witness " + another + " remembers nothing of " + node().hex()),
      verified.errors);
  verified = run("verify", {"--witness", (scratch / "nowhere").string()});
  BOOST_TEST(verified.exit_code == exit_failed);
  BOOST_TEST(mentions(verified.errors, "there is no directory"));
}

BOOST_AUTO_TEST_CASE(a_report_says_how_far_witnesses_vouch) {
  cosign_newest(2);
  cosign_newest(3);
  grow(5);
  auto verified = verify(with_policy(policy({2, 3}), "fail"));
  BOOST_TEST(verified.exit_code == exit_ok, verified.output);
  auto report = Json::parse(verified.output);
  BOOST_TEST(report["cosignatures"]["size"] == 41);
  BOOST_TEST(report["cosignatures"]["quorum"] == true);
  BOOST_TEST(report["cosignatures"]["cosigned"].size() == 2U);
  BOOST_TEST(mentions(report["checked"].dump(),
                      "2 of 2 cosignatures over 41 of 46 entries"));
  BOOST_TEST(mentions(report["not_checked"].dump(), "entries from 41 on"));
}

BOOST_AUTO_TEST_CASE(a_report_says_who_did_not_vouch) {
  cosign_newest(2);
  auto failed = verify(with_policy(policy({2, 3}), "fail"));
  BOOST_TEST(failed.exit_code == exit_ledger_invalid);
  auto report = Json::parse(failed.output);
  BOOST_TEST(report["verdict"] == "invalid");
  BOOST_TEST(has_findings(report, "1 of 2 cosignatures over 41"));
  BOOST_TEST(has_findings(report, "is without w3"));
  auto told = verify(with_policy(policy({2, 3}), "tell"));
  BOOST_TEST(told.exit_code == exit_ok);
  report = Json::parse(told.output);
  BOOST_TEST(report["cosignatures"]["quorum"] == false);
  BOOST_TEST(report["cosignatures"]["missing"][0] == "w3");
  BOOST_TEST(mentions(report["not_checked"].dump(), "is without w3"));
}

BOOST_AUTO_TEST_CASE(a_wrong_cosignature_is_a_finding_in_any_case) {
  auto wrong = must(store::parse_note(cosigned(ledger->checkpoint(), 2)));
  wrong.signatures.back().bytes.back() ^= 1U;
  keep(2, store::format_note(wrong));
  auto verified = verify(with_policy(policy({2}), "tell"));
  BOOST_TEST(verified.exit_code == exit_ledger_invalid);
  BOOST_TEST(has_findings(Json::parse(verified.output),
                          "the cosignature of w2 over the checkpoint of 41"));
}

BOOST_AUTO_TEST_CASE(a_kept_checkpoint_that_contradicts_is_a_finding) {
  auto root = ledger->position().head.root;
  keep(2, cosigned(signed_by_node({30, root}), 2));
  auto verified = verify(with_policy(policy({2}), "tell"));
  BOOST_TEST(verified.exit_code == exit_ledger_invalid);
  BOOST_TEST(has_findings(Json::parse(verified.output), "forked"));
}

// -- forks -------------------------------------------------------------------

/// What the ledger recorded of forks.
struct Recorded : Witnessed {
  store::ForkEvidence fork_of(std::uint8_t seed, std::size_t size) {
    auto honest = tree_of(size);
    auto other = tree_of(size + 1);
    store::ForkEvidence evidence;
    evidence.node = node_of(seed);
    auto sign = [&](const store::TreeHead& head) {
      return must(
          store::sign_checkpoint(node_of(seed), head, key_of_seed(seed)));
    };
    evidence.first = sign(honest.head(size));
    evidence.second = sign({size, other.head(size + 1).root});
    return evidence;
  }

  void record(const store::ForkEvidence& evidence, std::uint64_t number) {
    store::Event event;
    event.stream = "clash";
    event.expected_version = ledger->stream_version(event.stream);
    event.principal = {schema::PrincipalKind::actor, "test"};
    schema::ClashSeenT seen;
    seen.clash = schema::Clash::fork;
    seen.node = std::make_unique<schema::NodeId>(evidence.node.stored());
    seen.number = number;
    seen.evidence = store::encode(evidence);
    event.payload.Set(std::move(seen));
    must(ledger->append({event}, test_clock));
  }

  ProgramRun prove(const std::string& which) {
    return run_ppn_ledger({"prove", "fork", directory.string(), which});
  }

  ProgramRun check(const std::string& proof, std::uint8_t seed) {
    write(scratch / "proof", proof);
    auto key = must(store::VerifierKey::make(
        store::checkpoint_origin(node_of(seed)), store::NoteAlgorithm::ed25519,
        key_of_seed(seed).public_key()));
    return run_ppn_ledger(
        {"prove", "check", (scratch / "proof").string(), "--key", key.text()});
  }
};

BOOST_FIXTURE_TEST_CASE(the_newest_fork_of_a_node_is_proved, Recorded) {
  record(fork_of(2, 7), 7);
  record(fork_of(3, 9), 9);
  record(fork_of(2, 8), 8);
  auto whole = node_of(2).hex();
  auto proof = prove(whole);
  BOOST_TEST(proof.exit_code == exit_ok, proof.errors);
  BOOST_TEST(prove(whole.substr(0, 12)).output == proof.output);
  auto document = Json::parse(proof.output);
  BOOST_TEST(document["schema"] == "ppn-ledger.fork-proof.v1");
  BOOST_TEST(document["node"] == whole);
  for (const auto* absent : {"root", "mesh", "frame"})
    BOOST_TEST(document[absent].is_null(), absent);
  auto checked = check(proof.output, 2);
  BOOST_TEST(checked.exit_code == exit_ok, checked.output);
  BOOST_TEST(mentions(checked.output,
                      "proved: node " + whole + " signed two histories"),
             checked.output);
  BOOST_TEST(mentions(checked.output, "8 entries"));
}

BOOST_FIXTURE_TEST_CASE(a_fork_is_proved_with_the_key_of_its_author, Recorded) {
  record(fork_of(2, 7), 7);
  auto proof = prove(node_of(2).hex()).output;
  BOOST_TEST(check(proof, 3).exit_code == exit_ledger_invalid);
  auto document = Json::parse(proof);
  document["node"] = node_of(3).hex();
  BOOST_TEST(check(document.dump(), 3).exit_code == exit_ledger_invalid);
  document = Json::parse(proof);
  document["second"] = document["first"];
  auto refuted = check(document.dump(), 2);
  BOOST_TEST(refuted.exit_code == exit_ledger_invalid);
  BOOST_TEST(mentions(refuted.output, "refuted"), refuted.output);
  for (const auto* field : {"node", "first", "second"}) {
    document = Json::parse(proof);
    document[field] = 7;
    BOOST_TEST(check(document.dump(), 2).exit_code == exit_failed, field);
  }
  for (const auto* field : {"root", "proof", "mesh", "frame"}) {
    document = Json::parse(proof);
    document[field] = "nonsense!";
    BOOST_TEST(check(document.dump(), 2).exit_code == exit_failed, field);
  }
}

BOOST_FIXTURE_TEST_CASE(a_node_is_named_without_doubt, Recorded) {
  auto none = prove(node_of(2).hex());
  BOOST_TEST(none.exit_code == exit_failed);
  BOOST_TEST(mentions(none.errors, "nothing is recorded"), none.errors);
  record(fork_of(2, 7), 7);
  record(fork_of(3, 9), 9);
  BOOST_TEST(prove(node_of(4).hex()).exit_code == exit_failed);
  auto both = prove("");
  BOOST_TEST(both.exit_code == exit_failed);
  BOOST_TEST(mentions(both.errors, "2 nodes"), both.errors);
}

BOOST_FIXTURE_TEST_CASE(evidence_that_is_none_is_damaged, Recorded) {
  auto evidence = fork_of(2, 7);
  evidence.first = "\xff";
  record(evidence, 7);
  BOOST_TEST(prove(node_of(2).hex()).exit_code == exit_ledger_invalid);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
