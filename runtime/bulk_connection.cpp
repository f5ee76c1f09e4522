#include "runtime/bulk_connection.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "runtime/asio_address.hpp"
#include "runtime/tcp_socket.hpp"

namespace ppn::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using store::Error;

namespace {

std::string reason_of(ErrorCode error, std::chrono::seconds patience) {
  if (error == beast::error::timeout)
    return fmt::format("nothing for {} seconds", patience.count());
  if (error == asio::error::eof) return "it closed the connection";
  return in_words(error);
}

}  // namespace

BulkConnection::BulkConnection(asio::io_context& io, BulkWay way)
    : way_(std::move(way)), stream_(io) {}

void BulkConnection::ask(const events::IpAddress& whom,
                         const BulkRequest& request, TakeAnswer take) {
  at_ = {to_asio(whom), way_.port};
  request_ = write_bulk_request(request);
  take_answer_ = std::move(take);
  if (auto error = open()) return end(in_words(error));
  stream_.expires_after(dial_patience);
  stream_.async_connect(at_, [self = shared_from_this()](ErrorCode error) {
    if (error) return self->end(reason_of(error, dial_patience));
    self->send();
  });
}

ErrorCode BulkConnection::open() {
  ErrorCode error;
  auto& socket = stream_.socket();
  open_socket(socket, at_.protocol(), error);
  const auto& interface = way_.interface;
  if (!error && !interface.empty())
    set_option(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE,
               interface.data(), interface.size(), error);
  return error;
}

void BulkConnection::send() {
  stream_.expires_after(silence_max);
  asio::async_write(
      stream_, asio::buffer(request_),
      [self = shared_from_this()](ErrorCode failed, std::size_t) {
        if (failed) return self->end(reason_of(failed, silence_max));
        asio::async_read(
            self->stream_, asio::buffer(self->answer_),
            [self](ErrorCode error, std::size_t) { self->take_answer(error); });
      });
}

void BulkConnection::take_answer(ErrorCode error) {
  if (error) return end(reason_of(error, silence_max));
  auto answer = read_bulk_answer(answer_);
  if (!answer) return end(answer.error().message);
  if (auto take = std::exchange(take_answer_, nullptr)) take(*answer);
}

void BulkConnection::end(const std::string& why) {
  close();
  if (auto take = std::exchange(take_answer_, nullptr))
    take(Error{store::ErrorCode::io,
               fmt::format("{} gives nothing at TCP port {}: {}; is ppnd "
                           "running there, and does its tunnel work?",
                           from_asio(at_.address()).text(), at_.port(), why)});
}

void BulkConnection::read(std::uint64_t wanted, TakePiece take) {
  piece_.resize(std::min<std::uint64_t>(piece_bytes, wanted));
  stream_.expires_after(silence_max);
  asio::async_read(
      stream_, asio::buffer(piece_),
      [self = shared_from_this(), take = std::move(take)](ErrorCode error,
                                                          std::size_t size) {
        self->piece_.resize(size);
        std::optional<Error> end;
        if (error)
          end = Error{store::ErrorCode::io,
                      fmt::format("{} stopped in the midst of what it gives: "
                                  "{}",
                                  from_asio(self->at_.address()).text(),
                                  reason_of(error, silence_max))};
        take(std::exchange(self->piece_, {}), std::move(end));
      });
}

tcp::socket BulkConnection::release() { return stream_.release_socket(); }

void BulkConnection::close() { stream_.close(); }

}  // namespace ppn::runtime
