// Gives members what they ask for by its hash: the documents that are offered,
// and the images that are kept. The controller is given what guests of this
// host say, and their consoles.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/bulk_board.hpp"
#include "runtime/bulk_session.hpp"
#include "runtime/tcp_listener.hpp"

namespace ppn::runtime {

/// So many are served at once, of all and of each source. The others are told
/// to come again.
inline constexpr std::size_t bulk_served_max = 16;
inline constexpr std::size_t bulk_served_of_source_max = 4;

/// All but its making is of the thread of sockets.
class BulkServer : public std::enable_shared_from_this<BulkServer> {
 public:
  explicit BulkServer(std::shared_ptr<BulkBoard> board)
      : board_(std::move(board)), timer_(board_->io()) {}

  /// At that address and nowhere else, as soon as that can be. What is of
  /// guests is for that controller; an earlier one has to leave their consoles.
  void listen(const events::IpAddress& own,
              const std::optional<events::IpAddress>& controller);
  void offer(actors::DocumentsPtr documents);
  void close();

 private:
  // -- listening --------------------------------------------------------------

  void look();
  void look_later();
  boost::system::error_code open();
  void shut();
  void say(boost::system::error_code error);

  // -- giving -----------------------------------------------------------------

  void take(boost::asio::ip::tcp::socket socket, const events::IpAddress& from);
  [[nodiscard]] bool has_room_for(const events::IpAddress& from) const;
  [[nodiscard]] BulkGiven find(const BulkRequest& request,
                               const events::IpAddress& from);
  [[nodiscard]] BulkGiven find_document(const Hash& hash) const;
  [[nodiscard]] BulkGiven find_image(const Hash& hash) const;
  [[nodiscard]] BulkGiven find_log(const Id& guest) const;
  [[nodiscard]] BulkGiven find_console(const Id& guest);
  void begin_console(boost::asio::ip::tcp::socket user, LocalSocket guest,
                     std::shared_ptr<void> seat);
  void end_consoles();

  std::shared_ptr<BulkBoard> board_;
  boost::asio::steady_timer timer_;
  std::optional<TcpPlace> wanted_;
  std::optional<events::IpAddress> controller_;
  std::shared_ptr<TcpListener> listener_;
  /// What was said last of why it does not listen.
  std::string trouble_;
  actors::DocumentsPtr documents_;
  std::set<std::shared_ptr<BulkSession>> sessions_;
  /// Those that the controller is at.
  std::vector<std::weak_ptr<ConsoleLink>> consoles_;
};

}  // namespace ppn::runtime
