// The connections of ceremonies, and whom they tell what comes.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "runtime/pairing_wire_tcp.hpp"

namespace ppn::runtime {

/// Actors are kept nowhere but here, since what is posted may outlive their
/// system. Of any thread.
class PairingAudience {
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

  void answer(std::uint64_t question, IoResult result) {
    std::lock_guard lock{mutex_};
    if (port_)
      caf::anon_send(port_, actors::take_atom::value, question,
                     std::make_shared<const IoResult>(std::move(result)));
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

class PairingStream;

/// What all connections share.
struct PairingBoard {
  explicit PairingBoard(boost::asio::io_context& context) : io(context) {}

  boost::asio::io_context& io;
  PairingAudience audience;
  std::map<actors::PairingConnection, std::shared_ptr<PairingStream>>
      connections;
  actors::PairingConnection last = 0;
};

/// Messages, each read once it is asked for; or a stream that is passed on to
/// another connection unread, and that one's to this.
class PairingStream : public std::enable_shared_from_this<PairingStream> {
 public:
  /// For an answer to a dial.
  static constexpr auto dial_patience = std::chrono::seconds{5};

  PairingStream(std::shared_ptr<PairingBoard> board,
                boost::asio::ip::tcp::socket socket);

  [[nodiscard]] actors::PairingConnection number() const { return number_; }

  /// `done` is told once, with timeout after `dial_patience`.
  void dial(const boost::asio::ip::tcp::endpoint& at,
            std::function<void(boost::system::error_code)> done);

  /// What the peer says is left where it is; that it ends is noticed.
  void watch();

  /// For the next message. Each is read once.
  void ask();

  /// Ends if the message is empty or longer than pairing_message_max bytes.
  void send(const Bytes& message);

  /// From now on each is passed on what comes by the other.
  static void join(const std::shared_ptr<PairingStream>& one,
                   const std::shared_ptr<PairingStream>& other);

  /// Nobody wants it any more; what was to be sent still is.
  void close();

  /// As if its peer had ended it.
  void let_go();

  /// Nobody is told, and nothing more is sent.
  void drop();

 private:
  // -- what comes -------------------------------------------------------------

  void look(boost::system::error_code error);

  [[nodiscard]] bool is_at_end();

  void read_length();

  void take_length(boost::system::error_code error);

  void take_message(boost::system::error_code error);

  /// All of it.
  void read(boost::asio::mutable_buffer into,
            void (PairingStream::*take)(boost::system::error_code));

  /// To close with something unread would break the connection before the peer
  /// reads what it was sent.
  void discard();

  void pass_on(PairingStream& other);

  Bytes take_piece();

  // -- what goes --------------------------------------------------------------

  void queue(Bytes bytes);

  void write();

  void take_written(boost::system::error_code error);

  // -- the end ----------------------------------------------------------------

  /// Whoever stops in the midst of a message has to go.
  std::function<std::size_t(boost::system::error_code, std::size_t)>
  getting_on();

  /// Waits a little for the peer to read what it was sent.
  void finish();

  void say_end();

  void end();

  void tell_end();

  /// Neither is of use without the other.
  void leave_other();

  std::shared_ptr<PairingBoard> board_;
  boost::beast::basic_stream<boost::asio::ip::tcp> stream_;
  boost::asio::steady_timer timer_;
  actors::PairingConnection number_;

  /// A look or a read is under way.
  bool is_reading_ = false;
  std::uint64_t asked_ = 0;
  std::array<std::uint8_t, 2> length_{};
  Bytes message_;

  /// The first is on its way.
  std::deque<Bytes> queue_;
  std::size_t queued_ = 0;
  bool has_sent_ = false;

  std::weak_ptr<PairingStream> other_;
  /// Nothing more is told of it.
  bool is_told_ = false;
  bool is_closing_ = false;
  bool has_ended_ = false;
};

}  // namespace ppn::runtime
