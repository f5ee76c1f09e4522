// Server-sent events, cut where they like.
#include <boost/test/unit_test.hpp>

#include "tools/ppnctl/event_stream.hpp"
#include "tools/ppnctl/tail.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

const std::string two_events =
    ": a comment\n\nevent: entry\nid: 7\ndata: one\ndata:two\n\n"
    "retry: 5\nevent:x\r\ndata\r\n\r\n";

void expect_two_events(const std::vector<ServerEvent>& events) {
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].type == "entry");
  BOOST_TEST(events[0].data == "one\ntwo");
  BOOST_TEST(events[1].type == "x");
  BOOST_TEST(events[1].data.empty());
}

std::string entry_text(std::uint64_t sequence) {
  schema::Json document{
      {"schema", "ppn.entry.v1"},      {"time", "2026-11-23T10:00:00.000Z"},
      {"sequence", sequence},          {"stream", "node"},
      {"stream_version", 1},           {"clock", {{"synchronised", true}}},
      {"payload_type", "NodeStarted"}, {"payload", {{"boot", 1}}}};
  return "event: entry\nid: " + std::to_string(sequence) +
         "\ndata: " + document.dump() + "\n\n";
}

/// A tail that notes the sequences of what it prints.
struct Noted {
  std::vector<std::uint64_t> sequences;
  Tail tail;

  explicit Noted(std::uint64_t next)
      : tail(next, [this](const Entry& entry) {
          sequences.push_back(entry.sequence);
        }) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_event_stream)

BOOST_AUTO_TEST_CASE(events_may_be_cut_anywhere) {
  for (std::size_t cut = 0; cut <= two_events.size(); ++cut) {
    EventReader reader;
    auto events = reader.take(two_events.substr(0, cut));
    for (auto& event : reader.take(two_events.substr(cut)))
      events.push_back(event);
    expect_two_events(events);
  }
}

BOOST_AUTO_TEST_CASE(events_may_come_byte_by_byte) {
  EventReader reader;
  std::vector<ServerEvent> events;
  for (char c : two_events)
    for (auto& event : reader.take({&c, 1})) events.push_back(event);
  expect_two_events(events);
}

BOOST_AUTO_TEST_CASE(an_event_without_data_is_none) {
  EventReader reader;
  BOOST_TEST(reader.take("event: entry\nid: 1\n\n").empty());
  auto events = reader.take("data: x\n\n");
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].type.empty());
}

BOOST_AUTO_TEST_CASE(an_event_without_end_overflows) {
  EventReader reader;
  std::string piece(EventReader::event_bytes_max / 2 + 1, 'a');
  reader.take("data: " + piece);
  BOOST_TEST(!reader.overflowed());
  reader.take("\ndata: " + piece);
  BOOST_TEST(reader.overflowed());
}

// -- the tail ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_tail_asks_for_what_comes_next) {
  Noted from_start{0};
  BOOST_TEST(from_start.tail.request().target == "/v1/ledger/stream?from=0");
  BOOST_TEST(!from_start.tail.request().last_event_id);
  Noted later{5};
  BOOST_TEST(later.tail.request().last_event_id.value() == 4U);
  BOOST_TEST(!later.tail.take(entry_text(5)));
  BOOST_TEST(later.tail.request().last_event_id.value() == 5U);
}

BOOST_AUTO_TEST_CASE(a_tail_goes_on_in_a_new_stream) {
  Noted noted{3};
  auto text = entry_text(3) + entry_text(4);
  BOOST_TEST(!noted.tail.take(text.substr(0, text.size() - 20)));
  noted.tail.begin();
  BOOST_TEST(!noted.tail.take("event: other\ndata: x\n\n" + entry_text(4)));
  BOOST_TEST((noted.sequences == std::vector<std::uint64_t>{3, 4}));
}

BOOST_AUTO_TEST_CASE(a_tail_takes_no_gap_and_no_nonsense) {
  BOOST_TEST(Noted{3}.tail.take(entry_text(4)).has_value());
  BOOST_TEST(Noted{3}.tail.take(entry_text(2)).has_value());
  BOOST_TEST(Noted{3}.tail.take("event: entry\ndata: {\n\n").has_value());
  BOOST_TEST(Noted{3}.tail.take("event: entry\ndata: {}\n\n").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
