// An operator's connection joined with the serial port of a guest: what the one
// says the other hears, until either ends.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <memory>
#include <set>
#include <string>

#include "store/result.hpp"

namespace ppn::runtime {

using LocalSocket = boost::asio::local::stream_protocol::socket;

/// The serial ports that somebody is at: QEMU would keep a second one waiting
/// and say nothing.
class TakenConsoles : public std::enable_shared_from_this<TakenConsoles> {
 public:
  /// Held as long as somebody is there; null if it is taken.
  std::shared_ptr<void> take(const std::string& path);

 private:
  std::set<std::string> taken_;
};

/// io: nobody is there.
store::Result<LocalSocket> connect_to_serial(boost::asio::io_context& io,
                                             const std::string& path);

class ConsoleLink : public std::enable_shared_from_this<ConsoleLink> {
 public:
  ConsoleLink(LocalSocket user, LocalSocket guest, std::shared_ptr<void> seat);

  /// `typed` came with the request.
  void begin(std::string typed);

 private:
  struct Side {
    explicit Side(LocalSocket from) : socket(std::move(from)) {}

    LocalSocket socket;
    std::array<char, 4096> said{};
  };

  void pass(Side& from, Side& to);
  void end();

  Side user_;
  Side guest_;
  std::shared_ptr<void> seat_;
};

}  // namespace ppn::runtime
