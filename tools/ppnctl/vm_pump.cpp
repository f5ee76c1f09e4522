#include "tools/ppnctl/vm_pump.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace ppn::ctl {

namespace {

/// A pipe that can be written at all takes so many at once.
constexpr std::size_t bytes_at_once = 4096;
/// What waits for a guest that takes nothing: enough that the key is still
/// heard.
constexpr std::size_t unsent_max = std::size_t{64} * 1024;

class Pump {
 public:
  Pump(const PumpEnds& ends, std::string first)
      : ends_(ends), input_(ends.input), to_output_(std::move(first)) {}

  PumpEnd run() {
    for (;;)
      if (auto end = step()) return *end;
  }

 private:
  std::optional<PumpEnd> step() {
    std::array<pollfd, 4> waits{input_wait(), guest_wait(), output_wait(),
                                pollfd{ends_.signals, POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) return std::nullopt;
    const auto& [input, guest, output, signals] = waits;
    if (signals.revents != 0) return PumpEnd::signalled;
    if (output.revents != 0 && !write_output()) return PumpEnd::output_gone;
    if ((guest.revents & POLLOUT) != 0) send_guest();
    bool is_readable = (guest.revents & ~POLLOUT) != 0 && to_output_.empty();
    if (is_readable && !read_guest()) return PumpEnd::guest_gone;
    if (input.revents == 0 || !read_input()) return std::nullopt;
    send_guest();
    return PumpEnd::detached;
  }

  [[nodiscard]] pollfd input_wait() const {
    return {to_guest_.size() < unsent_max ? input_ : -1, POLLIN, 0};
  }
  [[nodiscard]] pollfd guest_wait() const {
    auto events = (to_output_.empty() ? POLLIN : 0) |
                  (to_guest_.empty() ? 0 : POLLOUT);
    return {events == 0 ? -1 : ends_.guest, static_cast<short>(events), 0};
  }
  [[nodiscard]] pollfd output_wait() const {
    return {to_output_.empty() ? -1 : ends_.output, POLLOUT, 0};
  }

  bool write_output() {
    auto written = ::write(ends_.output, to_output_.data(),
                           std::min(to_output_.size(), bytes_at_once));
    if (written < 0) return errno == EAGAIN || errno == EINTR;
    to_output_.erase(0, static_cast<std::size_t>(written));
    return true;
  }

  void send_guest() {
    auto sent = ::send(ends_.guest, to_guest_.data(), to_guest_.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
      to_guest_.erase(0, static_cast<std::size_t>(sent));
    else if (errno != EAGAIN && errno != EINTR)
      to_guest_.clear();  // that it is gone is seen by what it says last
  }

  bool read_guest() {
    std::string bytes(bytes_at_once, '\0');
    auto got = ::recv(ends_.guest, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    bytes.resize(static_cast<std::size_t>(got));
    to_output_ = std::move(bytes);
    return got != 0;
  }

  /// Whether the key was typed.
  bool read_input() {
    std::string bytes(bytes_at_once, '\0');
    auto got = ::read(input_, bytes.data(), bytes.size());
    bool is_over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (is_over) input_ = -1;
    if (got <= 0) return false;
    bytes.resize(static_cast<std::size_t>(got));
    auto key = bytes.find(detach_key);
    to_guest_ += bytes.substr(0, key);
    return key != std::string::npos;
  }

  const PumpEnds& ends_;
  int input_;
  std::string to_guest_;
  std::string to_output_;
};

}  // namespace

PumpEnd pump(const PumpEnds& ends, std::string first) {
  return Pump{ends, std::move(first)}.run();
}

}  // namespace ppn::ctl
