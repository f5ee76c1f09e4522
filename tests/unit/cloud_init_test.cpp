// What a guest reads when its life begins: its name, and what its operator
// wrote.
#include "runtime/cloud_init.hpp"

#include <sys/stat.h>

#include <fstream>

#include "store/files.hpp"
#include "store/hash.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using runtime::check_seed;
using runtime::cloud_init_hash;
using runtime::CloudInitSalt;
using runtime::flaw_of_user_data;
using runtime::meta_data_of;
using runtime::remove_seed;
using runtime::Seed;
using runtime::write_seed;
using store::ErrorCode;

namespace {

const std::string config = "#cloud-config\nusers: []\n";

Id some_id() { return of_hex<Id>("00112233445566778899001122334455"); }

std::string content_of(const fs::path& path) {
  return must(store::read_file(path, 1U << 20U));
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.insert(entry.path().filename());
  return names;
}

struct Fixture {
  Fixture() {
    seed.meta_data = must(meta_data_of(some_id(), "guest"));
    seed.user_data = config;
    seed.salt.fill(7);
  }

  void write() { must(write_seed(scratch.path(), seed, user)); }

  [[nodiscard]] Hash hash() const {
    return cloud_init_hash(seed.salt, seed.user_data);
  }

  ScratchDirectory scratch;
  fs::path folder = scratch / "seed";
  runtime::GuestUser user{::geteuid(), ::getegid()};
  Seed seed;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(cloud_init, Fixture)

// -- user data ----------------------------------------------------------------

/// By "printf 'ppn-cloud-init-v1\n' ...; sha256sum".
BOOST_AUTO_TEST_CASE(the_hash_is_of_a_prefix_the_salt_and_the_data) {
  CloudInitSalt salt{};
  for (std::size_t i = 0; i < salt.size(); ++i)
    salt[i] = static_cast<std::uint8_t>('A' + i % 26);
  BOOST_TEST(
      cloud_init_hash(salt, "#!/bin/sh\n").hex() ==
      "f9db3dfdc1fc96184a93aa5395368add62e3a8dd1b02fb6d6c0450f46b00fbaa");
}

BOOST_AUTO_TEST_CASE(another_salt_is_another_hash) {
  auto other = seed.salt;
  other.back() ^= 1U;
  BOOST_TEST((cloud_init_hash(other, config) != hash()));
}

BOOST_AUTO_TEST_CASE(all_kinds_of_user_data_are_taken) {
  for (const auto* text :
       {"#cloud-config\n", "#!/bin/sh\necho hello\n",
        "Content-Type: multipart/mixed; boundary=\"x\"\nMIME-Version: 1.0\n"})
    BOOST_TEST(!flaw_of_user_data(text));
}

BOOST_AUTO_TEST_CASE(what_cloud_init_would_pass_over_is_refused) {
  for (const auto* text : {"", "users: []\n", " #cloud-config\n",
                           "# cloud-config\n", "content-type: text/plain\n"}) {
    auto flaw = flaw_of_user_data(text);
    BOOST_REQUIRE(flaw);
    for (const auto* beginning : {"#cloud-config", "#!", "Content-Type:"})
      BOOST_TEST(mentions(*flaw, beginning));
  }
}

BOOST_AUTO_TEST_CASE(user_data_have_a_limit) {
  auto text = config + std::string(runtime::user_data_max - config.size(), ' ');
  BOOST_TEST(!flaw_of_user_data(text));
  auto flaw = flaw_of_user_data(text + ' ');
  BOOST_REQUIRE(flaw);
  BOOST_TEST(mentions(*flaw, "524288"));
}

// -- meta data ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(meta_data_name_the_guest) {
  BOOST_TEST(must(meta_data_of(some_id(), "build-1")) ==
             "instance-id: \"00112233445566778899001122334455\"\n"
             "local-hostname: \"build-1\"\n");
}

/// YAML knows numbers and truth without quotes.
BOOST_AUTO_TEST_CASE(a_name_stays_text) {
  for (const auto* name : {"no", "null", "1e3", "007"})
    BOOST_TEST(mentions(must(meta_data_of(some_id(), name)),
                        "\"" + std::string{name} + "\""));
}

BOOST_AUTO_TEST_CASE(a_name_that_says_more_than_a_name_is_refused) {
  for (const auto* name : {"", "a\nb: c", "a\"", "a: b", "a b", "A", "-a", "a-",
                           "{a}", "a#", "\xc3\xa4"})
    BOOST_TEST(is_error(meta_data_of(some_id(), name), ErrorCode::bad_input));
  BOOST_TEST(is_error(meta_data_of(some_id(), std::string(64, 'a')),
                      ErrorCode::bad_input));
}

// -- the seed -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_seed_has_three_files_for_its_owner_to_read) {
  write();
  BOOST_TEST(names_in(scratch.path()) == (std::set<std::string>{"seed"}),
             boost::test_tools::per_element());
  BOOST_TEST(names_in(folder) ==
                 (std::set<std::string>{"meta-data", "salt", "user-data"}),
             boost::test_tools::per_element());
  BOOST_TEST(content_of(folder / "meta-data") == seed.meta_data);
  BOOST_TEST(content_of(folder / "user-data") == config);
  BOOST_TEST(content_of(folder / "salt") == std::string(32, '\7'));
  BOOST_TEST(mode_of(folder) == 0700U);
  for (const auto& name : names_in(folder))
    BOOST_TEST(mode_of(folder / name) == 0400U);
}

