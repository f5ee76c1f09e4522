// Private keys on disk: found by nobody else, and never quoted.
#include "store/key_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;
namespace utf = boost::unit_test;

using store::ErrorCode;
using store::FileKeyStore;

namespace {

constexpr uid_t somebody_else = 65'534;
const std::string header = "ppn-ed25519-seed-v1 ";

/// A key store in a directory of its own.
struct Fixture {
  ScratchDirectory scratch;
  fs::path directory = scratch / "keys";
  std::unique_ptr<FileKeyStore> keys = must(FileKeyStore::open(directory));

  [[nodiscard]] fs::path file_of(const PublicKey& key) const {
    return directory / (key.hex() + ".key");
  }
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

void set_mode(const fs::path& path, mode_t mode) {
  BOOST_REQUIRE(::chmod(path.c_str(), mode) == 0);
}

std::string content_of(const fs::path& path) {
  return must(store::read_file(path, 1'000));
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream{path, std::ios::binary} << content;
  set_mode(path, 0600);
}

std::string seed_of(const store::SigningKey& key) {
  return key.with_seed([](auto seed) { return to_hex(seed); });
}

/// Whether a message gives away any part of a secret.
bool quotes(const std::string& message, const std::string& secret) {
  constexpr std::size_t part = 6;
  for (std::size_t i = 0; i + part <= secret.size(); ++i)
    if (mentions(message, secret.substr(i, part))) return true;
  return false;
}

boost::test_tools::assertion_result runs_as_root(utf::test_unit_id) {
  return ::geteuid() == 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(key_store, Fixture)

// -- directory ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_directory_is_for_the_owner_only) {
  BOOST_TEST(mode_of(directory) == 0700U);
}

BOOST_AUTO_TEST_CASE(a_directory_open_to_others_is_refused) {
  for (mode_t right = 01; right <= 040; right <<= 1U) {
    set_mode(directory, 0700U | right);
    auto error = error_of(FileKeyStore::open(directory));
    BOOST_TEST(error.code == ErrorCode::key);
    BOOST_TEST(mentions(error.message, "chmod 700 " + directory.string()));
  }
}

BOOST_AUTO_TEST_CASE(a_directory_of_another_user_is_refused,
                     *utf::precondition(runs_as_root)) {
  BOOST_REQUIRE(::chown(directory.c_str(), somebody_else, 0) == 0);
  auto error = error_of(FileKeyStore::open(directory));
  BOOST_TEST(error.code == ErrorCode::key);
  BOOST_TEST(mentions(error.message, "65534"));
  BOOST_TEST(mentions(error.message, "chown 0 " + directory.string()));
}

BOOST_AUTO_TEST_CASE(a_file_is_no_key_store) {
  write_file(scratch / "file", "");
  BOOST_TEST(is_error(FileKeyStore::open(scratch / "file"), ErrorCode::io));
}

// -- creating and loading ----------------------------------------------------

BOOST_AUTO_TEST_CASE(a_created_key_is_loaded_again) {
  auto created = must(keys->create());
  auto again = must(FileKeyStore::open(directory));
  auto loaded = must(again->load(created.public_key()));
  BOOST_TEST(loaded.public_key() == created.public_key());
  BOOST_TEST(seed_of(loaded) == seed_of(created));
}

BOOST_AUTO_TEST_CASE(every_created_key_is_another) {
  BOOST_TEST(must(keys->create()).public_key() !=
             must(keys->create()).public_key());
}

BOOST_AUTO_TEST_CASE(a_key_file_holds_a_header_and_the_seed) {
  auto created = must(keys->create());
  BOOST_TEST(content_of(file_of(created.public_key())) ==
             header + seed_of(created) + "\n");
}

BOOST_AUTO_TEST_CASE(a_key_file_is_for_the_owner_only) {
  auto old = ::umask(0);
  auto created = must(keys->create());
  ::umask(old);
  BOOST_TEST(mode_of(file_of(created.public_key())) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_key_by_hand_is_loaded) {
  auto key = key_of_seed(7);
  write_file(file_of(key.public_key()), header + seed_of(key) + "\n");
  BOOST_TEST(must(keys->load(key.public_key())).public_key() ==
             key.public_key());
}

BOOST_AUTO_TEST_CASE(a_key_that_can_not_be_kept_is_not_made) {
  fs::remove(directory);
  BOOST_TEST(!keys->create().ok());
}

// -- refusals ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_lost_key_is_said_to_be_lost) {
  auto error = error_of(keys->load(key_of_seed(7).public_key()));
  BOOST_TEST(error.code == ErrorCode::key);
  BOOST_TEST(mentions(error.message, directory.string()));
}

BOOST_AUTO_TEST_CASE(a_key_open_to_others_is_refused) {
  auto key = must(keys->create());
  auto file = file_of(key.public_key());
  for (mode_t right = 01; right <= 040; right <<= 1U) {
    set_mode(file, 0600U | right);
    auto error = error_of(keys->load(key.public_key()));
    BOOST_TEST(error.code == ErrorCode::key);
    BOOST_TEST(mentions(error.message, "chmod 600 " + file.string()));
    BOOST_TEST(!quotes(error.message, seed_of(key)));
  }
}

BOOST_AUTO_TEST_CASE(a_key_of_another_user_is_refused,
                     *utf::precondition(runs_as_root)) {
  auto key = must(keys->create());
  auto file = file_of(key.public_key());
  BOOST_REQUIRE(::chown(file.c_str(), somebody_else, 0) == 0);
  auto error = error_of(keys->load(key.public_key()));
  BOOST_TEST(error.code == ErrorCode::key);
  BOOST_TEST(mentions(error.message, "65534"));
  BOOST_TEST(mentions(error.message, "chown 0 " + file.string()));
  BOOST_TEST(!quotes(error.message, seed_of(key)));
}

BOOST_AUTO_TEST_CASE(a_key_under_the_name_of_another_is_refused) {
  auto key = must(keys->create());
  auto other = must(keys->create());
  fs::rename(file_of(key.public_key()), file_of(other.public_key()));
  auto error = error_of(keys->load(other.public_key()));
  BOOST_TEST(error.code == ErrorCode::key);
  BOOST_TEST(mentions(error.message, file_of(other.public_key()).string()));
  BOOST_TEST(!quotes(error.message, seed_of(key)));
}

BOOST_AUTO_TEST_CASE(a_key_file_of_another_length_is_refused) {
  auto key = key_of_seed(0x5a);
  auto file = file_of(key.public_key());
  auto whole = header + seed_of(key) + "\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_file(file, whole.substr(0, size));
    BOOST_TEST(is_error(keys->load(key.public_key()), ErrorCode::key),
               "size " << size);
  }
  write_file(file, whole + "\n");
  BOOST_TEST(is_error(keys->load(key.public_key()), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(no_character_of_a_key_file_can_change) {
  auto key = key_of_seed(0x5a);
  auto file = file_of(key.public_key());
  auto whole = header + seed_of(key) + "\n";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (char wrong : {'\0', '!', '3', 'A', 'g'}) {
      auto content = whole;
      content[i] = wrong;
      write_file(file, content);
      auto error = error_of(keys->load(key.public_key()));
      BOOST_TEST(error.code == ErrorCode::key);
      BOOST_TEST(!quotes(error.message, content));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_link_to_a_key_is_refused) {
  auto key = must(keys->create());
  auto file = file_of(key.public_key());
  fs::rename(file, scratch / "elsewhere");
  fs::create_symlink(scratch / "elsewhere", file);
  auto error = error_of(keys->load(key.public_key()));
  BOOST_TEST(error.code == ErrorCode::key);
  BOOST_TEST(mentions(error.message, file.string()));
}

BOOST_AUTO_TEST_CASE(a_directory_is_no_key) {
  auto key = key_of_seed(7);
  fs::create_directory(file_of(key.public_key()));
  set_mode(file_of(key.public_key()), 0700);
  BOOST_TEST(is_error(keys->load(key.public_key()), ErrorCode::key));
}

// -- retiring ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_the_current_key_outlives_the_others) {
  auto old = must(keys->create());
  auto current = must(keys->create());
  auto older = must(keys->create());
  must(keys->retire_all_but(current.public_key()));
  BOOST_TEST(!fs::exists(file_of(old.public_key())));
  BOOST_TEST(!fs::exists(file_of(older.public_key())));
  must(keys->load(current.public_key()));
}

BOOST_AUTO_TEST_CASE(a_retired_key_is_wiped) {
  auto old = must(keys->create());
  auto current = must(keys->create());
  auto second_name = scratch / "second name";
  fs::create_hard_link(file_of(old.public_key()), second_name);
  auto size = fs::file_size(second_name);
  must(keys->retire_all_but(current.public_key()));
  BOOST_TEST(content_of(second_name) == std::string(size, '\0'));
}

BOOST_AUTO_TEST_CASE(what_an_interrupted_creation_left_is_wiped_too) {
  auto key = key_of_seed(7);
  auto current = must(keys->create());
  auto left = file_of(key.public_key());
  left += ".new";
  write_file(left, header + seed_of(key) + "\n");
  fs::create_hard_link(left, scratch / "second name");
  must(keys->retire_all_but(current.public_key()));
  BOOST_TEST(!fs::exists(left));
  BOOST_TEST(!quotes(content_of(scratch / "second name"), seed_of(key)));
}

BOOST_AUTO_TEST_CASE(files_that_hold_no_key_stay) {
  auto current = must(keys->create());
  write_file(directory / "README", "keep me");
  must(keys->retire_all_but(current.public_key()));
  BOOST_TEST(content_of(directory / "README") == "keep me");
}

BOOST_AUTO_TEST_CASE(wiping_follows_no_link) {
  auto current = must(keys->create());
  write_file(scratch / "elsewhere", "precious");
  fs::create_symlink(scratch / "elsewhere", directory / "link.key");
  auto error = error_of(keys->retire_all_but(current.public_key()));
  BOOST_TEST(mentions(error.message, "link.key"));
  BOOST_TEST(content_of(scratch / "elsewhere") == "precious");
}

BOOST_AUTO_TEST_CASE(a_missing_directory_is_said) {
  auto current = must(keys->create());
  fs::remove_all(directory);
  BOOST_TEST(
      is_error(keys->retire_all_but(current.public_key()), ErrorCode::key));
}

BOOST_AUTO_TEST_CASE(no_key_is_retired_for_one_that_is_not_there) {
  auto only = must(keys->create());
  BOOST_TEST(is_error(keys->retire_all_but(PublicKey{}), ErrorCode::key));
  BOOST_TEST(keys->load(only.public_key()).ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
