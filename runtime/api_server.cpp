#include "runtime/api_server.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <vector>

#include "runtime/console_link.hpp"
#include "runtime/log.hpp"
#include "runtime/peer_linux.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;

constexpr std::uint32_t header_size_max = 8'192;
/// A roster of a thousand members fits.
constexpr std::uint64_t body_size_max = std::uint64_t{1} << 20U;
/// What a connection is counted as, and how many there may be of each.
enum class Seat : std::uint8_t { committer, reader, stranger, turned_away };
constexpr std::array<std::size_t, 4> seats{16, 48, 8, 16};
constexpr auto silence_max = std::chrono::seconds{60};
constexpr auto stranger_silence_max = std::chrono::seconds{5};
constexpr auto last_words_max = std::chrono::seconds{1};
constexpr auto comment_interval = std::chrono::seconds{15};
constexpr auto accept_again_after = std::chrono::seconds{1};
constexpr std::uint64_t stream_page = 64;
constexpr const char* console_protocol = "ppn-console";

Problem forbidden(const Peer& peer, Access has) {
  return {
      ProblemType::forbidden,
      fmt::format("the user {} may {} here; ask to be added to the group "
                  "that {} may, see [api] in the configuration",
                  peer.uid, has == Access::read ? "only read" : "do nothing",
                  has == Access::read ? "commits" : "reads or commits")};
}

std::string event_text(std::uint64_t sequence, const schema::Json& document) {
  return fmt::format("id: {}\nevent: entry\ndata: {}\n\n", sequence,
                     schema::compact(document));
}

/// What all connections share.
struct Server {
  Server(asio::io_context& context, const AccessRules& allowed)
      : io(context), rules(allowed), acceptor(context) {}

