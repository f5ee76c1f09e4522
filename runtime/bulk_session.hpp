// A member that asks for something, and is given it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "actors/interfaces.hpp"
#include "runtime/bulk_wire.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

/// What is given: a document, or a file that stays open.
struct BulkContent {
  std::uint64_t size = 0;
  /// Null: it is a file.
  actors::BytesPtr document = nullptr;
  store::FileHandle file = {};
  /// No more is given at once.
  std::uint64_t at_most = ~std::uint64_t{0};

  /// Fills it with what is there, which is within `size`; false: it can not.
  [[nodiscard]] bool read(std::uint64_t offset,
                          std::span<std::uint8_t> into) const;
};

/// Takes the connection over once it was answered that there is such a thing.
using BulkHandOver = std::function<void(boost::asio::ip::tcp::socket)>;

/// What a request comes to; a status says why to nothing.
using BulkGiven = std::variant<BulkStatus, BulkContent, BulkHandOver>;

/// Whoever is slow to ask, or to take what it is given, has to go.
class BulkSession : public std::enable_shared_from_this<BulkSession> {
 public:
  using Find = std::function<BulkGiven(const BulkRequest&)>;

  /// Without `find` all that it is told is that others are served.
  BulkSession(boost::asio::ip::tcp::socket socket,
              const events::IpAddress& from, Find find);

  [[nodiscard]] const events::IpAddress& from() const { return from_; }
  [[nodiscard]] bool is_served() const { return find_ != nullptr; }

  /// `on_end` is told once, unless it is dropped.
  void begin(std::function<void()> on_end);
  void drop();

 private:
  void take_request(boost::system::error_code error);
  void answer(const BulkAnswer& answer);
  void go_on();
  void hand_over();
  void give();
  /// To close with something unread would break the connection before the
  /// other side reads what it was sent.
  void finish();
  void wait_for_end();
  void end();

  boost::beast::basic_stream<boost::asio::ip::tcp> stream_;
  events::IpAddress from_;
  Find find_;
  std::function<void()> on_end_;
  std::array<std::uint8_t, bulk_request_bytes> request_{};
  std::array<std::uint8_t, bulk_answer_bytes> answer_{};
  BulkContent content_;
  BulkHandOver hand_over_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  Bytes piece_;
};

}  // namespace ppn::runtime
