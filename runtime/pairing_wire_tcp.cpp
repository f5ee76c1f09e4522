#include "runtime/pairing_wire_tcp.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <deque>
#include <mutex>

#include "actors/pairing_message.hpp"
#include "runtime/asio_address.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using actors::PairingConnection;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

/// Accepted and dialed ones together.
constexpr std::size_t connections_max = 512;
/// What waits to be sent on one.
constexpr std::size_t queue_size_max = std::size_t{32} << 20U;
/// What is passed on at once, and held each way if the other side is slow.
constexpr std::size_t piece_size = 16'384;
constexpr auto dial_patience = std::chrono::seconds{5};
/// In the midst of a message.
constexpr auto silence_max = std::chrono::seconds{30};
constexpr auto last_words_max = std::chrono::seconds{2};
constexpr auto accept_again_after = std::chrono::seconds{1};
constexpr int accepts_at_once = 64;
constexpr auto interface_look_interval = std::chrono::seconds{5};

// -- addresses and errors -----------------------------------------------------

/// Who calls by IPv4 is said so, also where the socket speaks IPv6.
events::IpAddress from_asio(const asio::ip::address& address) {
  events::IpAddress out;
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    out.is_v6 = true;
    return out;
  }
  auto v4 = address.is_v4() ? address.to_v4()
                            : asio::ip::make_address_v4(asio::ip::v4_mapped,
                                                        address.to_v6());
  auto bytes = v4.to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

