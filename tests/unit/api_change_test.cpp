// The bodies of proposals: each kind of change, field by field, and what is
// refused of them.
#include "runtime/api_change.hpp"

#include <set>

#include "tests/support/roster_author.hpp"
#include "tests/unit/answers.hpp"

namespace ppn::tests {

using runtime::ChangeWish;
using runtime::GrantWishFor;
using runtime::GuestWish;
using runtime::ProposalWish;
using runtime::read_change;
using schema::Json;
using schema::Role;
using namespace std::string_literals;

namespace {

const std::string id_text = "00112233445566778899aabbccddeeff";
const std::string key_text = id_text + id_text;
constexpr std::uint64_t greatest = ~std::uint64_t{0};

Json grant() {
  return {{"kind", "grant"},
          {"subject", "node/2"},
          {"resource", "vm/1"},
          {"rights", {"invoke"}}};
}

Json revoke() {
  return {{"kind", "revoke"}, {"grant", id_text}, {"reason", "enough"}};
}

Json init() {
  return {{"kind", "mesh-init"},
          {"name", "home"},
          {"range", "10.8.0.0/24"},
          {"recovery_key", key_text}};
}

Json import() { return {{"kind", "mesh-import"}, {"file", "ppn-mesh-v1\n"}}; }

Json removal() {
  return {{"kind", "mesh-remove"}, {"node", "laptop-a"}, {"reason", "lost"}};
}

Json move() {
  return {{"kind", "mesh-move-role"}, {"role", "hub"}, {"to", "laptop-a"}};
}

Json endpoints() { return {{"kind", "mesh-endpoints"}, {"node", "laptop-a"}}; }

Json recovery() {
  return {{"kind", "mesh-recover"},
          {"epoch", 2},
          {"signature", std::string(128, 'a')}};
}

Json create() { return {{"kind", "vm-create"}, {"name", "web"}}; }

Json set() {
  return {{"kind", "vm-set"}, {"vm", id_text}, {"spec", {{"vcpus", 2}}}};
}

Json deletion() { return {{"kind", "vm-delete"}, {"vm", id_text}}; }

Json image_removal() {
  return {{"kind", "image-remove"}, {"digest", key_text}};
}

Json placement() { return {{"kind", "fleet-vm-create"}, {"name", "web"}}; }

Json order() {
  return {{"kind", "fleet-vm-order"},
          {"node", "laptop-a"},
          {"vm", "web"},
          {"verb", "remove"}};
}

/// Each kind, with the fields that are due.
std::vector<Json> all_kinds() {
  return {grant(),         revoke(),    init(),
          import(),        removal(),   move(),
          endpoints(),     recovery(),  {{"kind", "mesh-rotate-key"}},
          create(),        set(),       deletion(),
          image_removal(), placement(), order()};
}

runtime::Answer<ProposalWish> change(const Json& change) {
  return read_change(Json{{"change", change}}.dump());
}

template <class Value>
runtime::Answer<ProposalWish> changed(Json json, const char* field,
                                      Value value) {
  json[field] = value;
  return change(json);
}

std::string repeated(const std::string& part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

template <class Wish>
Wish wish_of(const Json& json) {
  return std::get<Wish>(std::get<ChangeWish>(must(change(json))));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_change)

// -- grants ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_grant_is_read) {
  auto json = grant();
  json["rights"] = {"read", "write", "invoke", "grant", "revoke"};
  json["seconds"] = 60;
  json["parent"] = id_text;
  auto wish = wish_of<GrantWishFor>(json);
  const auto& read = wish.grant;
  BOOST_TEST(read.subject == "node/2");
  BOOST_TEST(read.resource == "vm/1");
  BOOST_TEST((read.rights == (schema::Right::read | schema::Right::write |
                              schema::Right::invoke | schema::Right::grant |
                              schema::Right::revoke)));
  BOOST_REQUIRE(read.parent.has_value());
  BOOST_TEST(read.parent->hex() == id_text);
  BOOST_TEST(!read.expiry.has_value());
  BOOST_TEST(wish.seconds.value() == 60U);
}

BOOST_AUTO_TEST_CASE(a_grant_needs_neither_a_time_nor_a_parent) {
  auto wish = wish_of<GrantWishFor>(grant());
  BOOST_TEST(!wish.seconds.has_value());
  BOOST_TEST(!wish.grant.parent.has_value());
}

BOOST_AUTO_TEST_CASE(a_revocation_is_read) {
  auto read = wish_of<actors::RevokeWish>(revoke());
  BOOST_TEST(read.grant.hex() == id_text);
  BOOST_TEST(read.reason == "enough");
}

// -- the mesh ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_founding_is_read) {
  auto json = init();
  json["range6"] = "fd00:8::/64";
  json["endpoints"] = {"192.0.2.1:51820", "[2001:db8::1]:1"};
  auto read = wish_of<runtime::FoundWish>(json);
  BOOST_TEST(read.name == "home");
  BOOST_TEST((read.range == range("10.8.0.0/24")));
  BOOST_TEST((read.range6 == range("fd00:8::/64")));
  BOOST_TEST(read.recovery_key.hex() == key_text);
  BOOST_TEST((read.endpoints == std::vector{endpoint("192.0.2.1:51820"),
                                            endpoint("[2001:db8::1]:1")}));
}

BOOST_AUTO_TEST_CASE(a_founding_needs_neither_ipv6_nor_endpoints) {
  auto read = wish_of<runtime::FoundWish>(init());
  BOOST_TEST(!read.range6.has_value());
  BOOST_TEST(read.endpoints.empty());
}

BOOST_AUTO_TEST_CASE(an_import_is_read) {
  auto read = wish_of<runtime::ImportWish>(import());
  BOOST_TEST(read.file == "ppn-mesh-v1\n");
  BOOST_TEST(read.endpoints.empty());
  BOOST_TEST(read.replaces == "");
  auto json = import();
  json["endpoints"] = {"192.0.2.1:1"};
  json["replaces"] = "laptop-a";
  read = wish_of<runtime::ImportWish>(json);
  BOOST_TEST((read.endpoints == std::vector{endpoint("192.0.2.1:1")}));
  BOOST_TEST(read.replaces == "laptop-a");
}

/// It has lines, and more of them than any text has bytes.
BOOST_AUTO_TEST_CASE(a_file_is_longer_than_a_text) {
  auto json = import();
  json["file"] = repeated("AQID\n", 10'000);
  BOOST_TEST(wish_of<runtime::ImportWish>(json).file.size() == 50'000U);
}

BOOST_AUTO_TEST_CASE(a_removal_is_read) {
  auto read = wish_of<runtime::RemoveWish>(removal());
  BOOST_TEST(read.node == "laptop-a");
  BOOST_TEST(read.reason == "lost");
  BOOST_TEST(!read.force);
  auto json = removal();
  json["force"] = true;
  BOOST_TEST(wish_of<runtime::RemoveWish>(json).force);
}

BOOST_AUTO_TEST_CASE(each_role_may_move) {
  for (auto [name, role] :
       {std::pair{"authority", Role::authority}, std::pair{"hub", Role::hub},
        std::pair{"controller", Role::controller}}) {
    auto json = move();
    json["role"] = name;
    auto read = wish_of<runtime::MoveRoleWish>(json);
    BOOST_TEST((read.role == role));
    BOOST_TEST(read.to == "laptop-a");
  }
  for (const char* name : {"Hub", "none", "hub+authority"})
    BOOST_TEST(refusal(changed(move(), "role", name)) ==
               "'role' must be authority, hub or controller");
}

BOOST_AUTO_TEST_CASE(endpoints_are_read) {
  BOOST_TEST(wish_of<runtime::EndpointsWish>(endpoints()).endpoints.empty());
  auto json = endpoints();
  json["endpoints"] = {"192.0.2.1:1", "192.0.2.1:2"};
  auto read = wish_of<runtime::EndpointsWish>(json);
  BOOST_TEST(read.node == "laptop-a");
  BOOST_TEST(read.endpoints.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_an_address_and_a_port) {
  for (const Json& list :
       {Json("192.0.2.1:1"), Json(1), Json::object(), Json(true),
        Json::array({"192.0.2.1"}), Json::array({"host.example:1"}),
        Json::array({"192.0.2.1:0"}), Json::array({"2001:db8::1:1"}),
        Json::array({""}), Json::array({1}), Json::array({"192.0.2.1:1", "x"})})
    for (const auto& whole : {init(), import(), endpoints()})
      BOOST_TEST(
          mentions(refusal(changed(whole, "endpoints", list)), "'endpoints'"));
}

BOOST_AUTO_TEST_CASE(a_range_is_an_address_and_a_length) {
  for (const Json& range :
       {Json("10.8.0.0/33"), Json("10.8.0/24"), Json("10.8.0.0/"),
        Json("10.8.0.0/024"), Json("x"), Json(24)})
    for (const char* field : {"range", "range6"})
      BOOST_TEST(mentions(refusal(changed(init(), field, range)),
                          "'"s + field + "' must be a range"));
}

BOOST_AUTO_TEST_CASE(a_key_has_64_hexadecimal_digits) {
  for (const auto& key : {id_text, key_text + "0", key_text.substr(1) + "x"})
    BOOST_TEST(
        mentions(refusal(changed(init(), "recovery_key", key)), "64 hex"));
}

BOOST_AUTO_TEST_CASE(force_is_true_or_false) {
  for (const Json& force : {Json(1), Json("true"), Json::object()})
    BOOST_TEST(refusal(changed(removal(), "force", force)) ==
               "'force' must be true or false");
}

/// What stands there is shown to the operator in the middle of a sentence.
BOOST_AUTO_TEST_CASE(a_member_is_called_by_a_name) {
  for (const Json& name : {Json("a b"), Json(""), Json(7), Json("a\nb")}) {
    BOOST_TEST(mentions(refusal(changed(removal(), "node", name)), "'node'"));
    BOOST_TEST(mentions(refusal(changed(move(), "to", name)), "'to'"));
    BOOST_TEST(mentions(refusal(changed(endpoints(), "node", name)), "'node'"));
    BOOST_TEST(
        mentions(refusal(changed(import(), "replaces", name)), "'replaces'"));
  }
}

// -- guests ------------------------------------------------------------------

/// What the fields are is tested with their readers.
BOOST_AUTO_TEST_CASE(a_change_of_guests_is_a_wish_of_its_own) {
  for (const auto& json : {create(), set(), deletion(), image_removal()})
    BOOST_TEST(std::holds_alternative<GuestWish>(must(change(json))));
  for (const auto& json : {grant(), init(), removal(), placement()})
    BOOST_TEST(std::holds_alternative<ChangeWish>(must(change(json))));
  BOOST_TEST(
      std::holds_alternative<runtime::OrderGuestWish>(must(change(order()))));
}

/// A program that has nothing to say may say null.
BOOST_AUTO_TEST_CASE(a_field_that_is_not_due_may_be_null) {
  const std::vector<std::pair<Json, std::vector<const char*>>> kinds{
      {grant(), {"seconds", "parent"}},
      {init(), {"range6", "endpoints"}},
      {import(), {"endpoints", "replaces"}},
      {removal(), {"force"}},
      {create(), {"vm_kind", "spec", "start", "user_data"}},
      {deletion(), {"force"}},
      {placement(),
       {"spec", "user_data", "node", "owner", "labels", "near", "apart",
        "prefers_accelerator"}},
      {order(), {"force", "vcpus", "memory_mb", "floor_mb", "cpu_weight"}},
      {endpoints(), {"endpoints"}}};
  for (const auto& [whole, fields] : kinds)
    for (const auto* field : fields) must(changed(whole, field, Json{}));
}

// -- fields and texts --------------------------------------------------------

BOOST_AUTO_TEST_CASE(no_field_that_is_due_may_be_missing) {
  for (const auto& whole : all_kinds())
    for (const auto& [name, value] : whole.items()) {
      auto json = whole;
      json.erase(name);
      BOOST_TEST(mentions(refusal(change(json)), "'" + name + "'"));
    }
}

BOOST_AUTO_TEST_CASE(no_field_may_be_of_another_type) {
  for (const auto& whole : all_kinds())
    for (const auto& [name, value] : whole.items())
      for (const Json& other : {Json{}, Json(7), Json(true), Json::object(),
                                Json::array(), Json::array({1}), Json("")}) {
        // What a file must hold is not asked here.
        if (name == "file" && other.is_string()) continue;
        if (name == "epoch" && other.is_number()) continue;
        BOOST_TEST(mentions(refusal(changed(whole, name.c_str(), other)),
                            "'" + name + "'"));
      }
}

BOOST_AUTO_TEST_CASE(no_field_may_be_unknown) {
  BOOST_TEST(mentions(refusal(changed(grant(), "second", 60)),
                      "no field \"second\" in a grant"));
  BOOST_TEST(mentions(refusal(changed(revoke(), "seconds", 60)),
                      "no field \"seconds\" in a revoke"));
  for (const auto& whole : all_kinds())
    BOOST_TEST(mentions(
        refusal(changed(whole, "fortress", true)),
        "no field \"fortress\" in a " + whole["kind"].get<std::string>()));
}

/// Of two, another reader may take the other one.
BOOST_AUTO_TEST_CASE(no_field_may_be_given_twice) {
  BOOST_TEST(mentions(
      refusal(read_change(R"({"change":{"kind":"revoke","kind":"grant"}})")),
      "\"kind\" is given twice"));
  BOOST_TEST(mentions(refusal(read_change(R"({"change":{},"ch\u0061nge":{}})")),
                      "\"change\" is given twice"));
}

BOOST_AUTO_TEST_CASE(a_recovery_is_read) {
  auto json = recovery();
  auto read = wish_of<runtime::RecoverWish>(json);
  BOOST_TEST(read.epoch == 2U);
  BOOST_TEST(read.signature.hex() == std::string(128, 'a'));
  for (const Json& epoch : {Json(), Json("2"), Json(-2), Json(2.5)})
    BOOST_TEST(refusal(changed(json, "epoch", epoch)) ==
               "'epoch' must be a number");
  for (const Json& signature :
       {Json(), Json(std::string(127, 'a')), Json(std::string(128, 'g'))})
    BOOST_TEST(refusal(changed(json, "signature", signature)) ==
               "'signature' must be a signature, 128 hexadecimal digits");
}

BOOST_AUTO_TEST_CASE(a_rotation_may_be_forced) {
  Json json{{"kind", "mesh-rotate-key"}};
  BOOST_TEST(!wish_of<actors::RotateTunnelKey>(json).force);
  json["force"] = true;
  BOOST_TEST(wish_of<actors::RotateTunnelKey>(json).force);
  refusal(changed(json, "force", "yes"));
  refusal(changed(json, "key", "x"));
}

BOOST_AUTO_TEST_CASE(a_kind_is_one_of_nineteen) {
  for (auto kind : {"Grant", "delete", "grant "})
    BOOST_TEST(mentions(refusal(changed(grant(), "kind", kind)),
                        "'kind' must be one of grant, revoke, mesh-init, "
                        "mesh-import, mesh-remove, mesh-move-role, "
                        "mesh-endpoints, mesh-recover, mesh-rotate-key, "
                        "witness-acknowledge, fleet-use, fleet-vm-create, "
                        "fleet-vm-order, fleet-quota, vm-create, vm-set, "
                        "vm-delete, vm-adopt, image-remove"));
}

BOOST_AUTO_TEST_CASE(a_text_has_at_most_256_bytes) {
  must(changed(grant(), "subject", std::string(256, 'x')));
  BOOST_TEST(
      mentions(refusal(changed(grant(), "subject", std::string(257, 'x'))),
               "1 to 256 bytes"));
  BOOST_TEST(
      mentions(refusal(changed(grant(), "resource", repeated("\xc3\xa9", 129))),
               "1 to 256 bytes"));
  refusal(changed(revoke(), "reason", std::string(257, 'x')));
}

/// The words of a plan are what an operator consents to.
BOOST_AUTO_TEST_CASE(a_text_has_nothing_that_commands_hides_or_turns) {
  for (const std::string& part :
       {"\n"s, "\0"s, "\x1b"s, "\x7f"s, "\xc2\x80"s, "\xc2\x9b"s, "\xd8\x9c"s,
        "\xe2\x80\x8b"s, "\xe2\x80\x8f"s, "\xe2\x80\xa8"s, "\xe2\x80\xae"s,
        "\xe2\x81\xa0"s, "\xe2\x81\xa6"s, "\xef\xbb\xbf"s})
    for (auto field : {"subject", "resource"})
      BOOST_TEST(
          mentions(refusal(changed(grant(), field, "node/" + part + "2")),
                   "control character"));
  refusal(changed(revoke(), "reason", "a\tb"));
}

BOOST_AUTO_TEST_CASE(a_text_may_be_of_any_language) {
  for (const std::string& text :
       {"n\xc3\xb6rd lich"s, "\xc2\xa0"s, "\xe2\x80\x90"s, "\xe2\x82\xac"s,
        "\xe6\xbc\xa2"s, "\xf0\x9f\x90\xa7"s}) {
    auto json = revoke();
    json["reason"] = text;
    BOOST_TEST(wish_of<actors::RevokeWish>(json).reason == text);
  }
}

BOOST_AUTO_TEST_CASE(a_name_can_not_read_as_more_of_the_plan) {
  for (const char* name :
       {"node/a may read x", "vm,all", "n\xc3\xb6rd", "a\"b"})
    for (const char* field : {"subject", "resource"})
      BOOST_TEST(mentions(refusal(changed(grant(), field, name)), "a name"));
  must(changed(grant(), "resource", "vm/Guest-1.a_b:c@d+e"));
}

/// The ledger keeps it for ever, and every reader of it takes it for UTF-8.
BOOST_AUTO_TEST_CASE(a_text_is_utf8) {
  for (const std::string& text :
       {"\xff"s, "\xc3"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
        "\\ud800"s, "\\udc00\\ud800"s, "\x80"s})
    refusal(read_change(R"({"change":{"kind":"revoke","grant":")" + id_text +
                        R"(","reason":")" + text + R"("}})"));
}

BOOST_AUTO_TEST_CASE(rights_are_a_list_of_known_ones) {
  for (const Json& rights :
       {Json::array({"none"}), Json::array({"read", "READ"}),
        Json::array({"read", 2}), Json::array({Json::array({"read"})}),
        Json("read"), Json{{"read", true}}})
    BOOST_TEST(
        mentions(refusal(changed(grant(), "rights", rights)), "'rights'"));
}

BOOST_AUTO_TEST_CASE(a_right_may_be_named_twice) {
  auto json = grant();
  json["rights"] = {"read", "read"};
  BOOST_TEST((wish_of<GrantWishFor>(json).grant.rights == schema::Right::read));
}

BOOST_AUTO_TEST_CASE(a_grant_holds_from_a_second_to_ten_years) {
  constexpr std::uint64_t ten_years = 316'224'000;
  for (std::uint64_t seconds : {std::uint64_t{1}, ten_years}) {
    auto json = grant();
    json["seconds"] = seconds;
    BOOST_TEST(wish_of<GrantWishFor>(json).seconds.value() == seconds);
  }
  for (const Json& seconds :
       {Json(0), Json(-1), Json(1.5), Json("60"), Json(true),
        Json(ten_years + 1), Json(greatest), Json(1e300)})
    BOOST_TEST(mentions(refusal(changed(grant(), "seconds", seconds)),
                        "'seconds' must be"));
  refusal(read_change(R"({"change":{"seconds":1e999}})"));
}

BOOST_AUTO_TEST_CASE(a_body_is_one_object_with_a_change) {
  for (const auto body :
       {"", " ", "{", "null", "[]", "\"change\"", "{}", "{} {}", "{}x",
        R"({"change":null})", R"({"change":[]})", R"({"change":{},"x":1})",
        R"({"Change":{}})", "\xff", "{\"change\":{}}//", "{'change':{}}"})
    refusal(read_change(body));
}

BOOST_AUTO_TEST_CASE(a_body_that_is_deep_takes_no_stack) {
  constexpr std::size_t depth = 32'000;
  for (const auto& [open, close] :
       {std::pair{"["s, "]"s}, std::pair{"{\"a\":"s, "}"s}}) {
    auto count = open == "[" ? depth : depth / 3;
    auto deep = repeated(open, count) + "1" + repeated(close, count);
    BOOST_TEST(mentions(refusal(read_change(deep)), "nested deeper"));
    BOOST_TEST(mentions(
        refusal(read_change(R"({"change":{"kind":"grant","x":)" + deep + "}}")),
        "nested deeper"));
    refusal(read_change(repeated(open, count)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
