// One request to another member, and what it is answered piece by piece.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/ip.hpp"
#include "runtime/bulk_wire.hpp"

namespace ppn::runtime {

/// How other members are reached.
struct BulkWay {
  /// Empty: any.
  std::string interface;
  std::uint16_t port = 0;
};

/// Of the thread that runs `io`.
class BulkConnection : public std::enable_shared_from_this<BulkConnection> {
 public:
  static constexpr auto dial_patience = std::chrono::seconds{5};
  /// For each piece: who gives less in that time has stopped.
  static constexpr auto silence_max = std::chrono::seconds{30};
  static constexpr std::size_t piece_bytes = std::size_t{64} << 10U;

  /// io: it was not reached, or says nothing that is an answer.
  using TakeAnswer = std::function<void(const store::Result<BulkAnswer>&)>;
  /// What came, all that was wanted or less; then also why: io.
  using TakePiece =
      std::function<void(Bytes piece, std::optional<store::Error> end)>;

  BulkConnection(boost::asio::io_context& io, BulkWay way);

  /// Once.
  void ask(const events::IpAddress& whom, const BulkRequest& request,
           TakeAnswer take);
  /// The bytes that come next, at most piece_bytes of `wanted`.
  void read(std::uint64_t wanted, TakePiece take);
  /// After the answer, instead of reading: what comes next is for who takes it.
  boost::asio::ip::tcp::socket release();
  void close();

 private:
  [[nodiscard]] boost::system::error_code open();
  void send();
  void take_answer(boost::system::error_code error);
  void end(const std::string& why);

  BulkWay way_;
  boost::beast::basic_stream<boost::asio::ip::tcp> stream_;
  boost::asio::ip::tcp::endpoint at_;
  std::array<std::uint8_t, bulk_request_bytes> request_{};
  std::array<std::uint8_t, bulk_answer_bytes> answer_{};
  TakeAnswer take_answer_;
  Bytes piece_;
};

}  // namespace ppn::runtime