  asio::io_context& io;
  /// There before the first connection is.
  Api* api = nullptr;
  AccessRules rules;
  Protocol::acceptor acceptor;
  /// Entries in the ledger.
  std::uint64_t entries = 0;
  std::array<std::size_t, seats.size()> taken{};
  bool stopping = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Server> server, Protocol::socket socket, Peer peer)
      : server_(std::move(server)),
        stream_(std::move(socket)),
        timer_(server_->io),
        peer_(std::move(peer)),
        seat_(find_seat()) {
    taken(seat_) += 1;
  }

  ~Connection() { taken(seat_) -= 1; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void begin() {
    // Of those that get no answer either, nothing is kept.
    if (taken(seat_) > seats_of(seat_)) return;
    if (seat_ != Seat::turned_away) return read();
    send(to_response(
        {ProblemType::busy, "all connections are taken; try again"}));
  }

  /// The ledger grew, or all ends.
  void go_on() {
    if (next_ && !writing_) pump();
    if (server_->stopping && reading_) close();
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  [[nodiscard]] Access access() const {
    return access_of(peer_, server_->rules);
  }

  static std::size_t seats_of(Seat seat) {
    return seats.at(static_cast<std::size_t>(seat));
  }
  std::size_t& taken(Seat seat) {
    return server_->taken.at(static_cast<std::size_t>(seat));
  }

  /// Who may commit sits with the readers where there is room, and has seats
  /// that no reader takes.
  Seat find_seat() {
    auto has_room = [&](Seat seat) { return taken(seat) < seats_of(seat); };
    auto has = access();
    if (has == Access::none) return Seat::stranger;
    if (has_room(Seat::reader)) return Seat::reader;
    return has == Access::commit && has_room(Seat::committer)
               ? Seat::committer
               : Seat::turned_away;
  }

  // -- requests ---------------------------------------------------------------

  void read() {
    if (server_->stopping) return close();
    parser_.emplace();
    parser_->header_limit(header_size_max);
    parser_->body_limit(body_size_max);
    stream_.expires_after(seat_ == Seat::stranger ? stranger_silence_max
                                                  : silence_max);
    reading_ = true;
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](ErrorCode error, std::size_t) {
                       self->take_request(error);
                     });
  }

  void take_request(ErrorCode error) {
    reading_ = false;
    stream_.expires_never();
    keep_ = false;
    if (error == http::error::body_limit)
      return send(to_response(
          {ProblemType::too_large, "a body has at most 65536 bytes"}));
    if (error == http::error::end_of_stream) return close();
    if (error.category() ==
        http::make_error_code(http::error::bad_method).category())
      return send(to_response(
          {ProblemType::bad_request, "this is no HTTP: " + error.message()}));
    if (error) return close();
    const auto& request = parser_->get();
    keep_ = request.keep_alive();
    auto method = request.method_string();
    auto target = request.target();
    answer({method.data(), method.size()}, {target.data(), target.size()});
  }

  void answer(std::string_view method, std::string_view target) {
    auto has = access();
    if (has == Access::none) return send(to_response(forbidden(peer_, has)));
    auto call = read_call(method, target);
    if (const auto* problem = std::get_if<Problem>(&call)) {
      bool has_others = problem->type == ProblemType::method_not_allowed;
      return send(to_response(*problem),
                  has_others ? allowed_methods(target) : std::string{});
    }
    answer(std::get<Call>(call), has);
  }

  void answer(const Call& call, Access has) {
    if (has < call.route->needs)
      return send(to_response(forbidden(peer_, has)));
    const auto& request = parser_->get();
    auto type = request[http::field::content_type];
    if (auto problem = refuse_body(*call.route, {type.data(), type.size()},
                                   request.body()))
      return send(to_response(*problem));
    if (call.route->endpoint == Endpoint::stream) return begin_stream(call);
    if (call.route->endpoint == Endpoint::vm_console ||
        call.route->endpoint == Endpoint::fleet_console)
      return begin_console(call);
    server_->api->handle(call, peer_.uid, request.body(),
                         [self = shared_from_this()](ApiResponse response) {
                           self->send(std::move(response));
                         });
  }

  void send(ApiResponse response, const std::string& allow = {}) {
    auto message = std::make_shared<http::response<http::string_body>>();
    message->version(11);
    message->result(response.status);
    message->set(http::field::content_type, response.content_type);
    message->set(http::field::cache_control, "no-store");
    if (!allow.empty()) message->set(http::field::allow, allow);
    message->keep_alive(keep_ && !server_->stopping);
    message->body() = std::move(response.body);
    message->prepare_payload();
    // The header is the same, its Content-Length too.
    if (parser_ && parser_->get().method() == http::verb::head)
      message->body().clear();
    stream_.expires_after(silence_max);
    http::async_write(
        stream_, *message,
        [self = shared_from_this(), message](ErrorCode error, std::size_t) {
          if (error) return self->close();
          if (message->need_eof()) return self->close_softly();
          self->read();
        });
  }

  /// The peer may still be writing its request: to close now would break the
  /// connection before it reads the answer.
  void close_softly() {
    ErrorCode ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
    stream_.expires_after(last_words_max);
    discard();
  }

  void discard() {
    buffer_.clear();
    stream_.async_read_some(
        buffer_.prepare(header_size_max),
        [self = shared_from_this()](ErrorCode error, std::size_t) {
          if (error) return self->close();
          self->discard();
        });
  }

  // -- a console --------------------------------------------------------------

  void begin_console(const Call& call) {
    const auto& request = parser_->get();
    auto wanted = request[http::field::upgrade];
    if (!beast::iequals(wanted, console_protocol))
      return send(
          to_response({ProblemType::bad_request,
                       "a console is a connection of its own: ask for Upgrade: "
                       "ppn-console"}));
    server_->api->open_console(
        call, server_->io,
        [self = shared_from_this()](const Answer<Api::ConsolePtr>& opened) {
          if (const auto* problem = std::get_if<Problem>(&opened))
            return self->send(to_response(*problem));
          self->join_console(std::get<Api::ConsolePtr>(opened));
        });
  }

  void join_console(const Api::ConsolePtr& console) {
    auto message = std::make_shared<http::response<http::empty_body>>();
    message->version(11);
    message->result(http::status::switching_protocols);
    message->set(http::field::connection, "Upgrade");
    message->set(http::field::upgrade, console_protocol);
    http::async_write(
        stream_, *message,
        [self = shared_from_this(), message, console](ErrorCode error,
                                                      std::size_t) {
          if (error) return self->close();
          auto typed = beast::buffers_to_string(self->buffer_.data());
          std::make_shared<ConsoleLink>(self->stream_.release_socket(),
                                        std::move(console->socket),
                                        console->seat)
              ->begin(std::move(typed));
        });
  }

  // -- the stream -------------------------------------------------------------

  void begin_stream(const Call& call) {
    auto last = parser_->get()["Last-Event-ID"];
    auto begin = read_stream_begin(call.parameters, {last.data(), last.size()});
    if (const auto* problem = std::get_if<Problem>(&begin))
      return send(to_response(*problem));
    next_ = std::get<std::optional<std::uint64_t>>(begin).value_or(
        server_->entries);
    auto message = std::make_shared<http::response<http::empty_body>>();
    message->version(11);
    message->set(http::field::content_type, "text/event-stream");
    message->set(http::field::cache_control, "no-store");
    message->keep_alive(false);
    message->chunked(true);
    auto serializer =
        std::make_shared<http::response_serializer<http::empty_body>>(*message);
    writing_ = true;
    http::async_write_header(
        stream_, *serializer,
        [self = shared_from_this(), message, serializer](
            ErrorCode error, std::size_t) { self->take_written(error); });
    // Nothing more is due from the peer but its end.
    stream_.socket().async_wait(
        Protocol::socket::wait_read,
        [self = shared_from_this()](ErrorCode) { self->close(); });
  }

  void pump() {
    if (!next_) return;  // closed meanwhile
    if (server_->stopping || access() == Access::none) return end_stream();
    if (*next_ >= server_->entries) return wait_for_entries();
    writing_ = true;
    timer_.cancel();
    server_->api->read_entries(
        *next_, stream_page,
        [self = shared_from_this()](const Answer<actors::EntriesPtr>& read) {
          self->take_page(read);
        });
  }

  void take_page(const Answer<actors::EntriesPtr>& read) {
    if (!next_) return;  // closed meanwhile
    // A slow disk keeps an answer away; what is new waits for the next.
    if (std::holds_alternative<Problem>(read)) {
      writing_ = false;
      return wait_for_entries();
    }
    const auto* entries = std::get_if<actors::EntriesPtr>(&read);
    if ((*entries)->empty()) return end_stream();
    std::string text;
    for (const auto& entry : **entries)
      text += event_text((*next_)++, entry_document(entry));
    write_chunk(std::move(text));
  }

  void wait_for_entries() {
    timer_.expires_after(comment_interval);
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error && self->next_ && !self->writing_)
        self->write_chunk(": still here\n\n");
    });
  }

  void write_chunk(std::string text) {
    writing_ = true;
    auto kept = std::make_shared<std::string>(std::move(text));
    stream_.expires_after(silence_max);
    asio::async_write(
        stream_, http::make_chunk(asio::buffer(*kept)),
        [self = shared_from_this(), kept](ErrorCode error, std::size_t) {
          self->take_written(error);
        });
  }

  void take_written(ErrorCode error) {
    writing_ = false;
    stream_.expires_never();
    if (error) return close();
    pump();
  }

  void end_stream() {
    writing_ = true;
    stream_.expires_after(silence_max);
    asio::async_write(
        stream_, http::make_chunk_last(),
        [self = shared_from_this()](ErrorCode, std::size_t) { self->close(); });
  }

  void close() {
    next_.reset();
    timer_.cancel();
    stream_.close();
  }

  std::shared_ptr<Server> server_;
  beast::basic_stream<Protocol> stream_;
  asio::steady_timer timer_;
  Peer peer_;
  Seat seat_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool keep_ = false;
  bool reading_ = false;
  bool writing_ = false;
  /// Of a stream: the sequence to go on with.
  std::optional<std::uint64_t> next_;
};