std::string in_words(ErrorCode error) {
  auto words = error.message();
  if (!words.empty())
    words[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  return words;
}

store::Error not_reached(const tcp::endpoint& at, ErrorCode error) {
  auto why = error == beast::error::timeout
                 ? fmt::format("no answer in {} seconds", dial_patience.count())
                 : in_words(error);
  return {
      store::ErrorCode::io,
      fmt::format("nobody answers at {} port {}: {}; is `ppnctl pair join` "
                  "running there, and may TCP {} pass its firewall?",
                  from_asio(at.address()).text(), at.port(), why, at.port())};
}

// -- sockets ------------------------------------------------------------------

ErrorCode last_error() { return {errno, boost::system::system_category()}; }

void set_option(int socket, int level, int option, const void* value,
                std::size_t size, ErrorCode& error) {
  auto length = static_cast<socklen_t>(size);
  if (!error && ::setsockopt(socket, level, option, value, length) != 0)
    error = last_error();
}

void switch_on(int socket, int level, int option, ErrorCode& error) {
  int on = 1;
  set_option(socket, level, option, &on, sizeof on, error);
}

template <class Socket>
void adopt(Socket& socket, const tcp& protocol, int descriptor,
           ErrorCode& error) {
  socket.assign(protocol, descriptor, error);
  if (error)
    ::close(descriptor);
  else
    socket.non_blocking(true, error);
}

/// Asio's own would stay open in the programs that this one starts.
template <class Socket>
void open(Socket& socket, const tcp& protocol, ErrorCode& error) {
  int descriptor = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    error = last_error();
  else
    adopt(socket, protocol, descriptor, error);
}

// -- who is told --------------------------------------------------------------

/// Actors are kept nowhere but here, since what is posted may outlive their
/// system. Of any thread.
class Audience {
 public:
  void set_port(const TcpPairingWire::Port& port) {
    std::lock_guard lock{mutex_};
    if (!has_ended_) port_ = port;
  }

  /// Whether somebody else was told before.
  bool set_receiver(const actors::PairingReceiver& receiver) {
    std::lock_guard lock{mutex_};
    if (has_ended_ || receiver_ == receiver) return false;
    return std::exchange(receiver_, receiver) != nullptr;
  }

  template <class... Words>
  void tell(Words... words) {
    std::lock_guard lock{mutex_};
    if (receiver_) caf::anon_send(receiver_, std::move(words)...);
  }

  void answer(std::uint64_t question, TcpPairingWire::Result result) {
    std::lock_guard lock{mutex_};
    if (port_)
      caf::anon_send(
          port_, actors::take_atom::value, question,
          std::make_shared<const TcpPairingWire::Result>(std::move(result)));
  }

  void end() {
    std::lock_guard lock{mutex_};
    has_ended_ = true;
    port_ = nullptr;
    receiver_ = nullptr;
  }

  [[nodiscard]] bool has_ended() const {
    std::lock_guard lock{mutex_};
    return has_ended_;
  }

 private:
  mutable std::mutex mutex_;
  TcpPairingWire::Port port_;
  actors::PairingReceiver receiver_;
  bool has_ended_ = false;
};

// -- connections --------------------------------------------------------------

class Connection;

/// What all connections share.
struct Board {
  explicit Board(asio::io_context& context) : io(context) {}

  asio::io_context& io;
  Audience audience;
  std::map<PairingConnection, std::shared_ptr<Connection>> connections;
  PairingConnection last = 0;
};

/// Messages, each read once it is asked for; or a stream that is passed on to
/// another connection unread, and that one's to this.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Board> board, tcp::socket socket)
      : board_(std::move(board)),
        stream_(std::move(socket)),
        timer_(board_->io),
        number_(++board_->last) {
    ErrorCode ignored;
    stream_.socket().set_option(tcp::no_delay{true}, ignored);
    stream_.socket().set_option(asio::socket_base::keep_alive{true}, ignored);
  }

  [[nodiscard]] PairingConnection number() const { return number_; }

  void dial(const tcp::endpoint& at, std::function<void(ErrorCode)> done) {
    stream_.expires_after(dial_patience);
    stream_.async_connect(
        at, [self = shared_from_this(),
             done = std::move(done)](ErrorCode error) { done(error); });
  }

  /// What the peer says is left where it is; that it ends is noticed.
  void watch() {
    if (is_reading_ || has_ended_) return;
    if (auto other = other_.lock(); other && !other->queue_.empty()) return;
    is_reading_ = true;
    stream_.socket().async_wait(
        tcp::socket::wait_read,
        [self = shared_from_this()](ErrorCode error) { self->look(error); });
  }

  void ask() {
    asked_ += 1;
    watch();
  }

  void send(const Bytes& message) {
    auto size = message.size();
    if (size == 0 || size > actors::pairing_message_max) return end();
    Bytes framed;
    framed.reserve(length_.size() + size);
    framed.push_back(static_cast<std::uint8_t>(size >> 8U));
    framed.push_back(static_cast<std::uint8_t>(size & 0xffU));
    framed.insert(framed.end(), message.begin(), message.end());
    queue(std::move(framed));
    watch();
  }

  static void join(const std::shared_ptr<Connection>& one,
                   const std::shared_ptr<Connection>& other) {
    if (one->is_closing_ || other->is_closing_) {
      one->let_go();
      other->let_go();
      return;
    }
    one->other_ = other;
    other->other_ = one;
    one->watch();
    other->watch();
  }

  /// Nobody wants it any more; what was to be sent still is.
  void close() {
    is_told_ = true;
    finish();
  }

  /// As if its peer had ended it.
  void let_go() {
    tell_end();
    finish();
  }

  /// Nobody is told, and nothing more is sent.
  void drop() {
    is_told_ = true;
    other_.reset();
    end();
  }

 private:
  // -- what comes -------------------------------------------------------------

  void look(ErrorCode error) {
    is_reading_ = false;
    if (error || is_at_end()) return end();
    if (is_closing_) return discard();
    if (auto other = other_.lock()) return pass_on(*other);
    if (asked_ > 0) read_length();
  }

  [[nodiscard]] bool is_at_end() {
    std::array<std::uint8_t, 1> next{};
    ErrorCode error;
    stream_.socket().receive(asio::buffer(next), tcp::socket::message_peek,
                             error);
    return error && error != asio::error::would_block;
  }

  void read_length() {
    is_reading_ = true;
    read(asio::buffer(length_), &Connection::take_length);
  }

  void take_length(ErrorCode error) {
    auto size = std::size_t{length_[0]} << 8U | length_[1];
    if (error || size == 0 || size > actors::pairing_message_max) return end();
    message_.resize(size);
    read(asio::buffer(message_), &Connection::take_message);
  }

  void take_message(ErrorCode error) {
    is_reading_ = false;
    if (error) return end();
    asked_ -= 1;
    if (!is_told_)
      board_->audience.tell(
          actors::message_atom::value, number_,
          actors::BytesPtr{std::make_shared<const Bytes>(std::move(message_))});
    message_ = {};
    watch();
  }

  /// All of it.
  void read(asio::mutable_buffer into, void (Connection::*take)(ErrorCode)) {
    asio::async_read(
        stream_, into, getting_on(),
        [self = shared_from_this(), take](ErrorCode error, std::size_t) {
          (*self.*take)(error);
        });
  }

  /// To close with something unread would break the connection before the peer
  /// reads what it was sent.
  void discard() {
    take_piece();
    watch();
  }

  void pass_on(Connection& other) {
    if (auto piece = take_piece(); !piece.empty())
      other.queue(std::move(piece));
    watch();
  }

  Bytes take_piece() {
    Bytes piece(piece_size);
    ErrorCode ignored;
    piece.resize(stream_.socket().receive(asio::buffer(piece), 0, ignored));
    return piece;
  }

  // -- what goes --------------------------------------------------------------

  void queue(Bytes bytes) {
    if (has_ended_ || is_closing_) return;
    has_sent_ = true;
    queued_ += bytes.size();
    if (queued_ > queue_size_max) return end();
    queue_.push_back(std::move(bytes));
    if (queue_.size() == 1) write();
  }

  void write() {
    asio::async_write(
        stream_, asio::buffer(queue_.front()), getting_on(),
        [self = shared_from_this()](ErrorCode error, std::size_t) {
          self->take_written(error);
        });
  }

  void take_written(ErrorCode error) {
    if (error || has_ended_) return end();
    queued_ -= queue_.front().size();
    queue_.pop_front();
    if (!queue_.empty()) return write();
    if (is_closing_) return say_end();
    if (auto other = other_.lock()) other->watch();
  }

  // -- the end ----------------------------------------------------------------

  /// Whoever stops in the midst of a message has to go.
  std::function<std::size_t(ErrorCode, std::size_t)> getting_on() {
    return [this](ErrorCode error, std::size_t) -> std::size_t {
      if (error) return 0;
      stream_.expires_after(silence_max);
      return piece_size;
    };
  }

  /// Waits a little for the peer to read what it was sent.
  void finish() {
    if (has_ended_ || is_closing_) return;
    if (!has_sent_) return end();
    is_closing_ = true;
    leave_other();
    timer_.expires_after(last_words_max);
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error) self->end();
    });
    if (queue_.empty()) say_end();
    watch();
  }

  void say_end() {
    ErrorCode ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  void end() {
    if (std::exchange(has_ended_, true)) return;
    stream_.close();
    timer_.cancel();
    tell_end();
    leave_other();
    board_->connections.erase(number_);
  }

  void tell_end() {
    if (!std::exchange(is_told_, true))
      board_->audience.tell(actors::close_atom::value, number_);
  }

  /// Neither is of use without the other.
  void leave_other() {
    if (auto other = std::exchange(other_, {}).lock()) other->let_go();
  }

  std::shared_ptr<Board> board_;
  beast::basic_stream<tcp> stream_;
  asio::steady_timer timer_;
  PairingConnection number_;

  /// A look or a read is under way.
  bool is_reading_ = false;
  std::uint64_t asked_ = 0;
  std::array<std::uint8_t, 2> length_{};
  Bytes message_;

  /// The first is on its way.
  std::deque<Bytes> queue_;
  std::size_t queued_ = 0;
  bool has_sent_ = false;

  std::weak_ptr<Connection> other_;
  /// Nothing more is told of it.
  bool is_told_ = false;
  bool is_closing_ = false;
  bool has_ended_ = false;
};

