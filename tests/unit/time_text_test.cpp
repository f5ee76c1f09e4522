// Points in time as people write and read them.
#include "schema/time_text.hpp"

#include <limits>

#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using schema::format_time;
using schema::parse_time;
using schema::parse_time_or_age;

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1'000 * ms;
constexpr std::int64_t day = 86'400 * second;
/// 2026-11-23T10:00:00Z
constexpr std::int64_t november = 1'795'428'000 * second;

/// What is no time has no place in these tests.
std::int64_t time_of(std::string_view text) {
  auto time = parse_time(text);
  BOOST_REQUIRE_MESSAGE(time, text);
  return *time;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time_text)

// -- writing -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_time_is_written_to_the_millisecond) {
  BOOST_TEST(format_time(0) == "1970-01-01T00:00:00.000Z");
  BOOST_TEST(format_time(november) == "2026-11-23T10:00:00.000Z");
  BOOST_TEST(format_time(november + 123 * ms + 999'999) ==
             "2026-11-23T10:00:00.123Z");
  BOOST_TEST(format_time(951'782'400 * second) == "2000-02-29T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(a_time_before_1970_is_written_too) {
  BOOST_TEST(format_time(-1) == "1969-12-31T23:59:59.999Z");
  BOOST_TEST(format_time(-day) == "1969-12-31T00:00:00.000Z");
}

// A clock may read anything.
BOOST_AUTO_TEST_CASE(the_ends_of_time_are_written) {
  BOOST_TEST(format_time(std::numeric_limits<std::int64_t>::max()) ==
             "2262-04-11T23:47:16.854Z");
  BOOST_TEST(format_time(std::numeric_limits<std::int64_t>::min()) ==
             "1677-09-21T00:12:43.145Z");
}

// -- reading -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_time_is_read_in_all_its_lengths) {
  BOOST_TEST(time_of("1970-01-01") == 0);
  BOOST_TEST(time_of("2026-11-23") == november - 10 * 3'600 * second);
  BOOST_TEST(time_of("2026-11-23T10:00") == november);
  BOOST_TEST(time_of("2026-11-23 10:00") == november);
  BOOST_TEST(time_of("2026-11-23T10:00:00") == november);
  BOOST_TEST(time_of("2026-11-23T10:00:00Z") == november);
  BOOST_TEST(time_of("2026-11-23T10:00:07.5Z") == november + 7'500 * ms);
  BOOST_TEST(time_of("2026-11-23T10:00:00.123456789Z") ==
             november + 123'456'789);
  BOOST_TEST(time_of("2024-02-29") == 1'709'164'800 * second);
}

BOOST_AUTO_TEST_CASE(digits_below_a_nanosecond_are_dropped) {
  BOOST_TEST(time_of("1970-01-01T00:00:00.0000000019Z") == 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_refused) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2026",
                                      "2026-11",
                                      "2026-11-",
                                      "26-11-23",
                                      "2026-1-23",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29",
                                      "2026-11-31",
                                      "2026-11-00",
                                      "2026-11-23T",
                                      "2026-11-23T10",
                                      "2026-11-23T10:",
                                      "2026-11-23T24:00",
                                      "2026-11-23T10:60",
                                      "2026-11-23T10:00:60",
                                      "2026-11-23T10:00:00.",
                                      "2026-11-23T10:00:00.Z",
                                      "2026-11-23T10:00:00ZZ",
                                      "2026-11-23T10:00:00+01:00",
                                      " 2026-11-23",
                                      "2026-11-23 ",
                                      "2026-11-23T-1:00",
                                      "2026-11-23T-0:00",
                                      "2026-11-23T10:00:-0",
                                      "2026-11--3",
                                      "-026-11-23",
                                      "2026/11/23",
                                      "1969-12-31",
                                      "2201-01-01",
                                      "9999-12-31"})
    BOOST_TEST(!parse_time(text), text);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  Random random{seed_or(20260104)};
  for (int i = 0; i < 2'000; ++i) {
    auto time = static_cast<std::int64_t>(random.below(200 * 365)) * day +
                static_cast<std::int64_t>(random.below(86'400'000)) * ms;
    BOOST_TEST(time_of(format_time(time)) == time);
  }
}

// -- ages --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_age_is_how_long_before_now) {
  auto age = [](std::string_view text) {
    auto time = parse_time_or_age(text, november);
    BOOST_REQUIRE_MESSAGE(time, text);
    return (november - *time) / second;
  };
  BOOST_TEST(age("0s") == 0);
  BOOST_TEST(age("90s") == 90);
  BOOST_TEST(age("15m") == 15 * 60);
  BOOST_TEST(age("2h") == 2 * 3'600);
  BOOST_TEST(age("3d") == 3 * 86'400);
}

BOOST_AUTO_TEST_CASE(a_time_is_no_age) {
  BOOST_TEST(parse_time_or_age("2026-11-23T10:00", 0).value_or(0) == november);
}

BOOST_AUTO_TEST_CASE(what_is_neither_time_nor_age_is_refused) {
  for (const std::string_view text :
       {"", "s", "5", "-5s", "-0s", "+5s", "5w", "5 s", "5.5h", "s5", "5ss",
        "99999999999999999999s", "9223372036854775807d", "74000d"})
    BOOST_TEST(!parse_time_or_age(text, november), text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