/// Whether somebody may answer at a socket: only a refusal says that nobody
/// does.
bool is_answered(const std::string& path) {
  asio::io_context io;
  Protocol::socket socket{io, Protocol{}};
  ErrorCode error;
  // Somebody who is stopped answers later.
  socket.non_blocking(true, error);
  socket.connect(Protocol::endpoint{path}, error);
  return error != asio::error::connection_refused;
}

store::Status make_room(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return store::Error{
        store::ErrorCode::bad_input,
        fmt::format("{} is too long for a socket, which has at most {} bytes",
                    path, sizeof(sockaddr_un::sun_path) - 1)};
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return store::system_error("look at", path);
    auto parent = std::filesystem::path{path}.parent_path();
    return store::make_directory(
        parent.empty() ? "." : parent,
        S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
  }
  if (!S_ISSOCK(status.st_mode))
    return store::Error{
        store::ErrorCode::bad_input,
        path +
            " is there and no socket: remove it, or name another with "
            "--socket"};
  if (is_answered(path))
    return store::Error{
        store::ErrorCode::locked,
        "somebody answers at " + path +
            ": is ppnd running already? Or name another with --socket"};
  if (::unlink(path.c_str()) != 0) return store::system_error("remove", path);
  return {};
}

}  // namespace

class ApiServer::Implementation
    : public std::enable_shared_from_this<Implementation> {
 public:
  Implementation(std::string path, asio::io_context& io,
                 const AccessRules& rules)
      : path_(std::move(path)),
        server_(std::make_shared<Server>(io, rules)),
        timer_(io) {}

  store::Status listen() {
    if (auto room = make_room(path_); !room) return room;
    ErrorCode error;
    server_->acceptor.open(Protocol{}, error);
    if (!error) bind(error);
    if (!error)
      server_->acceptor.listen(asio::socket_base::max_listen_connections,
                               error);
    if (error || ::lstat(path_.c_str(), &own_) != 0)
      return store::Error{
          store::ErrorCode::io,
          fmt::format("cannot listen at {}: {}", path_,
                      error ? error.message() : std::strerror(errno))};
    return {};
  }

  void serve(Api& api) {
    server_->api = &api;
    accept();
  }

  void set_rules(const AccessRules& rules) {
    server_->rules = rules;
    wake_all();
  }

  void take_growth(std::uint64_t entries) {
    server_->entries = entries;
    wake_all();
  }

  void stop() {
    if (server_->stopping) return;
    server_->stopping = true;
    server_->acceptor.close();
    timer_.cancel();
    wake_all();
    struct stat there {};
    bool is_own = ::lstat(path_.c_str(), &there) == 0 &&
                  there.st_ino == own_.st_ino && there.st_dev == own_.st_dev;
    if (is_own) ::unlink(path_.c_str());
  }

 private:
  /// For everybody: who connects is told by the kernel, and a stranger gets a
  /// sentence. By the mask, since what is at the path later may be another's.
  void bind(ErrorCode& error) {
    auto mask = ::umask(S_IXUSR | S_IXGRP | S_IXOTH);
    server_->acceptor.bind(Protocol::endpoint{path_}, error);
    ::umask(mask);
  }

  void accept() {
    server_->acceptor.async_accept(
        [self = shared_from_this()](ErrorCode error, Protocol::socket socket) {
          if (self->server_->stopping) return;
          if (error) return self->accept_later(error);
          self->take(std::move(socket));
          self->accept();
        });
  }

  /// Say all files are open.
  void accept_later(ErrorCode error) {
    log(LogLevel::warning, "api.accept_failed", {{"error", error.message()}});
    timer_.expires_after(accept_again_after);
    timer_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
      if (!cancelled) self->accept();
    });
  }

  void take(Protocol::socket socket) {
    auto peer = peer_of(socket.native_handle());
    if (!peer) {
      log(LogLevel::warning, "api.peer_unknown",
          {{"error", peer.error().message}});
      return;
    }
    auto connection =
        std::make_shared<Connection>(server_, std::move(socket), *peer);
    std::erase_if(connections_,
                  [](const auto& other) { return other.expired(); });
    connections_.push_back(connection);
    connection->begin();
  }

  void wake_all() {
    for (const auto& weak : connections_)
      if (auto connection = weak.lock()) connection->go_on();
  }

  std::string path_;
  std::shared_ptr<Server> server_;
  asio::steady_timer timer_;
  std::vector<std::weak_ptr<Connection>> connections_;
  struct stat own_ {};
};

ApiServer::ApiServer(std::shared_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

store::Result<std::unique_ptr<ApiServer>> ApiServer::listen(
    const std::string& path, asio::io_context& io, const AccessRules& rules) {
  auto implementation = std::make_shared<Implementation>(path, io, rules);
  if (auto listening = implementation->listen(); !listening)
    return listening.error();
  return std::unique_ptr<ApiServer>{new ApiServer{std::move(implementation)}};
}

ApiServer::~ApiServer() { implementation_->stop(); }

void ApiServer::serve(Api& api) { implementation_->serve(api); }

void ApiServer::set_rules(const AccessRules& rules) {
  implementation_->set_rules(rules);
}

void ApiServer::take_growth(std::uint64_t entries) {
  implementation_->take_growth(entries);
}

void ApiServer::stop() { implementation_->stop(); }

}  // namespace ppn::runtime
