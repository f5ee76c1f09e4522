#include "tools/ppnctl/http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <sstream>
#include <utility>

namespace ppn::ctl {

namespace http = boost::beast::http;

std::string request_text(const Request& request) {
  http::request<http::string_body> message{http::string_to_verb(request.method),
                                           request.target, 11};
  message.set(http::field::host, "ppn");
  message.set(http::field::connection, request.upgrade ? "Upgrade" : "close");
  if (request.upgrade) message.set(http::field::upgrade, *request.upgrade);
  if (request.last_event_id)
    message.set("Last-Event-ID", std::to_string(*request.last_event_id));
  if (request.body) {
    message.set(http::field::content_type, "application/json");
    message.body() = *request.body;
  }
  message.prepare_payload();
  std::ostringstream text;
  text << message;
  return text.str();
}

struct AnswerReader::State {
  http::response_parser<http::string_body> parser;
  /// What the parser did not use yet.
  std::string rest;
};

AnswerReader::AnswerReader(Body body) : state_(std::make_unique<State>()) {
  state_->parser.eager(true);
  if (body == Body::whole)
    state_->parser.body_limit(body_bytes_max);
  else
    state_->parser.body_limit(boost::none);
}

AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;
AnswerReader& AnswerReader::operator=(AnswerReader&&) noexcept = default;
AnswerReader::~AnswerReader() = default;

std::optional<std::string> AnswerReader::take(std::string_view bytes) {
  auto& [parser, rest] = *state_;
  rest += bytes;
  while (!rest.empty() && !parser.is_done()) {
    boost::beast::error_code error;
    auto used = parser.put(boost::asio::buffer(rest), error);
    rest.erase(0, used);
    if (error == http::error::need_more) return std::nullopt;
    if (error) return error.message();
    if (used == 0) break;
  }
  return std::nullopt;
}

std::optional<std::string> AnswerReader::take_end() {
  if (!has_header()) return "it ended before its header did";
  boost::beast::error_code error;
  state_->parser.put_eof(error);
  if (error) return error.message();
  return std::nullopt;
}

bool AnswerReader::has_header() const {
  return state_->parser.is_header_done();
}

bool AnswerReader::is_done() const { return state_->parser.is_done(); }

Answer AnswerReader::answer() {
  auto& message = state_->parser.get();
  auto type = message[http::field::content_type];
  return {message.result_int(), std::string{type.data(), type.size()},
          std::exchange(message.body(), {})};
}

std::string AnswerReader::take_rest() {
  return std::exchange(state_->rest, {});
}

}  // namespace ppn::ctl
