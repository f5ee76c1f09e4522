// The exchange of keys behind a short code, held against the draft's vectors.
#include "actors/cpace.hpp"

#include <sodium.h>

#include <numeric>
#include <utility>

#include "store/byte_order.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::CpaceInput;
using actors::CpaceKeys;
using actors::CpaceMessage;
using actors::CpaceRole;
using actors::CpaceRun;
using store::as_bytes;

namespace {

// draft-irtf-cfrg-cpace-21, appendix "Test vectors for CPace using group
// ristretto255 and hash SHA-512". The tags are not in it: they were computed
// from its text.
constexpr std::string_view prs = "50617373776f7264";
constexpr std::string_view ci =
    "0b415f696e69746961746f720b425f726573706f6e646572";
constexpr std::string_view sid = "7e4b4791d6a8ef019b936c79fb7f2c57";
constexpr std::string_view scalar_a =
    "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08";
constexpr std::string_view scalar_b =
    "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d";
constexpr std::string_view generator =
    "222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56";
constexpr std::string_view point_a =
    "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157";
constexpr std::string_view point_b =
    "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258";
constexpr std::string_view isk =
    "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd"
    "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447";
constexpr std::string_view tag_a =
    "30478d28d83ae3b214295e91f4a3eb62999a8ed94575075db4a7d3bc3e4d26f1"
    "6c51adba12dc7771372637a46b5134e0937cddd7d820bfdd83be335e339eb57a";
constexpr std::string_view tag_b =
    "e927a7da291676f8878caae9cb70407d2f14117e6f9ff9adcfda797c4bcf2bd2"
    "fefd2ca3f2ddcce81b7386996c895b2f359010cc92069d5ff4ad49a977de79a6";
constexpr std::string_view no_point =
    "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c";
constexpr std::string_view identity =
    "0000000000000000000000000000000000000000000000000000000000000000";

Bytes bytes(std::string_view hex) { return from_hex(hex).value(); }

template <class Array>
Array array_of(std::string_view hex) {
  auto all = bytes(hex);
  Array array{};
  BOOST_REQUIRE(all.size() == array.size());
  std::copy(all.begin(), all.end(), array.begin());
  return array;
}

/// What the two sides believe, each for itself.
struct Side {
  Bytes password = bytes(prs);
  Bytes channel = bytes(ci);
  Bytes session = bytes(sid);
  CpaceRole role = CpaceRole::initiator;
  std::string_view scalar = scalar_a;
  std::string data = "ADa";

