// What comes from a monitor of QEMU, in pieces of any size, and what goes
// there.
#include "runtime/qmp.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include "tests/unit/expect.hpp"
#include "tests/unit/project_file.hpp"

namespace ppn::tests {

using runtime::parse_qmp_message;
using runtime::qmp_line;
using runtime::qmp_number;
using runtime::QmpEvent;
using runtime::QmpFailure;
using runtime::QmpGreeting;
using runtime::QmpJson;
using runtime::QmpMessage;
using runtime::QmpReader;
using runtime::QmpReply;
using store::ErrorCode;

namespace {

const std::string greeting_line =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, )"
    R"("package": "Debian 1:7.2"}, "capabilities": ["oob"]}})"
    "\r\n";

template <class Message>
Message parsed_as(std::string_view line) {
  auto message = must(parse_qmp_message(line));
  auto* wanted = std::get_if<Message>(&message);
  BOOST_REQUIRE(wanted != nullptr);
  return std::move(*wanted);
}

/// All that can be read now.
std::vector<QmpMessage> drain(QmpReader& reader) {
  std::vector<QmpMessage> messages;
  while (auto message = must(reader.next()))
    messages.push_back(std::move(*message));
  return messages;
}

/// One letter for each kind.
std::string kinds_of(const std::vector<QmpMessage>& messages) {
  std::string kinds;
  for (const auto& message : messages) kinds += "GRFE"[message.index()];
  return kinds;
}

/// What QEMU said in a session that was recorded.
std::string recorded(const std::string& name) {
  std::istringstream lines{project_file("tests/recorded/qmp/" + name + ".txt")};
  std::string said;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("< ")) said += line.substr(2) + "\r\n";
  BOOST_REQUIRE(!said.empty());
  return said;
}

std::vector<QmpMessage> read_in_pieces(std::string_view text,
                                       std::size_t size) {
  QmpReader reader;
  std::vector<QmpMessage> messages;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    reader.feed(text.substr(0, size));
    for (auto& message : drain(reader)) messages.push_back(std::move(message));
  }
  return messages;
}

