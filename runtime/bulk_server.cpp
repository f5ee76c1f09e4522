#include "runtime/bulk_server.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/asio_address.hpp"
#include "runtime/log.hpp"
#include "runtime/tcp_socket.hpp"

namespace ppn::runtime {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

/// So many more are told that others are served.
constexpr std::size_t refused_max = 16;
constexpr auto interface_look_interval = std::chrono::seconds{5};

/// A file that could be opened.
BulkGiven content_of(store::FileHandle file,
                     std::uint64_t at_most = ~std::uint64_t{0}) {
  struct stat status {};
  if (!file.open() || ::fstat(file.get(), &status) != 0)
    return BulkStatus::not_here;
  return BulkContent{static_cast<std::uint64_t>(status.st_size), nullptr,
                     std::move(file), at_most};
}

}  // namespace

// -- listening ----------------------------------------------------------------

void BulkServer::listen(const events::IpAddress& own,
                        const std::optional<events::IpAddress>& controller) {
  if (std::exchange(controller_, controller) != controller) end_consoles();
  TcpPlace place{{to_asio(own), board_->parts().port},
                 board_->parts().interface};
  if (wanted_ != place) shut();
  wanted_ = place;
  look();
}

void BulkServer::look() {
  if (listener_ && listener_->is_deaf()) shut();
  if (!listener_) say(open());
  look_later();
}

void BulkServer::look_later() {
  timer_.expires_after(interface_look_interval);
  timer_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
    if (!cancelled && self->wanted_) self->look();
  });
}

ErrorCode BulkServer::open() {
  if (auto error = try_alone(board_->io(), *wanted_)) return error;
  auto opened = std::make_shared<TcpListener>(
      board_->io(), *wanted_,
      [self = shared_from_this()](tcp::socket socket,
                                  const tcp::endpoint& from) {
        self->take(std::move(socket), from_asio(from.address()));
      });
  auto error = opened->open();
  if (error)
    opened->close();
  else
    listener_ = std::move(opened);
  return error;
}

void BulkServer::shut() {
  if (auto shut = std::exchange(listener_, nullptr)) shut->close();
}

void BulkServer::say(ErrorCode error) {
  // The interface comes with the tunnels.
  if (error == boost::system::errc::no_such_device) return;
  auto trouble = error ? error.message() : std::string{};
  if (std::exchange(trouble_, trouble) == trouble || trouble.empty()) return;
  log(LogLevel::warning, "bulk.not_listening",
      {{"address", from_asio(wanted_->at.address()).text()},
       {"port", std::to_string(wanted_->at.port())},
       {"error", trouble}});
}

void BulkServer::close() {
  shut();
  wanted_.reset();
  timer_.cancel();
  for (const auto& session : std::exchange(sessions_, {})) session->drop();
  controller_.reset();
  end_consoles();
}

// -- giving -------------------------------------------------------------------

void BulkServer::offer(actors::DocumentsPtr documents) {
  documents_ = std::move(documents);
}

bool BulkServer::has_room_for(const events::IpAddress& from) const {
  std::size_t all = 0;
  std::size_t of_source = 0;
  for (const auto& session : sessions_) {
    if (!session->is_served()) continue;
    all += 1;
    of_source += session->from() == from ? 1 : 0;
  }
  return all < bulk_served_max && of_source < bulk_served_of_source_max;
}

void BulkServer::take(tcp::socket socket, const events::IpAddress& from) {
  BulkSession::Find find;
  if (has_room_for(from))
    find = [this, from](const BulkRequest& request) {
      return this->find(request, from);
    };
  else if (sessions_.size() >= bulk_served_max + refused_max)
    return;
  auto session =
      std::make_shared<BulkSession>(std::move(socket), from, std::move(find));
  sessions_.insert(session);
  session->begin([self = shared_from_this(), ended = std::weak_ptr{session}] {
    self->sessions_.erase(ended.lock());
  });
}

BulkGiven BulkServer::find(const BulkRequest& request,
                           const events::IpAddress& from) {
  if (request.kind == BulkKind::document) return find_document(request.hash);
  if (request.kind == BulkKind::image) return find_image(request.hash);
  if (!board_->parts().consoles || from != controller_)
    return BulkStatus::not_yours;
  return request.kind == BulkKind::log ? find_log(request.guest)
                                       : find_console(request.guest);
}

BulkGiven BulkServer::find_document(const Hash& hash) const {
  if (!documents_) return BulkStatus::not_here;
  auto found = documents_->find(hash);
  if (found == documents_->end()) return BulkStatus::not_here;
  return BulkContent{found->second->size(), found->second};
}

BulkGiven BulkServer::find_image(const Hash& hash) const {
  auto images = board_->parts().images();
  if (!images) return BulkStatus::not_here;
  auto path = (*images)->path_of(hash);
  if (!path) return BulkStatus::not_here;
  return content_of(store::FileHandle{
      ::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)});
}

BulkGiven BulkServer::find_log(const Id& guest) const {
  auto log = board_->parts().consoles->open_log(guest);
  if (!log) return BulkStatus::not_here;
  return content_of(std::move(*log), log_part_max);
}

// -- consoles -----------------------------------------------------------------

BulkGiven BulkServer::find_console(const Id& guest) {
  auto taken = board_->parts().consoles->take_serial(guest);
  if (!taken)
    return taken.error().code == store::ErrorCode::locked
               ? BulkStatus::busy
               : BulkStatus::not_here;
  auto port = connect_to_serial(board_->io(), taken->path);
  if (!port) return BulkStatus::not_here;
  return BulkHandOver{[self = weak_from_this(), controller = controller_,
                       seat = taken->seat,
                       port = std::make_shared<LocalSocket>(std::move(*port))](
                          tcp::socket user) {
    auto server = self.lock();
    // Another one may have come meanwhile.
    if (server && server->controller_ == controller)
      server->begin_console(std::move(user), std::move(*port), seat);
  }};
}

void BulkServer::begin_console(tcp::socket user, LocalSocket guest,
                               std::shared_ptr<void> seat) {
  end_when_gone(user);
  auto link = std::make_shared<ConsoleLink>(std::move(user), std::move(guest),
                                            std::move(seat));
  std::erase_if(consoles_, [](const auto& one) { return one.expired(); });
  consoles_.push_back(link);
  link->begin({});
}

void BulkServer::end_consoles() {
  for (const auto& one : std::exchange(consoles_, {}))
    if (auto link = one.lock()) link->end();
}

}  // namespace ppn::runtime
