// Points in time: each has one form when written, and what is read and written
// again stays the same.
#include <algorithm>

#include "schema/time_text.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

constexpr std::int64_t millisecond_ns = 1'000'000;
constexpr std::int64_t now_ns = 1'767'225'600'000'000'000;

/// `text` as far as it goes is how the time is written.
void check_spelling(std::string_view text, std::string written) {
  if (text.size() > 10) written[10] = text[10];
  auto length = std::min(text.size(), written.find('.'));
  if (text.ends_with('Z')) length = std::min(length, text.size() - 1);
  require(text.substr(0, length) == written.substr(0, length),
          "a time is read in its one spelling");
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  if (auto time = schema::parse_time(text)) {
    require(*time >= 0, "a time is not before 1970");
    auto written = schema::format_time(*time);
    check_spelling(text, written);
    auto again = schema::parse_time(written);
    require(again && *again == *time - *time % millisecond_ns,
            "a time reads back to the millisecond");
  }
  if (auto time = schema::parse_time_or_age(text, now_ns))
    require(schema::parse_time(text) || *time <= now_ns, "an age is past");

  auto any = static_cast<std::int64_t>(Input{input}.number());
  auto written = schema::format_time(any);
  require(written.ends_with('Z'), "any time can be written");
}

}  // namespace ppn::fuzz
