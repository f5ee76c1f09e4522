#include "runtime/bulk_consoles.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "runtime/console_link.hpp"

namespace ppn::runtime {

using boost::asio::ip::tcp;
using store::Error;
using store::ErrorCode;

namespace {

Error not_given(const events::IpAddress& host) {
  return {ErrorCode::permission,
          host.text() +
              " does not give it: there [fleet] dispatches is off, or this "
              "node is not known as the controller yet"};
}

std::optional<Error> log_refusal(const store::Result<BulkAnswer>& answer,
                                 const events::IpAddress& host) {
  if (!answer) return answer.error();
  switch (answer->status) {
    case BulkStatus::here:
      return std::nullopt;
    case BulkStatus::not_here:
      return Error{ErrorCode::not_found,
                   host.text() +
                       " has nothing that this guest said: it was not started "
                       "there yet, or is gone"};
    case BulkStatus::busy:
      return Error{ErrorCode::io,
                   host.text() + " serves too many others; try again later"};
    case BulkStatus::not_yours:
      break;
  }
  return not_given(host);
}

std::optional<Error> console_refusal(const store::Result<BulkAnswer>& answer,
                                     const events::IpAddress& host) {
  if (!answer) return answer.error();
  switch (answer->status) {
    case BulkStatus::here:
      return std::nullopt;
    case BulkStatus::not_here:
      return Error{ErrorCode::not_found,
                   "the guest does not run at " + host.text()};
    case BulkStatus::busy:
      return Error{ErrorCode::locked,
                   "somebody is at the console of this guest, or its host "
                   "serves too many others"};
    case BulkStatus::not_yours:
      break;
  }
  return not_given(host);
}

/// One part of what a guest said.
class LogFetch : public std::enable_shared_from_this<LogFetch> {
 public:
  LogFetch(const GuestElsewhere& guest, std::uint64_t from, std::uint64_t limit,
           BulkConsoles::TakeLog take)
      : guest_(guest),
        limit_(std::min(limit, log_part_max)),
        take_(std::move(take)) {
    part_.from = from;
  }

  void begin(const std::shared_ptr<BulkConnection>& connection) {
    connection_ = connection;
    connection->ask(
        guest_.host, {BulkKind::log, {}, part_.from, guest_.vm},
        [self = shared_from_this()](const store::Result<BulkAnswer>& answer) {
          self->take_answer(answer);
        });
  }

 private:
  void take_answer(const store::Result<BulkAnswer>& answer) {
    if (auto refusal = log_refusal(answer, guest_.host)) return end(*refusal);
    part_.size = answer->size;
    part_.from = std::min(part_.from, part_.size);
    wanted_ = std::min(limit_, part_.size - part_.from);
    read();
  }

  void read() {
    if (part_.bytes.size() == wanted_) return end(std::move(part_));
    if (auto connection = connection_.lock())
      connection->read(
          wanted_ - part_.bytes.size(),
          [self = shared_from_this()](const Bytes& piece,
                                      const std::optional<Error>& stopped) {
            self->take_piece(piece, stopped);
          });
  }

  void take_piece(const Bytes& piece, const std::optional<Error>& stopped) {
    part_.bytes.insert(part_.bytes.end(), piece.begin(), piece.end());
    if (stopped) return end(*stopped);
    read();
  }

  void end(store::Result<ConsolePart> result) {
    if (auto connection = connection_.lock()) connection->close();
    take_(std::move(result));
  }

  GuestElsewhere guest_;
  std::uint64_t limit_;
  std::uint64_t wanted_ = 0;
  BulkConsoles::TakeLog take_;
  /// Lives as long as something is awaited of it.
  std::weak_ptr<BulkConnection> connection_;
  ConsolePart part_;
};

}  // namespace

void BulkConsoles::read_log(const GuestElsewhere& guest, std::uint64_t from,
                            std::uint64_t limit, TakeLog take) {
  auto fetch = std::make_shared<LogFetch>(guest, from, limit, std::move(take));
  fetch->begin(std::make_shared<BulkConnection>(io_, way_));
}

void BulkConsoles::open_console(const GuestElsewhere& guest, TakeConsole take) {
  auto connection = std::make_shared<BulkConnection>(io_, way_);
  auto take_answer = [host = guest.host, take = std::move(take),
                      weak = std::weak_ptr{connection}](
                         const store::Result<BulkAnswer>& answer) {
    auto answered = weak.lock();
    if (auto refusal = console_refusal(answer, host)) {
      if (answered) answered->close();
      return take(*refusal);
    }
    auto socket = answered->release();
    end_when_gone(socket);
    take(std::move(socket));
  };
  connection->ask(guest.host, {BulkKind::console, {}, 0, guest.vm},
                  take_answer);
}

}  // namespace ppn::runtime
