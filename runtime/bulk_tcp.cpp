#include "runtime/bulk_tcp.hpp"

#include <utility>

#include "runtime/bulk_fetch.hpp"
#include "runtime/bulk_server.hpp"

namespace ppn::runtime {

namespace {

/// Is answered once it is known what became of it.
template <class T>
caf::result<T> ask_threads(
    TcpBulk::Port::stateful_pointer<TcpBulk::Asked> self,
    const std::function<void(std::uint64_t question)>& begin) {
  auto promise = self->make_response_promise<T>();
  auto question = ++self->state.last;
  self->state.waiting[question] = [promise](const BulkResult& result) {
    if (!result) return actors::answer<T>(promise, result.error());
    if (const auto* found = std::get_if<T>(&*result))
      actors::answer<T>(promise, *found);
  };
  begin(question);
  return promise;
}

}  // namespace

ImagesOf images_of(std::shared_ptr<GuestHost> guests) {
  return [guests = std::move(
              guests)]() -> store::Result<std::shared_ptr<ImageStore>> {
    auto ready = guests->ready();
    if (!ready) return ready.error();
    return std::shared_ptr<ImageStore>{*ready, (*ready)->images.get()};
  };
}

/// Of the thread of sockets.
struct TcpBulk::Sides {
  explicit Sides(const std::shared_ptr<BulkBoard>& board)
      : server(std::make_shared<BulkServer>(board)),
        dialer(std::make_shared<BulkDialer>(board)) {}

  std::shared_ptr<BulkServer> server;
  std::shared_ptr<BulkDialer> dialer;
};

TcpBulk::TcpBulk(BulkParts parts)
    : board_(std::make_shared<BulkBoard>(std::move(parts))),
      sides_(std::make_shared<Sides>(board_)),
      io_work_(board_->io().get_executor()),
      files_work_(board_->files().get_executor()),
      io_([board = board_] { board->io().run(); }),
      files_([board = board_] { board->files().run(); }) {}

TcpBulk::~TcpBulk() {
  board_->end([sides = sides_] {
    sides->server->close();
    sides->dialer->close();
  });
  io_work_.reset();
  files_work_.reset();
  io_.join();
  files_.join();
}

TcpBulk::Port::behavior_type TcpBulk::behaviour(
    Port::stateful_pointer<Asked> self) {
  auto board = board_;
  auto sides = sides_;
  board->set_port(caf::actor_cast<Port>(self));
  return {
      [=](actors::listen_atom, const events::IpAddress& own,
          const std::optional<events::IpAddress>& controller) {
        board->post([=] { sides->server->listen(own, controller); });
      },
      [=](actors::offer_atom, const actors::DocumentsPtr& documents) {
        board->post([=] { sides->server->offer(documents); });
      },
      [=](actors::fetch_atom, const events::IpAddress& from, const Hash& hash) {
        return ask_threads<actors::BytesPtr>(self, [=](std::uint64_t question) {
          board->post([=] {
            std::make_shared<DocumentFetch>(sides->dialer,
                                            DocumentWish{from, hash, question})
                ->begin();
          });
        });
      },
      [=](actors::fetch_atom, const events::IpAddress& from,
          const actors::ImageOfGuestPtr& image, const Id& id,
          const actors::ImageFollower& follower) {
        return ask_threads<actors::ImageKept>(
            self, [=](std::uint64_t question) {
              board->post([=] {
                std::make_shared<ImageFetch>(
                    sides->dialer,
                    ImageWish{from, image, id, follower, question})
                    ->begin();
              });
            });
      },
      [=](actors::take_atom, std::uint64_t question,
          const BulkResultPtr& result) {
        if (auto asked = self->state.waiting.extract(question))
          asked.mapped()(*result);
      },
  };
}

}  // namespace ppn::runtime