// -- listening ----------------------------------------------------------------

/// At all addresses if no interface is named.
struct Place {
  tcp::endpoint at;
  std::string interface;

  bool operator==(const Place&) const = default;
};

/// This process listens at all addresses and at its own one at once, which
/// takes that its sockets share the port.
enum class Sharing : std::uint8_t { nobody, this_user };

void bind(tcp::acceptor& acceptor, const Place& place, Sharing sharing,
          ErrorCode& error) {
  bool is_v6 = place.at.protocol() == tcp::v6();
  open(acceptor, place.at.protocol(), error);
  if (error) return;
  auto socket = acceptor.native_handle();
  // What is left of connections that ended is in nobody's way.
  switch_on(socket, SOL_SOCKET, SO_REUSEADDR, error);
  if (sharing == Sharing::this_user)
    switch_on(socket, SOL_SOCKET, SO_REUSEPORT, error);
  if (!error && is_v6) acceptor.set_option(asio::ip::v6_only{false}, error);
  if (!place.interface.empty()) {
    set_option(socket, SOL_SOCKET, SO_BINDTODEVICE, place.interface.data(),
               place.interface.size(), error);
    // The address may come later.
    switch_on(socket, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
              is_v6 ? IPV6_FREEBIND : IP_FREEBIND, error);
  }
  if (!error) acceptor.bind(place.at, error);
}

