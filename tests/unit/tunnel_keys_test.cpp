// Private keys of tunnels on disk, beside those that sign.
#include "runtime/tunnel_keys.hpp"

#include <sys/stat.h>

#include <fstream>

#include "store/files.hpp"
#include "store/hash.hpp"
#include "store/key_store.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using events::PeerChange;
using events::TunnelKey;
using runtime::TunnelKeys;
using store::ErrorCode;

namespace {

const std::string header = "ppn-x25519-v1 ";

/// By wg genkey and wg pubkey.
const std::string known_secret =
    "28d7fe12c321c3b4837e1bf7a8fba4045ef75cc32d3882e9f0d6ad849e3aac6a";
const std::string known_public =
    "b1e30dfeab347f1610e6eb8b2065613dce1dde89a5ae37920604924b0a855465";

struct Fixture {
  ScratchDirectory scratch;
  fs::path directory = scratch / "keys";
  std::unique_ptr<TunnelKeys> keys = must(TunnelKeys::open(directory));

  [[nodiscard]] fs::path file_of(const TunnelKey& key) const {
    return directory / (key.hex() + ".tunnel");
  }

  std::string secret_of(const TunnelKey& key) const {
    std::string hex;
    must(keys->with_secret(key, [&](TunnelKeys::Secret secret) {
      hex = to_hex(secret);
      return store::Status{};
    }));
    return hex;
  }