store::Error error_after(std::string_view text) {
  QmpReader reader;
  reader.feed(text);
  for (;;) {
    auto message = reader.next();
    if (!message) return message.error();
    BOOST_REQUIRE(message->has_value());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(qmp)

BOOST_AUTO_TEST_CASE(a_greeting_has_the_version) {
  auto greeting = parsed_as<QmpGreeting>(greeting_line);
  BOOST_TEST((greeting.version == std::array<std::uint64_t, 3>{7, 2, 22}));
  BOOST_TEST(greeting.package == "Debian 1:7.2");
}

BOOST_AUTO_TEST_CASE(a_reply_has_its_id_and_its_value) {
  auto reply = parsed_as<QmpReply>(R"({"return": {"a": [1]}, "id": 9})");
  BOOST_TEST((reply.id == 9U));
  BOOST_TEST(reply.value.dump() == R"({"a":[1]})");
}

BOOST_AUTO_TEST_CASE(an_id_that_no_client_here_gives_is_none) {
  for (const auto* id : {R"("9")", "-9", "9.0", "null", "[9]", "{}"})
    BOOST_TEST(
        !parsed_as<QmpReply>(std::string{R"({"return": 1, "id": )"} + id + "}")
             .id);
}

BOOST_AUTO_TEST_CASE(a_failure_may_have_no_id) {
  auto failure = parsed_as<QmpFailure>(
      R"({"error": {"class": "GenericError", "desc": "stray"}})");
  BOOST_TEST(!failure.id);
  BOOST_TEST(failure.error_class == "GenericError");
  BOOST_TEST(failure.description == "stray");
}

BOOST_AUTO_TEST_CASE(a_description_is_short_and_commands_no_terminal) {
  auto failure = parsed_as<QmpFailure>(
      R"({"error": {"class": "GenericError", "desc": "\u001b[2J)" +
      std::string(100'000, 'x') + R"("}})");
  BOOST_TEST(failure.description.size() == 400U);
  BOOST_TEST(failure.description.starts_with("?[2Jxxx"));
}

BOOST_AUTO_TEST_CASE(an_event_has_its_data_and_time) {
  auto event = parsed_as<QmpEvent>(
      R"({"timestamp": {"seconds": 1796016629, "microseconds": 699711}, )"
      R"("event": "RESET", "data": {"guest": true}})");
  BOOST_TEST(event.name == "RESET");
  BOOST_TEST(event.data.dump() == R"({"guest":true})");
  BOOST_TEST((event.utc_ns == 1'796'016'629'699'711'000));
}

BOOST_AUTO_TEST_CASE(a_time_that_is_none_does_not_count) {
  for (const auto* time :
       {R"({"seconds": -1, "microseconds": -1})",
        R"({"seconds": 18446744073709551615, "microseconds": 1})",
        R"({"seconds": 1, "microseconds": 1000000})", R"({"seconds": 1})",
        "7"}) {
    auto event = parsed_as<QmpEvent>(
        std::string{R"({"event": "STOP", "timestamp": )"} + time + "}");
    BOOST_TEST(!event.utc_ns);
    BOOST_TEST(event.data.is_null());
  }
}

BOOST_AUTO_TEST_CASE(members_that_nobody_knows_are_passed_over) {
  auto reply = parsed_as<QmpReply>(
      R"({"new": {"return": 2}, "return": 1, "id": 3, "newer": null})");
  BOOST_TEST(reply.value == 1);
  BOOST_TEST((reply.id == 3U));
}

BOOST_AUTO_TEST_CASE(numbers_beyond_a_double_stay_what_they_are) {
  auto reply = parsed_as<QmpReply>(
      R"({"return": {"largest": 18446744073709551615, )"
      R"("odd": 9007199254740993, "least": -9223372036854775808}})");
  BOOST_TEST((qmp_number(reply.value, "largest") == ~std::uint64_t{0}));
  BOOST_TEST((qmp_number(reply.value, "odd") == 9'007'199'254'740'993U));
  BOOST_TEST(reply.value["least"].get<std::int64_t>() == INT64_MIN);
}

BOOST_AUTO_TEST_CASE(what_is_no_whole_number_is_not_taken_for_one) {
  auto value = QmpJson::parse(
      R"({"below": -1, "real": 5.0, "text": "5", "huge": 18446744073709551616,
          "flag": true})");
  for (const auto* name :
       {"below", "real", "text", "huge", "flag", "not there"})
    BOOST_TEST(!qmp_number(value, name));
  BOOST_TEST(!qmp_number(QmpJson::array({1}), "below"));
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused_with_a_reason) {
  for (const auto* line :
       {"HTTP/1.1 400 Bad Request", "[]", "7", "\"QMP\"", "null", "{}",
        R"({"id": 1})", R"({"event": 7})", R"({"event": ""})",
        R"({"error": {}})", R"({"error": "GenericError"})",
        R"({"error": {"class": 1}})", R"({"QMP": {}})", R"({"QMP": 1})",
        R"({"QMP": {"version": {"qemu": {"major": 7, "minor": 2}}}})",
        R"({"return": 1)", R"({"return": 1} {"return": 2})",
        R"({"return": "\xff"})", R"({"return": 1e999})"}) {
    auto message = parse_qmp_message(line);
    BOOST_TEST(is_error(message, ErrorCode::bad_input));
    BOOST_TEST(!error_of(message).message.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_shows_what_came_without_its_controls) {
  auto message = error_of(parse_qmp_message("\x1b[2JHTTP/1.1 400")).message;
  BOOST_TEST(mentions(message, "?[2JHTTP/1.1 400"));
}

BOOST_AUTO_TEST_CASE(what_is_nested_too_deep_is_refused_before_it_is_parsed) {
  for (const auto* bracket : {"[", R"({"a":)", "{\"\\\"]\":["}) {
    std::string line = R"({"return":)";
    while (line.size() < 1'000'000) line += bracket;
    BOOST_TEST(is_error(parse_qmp_message(line), ErrorCode::oversized));
  }
}

BOOST_AUTO_TEST_CASE(brackets_in_text_are_not_nested) {
  auto brackets = std::string(1'000, '[') + R"(\"\\)" + std::string(1'000, '{');
  auto reply = parsed_as<QmpReply>(R"({"return": ")" + brackets + R"("})");
  BOOST_TEST(reply.value.get<std::string>().size() == 2'002U);
}

BOOST_AUTO_TEST_CASE(as_deep_as_allowed_is_taken) {
  auto deep = [](std::size_t depth) {
    // One more is the message itself.
    return R"({"return":)" + std::string(depth - 1, '[') +
           std::string(depth - 1, ']') + "}";
  };
  BOOST_TEST(parse_qmp_message(deep(runtime::qmp_depth_max)).ok());
  BOOST_TEST(is_error(parse_qmp_message(deep(runtime::qmp_depth_max + 1)),
                      ErrorCode::oversized));
}

BOOST_AUTO_TEST_CASE(more_values_than_memory_is_meant_for_are_refused) {
  std::string line = R"({"return":[0)";
  for (std::size_t i = 0; i <= runtime::qmp_values_max; ++i) line += ",0";
  line += "]}";
  BOOST_TEST(line.size() < runtime::qmp_line_max);
  BOOST_TEST(is_error(parse_qmp_message(line), ErrorCode::oversized));
}

BOOST_AUTO_TEST_CASE(lines_end_with_or_without_a_carriage_return) {
  QmpReader reader;
  reader.feed("{\"return\": 1}\n{\"return\": 2}\r\n\r\n\n{\"return\": 3}\n");
  BOOST_TEST(kinds_of(drain(reader)) == "RRR");
}

BOOST_AUTO_TEST_CASE(a_greeting_may_come_in_two_pieces) {
  QmpReader reader;
  reader.feed(greeting_line.substr(0, 30));
  BOOST_TEST(drain(reader).empty());
  reader.feed(greeting_line.substr(30));
  BOOST_TEST(kinds_of(drain(reader)) == "G");
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_are_the_same_messages) {
  auto said = recorded("run");
  for (std::size_t size : {1U, 2U, 3U, 7U, 64U, 1'000U, 100'000U})
    BOOST_TEST(kinds_of(read_in_pieces(said, size)) == "GRRERERRERREREEER");
}

BOOST_AUTO_TEST_CASE(all_that_was_recorded_is_understood) {
  BOOST_TEST(kinds_of(read_in_pieces(recorded("errors"), 100)) ==
             "GFRFFFFFFFR");
  BOOST_TEST(kinds_of(read_in_pieces(recorded("balloon"), 100)) == "GRRRR");
  BOOST_TEST(kinds_of(read_in_pieces(recorded("storm"), 100)) ==
             "GRRERE" + std::string(12, 'E') + "R");
}

BOOST_AUTO_TEST_CASE(an_error_before_the_id_was_read_has_none) {
  auto messages = read_in_pieces(recorded("errors"), 100);
  std::string ids;
  for (const auto& message : messages)
    if (const auto* failure = std::get_if<QmpFailure>(&message))
      ids += failure->id ? std::to_string(*failure->id) : "-";
  BOOST_TEST(ids == "134567--");
}

BOOST_AUTO_TEST_CASE(a_balloon_that_has_no_numbers_says_the_largest_one) {
  auto messages = read_in_pieces(recorded("balloon"), 100);
  const auto& stats = std::get<QmpReply>(messages.at(3)).value.at("stats");
  BOOST_TEST(stats.size() == 10U);
  for (const auto& [name, value] : stats.items())
    BOOST_TEST((qmp_number(stats, name.c_str()) == ~std::uint64_t{0}));
}

BOOST_AUTO_TEST_CASE(a_reply_of_a_megabyte_is_read) {
  auto messages = read_in_pieces(recorded("schema"), 100);
  const auto& entries = std::get<QmpReply>(messages.back()).value;
  auto schema = QmpJson::array();
  while (schema.size() < 17'000)
    schema.insert(schema.end(), entries.begin(), entries.end());
  auto line = QmpJson{{"id", 2}, {"return", schema}}.dump() + "\r\n";
  BOOST_TEST(line.size() > 1'000'000U);
  constexpr std::size_t read_size = 65'536;
  auto read = read_in_pieces(line, read_size);
  BOOST_TEST(kinds_of(read) == "R");
  BOOST_TEST((std::get<QmpReply>(read.front()).value == schema));
}

BOOST_AUTO_TEST_CASE(a_line_without_an_end_is_not_kept_for_ever) {
  QmpReader reader;
  const std::string piece(std::size_t{1} << 20U, ' ');
  for (std::size_t size = 0; size < runtime::qmp_line_max; size += piece.size())
    reader.feed(piece);
  BOOST_TEST(drain(reader).empty());
  reader.feed(" ");
  BOOST_TEST(is_error(reader.next(), ErrorCode::oversized));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_too_long_is_refused_with_its_end_too) {
  auto line =
      R"({"return": ")" + std::string(runtime::qmp_line_max, 'x') + "\"}\n";
  BOOST_TEST((error_after(line).code == ErrorCode::oversized));
}

BOOST_AUTO_TEST_CASE(what_came_before_garbage_is_still_read) {
  QmpReader reader;
  reader.feed("{\"return\": 1}\ngarbage\n{\"return\": 2}\n");
  BOOST_TEST(must(reader.next()).has_value());
  BOOST_TEST(is_error(reader.next(), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(after_garbage_nothing_is_read_any_more) {
  QmpReader reader;
  reader.feed("garbage\n");
  auto first = error_of(reader.next());
  reader.feed("{\"return\": 2}\n");
  BOOST_TEST(error_of(reader.next()).message == first.message);
}

BOOST_AUTO_TEST_CASE(a_command_is_one_line) {
  BOOST_TEST(qmp_line({"query-status"}, 7) ==
             "{\"execute\":\"query-status\",\"id\":7}\n");
  auto line = qmp_line({"balloon", {{"value", 1'024}, {"text", "a\nb"}}}, 8);
  BOOST_TEST(std::count(line.begin(), line.end(), '\n') == 1);
  auto command = QmpJson::parse(line);
  BOOST_TEST(command["arguments"]["value"] == 1'024);
  BOOST_TEST(command["arguments"]["text"] == "a\nb");
  BOOST_TEST(command["id"] == 8);
}

BOOST_AUTO_TEST_CASE(a_command_is_plain_text_whatever_it_says) {
  auto line = qmp_line({"qom-set", {{"value", "\xff \xc3\xa9 \x1b"}}}, 1);
  BOOST_TEST(std::all_of(line.begin(), line.end() - 1,
                         [](char c) { return c >= ' ' && c <= '~'; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
