#include "runtime/console_link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "runtime/tcp_socket.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// In seconds; the last one is for what was said and is not taken, too.
constexpr int silence_before_question = 30;
constexpr int between_questions = 15;
constexpr int until_it_is_gone = 120;

}  // namespace

std::shared_ptr<void> TakenConsoles::take(const std::string& path) {
  std::lock_guard lock{mutex_};
  if (!taken_.insert(path).second) return nullptr;
  return {this,
          [self = shared_from_this(), path](void*) { self->leave(path); }};
}

void TakenConsoles::leave(const std::string& path) {
  std::lock_guard lock{mutex_};
  taken_.erase(path);
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

void end_when_gone(asio::ip::tcp::socket& socket) {
  constexpr unsigned ms_per_s = 1000;
  unsigned gone_ms = until_it_is_gone * ms_per_s;
  auto descriptor = socket.native_handle();
  ErrorCode error;
  switch_on(descriptor, SOL_SOCKET, SO_KEEPALIVE, error);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &silence_before_question,
             sizeof silence_before_question, error);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &between_questions,
             sizeof between_questions, error);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms,
             sizeof gone_ms, error);
}

ConsoleLink::ConsoleLink(StreamSocket user, StreamSocket guest,
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
  guest_.socket.close(ignored);
  // Before the user knows: who then comes again finds it free.
  seat_.reset();
  user_.socket.close(ignored);
}

}  // namespace ppn::runtime