  bool has(const TunnelKey& key) const {
    return keys
        ->with_secret(key, [](TunnelKeys::Secret) { return store::Status{}; })
        .ok();
  }
};

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream{path, std::ios::binary} << content;
  BOOST_REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

std::string content_of(const fs::path& path) {
  return must(store::read_file(path, 1'000));
}

store::Status never(TunnelKeys::Secret /*secret*/) {
  BOOST_ERROR("a key was handed out");
  return {};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tunnel_keys, Fixture)

// -- what is shared -----------------------------------------------------------

PeerChange peer_that_shares(const Hash& hash, std::uint8_t number) {
  PeerChange change;
  change.key.bytes.fill(number);
  change.preshared = hash;
  return change;
}

Hash keep_preshared_of(TunnelKeys& keys, Bytes bytes) {
  auto hash = store::preshared_hash(bytes);
  must(keys.keep_preshared(
      hash, TunnelKeys::Secret{bytes.data(), TunnelKeys::Secret::extent}));
  return hash;
}

BOOST_AUTO_TEST_CASE(a_preshared_key_is_found_by_its_hash) {
  Bytes bytes(32, 5);
  auto hash = keep_preshared_of(*keys, bytes);
  std::vector changes{peer_that_shares(hash, 1)};
  auto found = keys->possible(changes);
  must(found.complete);
  BOOST_TEST(to_hex({found.preshared.at(hash).get(), 32}) == to_hex(bytes));
  must(keys->retire_preshared_but({hash}));
  must(keys->possible(changes).complete);
  must(keys->retire_preshared_but({}));
  BOOST_TEST(is_error(keys->possible(changes).complete, ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(a_peer_whose_preshared_key_is_missing_is_left_out_alone) {
  auto here = peer_that_shares(keep_preshared_of(*keys, Bytes(32, 5)), 1);
  auto missing = peer_that_shares(store::preshared_hash(Bytes(32, 6)), 2);
  PeerChange none;
  auto possible = keys->possible({none, missing, here});
  BOOST_TEST((possible.peers == std::vector{none, here}));
  BOOST_TEST(is_error(possible.complete, ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(who_can_not_be_added_again_is_not_removed_for_it) {
  auto addition = peer_that_shares(store::preshared_hash(Bytes(32, 6)), 2);
  PeerChange removal;
  removal.key = addition.key;
  removal.remove = true;
  BOOST_TEST(keys->possible({removal, addition}).peers.empty());
}

BOOST_AUTO_TEST_CASE(a_preshared_key_under_another_hash_is_refused) {
  Bytes bytes(32, 5);
  TunnelKeys::Secret secret{bytes.data(), TunnelKeys::Secret::extent};
  BOOST_TEST(is_error(keys->keep_preshared({}, secret), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(whoever_shares_no_key_needs_none) {
  PeerChange none;
  PeerChange taken_away;
  taken_away.preshared = Hash{};
  auto possible = keys->possible({none, taken_away});
  must(possible.complete);
  BOOST_TEST(possible.preshared.empty());
  BOOST_TEST(possible.peers.size() == 2U);
}

// -- creating and using -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_created_key_is_there_again) {
  auto key = must(keys->create());
  auto secret = secret_of(key);
  keys = must(TunnelKeys::open(directory));
  BOOST_TEST(secret_of(key) == secret);
}

BOOST_AUTO_TEST_CASE(every_created_key_is_another) {
  BOOST_TEST(must(keys->create()) != must(keys->create()));
}

BOOST_AUTO_TEST_CASE(a_created_key_is_as_curve25519_wants_it) {
  auto secret = bytes_of_hex(secret_of(must(keys->create())));
  BOOST_TEST((secret[0] & 0x07U) == 0U);
  BOOST_TEST((secret[31] & 0xc0U) == 0x40U);
}

BOOST_AUTO_TEST_CASE(a_key_file_holds_a_header_and_the_secret) {
  auto key = must(keys->create());
  BOOST_TEST(content_of(file_of(key)) == header + secret_of(key) + "\n");
}

BOOST_AUTO_TEST_CASE(only_the_owner_may_read_a_key) {
  struct stat status {};
  BOOST_REQUIRE(::stat(file_of(must(keys->create())).c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0600U);
  BOOST_REQUIRE(::stat(directory.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0700U);
}

BOOST_AUTO_TEST_CASE(a_key_made_elsewhere_is_used) {
  auto key = of_hex<TunnelKey>(known_public);
  write_file(file_of(key), header + known_secret + "\n");
  BOOST_TEST(secret_of(key) == known_secret);
}

BOOST_AUTO_TEST_CASE(what_its_user_says_is_what_is_answered) {
  auto status = keys->with_secret(must(keys->create()), [](auto /*secret*/) {
    return store::Status{store::Error{ErrorCode::io, "not now"}};
  });
  BOOST_TEST(is_error(status, ErrorCode::io));
}

// -- refusals -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_directory_open_to_others_is_refused) {
  BOOST_REQUIRE(::chmod(directory.c_str(), 0750) == 0);
  BOOST_TEST(is_error(TunnelKeys::open(directory), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(a_lost_key_is_said_to_be_lost) {
  auto status = keys->with_secret(of_hex<TunnelKey>(known_public), never);
  BOOST_TEST(is_error(status, ErrorCode::key));
  BOOST_TEST(mentions(status.error().message, directory.string()));
}

BOOST_AUTO_TEST_CASE(a_key_open_to_others_is_refused) {
  auto key = must(keys->create());
  BOOST_REQUIRE(::chmod(file_of(key).c_str(), 0640) == 0);
  BOOST_TEST(is_error(keys->with_secret(key, never), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(a_damaged_key_is_refused) {
  auto key = must(keys->create());
  write_file(file_of(key), "ppn-ed25519-seed-v1 " + known_secret + "\n");
  BOOST_TEST(is_error(keys->with_secret(key, never), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(a_key_under_the_name_of_another_is_refused) {
  auto key = must(keys->create());
  write_file(file_of(key), header + known_secret + "\n");
  auto status = keys->with_secret(key, never);
  BOOST_TEST(is_error(status, ErrorCode::key));
  BOOST_TEST(!mentions(status.error().message, known_secret.substr(0, 6)));
}

// -- retiring -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_retired_key_is_wiped) {
  auto old = must(keys->create());
  auto current = must(keys->create());
  auto second_name = scratch / "second name";
  fs::create_hard_link(file_of(old), second_name);
  auto size = fs::file_size(second_name);
  must(keys->retire_all_but({current}));
  BOOST_TEST(!has(old));
  BOOST_TEST(has(current));
  BOOST_TEST(content_of(second_name) == std::string(size, '\0'));
}

BOOST_AUTO_TEST_CASE(no_key_is_retired_for_one_that_is_not_there) {
  auto only = must(keys->create());
  BOOST_TEST(is_error(keys->retire_all_but({TunnelKey{}}), ErrorCode::key));
  BOOST_TEST(has(only));
}

BOOST_AUTO_TEST_CASE(each_kind_retires_its_own_keys_alone) {
  auto signing = must(store::FileKeyStore::open(directory));
  auto signing_key = must(signing->create()).public_key();
  auto key = must(keys->create());
  auto left = file_of(key);
  left += ".new";
  write_file(left, "half of a key");

  must(signing->retire_all_but(signing_key));
  BOOST_TEST(has(key));
  BOOST_TEST(content_of(left) == "half of a key");

  must(keys->retire_all_but({key}));
  BOOST_TEST(signing->load(signing_key).ok());
  BOOST_TEST(!fs::exists(left));
}

// -- public halves ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_public_half_is_that_of_other_implementations) {
  auto half = [](std::string_view hex) {
    auto secret = bytes_of_hex(hex);
    return runtime::public_half(
               TunnelKeys::Secret{secret.data(), TunnelKeys::Secret::extent})
        .hex();
  };
  BOOST_TEST(half(known_secret) == known_public);
  // RFC 7748 section 5.2, after one iteration.
  BOOST_TEST(
      half("09" + std::string(62, '0')) ==
      "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
}

BOOST_FIXTURE_TEST_CASE(all_keys_can_be_wiped_and_no_others, Fixture) {
  auto one = must(keys->create());
  auto other = must(keys->create());
  auto signing = must(store::FileKeyStore::open(directory));
  auto kept = must(signing->create()).public_key();
  must(keys->retire_all());
  BOOST_TEST(!has(one));
  BOOST_TEST(!has(other));
  must(signing->load(kept));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
