// Addresses, ranges and endpoints: which texts are one, and what they hold.
#include "events/ip.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using events::Endpoint;
using events::IpAddress;
using events::IpRange;

BOOST_AUTO_TEST_SUITE(ip)

// -- addresses ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_address_reads_back_as_it_is_written) {
  for (const char* text : {"10.8.0.1", "0.0.0.0", "255.255.255.255",
                           "::", "fd00:8::1", "2001:db8::ff00:42:8329"})
    BOOST_TEST(address(text).text() == text);
  BOOST_TEST(address("FD00:0:0::01").text() == "fd00::1");
}

BOOST_AUTO_TEST_CASE(an_address_has_the_bytes_that_it_says) {
  BOOST_TEST(to_hex(address("10.8.0.254").view()) == "0a0800fe");
  BOOST_TEST(to_hex(address("fd00::1:2").view()) ==
             "fd000000000000000000000000010002");
  BOOST_TEST(address("10.8.0.1").bits() == 32);
  BOOST_TEST(address("::1").bits() == 128);
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused) {
  using namespace std::string_view_literals;
  for (auto text :
       {""sv, "10.8.0"sv, "10.8.0.256"sv, "10.8.0.1 "sv, " 10.8.0.1"sv,
        "10.8.0.1.1"sv, "010.8.0.1"sv, "10.8.0.1\0"sv, "10.8.0.1\0x"sv, ":"sv,
        ":::"sv, "fd00::1::2"sv, "fe80::1%lo"sv, "[::1]"sv, "12345::"sv,
        "laptop"sv, "10.8.0.1/32"sv})
    BOOST_TEST(!IpAddress::parse(text), "taken for an address: " << text);
}

BOOST_AUTO_TEST_CASE(an_address_is_4_bytes_or_16) {
  for (std::size_t size = 0; size <= 17; ++size) {
    Bytes bytes(size, 9);
    auto made = IpAddress::of(bytes);
    BOOST_TEST(made.has_value() == (size == 4 || size == 16));
    if (made) BOOST_TEST(to_hex(made->view()) == to_hex(bytes));
  }
}

BOOST_AUTO_TEST_CASE(the_same_bytes_are_another_address_in_ipv6) {
  BOOST_TEST((address("10.8.0.1") != address("a08:1::")));
  BOOST_TEST(!range("0.0.0.0/0").contains(address("::")));
  BOOST_TEST(!range("::/0").contains(address("0.0.0.0")));
  BOOST_TEST(!range("0.0.0.0/0").overlaps(range("::/0")));
}

// -- ranges ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_range_reads_back_as_it_is_written) {
  for (const char* text : {"10.8.0.0/24", "10.8.0.7/24", "0.0.0.0/0",
                           "10.8.0.1/32", "fd00::/64", "::/0", "::1/128"})
    BOOST_TEST(range(text).text() == text);
  BOOST_TEST(range("10.8.0.1").text() == "10.8.0.1/32");
  BOOST_TEST(range("fd00::1").text() == "fd00::1/128");
}

BOOST_AUTO_TEST_CASE(what_is_no_range_is_refused) {
  for (const char* text :
       {"", "/24", "10.8.0.0/", "10.8.0.0/33", "10.8.0.0/-1", "10.8.0.0/+8",
        "10.8.0.0/08", "10.8.0.0/8/8", "10.8.0.0/ 8", "10.8.0.0/8 ",
        "10.8.0.0/256", "10.8.0.0/280", "::/129", "10.8.0/24", "10.8.0.0/x"})
    BOOST_TEST(!IpRange::parse(text), "taken for a range: " << text);
}

BOOST_AUTO_TEST_CASE(a_range_holds_what_has_its_first_bits) {
  auto home = range("10.8.0.0/22");
  BOOST_TEST(home.contains(address("10.8.0.0")));
  BOOST_TEST(home.contains(address("10.8.3.255")));
  BOOST_TEST(!home.contains(address("10.8.4.0")));
  BOOST_TEST(!home.contains(address("10.7.255.255")));
  BOOST_TEST(range("0.0.0.0/0").contains(address("255.1.2.3")));
  BOOST_TEST(range("10.8.0.1/32").contains(address("10.8.0.1")));
  BOOST_TEST(!range("10.8.0.1/32").contains(address("10.8.0.0")));
  BOOST_TEST(range("fd00::/65").contains(address("fd00::7fff:0:0:1")));
  BOOST_TEST(!range("fd00::/65").contains(address("fd00::8000:0:0:1")));
}

BOOST_AUTO_TEST_CASE(ranges_overlap_if_one_holds_the_other) {
  auto overlap = [](const char* a, const char* b) {
    BOOST_TEST(range(a).overlaps(range(b)) == range(b).overlaps(range(a)));
    return range(a).overlaps(range(b));
  };
  BOOST_TEST(overlap("10.8.0.0/24", "10.8.0.0/24"));
  BOOST_TEST(overlap("10.8.0.0/24", "10.8.0.77/32"));
  BOOST_TEST(overlap("10.8.0.0/24", "0.0.0.0/0"));
  BOOST_TEST(overlap("10.8.0.0/24", "10.8.0.129/25"));
  BOOST_TEST(!overlap("10.8.0.0/24", "10.8.1.0/24"));
  BOOST_TEST(!overlap("10.8.0.0/25", "10.8.0.128/25"));
  BOOST_TEST(overlap("fd00::/16", "fd00:8::/64"));
  BOOST_TEST(!overlap("fd00::/64", "fd00:8::/64"));
}

BOOST_AUTO_TEST_CASE(a_range_begins_where_all_bits_behind_its_length_are_0) {
  BOOST_TEST(range("10.8.0.255/25").first().text() == "10.8.0.128/25");
  BOOST_TEST(range("10.8.3.7/22").first().text() == "10.8.0.0/22");
  BOOST_TEST(range("10.8.0.7/32").first().text() == "10.8.0.7/32");
  BOOST_TEST(range("255.255.255.255/0").first().text() == "0.0.0.0/0");
  BOOST_TEST(range("fd00::1:2/112").first().text() == "fd00::1:0/112");
}

// -- endpoints ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_endpoint_reads_back_as_it_is_written) {
  for (const char* text :
       {"192.0.2.1:51820", "192.0.2.1:1", "[::1]:65535", "[2001:db8::1]:51820"})
    BOOST_TEST(endpoint(text).text() == text);
  BOOST_TEST(endpoint("192.0.2.1:51820").port == 51'820);
}

BOOST_AUTO_TEST_CASE(what_is_no_endpoint_is_refused) {
  for (const char* text : {"",
                           ":",
                           "192.0.2.1",
                           "192.0.2.1:",
                           ":51820",
                           "192.0.2.1:0",
                           "192.0.2.1:65536",
                           "192.0.2.1:-1",
                           "192.0.2.1:051820",
                           "192.0.2.1:51820 ",
                           "192.0.2.1:http",
                           "::1:51820",
                           "[::1]",
                           "[::1]51820",
                           "[::1:51820",
                           "::1]:51820",
                           "[192.0.2.1]:51820",
                           "[]:51820",
                           "[:51820",
                           "host.example:51820"})
    BOOST_TEST(!Endpoint::parse(text), "taken for an endpoint: " << text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