BOOST_AUTO_TEST_CASE(a_seed_is_replaced_whole) {
  write();
  std::ofstream{folder / "more"} << "of another time";
  seed.user_data = "#!/bin/sh\n";
  write();
  BOOST_TEST(content_of(folder / "user-data") == "#!/bin/sh\n");
  BOOST_TEST(names_in(folder).size() == 3U);
  BOOST_TEST(names_in(scratch.path()).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_an_interrupted_attempt_left_does_not_matter) {
  fs::create_directories(scratch / "seed.new" / "more");
  std::ofstream{scratch / "seed.new" / "user-data"} << "half a";
  write();
  must(check_seed(scratch.path(), hash()));
  BOOST_TEST(names_in(scratch.path()).size() == 1U);
  BOOST_TEST(names_in(folder).size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_link_is_replaced_and_not_followed) {
  fs::create_directory(scratch / "elsewhere");
  for (const auto* name : {"seed", "seed.new"})
    fs::create_directory_symlink(scratch / "elsewhere", scratch / name);
  write();
  BOOST_TEST(fs::is_empty(scratch / "elsewhere"));
  BOOST_TEST(!fs::is_symlink(folder));
  must(check_seed(scratch.path(), hash()));
}

BOOST_AUTO_TEST_CASE(a_seed_needs_the_folder_of_its_guest) {
  BOOST_TEST(is_error(write_seed(scratch / "missing", seed, user),
                      ErrorCode::not_found));
  fs::create_directory(scratch / "elsewhere");
  fs::create_directory_symlink(scratch / "elsewhere", scratch / "link");
  BOOST_TEST(is_error(write_seed(scratch / "link", seed, user), ErrorCode::io));
  BOOST_TEST(fs::is_empty(scratch / "elsewhere"));
}

// -- checking -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_seed_is_checked_by_its_hash) {
  write();
  must(check_seed(scratch.path(), hash()));
  BOOST_TEST(is_error(check_seed(scratch.path(), Hash{}), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_seed_that_somebody_changed_is_damaged) {
  auto longest = config;
  longest.resize(runtime::user_data_max, '\n');
  for (const auto& text :
       {config + "x", longest + "x", std::string{}, config.substr(1)}) {
    write();
    fs::remove(folder / "user-data");
    std::ofstream{folder / "user-data"} << text;
    BOOST_TEST(
        is_error(check_seed(scratch.path(), hash()), ErrorCode::damaged));
  }
  write();
  fs::remove(folder / "salt");
  std::ofstream{folder / "salt"} << std::string(33, '\7');
  BOOST_TEST(is_error(check_seed(scratch.path(), hash()), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(the_longest_seed_is_checked) {
  seed.user_data.resize(runtime::user_data_max, '\n');
  write();
  must(check_seed(scratch.path(), hash()));
}

BOOST_AUTO_TEST_CASE(no_link_is_read_for_a_seed) {
  write();
  fs::rename(folder / "user-data", scratch / "elsewhere");
  fs::create_symlink(scratch / "elsewhere", folder / "user-data");
  BOOST_TEST(is_error(check_seed(scratch.path(), hash()), ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(a_missing_seed_is_not_found) {
  BOOST_TEST(
      is_error(check_seed(scratch.path(), hash()), ErrorCode::not_found));
  write();
  fs::remove(folder / "salt");
  BOOST_TEST(
      is_error(check_seed(scratch.path(), hash()), ErrorCode::not_found));
}

// -- deleting -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_seed_is_deleted_with_what_was_to_become_one) {
  write();
  fs::create_directory(scratch / "seed.new");
  std::ofstream{scratch / "root.raw"} << "disk";
  must(remove_seed(scratch.path()));
  BOOST_TEST(names_in(scratch.path()) == (std::set<std::string>{"root.raw"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_seed_that_is_gone_is_no_error) {
  must(remove_seed(scratch.path()));
  must(remove_seed(scratch / "missing"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
