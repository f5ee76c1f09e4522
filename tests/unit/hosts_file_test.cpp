// The block of members in a file of hosts: it comes, changes and goes, and all
// around it stays.
#include "runtime/hosts_file.hpp"

#include <fstream>

#include "store/files.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::with_hosts_block;
using runtime::write_hosts_file;
using store::ErrorCode;

namespace {

const std::string others = "127.0.0.1 localhost\n# mine\n\n";
const std::string block_of_one =
    "# ppn: members of the mesh, kept by ppnd\n"
    "10.8.0.1 node-1.home node-1\n"
    "# ppn: end\n";

events::Mesh one() { return mesh_of(1).mesh(); }

std::string content(const std::filesystem::path& path) {
  return must(store::read_file(path, 100'000));
}

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path} << text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hosts_file)

// -- the text ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_block_is_added_at_the_end) {
  BOOST_TEST(with_hosts_block(others, one()) == others + block_of_one);
  BOOST_TEST(with_hosts_block("", one()) == block_of_one);
}

BOOST_AUTO_TEST_CASE(each_member_has_its_name_with_and_without_the_meshs) {
  auto text =
      with_hosts_block("", mesh_of(2, "10.8.0.0/24", "fd00:8::/64").mesh());
  for (const auto* line :
       {"\n10.8.0.1 node-1.home node-1\n", "\nfd00:8::1 node-1.home node-1\n",
        "\n10.8.0.2 node-2.home node-2\n", "\nfd00:8::2 node-2.home node-2\n"})
    BOOST_TEST(mentions(text, line), text);
}

BOOST_AUTO_TEST_CASE(a_block_is_replaced_where_it_stands) {
  auto text = others + with_hosts_block("", mesh_of(3).mesh()) + "::1 more\n";
  BOOST_TEST(with_hosts_block(text, one()) ==
             others + block_of_one + "::1 more\n");
}

BOOST_AUTO_TEST_CASE(the_same_mesh_changes_nothing) {
  auto text = others + block_of_one + "::1 more";
  BOOST_TEST(with_hosts_block(text, one()) == text);
}

BOOST_AUTO_TEST_CASE(a_block_goes_with_the_last_member) {
  BOOST_TEST(with_hosts_block(others + block_of_one + "::1 more", {}) ==
             others + "::1 more");
}

BOOST_AUTO_TEST_CASE(without_members_and_a_block_nothing_changes) {
  for (const auto& text : {std::string{}, others, std::string{"::1 cut"}})
    BOOST_TEST(with_hosts_block(text, {}) == text);
}

BOOST_AUTO_TEST_CASE(a_last_line_without_an_end_gets_one) {
  BOOST_TEST(with_hosts_block("::1 cut", one()) == "::1 cut\n" + block_of_one);
}

/// What follows it is not known to be ours.
BOOST_AUTO_TEST_CASE(a_block_without_an_end_takes_nothing_along) {
  auto torn = block_of_one.substr(0, block_of_one.find("# ppn: end")) + others;
  auto text = with_hosts_block(torn, one());
  BOOST_TEST(text == torn + block_of_one);
  auto again = with_hosts_block(text, mesh_of(2).mesh());
  BOOST_TEST(again == torn + with_hosts_block("", mesh_of(2).mesh()));
}

// -- the file ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_file_is_made_so) {
  ScratchDirectory scratch;
  auto path = scratch / "hosts";
  put(path, others);
  must(write_hosts_file(path.string(), one()));
  BOOST_TEST(content(path) == others + block_of_one);
  must(write_hosts_file(path.string(), {}));
  BOOST_TEST(content(path) == others);
}

BOOST_AUTO_TEST_CASE(the_file_can_be_read_by_all) {
  using std::filesystem::perms;
  ScratchDirectory scratch;
  auto path = scratch / "hosts";
  put(path, others);
  must(write_hosts_file(path.string(), one()));
  BOOST_TEST((std::filesystem::status(path).permissions() ==
              (perms::owner_read | perms::owner_write | perms::group_read |
               perms::others_read)));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_as_it_should_be_is_not_written) {
  ScratchDirectory scratch;
  auto path = scratch / "hosts";
  put(path, others + block_of_one);
  auto then = std::filesystem::file_time_type{} + std::chrono::hours{1};
  std::filesystem::last_write_time(path, then);
  must(write_hosts_file(path.string(), one()));
  BOOST_TEST((std::filesystem::last_write_time(path) == then));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_not_made) {
  ScratchDirectory scratch;
  auto path = scratch / "hosts";
  BOOST_TEST(
      is_error(write_hosts_file(path.string(), one()), ErrorCode::not_found));
  BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
