#include "runtime/pairing_wire_tcp.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <fmt/format.h>

#include "runtime/asio_address.hpp"
#include "runtime/log.hpp"
#include "runtime/pairing_stream.hpp"
#include "runtime/tcp_listener.hpp"
#include "runtime/tcp_socket.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using actors::PairingConnection;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

/// Accepted and dialed ones together.
constexpr std::size_t connections_max = 512;
constexpr auto interface_look_interval = std::chrono::seconds{5};

store::Error not_reached(const tcp::endpoint& at, ErrorCode error) {
  auto why = error == beast::error::timeout
                 ? fmt::format("no answer in {} seconds",
                               PairingStream::dial_patience.count())
                 : in_words(error);
  return {
      store::ErrorCode::io,
      fmt::format("nobody answers at {} port {}: {}; is `ppnctl pair join` "
                  "running there, and may TCP {} pass its firewall?",
                  from_asio(at.address()).text(), at.port(), why, at.port())};
}

}  // namespace

/// All but its making and the audience is of the I/O thread.
class TcpPairingWire::Wire : public std::enable_shared_from_this<Wire> {
 public:
  Wire(asio::io_context& io, std::string interface, std::uint16_t port)
      : board_(std::make_shared<PairingBoard>(io)),
        timer_(io),
        interface_(std::move(interface)),
        port_(port) {}

  [[nodiscard]] PairingAudience& audience() { return board_->audience; }

  /// Of any thread: has something done in the I/O thread.
  void post(std::function<void(Wire&)> what) {
    asio::post(board_->io, [self = shared_from_this(), what = std::move(what)] {
      if (!self->audience().has_ended()) what(*self);
    });
  }

  /// What is asked of a connection that is there.
  void post_to(PairingConnection connection,
               std::function<void(PairingStream&)> what) {
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
    open_socket(socket, at.protocol(), error);
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
    if (first && second) return PairingStream::join(first, second);
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
  std::shared_ptr<PairingStream> find(PairingConnection connection) const {
    auto found = board_->connections.find(connection);
    return found == board_->connections.end() ? nullptr : found->second;
  }

  /// Nothing if there are too many.
  std::shared_ptr<PairingStream> add(tcp::socket socket) {
    if (board_->connections.size() >= connections_max) return nullptr;
    auto connection =
        std::make_shared<PairingStream>(board_, std::move(socket));
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

  [[nodiscard]] TcpPlace own_place(const events::IpAddress& own) const {
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

  ErrorCode begin(std::shared_ptr<TcpListener>& listener,
                  const TcpPlace& place) {
    bool is_first = !everywhere_ && !own_;
    if (is_first)
      if (auto error = try_alone(board_->io, place)) return error;
    bool is_member = !place.interface.empty();
    auto opened = std::make_shared<TcpListener>(
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

  static void shut(std::shared_ptr<TcpListener>& listener) {
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

  std::shared_ptr<PairingBoard> board_;
  asio::steady_timer timer_;
  std::string interface_;
  std::uint16_t port_;
  actors::PairingListen wanted_;
  std::shared_ptr<TcpListener> everywhere_;
  std::shared_ptr<TcpListener> own_;
};

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
        return ask_io<bool>(self, [=](std::uint64_t question) {
          wire->post([=](Wire& in) { in.listen(where, is_another, question); });
        });
      },
      [=](actors::dial_atom, const events::Endpoint& to) {
        return ask_io<PairingConnection>(self, [=](std::uint64_t question) {
          wire->post([=](Wire& in) { in.dial(to, question); });
        });
      },
      [=](actors::message_atom, PairingConnection connection,
          const actors::BytesPtr& message) {
        wire->post_to(connection,
                      [=](PairingStream& to) { to.send(*message); });
      },
      [=](actors::read_atom, PairingConnection connection) {
        wire->post_to(connection, [](PairingStream& of) { of.ask(); });
      },
      [=](actors::join_both_atom, PairingConnection one,
          PairingConnection other) {
        wire->post([=](Wire& in) { in.join(one, other); });
      },
      [=](actors::close_atom, PairingConnection connection) {
        wire->post_to(connection, [](PairingStream& of) { of.close(); });
      },
      [=](actors::take_atom, std::uint64_t question,
          const IoResultPtr& result) {
        self->state.questions.take(question, *result);
      },
  };
}

}  // namespace ppn::runtime
