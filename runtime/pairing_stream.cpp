#include "runtime/pairing_stream.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "actors/pairing_message.hpp"

namespace ppn::runtime {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

/// What waits to be sent on one.
constexpr std::size_t queue_size_max = std::size_t{32} << 20U;
/// What is passed on at once, and held each way if the other side is slow.
constexpr std::size_t piece_size = 16'384;
/// In the midst of a message.
constexpr auto silence_max = std::chrono::seconds{30};
constexpr auto last_words_max = std::chrono::seconds{2};

}  // namespace

PairingStream::PairingStream(std::shared_ptr<PairingBoard> board,
                             tcp::socket socket)
    : board_(std::move(board)),
      stream_(std::move(socket)),
      timer_(board_->io),
      number_(++board_->last) {
  ErrorCode ignored;
  stream_.socket().set_option(tcp::no_delay{true}, ignored);
  stream_.socket().set_option(asio::socket_base::keep_alive{true}, ignored);
}

void PairingStream::dial(const tcp::endpoint& at,
                         std::function<void(ErrorCode)> done) {
  stream_.expires_after(dial_patience);
  stream_.async_connect(at, [self = shared_from_this(), done = std::move(done)](
                                ErrorCode error) { done(error); });
}

void PairingStream::watch() {
  if (is_reading_ || has_ended_) return;
  if (auto other = other_.lock(); other && !other->queue_.empty()) return;
  is_reading_ = true;
  stream_.socket().async_wait(
      tcp::socket::wait_read,
      [self = shared_from_this()](ErrorCode error) { self->look(error); });
}

void PairingStream::ask() {
  asked_ += 1;
  watch();
}

void PairingStream::send(const Bytes& message) {
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

void PairingStream::join(const std::shared_ptr<PairingStream>& one,
                         const std::shared_ptr<PairingStream>& other) {
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

void PairingStream::close() {
  is_told_ = true;
  finish();
}

void PairingStream::let_go() {
  tell_end();
  finish();
}

void PairingStream::drop() {
  is_told_ = true;
  other_.reset();
  end();
}

// -- what comes -------------------------------------------------------------

void PairingStream::look(ErrorCode error) {
  is_reading_ = false;
  if (error || is_at_end()) return end();
  if (is_closing_) return discard();
  if (auto other = other_.lock()) return pass_on(*other);
  if (asked_ > 0) read_length();
}

bool PairingStream::is_at_end() {
  std::array<std::uint8_t, 1> next{};
  ErrorCode error;
  stream_.socket().receive(asio::buffer(next), tcp::socket::message_peek,
                           error);
  return error && error != asio::error::would_block;
}

void PairingStream::read_length() {
  is_reading_ = true;
  read(asio::buffer(length_), &PairingStream::take_length);
}

void PairingStream::take_length(ErrorCode error) {
  auto size = std::size_t{length_[0]} << 8U | length_[1];
  if (error || size == 0 || size > actors::pairing_message_max) return end();
  message_.resize(size);
  read(asio::buffer(message_), &PairingStream::take_message);
}

void PairingStream::take_message(ErrorCode error) {
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

void PairingStream::read(asio::mutable_buffer into,
                         void (PairingStream::*take)(ErrorCode)) {
  asio::async_read(stream_, into, getting_on(),
                   [self = shared_from_this(), take](
                       ErrorCode error, std::size_t) { (*self.*take)(error); });
}

void PairingStream::discard() {
  take_piece();
  watch();
}

void PairingStream::pass_on(PairingStream& other) {
  if (auto piece = take_piece(); !piece.empty()) other.queue(std::move(piece));
  watch();
}

Bytes PairingStream::take_piece() {
  Bytes piece(piece_size);
  ErrorCode ignored;
  piece.resize(stream_.socket().receive(asio::buffer(piece), 0, ignored));
  return piece;
}

// -- what goes --------------------------------------------------------------

void PairingStream::queue(Bytes bytes) {
  if (has_ended_ || is_closing_) return;
  has_sent_ = true;
  queued_ += bytes.size();
  if (queued_ > queue_size_max) return end();
  queue_.push_back(std::move(bytes));
  if (queue_.size() == 1) write();
}

void PairingStream::write() {
  asio::async_write(stream_, asio::buffer(queue_.front()), getting_on(),
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      self->take_written(error);
                    });
}

void PairingStream::take_written(ErrorCode error) {
  if (error || has_ended_) return end();
  queued_ -= queue_.front().size();
  queue_.pop_front();
  if (!queue_.empty()) return write();
  if (is_closing_) return say_end();
  if (auto other = other_.lock()) other->watch();
}

// -- the end ----------------------------------------------------------------

std::function<std::size_t(ErrorCode, std::size_t)> PairingStream::getting_on() {
  return [this](ErrorCode error, std::size_t) -> std::size_t {
    if (error) return 0;
    stream_.expires_after(silence_max);
    return piece_size;
  };
}

void PairingStream::finish() {
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

void PairingStream::say_end() {
  ErrorCode ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

void PairingStream::end() {
  if (std::exchange(has_ended_, true)) return;
  stream_.close();
  timer_.cancel();
  tell_end();
  leave_other();
  board_->connections.erase(number_);
}

void PairingStream::tell_end() {
  if (!std::exchange(is_told_, true))
    board_->audience.tell(actors::close_atom::value, number_);
}

void PairingStream::leave_other() {
  if (auto other = std::exchange(other_, {}).lock()) other->let_go();
}

}  // namespace ppn::runtime
