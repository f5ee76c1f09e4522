#include "runtime/bulk_session.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace ppn::runtime {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

/// For a request, and for each piece.
constexpr auto silence_max = std::chrono::seconds{30};
constexpr auto last_words_max = std::chrono::seconds{2};
constexpr std::size_t piece_bytes = std::size_t{64} << 10U;

bool read_file(int file, std::uint64_t offset, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    auto got =
        ::pread(file, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return true;
}

}  // namespace

bool BulkContent::read(std::uint64_t offset,
                       std::span<std::uint8_t> into) const {
  if (!document) return read_file(file.get(), offset, into);
  std::copy_n(document->begin() + static_cast<std::ptrdiff_t>(offset),
              into.size(), into.begin());
  return true;
}

BulkSession::BulkSession(tcp::socket socket, const events::IpAddress& from,
                         Find find)
    : stream_(std::move(socket)), from_(from), find_(std::move(find)) {}

void BulkSession::begin(std::function<void()> on_end) {
  on_end_ = std::move(on_end);
  stream_.expires_after(silence_max);
  asio::async_read(stream_, asio::buffer(request_),
                   [self = shared_from_this()](ErrorCode error, std::size_t) {
                     self->take_request(error);
                   });
}

void BulkSession::drop() {
  on_end_ = nullptr;
  end();
}

void BulkSession::take_request(ErrorCode error) {
  if (error) return end();
  auto request = read_bulk_request(request_);
  if (!request) return end();
  if (!is_served()) return answer({BulkStatus::busy});
  auto given = find_(*request);
  if (const auto* why_not = std::get_if<BulkStatus>(&given))
    return answer({*why_not});
  if (auto* hand_over = std::get_if<BulkHandOver>(&given))
    hand_over_ = std::move(*hand_over);
  else
    content_ = std::move(std::get<BulkContent>(given));
  at_ = std::min(request->offset, content_.size);
  end_ = at_ + std::min(content_.at_most, content_.size - at_);
  answer({BulkStatus::here, content_.size});
}

void BulkSession::answer(const BulkAnswer& answer) {
  answer_ = write_bulk_answer(answer);
  stream_.expires_after(silence_max);
  asio::async_write(stream_, asio::buffer(answer_),
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      if (error) return self->end();
                      self->go_on();
                    });
}

void BulkSession::go_on() {
  if (hand_over_) return hand_over();
  give();
}

void BulkSession::hand_over() {
  auto socket = stream_.release_socket();
  auto take = std::exchange(hand_over_, nullptr);
  end();
  take(std::move(socket));
}

void BulkSession::give() {
  if (at_ == end_) return finish();
  piece_.resize(std::min<std::uint64_t>(piece_bytes, end_ - at_));
  if (!content_.read(at_, piece_)) return end();
  at_ += piece_.size();
  stream_.expires_after(silence_max);
  asio::async_write(stream_, asio::buffer(piece_),
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      if (error) return self->end();
                      self->give();
                    });
}

void BulkSession::finish() {
  ErrorCode ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(last_words_max);
  wait_for_end();
}

void BulkSession::wait_for_end() {
  stream_.async_read_some(
      asio::buffer(request_),
      [self = shared_from_this()](ErrorCode error, std::size_t) {
        if (error) return self->end();
        self->wait_for_end();
      });
}

void BulkSession::end() {
  stream_.close();
  if (auto told = std::exchange(on_end_, nullptr)) told();
}

}  // namespace ppn::runtime
