#include "runtime/console_link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <sys/un.h>

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

}  // namespace

std::shared_ptr<void> TakenConsoles::take(const std::string& path) {
  if (!taken_.insert(path).second) return nullptr;
  return {this, [self = shared_from_this(), path](void*) {
            self->taken_.erase(path);
          }};
}

store::Result<LocalSocket> connect_to_serial(asio::io_context& io,
                                             const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return store::Error{store::ErrorCode::io,
                        path +
                            " is too long for a socket; [guests] run_dir "
                            "names a shorter place"};
  ErrorCode error;
  LocalSocket socket{io};
  socket.open({}, error);
  // Who does not take connections must not keep others waiting.
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.connect({path}, error);
  if (error)
    return store::Error{
        store::ErrorCode::io,
        "nobody is at the guest's serial port: " + error.message()};
  return socket;
}

ConsoleLink::ConsoleLink(LocalSocket user, LocalSocket guest,
                         std::shared_ptr<void> seat)
    : user_(std::move(user)),
      guest_(std::move(guest)),
      seat_(std::move(seat)) {}

void ConsoleLink::begin(std::string typed) {
  pass(guest_, user_);
  auto kept = std::make_shared<std::string>(std::move(typed));
  asio::async_write(
      guest_.socket, asio::buffer(*kept),
      [self = shared_from_this(), kept](ErrorCode error, std::size_t) {
        if (error) return self->end();
        self->pass(self->user_, self->guest_);
      });
}

void ConsoleLink::pass(Side& from, Side& to) {
  from.socket.async_read_some(
      asio::buffer(from.said), [self = shared_from_this(), &from, &to](
                                   ErrorCode error, std::size_t size) {
        if (error) return self->end();
        asio::async_write(to.socket, asio::buffer(from.said.data(), size),
                          [self, &from, &to](ErrorCode failed, std::size_t) {
                            if (failed) return self->end();
                            self->pass(from, to);
                          });
      });
}

void ConsoleLink::end() {
  ErrorCode ignored;
  user_.socket.close(ignored);
  guest_.socket.close(ignored);
  seat_.reset();
}

}  // namespace ppn::runtime
