// Takes TCP connections at all addresses of this host, or at one of an
// interface that may come, go and be made anew.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace ppn::runtime {

/// At all addresses if no interface is named.
struct TcpPlace {
  boost::asio::ip::tcp::endpoint at;
  std::string interface;

  bool operator==(const TcpPlace&) const = default;
};

/// Whether somebody else has the port. Another process of this user that shares
/// it would take turns with this one.
boost::system::error_code try_alone(boost::asio::io_context& io,
                                    const TcpPlace& place);

class TcpListener : public std::enable_shared_from_this<TcpListener> {
 public:
  using Take = std::function<void(boost::asio::ip::tcp::socket,
                                  const boost::asio::ip::tcp::endpoint& from)>;

  TcpListener(boost::asio::io_context& io, TcpPlace place, Take take)
      : io_(io),
        acceptor_(io),
        timer_(io),
        place_(std::move(place)),
        take_(std::move(take)) {}

  [[nodiscard]] const TcpPlace& place() const { return place_; }

  /// An interface that was made anew is another one, of the same name.
  [[nodiscard]] bool is_deaf() const;

  /// Listens, and gives each connection to `Take` until it is closed.
  boost::system::error_code open();
  void close();

 private:
  void accept();

  /// So many that nobody else waits for long.
  void take_some();

  void take(int descriptor, const boost::asio::ip::tcp::endpoint& from);

  /// Say all files are open.
  void accept_later(boost::system::error_code error);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  TcpPlace place_;
  /// Nothing once it is closed.
  Take take_;
  unsigned interface_ = 0;
};

}  // namespace ppn::runtime