/// Whether somebody else has the port. Another process of this user that shares
/// it would take turns with this one.
ErrorCode try_alone(asio::io_context& io, const Place& place) {
  tcp::acceptor acceptor{io};
  ErrorCode error;
  bind(acceptor, place, Sharing::nobody, error);
  return error;
}

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Take = std::function<void(tcp::socket, const tcp::endpoint& from)>;

  Listener(asio::io_context& io, Place place, Take take)
      : io_(io),
        acceptor_(io),
        timer_(io),
        place_(std::move(place)),
        take_(std::move(take)) {}

  [[nodiscard]] const Place& place() const { return place_; }

  /// An interface that was made anew is another one, of the same name.
  [[nodiscard]] bool is_deaf() const {
    return !place_.interface.empty() &&
           ::if_nametoindex(place_.interface.c_str()) != interface_;
  }

  ErrorCode open() {
    interface_ = ::if_nametoindex(place_.interface.c_str());
    ErrorCode error;
    bind(acceptor_, place_, Sharing::this_user, error);
    if (!error)
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) accept();
    return error;
  }

  void close() {
    take_ = nullptr;
    ErrorCode ignored;
    acceptor_.close(ignored);
    timer_.cancel();
  }

 private:
  void accept() {
    acceptor_.async_wait(tcp::acceptor::wait_read,
                         [self = shared_from_this()](ErrorCode error) {
                           if (!error) self->take_some();
                         });
  }

  /// So many that nobody else waits for long.
  void take_some() {
    for (int i = 0; i < accepts_at_once && take_; ++i) {
      tcp::endpoint from;
      auto size = static_cast<socklen_t>(from.capacity());
      int descriptor = ::accept4(acceptor_.native_handle(), from.data(), &size,
                                 SOCK_CLOEXEC);
      if (descriptor >= 0) {
        from.resize(size);
        take(descriptor, from);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != ECONNABORTED && errno != EINTR) {
        return accept_later(last_error());
      }
    }
    if (take_) accept();
  }

  void take(int descriptor, const tcp::endpoint& from) {
    tcp::socket socket{io_};
    ErrorCode error;
    adopt(socket, place_.at.protocol(), descriptor, error);
    if (!error) take_(std::move(socket), from);
  }

  /// Say all files are open.
  void accept_later(ErrorCode error) {
    log(LogLevel::warning, "pairing.accept_failed",
        {{"error", error.message()}});
    timer_.expires_after(accept_again_after);
    timer_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
      if (!cancelled) self->take_some();
    });
  }

  asio::io_context& io_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  Place place_;
  /// Nothing once it is closed.
  Take take_;
  unsigned interface_ = 0;
};

}  // namespace

// -- the wire -----------------------------------------------------------------

/// All but its making and the audience is of the I/O thread.
class TcpPairingWire::Wire : public std::enable_shared_from_this<Wire> {
 public:
  Wire(asio::io_context& io, std::string interface, std::uint16_t port)
      : board_(std::make_shared<Board>(io)),
        timer_(io),
        interface_(std::move(interface)),
        port_(port) {}

  [[nodiscard]] Audience& audience() { return board_->audience; }

  /// Of any thread: has something done in the I/O thread.
  void post(std::function<void(Wire&)> what) {
    asio::post(board_->io, [self = shared_from_this(), what = std::move(what)] {
      if (!self->audience().has_ended()) what(*self);
    });
  }

