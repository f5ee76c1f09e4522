// An operator's connection joined with the serial port of a guest: what the one
// says the other hears, until either ends.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "store/result.hpp"

namespace ppn::runtime {

using LocalSocket = boost::asio::local::stream_protocol::socket;
/// A local one, or one of TCP.
using StreamSocket = boost::asio::generic::stream_protocol::socket;

/// The serial ports that somebody is at: QEMU would keep a second one waiting
/// and say nothing. Any thread may call it.
class TakenConsoles : public std::enable_shared_from_this<TakenConsoles> {
 public:
  /// Held as long as somebody is there; null if it is taken.
  std::shared_ptr<void> take(const std::string& path);

 private:
  void leave(const std::string& path);

  std::mutex mutex_;
  std::set<std::string> taken_;
};

/// A serial port that nobody else is at.
struct TakenSerial {
  std::filesystem::path path;
  /// Held as long as somebody is there.
  std::shared_ptr<void> seat;
};

/// io: nobody is there.
store::Result<LocalSocket> connect_to_serial(boost::asio::io_context& io,
                                             const std::string& path);

/// Ends a connection, however long nobody says anything, whose other side went
/// without a word.
void end_when_gone(boost::asio::ip::tcp::socket& socket);

/// Both sockets are of one thread, and so is this.
class ConsoleLink : public std::enable_shared_from_this<ConsoleLink> {
 public:
  /// The seat is left when it ends; null if it is kept elsewhere.
  ConsoleLink(StreamSocket user, StreamSocket guest,
              std::shared_ptr<void> seat);

  /// `typed` came with the request.
  void begin(std::string typed);
  /// Ends it for both sides.
  void end();

 private:
  struct Side {
    explicit Side(StreamSocket from) : socket(std::move(from)) {}

    StreamSocket socket;
    std::array<char, 4096> said{};
  };

  void pass(Side& from, Side& to);

  Side user_;
  Side guest_;
  std::shared_ptr<void> seat_;
};

}  // namespace ppn::runtime
