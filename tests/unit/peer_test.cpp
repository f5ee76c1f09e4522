// Who is at the other end of a socket.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/peer_linux.hpp"
#include "store/files.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::find_group;
using runtime::peer_of;
using runtime::user_name;

BOOST_AUTO_TEST_SUITE(peer)

BOOST_AUTO_TEST_CASE(it_is_told_with_all_its_groups) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  store::FileHandle one{ends[0]};
  store::FileHandle other{ends[1]};
  auto peer = must(peer_of(one.get()));
  BOOST_TEST(peer.uid == ::geteuid());
  std::vector<gid_t> expected(
      static_cast<std::size_t>(::getgroups(0, nullptr)));
  BOOST_REQUIRE(
      ::getgroups(static_cast<int>(expected.size()), expected.data()) >= 0);
  expected.insert(expected.begin(), ::getegid());
  std::sort(expected.begin(), expected.end());
  std::sort(peer.groups.begin(), peer.groups.end());
  BOOST_TEST(peer.groups == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_has_no_peer) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  store::FileHandle one{ends[0]};
  store::FileHandle other{ends[1]};
  BOOST_TEST(is_error(peer_of(one.get()), store::ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(groups_and_users_are_known_by_name) {
  BOOST_TEST((find_group("root") == std::optional<gid_t>{0}));
  BOOST_TEST(!find_group("no such group").has_value());
  BOOST_TEST(!find_group("").has_value());
  BOOST_TEST(user_name(0) == "root");
  BOOST_TEST(user_name(4'294'967'290) == "4294967290");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
