#include "runtime/bulk_fetch.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/hash.hpp"

namespace ppn::runtime {

namespace asio = boost::asio;
using store::Error;
using store::ErrorCode;

namespace {

/// How often a follower is told, at most.
constexpr auto progress_interval = std::chrono::milliseconds{100};

Error is_ending() { return {ErrorCode::io, "ppnd is about to end"}; }

/// Why there is nothing to be read, if so.
std::optional<Error> refusal_in(const store::Result<BulkAnswer>& answer,
                                const events::IpAddress& from,
                                const Hash& hash) {
  if (!answer) return answer.error();
  if (answer->status == BulkStatus::here) return std::nullopt;
  if (answer->status == BulkStatus::busy)
    return Error{ErrorCode::io,
                 from.text() + " serves too many others; try again later"};
  if (answer->status == BulkStatus::not_yours)
    return Error{ErrorCode::io, from.text() + " does not give it to this node"};
  return Error{ErrorCode::not_found,
               fmt::format("{} does not have {}", from.text(), hash.hex())};
}

Error something_else(const events::IpAddress& from, const Hash& hash,
                     const std::string& why) {
  return {ErrorCode::damaged, fmt::format("{} gave something else as {}: {}",
                                          from.text(), hash.hex(), why)};
}

}  // namespace

// -- connections --------------------------------------------------------------

std::shared_ptr<BulkConnection> BulkDialer::make() {
  if (is_closed_) return nullptr;
  std::erase_if(made_, [](const auto& one) { return one.expired(); });
  const auto& parts = board_->parts();
  auto connection = std::make_shared<BulkConnection>(
      board_->io(), BulkWay{parts.interface, parts.port});
  made_.push_back(connection);
  return connection;
}

void BulkDialer::close() {
  is_closed_ = true;
  for (const auto& one : std::exchange(made_, {}))
    if (auto connection = one.lock()) connection->close();
}

// -- documents ----------------------------------------------------------------

void DocumentFetch::begin() {
  connection_ = dialer_->make();
  if (!connection_) return end(is_ending());
  connection_->ask(
      wish_.from, {BulkKind::document, wish_.hash, 0},
      [self = shared_from_this()](const store::Result<BulkAnswer>& answer) {
        self->take_answer(answer);
      });
}

void DocumentFetch::take_answer(const store::Result<BulkAnswer>& answer) {
  if (auto refusal = refusal_in(answer, wish_.from, wish_.hash))
    return end(*refusal);
  if (answer->size > actors::document_max)
    return end(something_else(
        wish_.from, wish_.hash,
        fmt::format("it has {} bytes, and a document has {} at most",
                    answer->size, actors::document_max)));
  size_ = answer->size;
  read();
}

void DocumentFetch::read() {
  if (document_.size() < size_)
    return connection_->read(
        size_ - document_.size(),
        [self = shared_from_this()](const Bytes& piece,
                                    const std::optional<Error>& stopped) {
          self->take_piece(piece, stopped);
        });
  if (store::sha256(document_) != wish_.hash)
    return end(
        something_else(wish_.from, wish_.hash, "its content has another hash"));
  end(BulkFound{std::make_shared<const Bytes>(std::move(document_))});
}

void DocumentFetch::take_piece(const Bytes& piece,
                               const std::optional<Error>& stopped) {
  document_.insert(document_.end(), piece.begin(), piece.end());
  if (stopped) return end(*stopped);
  read();
}

void DocumentFetch::end(BulkResult result) {
  if (connection_) connection_->close();
  dialer_->board().answer(wish_.question, std::move(result));
}

// -- images -------------------------------------------------------------------

ImageFetch::ImageFetch(std::shared_ptr<BulkDialer> dialer, ImageWish wish)
    : dialer_(std::move(dialer)),
      sockets_(dialer_->board().io().get_executor()),
      files_(dialer_->board().files().get_executor()),
      wish_(std::move(wish)) {}

void ImageFetch::in_files(Step step) {
  asio::post(files_.get_executor(),
             [self = shared_from_this(), step] { ((*self).*step)(); });
}

void ImageFetch::in_sockets(Step step) {
  asio::post(sockets_.get_executor(),
             [self = shared_from_this(), step] { ((*self).*step)(); });
}

void ImageFetch::open() {
  auto images = dialer_->board().parts().images();
  if (!images) return end_here(images.error());
  images_ = std::move(*images);
  if (is_kept()) return end_kept(true);
  const auto& image = *wish_.image;
  auto incoming = images_->receive({image.digest, image.size, image.format},
                                   until_the_end());
  if (!incoming) return end_here(incoming.error());
  incoming_ = std::move(*incoming);
  done_ = incoming_->offset();
  tell();
  done_ == image.size ? finish() : in_sockets(&ImageFetch::dial);
}

bool ImageFetch::is_kept() {
  const auto& image = *wish_.image;
  auto there = images_->find(image.digest);
  return there && there->size == image.size && there->format == image.format &&
         images_->verify(image.digest, until_the_end());
}

void ImageFetch::dial() {
  connection_ = dialer_->make();
  if (!connection_) return end(is_ending());
  connection_->ask(
      wish_.from, {BulkKind::image, wish_.image->digest, done_},
      [self = shared_from_this()](const store::Result<BulkAnswer>& answer) {
        self->take_answer(answer);
      });
}

void ImageFetch::take_answer(const store::Result<BulkAnswer>& answer) {
  const auto& image = *wish_.image;
  if (auto refusal = refusal_in(answer, wish_.from, image.digest))
    return end(*refusal);
  if (answer->size != image.size)
    return end(
        something_else(wish_.from, image.digest,
                       fmt::format("it has {} bytes, and {} were promised",
                                   answer->size, image.size)));
  read();
}

void ImageFetch::read() {
  connection_->read(wish_.image->size - done_,
                    [self = shared_from_this()](
                        Bytes piece, const std::optional<Error>& stopped) {
                      self->piece_ = std::move(piece);
                      self->stopped_ = stopped;
                      self->in_files(&ImageFetch::write);
                    });
}

void ImageFetch::write() {
  if (auto written = incoming_->write(piece_); !written)
    return end_here(written.error());
  done_ += piece_.size();
  tell();
  if (done_ == wish_.image->size) return finish();
  if (stopped_) return end(*stopped_);
  in_sockets(&ImageFetch::read);
}

void ImageFetch::finish() {
  auto added = incoming_->finish();
  if (!added) return end_here(added.error());
  end_kept(added->was_there);
}

void ImageFetch::tell() {
  auto now = std::chrono::steady_clock::now();
  auto total = wish_.image->size;
  if (told_ && done_ != total && now - *told_ < progress_interval) return;
  told_ = now;
  dialer_->board().tell(wish_.follower, wish_.id, done_, total);
}

Progress ImageFetch::until_the_end() {
  return [&board = dialer_->board()](std::uint64_t, std::uint64_t) {
    return !board.has_ended();
  };
}

void ImageFetch::end(BulkResult result) {
  result_ = std::move(result);
  in_sockets(&ImageFetch::hang_up);
}

void ImageFetch::end_kept(bool was_there) {
  const auto& image = *wish_.image;
  end(BulkFound{
      actors::ImageKept{image.digest, image.size, image.format, was_there}});
}

void ImageFetch::end_here(const Error& error) {
  bool is_telling = error.code == ErrorCode::damaged ||
                    error.code == ErrorCode::disk_full;
  end(Error{is_telling ? error.code : ErrorCode::io, error.message});
}

void ImageFetch::hang_up() {
  if (auto connection = std::exchange(connection_, nullptr))
    connection->close();
  in_files(&ImageFetch::let_go);
}

void ImageFetch::let_go() {
  // Who is answered may ask for it again at once.
  incoming_.reset();
  dialer_->board().answer(wish_.question, std::move(*result_));
}

}  // namespace ppn::runtime
