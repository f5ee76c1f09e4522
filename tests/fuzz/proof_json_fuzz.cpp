// Proof files: the checkpoint of a file is signed with the test key, so that
// its proof is checked too; and a proof that holds does so for nothing else.
#include "store/byte_order.hpp"
#include "store/statements.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/ppn-ledger/proof_json.hpp"

namespace ppn::fuzz {

namespace {

using schema::Json;
using Kind = tools::ProofVerdict::Kind;

std::string test_origin() {
  return store::checkpoint_origin(store::node_id_of(test_key().public_key()));
}

bool proves(const Json& json, const store::VerifierKey& key) {
  auto verdict = tools::check_proof(schema::compact(json), key);
  return verdict && verdict->kind == Kind::proved;
}

void flip(Json& base64) {
  auto text = base64.get<std::string>();
  if (text.empty()) return;
  text[0] = text[0] == 'A' ? 'B' : 'A';
  base64 = text;
}

/// Another record, place or tree is not proved, and nothing of another node.
void check_nothing_else(const Json& proved, const store::VerifierKey& key) {
  auto other = proved;
  if (proved.contains("first")) {
    auto stranger = *store::VerifierKey::make(
        test_origin(), store::NoteAlgorithm::ed25519, PublicKey{});
    require(!proves(other, stranger), "a fork is that of one node");
    std::swap(other["first"], other["second"]);
    other["proof"] = Json::array();
    require(proved["frame"].is_null() || !proves(other, key),
            "what was signed first is no rollback");
    return;
  }
  if (proved.contains("record") && proved.contains("index")) {
    other["index"] = proved["index"].get<std::uint64_t>() + 1;
    require(!proves(other, key), "a record has one place");
    other = proved;
    flip(other["record"]);
    require(other == proved || !proves(other, key), "a place has one record");
  } else {
    flip(other["before"]["root"]);
    require(!proves(other, key), "an older tree has one root");
  }
}

/// A stranger's text must not command the terminal it is shown on.
void check_message(const std::string& message) {
  require(!message.empty(), "a verdict has a reason");
  require(std::all_of(message.begin(), message.end(),
                      [](char c) { return c >= ' ' && c <= '~'; }),
          "a message is plain text");
}

void check(const Json& json, const store::VerifierKey& key) {
  auto verdict = tools::check_proof(schema::compact(json), key);
  check_message(verdict ? verdict->message : verdict.error().message);
  if (verdict && verdict->kind == Kind::proved) check_nothing_else(json, key);
}

/// The file with its checkpoint signed.
bool sign(Json& json) {
  auto field = json.find("checkpoint");
  if (field == json.end() || !field->is_string()) return false;
  auto text = field->get<std::string>();
  if (auto note = store::parse_note(text)) text = note->text;
  auto signature = store::sign_note(text, test_origin(), test_key());
  if (!signature) return false;
  json["checkpoint"] = store::format_note({text, {*signature}});
  return true;
}

}  // namespace

void run(ByteView input) {
  static const auto key = *store::VerifierKey::make(
      test_origin(), store::NoteAlgorithm::ed25519, test_key().public_key());
  auto text = store::as_text(input);
  (void)tools::check_proof(text, key);
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  check(json, key);
  if (sign(json)) check(json, key);
}

}  // namespace ppn::fuzz