  /// What is asked of a connection that is there.
  void post_to(PairingConnection connection,
               std::function<void(Connection&)> what) {
    post([connection, what = std::move(what)](Wire& wire) {
      if (auto found = wire.find(connection)) what(*found);
    });
  }

  /// If it can not, it listens nowhere: so whoever asked knows where it does.
  void listen(const actors::PairingListen& where, bool is_for_another,
              std::uint64_t question) {
    // What the one before had nobody knows any more.
    if (is_for_another) drop_all();
    wanted_ = where;
    if (!where.is_everywhere) shut(everywhere_);
    if (!where.own || (own_ && own_->place() != own_place(*where.own)))
      shut(own_);
    if (auto error = open_wanted()) {
      shut_all();
      return audience().answer(question, refusal(error));
    }
    look_later();
    audience().answer(question, 1);
  }

  void dial(const events::Endpoint& to, std::uint64_t question) {
    tcp::endpoint at{to_asio(to.address), to.port == 0 ? port_ : to.port};
    tcp::socket socket{board_->io};
    ErrorCode error;
    open(socket, at.protocol(), error);
    if (error) return audience().answer(question, not_reached(at, error));
    auto dialed = add(std::move(socket));
    if (!dialed)
      return audience().answer(
          question, store::Error{store::ErrorCode::io,
                                 "too many connections of pairings are open; "
                                 "try again in a minute"});
    dialed->dial(at, [board = board_, dialed, at, question](ErrorCode failed) {
      if (!failed) return board->audience.answer(question, dialed->number());
      dialed->drop();
      board->audience.answer(question, not_reached(at, failed));
    });
  }

  void join(PairingConnection one, PairingConnection other) {
    auto first = find(one);
    auto second = find(other);
    if (first && second) return Connection::join(first, second);
    // One may have ended while this was on its way.
    for (const auto& left : {first, second})
      if (left) left->let_go();
  }

  void drop_all() {
    for (const auto& [number, connection] :
         std::exchange(board_->connections, {}))
      connection->drop();
  }

  /// Nothing is given to an actor any more.
  void end() {
    audience().end();
    shut_all();
    drop_all();
  }

 private:
  std::shared_ptr<Connection> find(PairingConnection connection) const {
    auto found = board_->connections.find(connection);
    return found == board_->connections.end() ? nullptr : found->second;
  }

  /// Nothing if there are too many.
  std::shared_ptr<Connection> add(tcp::socket socket) {
    if (board_->connections.size() >= connections_max) return nullptr;
    auto connection = std::make_shared<Connection>(board_, std::move(socket));
    board_->connections[connection->number()] = connection;
    return connection;
  }

  void take(tcp::socket socket, const tcp::endpoint& from, bool is_member) {
    auto connection = add(std::move(socket));
    if (!connection) return;
    audience().tell(
        actors::arrived_atom::value,
        actors::PairingArrival{connection->number(), from_asio(from.address()),
                               is_member});
    connection->watch();
  }

  // -- listening --------------------------------------------------------------

  [[nodiscard]] Place own_place(const events::IpAddress& own) const {
    return {{to_asio(own), port_}, interface_};
  }

  ErrorCode open_wanted() {
    if (wanted_.is_everywhere && !everywhere_) {
      auto error = begin(everywhere_, {{tcp::v6(), port_}, {}});
      if (error == asio::error::address_family_not_supported)
        error = begin(everywhere_, {{tcp::v4(), port_}, {}});
      if (error) return error;
    }
    if (wanted_.own && !own_) return begin(own_, own_place(*wanted_.own));
    return {};
  }

  ErrorCode begin(std::shared_ptr<Listener>& listener, const Place& place) {
    bool is_first = !everywhere_ && !own_;
    if (is_first)
      if (auto error = try_alone(board_->io, place)) return error;
    bool is_member = !place.interface.empty();
    auto opened = std::make_shared<Listener>(
        board_->io, place,
        [self = shared_from_this(), is_member](tcp::socket socket,
                                               const tcp::endpoint& from) {
          self->take(std::move(socket), from, is_member);
        });
    auto error = opened->open();
    if (error)
      opened->close();
    else
      listener = std::move(opened);
    return error;
  }

