#include "tools/ppnctl/client.hpp"

#include "tools/ppnctl/answer.hpp"

namespace ppn::ctl {

namespace {

constexpr std::chrono::seconds patience_usual{10};
/// The daemon itself gives up after 30 s.
constexpr std::chrono::seconds patience_commit{35};
/// The daemon sends something every 15 s.
constexpr std::chrono::seconds silence_max{40};

Deadline in(std::chrono::seconds time) {
  return std::chrono::steady_clock::now() + time;
}

Request post_of(const std::string& target,
                const std::optional<schema::Json>& body) {
  Request request{.method = "POST", .target = target};
  if (body) request.body = schema::compact(*body);
  return request;
}

/// Reads on until `enough`; false at the end of the connection.
template <class Enough>
Result<bool> read_until(Connection& connection, AnswerReader& reader,
                        Deadline deadline, Enough enough) {
  while (!enough()) {
    auto bytes = connection.receive(deadline);
    if (!bytes) return bytes.error();
    if (bytes->empty()) {
      if (reader.take_end())
        return Failure{exit_failed, "ppnd ended the connection"};
      return false;
    }
    if (auto fault = reader.take(*bytes)) return not_understood(*fault);
  }
  return true;
}

}  // namespace

Result<schema::Json> Client::get(const std::string& target) const {
  auto answer = exchange({.target = target}, patience_usual);
  if (!answer) return answer.error();
  return read_answer(*answer);
}

Result<std::string> Client::get_text(const std::string& target) const {
  auto answer = exchange({.target = target}, patience_usual);
  if (!answer) return answer.error();
  return read_text_answer(*answer);
}

Result<schema::Json> Client::post(
    const std::string& target, const std::optional<schema::Json>& body) const {
  auto answer = exchange(post_of(target, body), patience_usual);
  if (!answer) return answer.error();
  return read_answer(*answer);
}

Result<schema::Json> Client::commit(
    const std::string& target, const std::optional<schema::Json>& body) const {
  return change(post_of(target, body));
}

Result<schema::Json> Client::remove(const std::string& target) const {
  return change({.method = "DELETE", .target = target});
}

Result<schema::Json> Client::change(const Request& request) const {
  auto answer = exchange(request, patience_commit);
  if (answer) return read_answer(*answer);
  auto failure = answer.error();
  if (failure.code == exit_failed) {
    failure.what += "; the commit may have happened, or still happen";
    failure.advice = "whether it did is in the ledger: ppnctl ledger tail";
  }
  return failure;
}

Result<Answer> Client::exchange(const Request& request,
                                std::chrono::seconds patience) const {
  auto deadline = in(patience);
  auto connection = Connection::open(socket_);
  if (!connection) return connection.error();
  // A daemon with too many connections answers, and hangs up, before it hears.
  auto unheard = connection->send(request_text(request), deadline);
  AnswerReader reader{AnswerReader::Body::whole};
  auto read = read_until(*connection, reader, deadline,
                         [&] { return reader.is_done(); });
  if (!read) return unheard ? *unheard : read.error();
  return reader.answer();
}

Result<Upgraded> Client::upgrade(const std::string& target,
                                 const std::string& protocol) const {
  constexpr unsigned switching_protocols = 101;
  auto deadline = in(patience_usual);
  auto connection = Connection::open(socket_);
  if (!connection) return connection.error();
  auto unheard = connection->send(
      request_text({.target = target, .upgrade = protocol}), deadline);
  AnswerReader reader{AnswerReader::Body::whole};
  auto read = read_until(*connection, reader, deadline,
                         [&] { return reader.is_done(); });
  if (!read) return unheard ? *unheard : read.error();
  auto answer = reader.answer();
  if (answer.status != switching_protocols) return read_problem(answer);
  return Upgraded{std::move(*connection), reader.take_rest()};
}

StreamEnd Client::stream(const Request& request,
                         const std::function<void()>& opened,
                         const TakePiece& take) const {
  auto connection = Connection::open(socket_);
  if (!connection)
    return {connection.error(), connection.error().code != exit_not_running};
  if (auto failure =
          connection->send(request_text(request), in(patience_usual)))
    return {*failure, false};
  AnswerReader reader{AnswerReader::Body::endless};
  auto header = read_until(*connection, reader, in(patience_usual),
                           [&] { return reader.has_header(); });
  if (!header) return {header.error(), false};
  auto answer = reader.answer();
  if (answer.status != 200) {
    auto rest = read_until(*connection, reader, in(patience_usual),
                           [&] { return reader.is_done(); });
    if (!rest) return {rest.error(), false};
    answer.body += reader.answer().body;
    auto why = read_problem(answer);
    return {why, why.code != exit_degraded};
  }
  if (!answer.content_type.starts_with("text/event-stream"))
    return {not_understood("it is '" + answer.content_type +
                           "' and not a stream of events"),
            true};
  opened();
  for (;;) {
    if (auto failure = take(answer.body)) return {*failure, true};
    bool comes_more = false;
    auto piece = read_until(*connection, reader, in(silence_max),
                            [&] { return std::exchange(comes_more, true); });
    if (!piece) return {piece.error(), false};
    if (!*piece || reader.is_done())
      return {{exit_failed, "ppnd ended the stream"}, false};
    answer = reader.answer();
  }
}

}  // namespace ppn::ctl