  [[nodiscard]] CpaceRun begin() const {
    // Below the order of the group, so that reducing it changes nothing.
    auto entropy = bytes(scalar);
    entropy.resize(CpaceRun::entropy_size);
    auto view = as_bytes(data);
    return {role,
            {password, channel, session},
            {view.begin(), view.end()},
            CpaceRun::Entropy{entropy}};
  }
};

Side side_a() { return {}; }

Side side_b() {
  Side side;
  side.role = CpaceRole::responder;
  side.scalar = scalar_b;
  side.data = "ADb";
  return side;
}

std::string isk_of(const CpaceKeys& keys) {
  return keys.with_isk([](auto key) { return to_hex(key); });
}

CpaceKeys finished(CpaceRun run, const CpaceMessage& other) {
  auto keys = std::move(run).finish(other);
  BOOST_REQUIRE(keys.ok());
  return std::move(*keys);
}

/// Whether either takes the other for somebody who knows the password.
bool they_agree(const Side& one, const Side& other) {
  auto run = one.begin();
  auto other_run = other.begin();
  auto message = run.message();
  auto keys = finished(std::move(run), other_run.message());
  auto other_keys = finished(std::move(other_run), message);
  bool is_confirmed = keys.confirms(other_keys.tag());
  BOOST_TEST(other_keys.confirms(keys.tag()) == is_confirmed);
  BOOST_TEST((isk_of(keys) == isk_of(other_keys)) == is_confirmed);
  return is_confirmed;
}

store::ErrorCode refusal_of(const CpaceMessage& message) {
  auto result = side_a().begin().finish(message);
  BOOST_REQUIRE(!result);
  return result.error().code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cpace)

BOOST_AUTO_TEST_CASE(a_length_is_leb128) {
  BOOST_TEST(to_hex(actors::prepend_len({})) == "00");
  BOOST_TEST(to_hex(actors::prepend_len(as_bytes("1234"))) == "0431323334");
  Bytes long_one(127);
  std::iota(long_one.begin(), long_one.end(), std::uint8_t{0});
  BOOST_TEST(to_hex(actors::prepend_len(long_one)).substr(0, 6) == "7f0001");
  long_one.push_back(127);
  BOOST_TEST(to_hex(actors::prepend_len(long_one)).substr(0, 8) == "80010001");
}

BOOST_AUTO_TEST_CASE(parts_are_joined_behind_their_lengths) {
  BOOST_TEST(to_hex(actors::lv_cat(
                 {as_bytes("1234"), as_bytes("5"), {}, as_bytes("678")})) ==
             "043132333401350003363738");
  BOOST_TEST(to_hex(actors::lv_cat({as_bytes("123"), as_bytes("PartyA"),
                                    as_bytes("234"), as_bytes("PartyB")})) ==
             "03313233065061727479410332333406506172747942");
}

BOOST_AUTO_TEST_CASE(the_generator_is_that_of_the_vectors) {
  auto side = side_a();
  BOOST_TEST(to_hex(actors::cpace_generator(
                 {side.password, side.channel, side.session})) == generator);
}

BOOST_AUTO_TEST_CASE(points_key_and_tags_are_those_of_the_vectors) {
  auto a = side_a().begin();
  auto b = side_b().begin();
  BOOST_TEST(to_hex(a.message().point) == point_a);
  BOOST_TEST(to_hex(b.message().point) == point_b);
  auto message = a.message();
  auto keys_a = finished(std::move(a), b.message());
  auto keys_b = finished(std::move(b), message);
  BOOST_TEST(isk_of(keys_a) == isk);
  BOOST_TEST(isk_of(keys_b) == isk);
  BOOST_TEST(to_hex(keys_a.tag()) == tag_a);
  BOOST_TEST(to_hex(keys_b.tag()) == tag_b);
  BOOST_TEST(keys_a.confirms(array_of<actors::CpaceTag>(tag_b)));
  BOOST_TEST(!keys_a.confirms(array_of<actors::CpaceTag>(tag_a)));
}

/// The library's part, by the draft's vector for it.
BOOST_AUTO_TEST_CASE(a_point_is_multiplied_as_the_vectors_say) {
  auto scalar =
      bytes("7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05");
  auto point =
      bytes("2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c");
  Bytes product(crypto_core_ristretto255_BYTES);
  BOOST_TEST(crypto_scalarmult_ristretto255(product.data(), scalar.data(),
                                            point.data()) == 0);
  BOOST_TEST(
      to_hex(product) ==
      "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e");
}

BOOST_AUTO_TEST_CASE(what_is_no_point_or_the_identity_is_refused) {
  for (auto point : {no_point, identity})
    BOOST_TEST((refusal_of({array_of<actors::CpacePoint>(point), {}}) ==
                store::ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(a_message_that_comes_back_is_refused) {
  auto own = side_a().begin().message();
  BOOST_TEST((refusal_of(own) == store::ErrorCode::bad_input));
}

/// With other data beside it, it is not refused, and leads nowhere.
BOOST_AUTO_TEST_CASE(a_point_that_comes_back_confirms_nothing) {
  auto own = side_a().begin().message();
  own.associated_data = bytes(sid);
  auto keys = finished(side_a().begin(), own);
  BOOST_TEST(!keys.confirms(keys.tag()));
}

BOOST_AUTO_TEST_CASE(the_same_on_both_sides_is_confirmed) {
  BOOST_TEST(they_agree(side_a(), side_b()));
}

BOOST_AUTO_TEST_CASE(another_password_is_not_confirmed) {
  auto b = side_b();
  b.password.back() ^= 1U;
  BOOST_TEST(!they_agree(side_a(), b));
}

BOOST_AUTO_TEST_CASE(another_channel_is_not_confirmed) {
  auto b = side_b();
  b.channel.back() ^= 1U;
  BOOST_TEST(!they_agree(side_a(), b));
}

BOOST_AUTO_TEST_CASE(another_session_is_not_confirmed) {
  auto b = side_b();
  b.session.back() ^= 1U;
  BOOST_TEST(!they_agree(side_a(), b));
}

BOOST_AUTO_TEST_CASE(two_of_one_role_do_not_agree) {
  for (auto role : {CpaceRole::initiator, CpaceRole::responder}) {
    auto a = side_a();
    auto b = side_b();
    a.role = b.role = role;
    BOOST_TEST(!they_agree(a, b));
  }
}

/// Whoever is between them changes a bit of what one tells the other.
BOOST_AUTO_TEST_CASE(a_changed_message_is_refused_or_not_confirmed) {
  auto b = side_b().begin();
  auto told = b.message();
  for (std::size_t bit = 0; bit < 8 * told.point.size(); ++bit) {
    auto changed = told;
    changed.point.at(bit / 8) ^= static_cast<std::uint8_t>(1U << bit % 8);
    auto keys = side_a().begin().finish(changed);
    if (!keys) continue;
    BOOST_TEST(!keys->confirms(array_of<actors::CpaceTag>(tag_b)));
  }
  auto changed = told;
  changed.associated_data.pop_back();
  auto keys = finished(side_a().begin(), changed);
  BOOST_TEST(!keys.confirms(array_of<actors::CpaceTag>(tag_b)));
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_tag_counts) {
  auto keys = finished(side_a().begin(), side_b().begin().message());
  for (std::size_t bit = 0; bit < 8 * std::tuple_size_v<actors::CpaceTag>;
       ++bit) {
    auto tag = array_of<actors::CpaceTag>(tag_b);
    tag.at(bit / 8) ^= static_cast<std::uint8_t>(1U << bit % 8);
    BOOST_TEST(!keys.confirms(tag));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