  static void shut(std::shared_ptr<Listener>& listener) {
    if (auto shut = std::exchange(listener, nullptr)) shut->close();
  }

  void shut_all() {
    wanted_ = {};
    shut(everywhere_);
    shut(own_);
    timer_.cancel();
  }

  [[nodiscard]] store::Error refusal(ErrorCode error) const {
    auto text = fmt::format("TCP port {} can not be listened on: {}", port_,
                            in_words(error));
    if (error == boost::system::errc::no_such_device)
      text += fmt::format("; {} comes with the tunnels, try again in a moment",
                          interface_);
    else if (error == asio::error::address_in_use)
      text += "; choose another with [pairing] port, or stop what has it";
    else
      text += "; choose another with [pairing] port";
    return {store::ErrorCode::io, text};
  }

  void look_later() {
    timer_.cancel();
    if (!wanted_.own) return;
    timer_.expires_after(interface_look_interval);
    timer_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
      if (!cancelled) self->look_at_interface();
    });
  }

  void look_at_interface() {
    bool is_lost = own_ && own_->is_deaf();
    if (is_lost) shut(own_);
    auto error = open_wanted();
    if (error && is_lost)
      log(LogLevel::warning, "pairing.not_listening",
          {{"interface", interface_}, {"error", error.message()}});
    look_later();
  }

  std::shared_ptr<Board> board_;
  asio::steady_timer timer_;
  std::string interface_;
  std::uint16_t port_;
  actors::PairingListen wanted_;
  std::shared_ptr<Listener> everywhere_;
  std::shared_ptr<Listener> own_;
};

namespace {

/// Is answered once the I/O thread says what became of it.
template <class T>
caf::result<T> ask(
    TcpPairingWire::Port::stateful_pointer<TcpPairingWire::Asked> self,
    const std::function<void(std::uint64_t question)>& begin) {
  auto promise = self->template make_response_promise<T>();
  auto question = ++self->state.last;
  self->state.waiting[question] =
      [promise](const TcpPairingWire::Result& result) {
        if (result)
          actors::answer<T>(promise, static_cast<T>(*result));
        else
          actors::answer<T>(promise, result.error());
      };
  begin(question);
  return promise;
}

}  // namespace

TcpPairingWire::TcpPairingWire(boost::asio::io_context& io,
                               const std::string& interface, std::uint16_t port)
    : wire_(std::make_shared<Wire>(io, interface, port)) {}

TcpPairingWire::~TcpPairingWire() { wire_->end(); }

TcpPairingWire::Port::behavior_type TcpPairingWire::behaviour(
    Port::stateful_pointer<Asked> self) {
  auto wire = wire_;
  wire->audience().set_port(caf::actor_cast<Port>(self));
  return {
      [=](actors::listen_atom, const actors::PairingListen& where,
          const actors::PairingReceiver& receiver) {
        bool is_another = wire->audience().set_receiver(receiver);
        return ask<bool>(self, [=](std::uint64_t question) {
          wire->post([=](Wire& in) { in.listen(where, is_another, question); });
        });
      },
      [=](actors::dial_atom, const events::Endpoint& to) {
        return ask<PairingConnection>(self, [=](std::uint64_t question) {
          wire->post([=](Wire& in) { in.dial(to, question); });
        });
      },
      [=](actors::message_atom, PairingConnection connection,
          const actors::BytesPtr& message) {
        wire->post_to(connection, [=](Connection& to) { to.send(*message); });
      },
      [=](actors::read_atom, PairingConnection connection) {
        wire->post_to(connection, [](Connection& of) { of.ask(); });
      },
      [=](actors::join_both_atom, PairingConnection one,
          PairingConnection other) {
        wire->post([=](Wire& in) { in.join(one, other); });
      },
      [=](actors::close_atom, PairingConnection connection) {
        wire->post_to(connection, [](Connection& of) { of.close(); });
      },
      [=](actors::take_atom, std::uint64_t question, const ResultPtr& result) {
        if (auto asked = self->state.waiting.extract(question))
          asked.mapped()(*result);
      },
  };
}

}  // namespace ppn::runtime
