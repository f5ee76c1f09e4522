#include "runtime/qmp.hpp"

#include <algorithm>

#include "schema/plain_text.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;
using store::Result;

namespace {

/// A reader that has read a long line does not keep its room.
constexpr std::size_t kept_max = std::size_t{64} << 10U;

std::string shown(std::string_view text, std::size_t size_max) {
  return schema::printable(text.substr(0, size_max));
}

Error bad(std::string message) {
  return {ErrorCode::bad_input, std::move(message)};
}

// -- lines --------------------------------------------------------------------

/// Why it is not to be parsed: a few bytes could take much memory, and of the
/// stack. It sees brackets where the parser does, up to where that would stop.
std::optional<std::string> excess_of(std::string_view line) {
  bool is_in_text = false;
  std::size_t depth = 0;
  std::size_t values = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto letter = line[i];
    if (letter == '"') {
      is_in_text = !is_in_text;
    } else if (is_in_text) {
      if (letter == '\\') ++i;
    } else if (letter == '[' || letter == '{') {
      ++depth;
      ++values;
    } else if (letter == ']' || letter == '}') {
      depth -= std::min<std::size_t>(depth, 1);
    } else if (letter == ',') {
      ++values;
    }
    if (depth > qmp_depth_max)
      return "it is nested deeper than " + std::to_string(qmp_depth_max);
    if (values > qmp_values_max)
      return "it has more than " + std::to_string(qmp_values_max) + " values";
  }
  return std::nullopt;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// -- messages -----------------------------------------------------------------

Result<QmpMessage> read_greeting(const QmpJson& greeting) {
  const auto* version = qmp_member(greeting, "version");
  const auto* qemu = version == nullptr ? nullptr
                                        : qmp_member(*version, "qemu");
  if (qemu == nullptr) return bad("it greets without a version");
  QmpGreeting read;
  constexpr std::array parts{"major", "minor", "micro"};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto number = qmp_number(*qemu, parts.at(i));
    if (!number) return bad("it greets with a version that is none");
    read.version.at(i) = *number;
  }
  constexpr std::size_t package_max = 100;
  read.package = shown(qmp_text(*version, "package"), package_max);
  return QmpMessage{std::move(read)};
}

/// Where its clock failed, both halves are -1.
std::optional<std::int64_t> read_time(const QmpJson& object) {
  constexpr std::uint64_t seconds_max = 9'000'000'000;
  constexpr std::uint64_t second_us = 1'000'000;
  const auto* time = qmp_member(object, "timestamp");
  if (time == nullptr) return std::nullopt;
  auto seconds = qmp_number(*time, "seconds");
  auto microseconds = qmp_number(*time, "microseconds");
  if (!seconds || !microseconds || *seconds > seconds_max ||
      *microseconds >= second_us)
    return std::nullopt;
  return static_cast<std::int64_t>((*seconds * second_us + *microseconds) *
                                   1'000);
}

Result<QmpMessage> read_event(QmpJson& object) {
  QmpEvent event;
  event.name = qmp_text(object, "event");
  if (event.name.empty()) return bad("an event has no name");
  auto data = object.find("data");
  if (data != object.end()) event.data = std::move(*data);
  event.utc_ns = read_time(object);
  return QmpMessage{std::move(event)};
}

Result<QmpMessage> read_failure(const QmpJson& object, const QmpJson& error) {
  constexpr std::size_t description_max = 400;
  QmpFailure failure{qmp_number(object, "id"), qmp_text(error, "class"),
                     shown(qmp_text(error, "desc"), description_max)};
  if (failure.error_class.empty()) return bad("an error has no class");
  return QmpMessage{std::move(failure)};
}

}  // namespace

Result<QmpMessage> parse_qmp_message(std::string_view line) {
  constexpr std::size_t shown_max = 40;
  if (auto excess = excess_of(line))
    return Error{ErrorCode::oversized, "a message is too large: " + *excess};
  auto object = QmpJson::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object())
    return bad("what comes is no object of JSON: " + shown(line, shown_max));
  if (const auto* greeting = qmp_member(object, "QMP"))
    return read_greeting(*greeting);
  if (object.contains("event")) return read_event(object);
  if (const auto* error = qmp_member(object, "error"))
    return read_failure(object, *error);
  auto value = object.find("return");
  if (value == object.end())
    return bad("what comes is no message: " + shown(line, shown_max));
  return QmpMessage{QmpReply{qmp_number(object, "id"), std::move(*value)}};
}

// -- the reader ---------------------------------------------------------------

void QmpReader::feed(std::string_view bytes) {
  if (error_) return;
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
}

Result<std::optional<QmpMessage>> QmpReader::next() {
  while (!error_) {
    auto end = std::min(buffer_.find('\n', searched_), buffer_.size());
    searched_ = end;
    if (end - begin_ > qmp_line_max) {
      error_ = Error{
          ErrorCode::oversized,
          "a line is longer than " + std::to_string(qmp_line_max) + " bytes"};
    } else if (end == buffer_.size()) {
      return std::optional<QmpMessage>{};
    } else if (is_blank({buffer_.data() + begin_, end - begin_})) {
      forget_line(end);
    } else {
      auto message = take_line(end);
      if (message) return std::optional<QmpMessage>{std::move(*message)};
      error_ = message.error();
    }
  }
  std::string{}.swap(buffer_);
  begin_ = searched_ = 0;
  return *error_;
}

Result<QmpMessage> QmpReader::take_line(std::size_t end) {
  auto message = parse_qmp_message({buffer_.data() + begin_, end - begin_});
  forget_line(end);
  return message;
}

void QmpReader::forget_line(std::size_t end) {
  begin_ = searched_ = end + 1;
  if (begin_ < buffer_.size()) return;
  buffer_.clear();
  begin_ = searched_ = 0;
  if (buffer_.capacity() > kept_max) std::string{}.swap(buffer_);
}

// -- commands -----------------------------------------------------------------

std::string qmp_line(const QmpCommand& command, std::uint64_t id) {
  QmpJson object{{"execute", command.name}, {"id", id}};
  if (!command.arguments.is_null()) object["arguments"] = command.arguments;
  return object.dump(-1, ' ', true, QmpJson::error_handler_t::replace) + '\n';
}

// -- values -------------------------------------------------------------------

const QmpJson* qmp_member(const QmpJson& object, const char* name) {
  // In what is no object nothing is found.
  auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string qmp_text(const QmpJson& object, const char* name) {
  const auto* member = qmp_member(object, name);
  if (member == nullptr || !member->is_string()) return {};
  return member->get<std::string>();
}

bool qmp_flag(const QmpJson& object, const char* name) {
  const auto* member = qmp_member(object, name);
  return member != nullptr && member->is_boolean() && member->get<bool>();
}

std::optional<std::uint64_t> qmp_number(const QmpJson& object,
                                        const char* name) {
  const auto* member = qmp_member(object, name);
  if (member == nullptr || !member->is_number_unsigned()) return std::nullopt;
  return member->get<std::uint64_t>();
}

}  // namespace ppn::runtime
