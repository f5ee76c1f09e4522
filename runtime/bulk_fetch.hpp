// Documents and images of other members, each checked against its hash.
#pragma once

#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/bulk_board.hpp"
#include "runtime/bulk_connection.hpp"

namespace ppn::runtime {

/// Of the thread of sockets: the connections to others, until the end.
class BulkDialer {
 public:
  explicit BulkDialer(std::shared_ptr<BulkBoard> board)
      : board_(std::move(board)) {}

  [[nodiscard]] BulkBoard& board() { return *board_; }

  /// Null once it is closed.
  std::shared_ptr<BulkConnection> make();
  void close();

 private:
  std::shared_ptr<BulkBoard> board_;
  std::vector<std::weak_ptr<BulkConnection>> made_;
  bool is_closed_ = false;
};

struct DocumentWish {
  events::IpAddress from;
  Hash hash;
  std::uint64_t question = 0;
};

/// Of the thread of sockets.
class DocumentFetch : public std::enable_shared_from_this<DocumentFetch> {
 public:
  DocumentFetch(std::shared_ptr<BulkDialer> dialer, const DocumentWish& wish)
      : dialer_(std::move(dialer)), wish_(wish) {}

  void begin();

 private:
  void take_answer(const store::Result<BulkAnswer>& answer);
  void read();
  void take_piece(const Bytes& piece, const std::optional<store::Error>& end);
  void end(BulkResult result);

  std::shared_ptr<BulkDialer> dialer_;
  DocumentWish wish_;
  std::shared_ptr<BulkConnection> connection_;
  std::size_t size_ = 0;
  Bytes document_;
};

struct ImageWish {
  events::IpAddress from;
  actors::ImageOfGuestPtr image;
  /// What the follower is told.
  Id id;
  actors::ImageFollower follower;
  std::uint64_t question = 0;
};

/// Goes to and fro: what comes in the thread of sockets is written in that of
/// files. Neither ends before it.
class ImageFetch : public std::enable_shared_from_this<ImageFetch> {
 public:
  ImageFetch(std::shared_ptr<BulkDialer> dialer, ImageWish wish);

  void begin() { in_files(&ImageFetch::open); }

 private:
  using Step = void (ImageFetch::*)();
  using Work =
      boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  void in_files(Step step);
  void in_sockets(Step step);

  // -- in the thread of files -------------------------------------------------

  void open();
  [[nodiscard]] bool is_kept();
  void write();
  void finish();
  void tell();
  [[nodiscard]] Progress until_the_end();

  // -- in the thread of sockets -----------------------------------------------

  void dial();
  void take_answer(const store::Result<BulkAnswer>& answer);
  void read();

  // -- the end ----------------------------------------------------------------

  void end(BulkResult result);
  void end_kept(bool was_there);
  /// What this host could not do; only what the other did is told as it is.
  void end_here(const store::Error& error);
  void hang_up();
  void let_go();

  std::shared_ptr<BulkDialer> dialer_;
  Work sockets_;
  Work files_;
  ImageWish wish_;
  std::shared_ptr<BulkConnection> connection_;
  std::shared_ptr<ImageStore> images_;
  std::unique_ptr<IncomingImage> incoming_;
  /// How far it is, for either thread in its turn.
  std::uint64_t done_ = 0;
  Bytes piece_;
  std::optional<store::Error> stopped_;
  std::optional<std::chrono::steady_clock::time_point> told_;
  std::optional<BulkResult> result_;
};

}  // namespace ppn::runtime
