// What ppnd says of a rejoin.
#include "runtime/rejoin_documents.hpp"

#include "store/statements.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using runtime::OldIdentity;
using runtime::RejoinPlan;
using schema::Json;
using store::ErrorCode;

namespace {

const store::SigningKey& old_key() {
  static const auto key = key_of_seed(1);
  return key;
}

NodeId old_node() { return store::node_id_of(old_key().public_key()); }

std::string note() {
  return must(store::sign_checkpoint(old_node(), {15, {}}, old_key()));
}

OldIdentity rolled_back() {
  return {store::Error{ErrorCode::rolled_back, "it was rolled back"},
          store::Remains{old_node(), "cloud", note(), 15, true}};
}

store::Founding founding() {
  return {"cloud", store::Rejoin{old_node(), note()}};
}

const store::StateDirectory directory{"/state"};

bool same(const OldIdentity& one, const OldIdentity& other) {
  return one.remains == other.remains &&
         one.fault.has_value() == other.fault.has_value() &&
         (!one.fault || (one.fault->code == other.fault->code &&
                         one.fault->message == other.fault->message));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rejoin_documents)

BOOST_AUTO_TEST_CASE(an_identity_is_read_as_it_was_told) {
  OldIdentity unread{rolled_back().fault, {}};
  OldIdentity good{{}, rolled_back().remains};
  for (const auto& old : {rolled_back(), unread, good, OldIdentity{}})
    BOOST_TEST(same(must(runtime::read_old_identity(to_json(old))), old));
}

BOOST_AUTO_TEST_CASE(what_tells_of_no_identity_is_not_believed) {
  auto refuse = [](const Json& json) {
    BOOST_TEST(is_error(runtime::read_old_identity(json), ErrorCode::damaged));
  };
  for (const auto& json : {Json(), Json(7), Json::array(), Json::object()})
    refuse(json);
  auto whole = to_json(rolled_back());
  for (const char* path :
       {"/fault/code", "/fault/message", "/remains/node", "/remains/name",
        "/remains/checkpoint", "/remains/size", "/remains/verified"}) {
    Json::json_pointer pointer{path};
    auto strange = whole;
    strange[pointer] = Json::array({1});
    refuse(strange);
    strange[pointer.parent_pointer()].erase(pointer.back());
    refuse(strange);
  }
  auto unknown = whole;
  unknown["fault"]["code"] = 200;
  refuse(unknown);
  auto forged = whole;
  forged["remains"]["checkpoint"] = "no note";
  refuse(forged);
}

BOOST_AUTO_TEST_CASE(a_plan_says_what_is_given_up_and_why) {
  RejoinPlan plan{founding(), rolled_back(), false};
  BOOST_TEST(runtime::rejoin_plan_document(directory, plan) ==
             (Json{{"schema", "ppn.rejoin-plan.v1"},
                   {"state_dir", "/state"},
                   {"node", old_node().hex()},
                   {"name", "cloud"},
                   {"name_told", true},
                   {"begun", false},
                   {"lost", true},
                   {"why", "it was rolled back"},
                   {"checkpoint_size", 15},
                   {"checkpoint_verified", true},
                   {"former", "/state/former/" + old_node().hex()}}));
}

BOOST_AUTO_TEST_CASE(a_plan_says_what_is_not_known) {
  RejoinPlan plan{founding(), rolled_back(), false};
  plan.old.remains->name = "";
  plan.old.remains->is_verified = false;
  auto document = runtime::rejoin_plan_document(directory, plan);
  BOOST_TEST(document["name_told"] == false);
  BOOST_TEST(document["checkpoint_verified"] == false);
}

BOOST_AUTO_TEST_CASE(a_plan_to_go_on_needs_no_ledger) {
  auto document =
      runtime::rejoin_plan_document(directory, {founding(), {}, true});
  BOOST_TEST(document["begun"] == true);
  BOOST_TEST(document["lost"] == true);
  BOOST_TEST(document["why"].is_null());
  BOOST_TEST(document["name_told"] == true);
}

BOOST_AUTO_TEST_CASE(what_was_done_names_both_identities) {
  store::LedgerPosition position;
  auto key = key_of_seed(2).public_key();
  position.node = store::node_id_of(key);
  position.keys = {{0, key}};
  BOOST_TEST(runtime::rejoin_document(directory, founding(), position) ==
             (Json{{"schema", "ppn.rejoin.v1"},
                   {"state_dir", "/state"},
                   {"node", position.node.hex()},
                   {"name", "cloud"},
                   {"key", key.hex()},
                   {"replaces", old_node().hex()},
                   {"checkpoint_size", 15},
                   {"former", "/state/former/" + old_node().hex()}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
