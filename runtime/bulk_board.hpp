// What the sides of the port `bulk` share: two threads, and the actor that is
// told what became of its questions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "actors/interfaces.hpp"
#include "runtime/console_link.hpp"
#include "runtime/image_store.hpp"

namespace ppn::runtime {

/// Where images are kept, which is made when it is first asked for.
using ImagesOf = std::function<store::Result<std::shared_ptr<ImageStore>>()>;

/// What was fetched.
using BulkFound = std::variant<actors::BytesPtr, actors::ImageKept>;
using BulkResult = store::Result<BulkFound>;
using BulkResultPtr = std::shared_ptr<const BulkResult>;

/// The port, and how its threads answer it.
using TcpBulkPort = actors::BulkPort::extend<
    caf::reacts_to<actors::take_atom, std::uint64_t, BulkResultPtr>>;

/// What the guests of this host say, and the way to speak to them. Of any
/// thread.
struct OwnConsoles {
  /// not_found, io.
  std::function<store::Result<store::FileHandle>(const Id& vm)> open_log;
  /// not_found: it does not run; locked: somebody is there.
  std::function<store::Result<TakenSerial>(const Id& vm)> take_serial;
};

struct BulkParts {
  /// Members are who comes out of that interface; empty: everybody.
  std::string interface;
  std::uint16_t port = 0;
  ImagesOf images;
  /// For the controller of the mesh; nothing: it is given none.
  std::optional<OwnConsoles> consoles = std::nullopt;
};

/// Any thread may call it. Sockets are of the thread of `io`, images that come
/// of the thread of `files`: those take long, and keep no one else waiting.
class BulkBoard {
 public:
  explicit BulkBoard(BulkParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] const BulkParts& parts() const { return parts_; }
  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] boost::asio::io_context& files() { return files_; }

  void set_port(const TcpBulkPort& port) {
    std::lock_guard lock{mutex_};
    if (!has_ended_) port_ = port;
  }

  /// Has it done in the thread of sockets; nothing after the end.
  void post(std::function<void()> what) {
    std::lock_guard lock{mutex_};
    if (!has_ended_) boost::asio::post(io_, std::move(what));
  }

  void answer(std::uint64_t question, BulkResult result) {
    std::lock_guard lock{mutex_};
    if (port_)
      caf::anon_send(port_, actors::take_atom::value, question,
                     std::make_shared<const BulkResult>(std::move(result)));
  }

  void tell(const actors::ImageFollower& follower, const Id& id,
            std::uint64_t done, std::uint64_t total) {
    std::lock_guard lock{mutex_};
    if (!has_ended_ && follower)
      caf::anon_send(follower, actors::progress_atom::value, id, done, total);
  }

  [[nodiscard]] bool has_ended() const {
    std::lock_guard lock{mutex_};
    return has_ended_;
  }

  /// Nothing is given to an actor any more. What is still to be done in the
  /// thread of sockets comes after all that was posted.
  void end(std::function<void()> last) {
    std::lock_guard lock{mutex_};
    has_ended_ = true;
    port_ = nullptr;
    boost::asio::post(io_, std::move(last));
  }

 private:
  BulkParts parts_;
  mutable std::mutex mutex_;
  TcpBulkPort port_;
  bool has_ended_ = false;
  boost::asio::io_context io_{1};
  boost::asio::io_context files_{1};
};

}  // namespace ppn::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::runtime::BulkResultPtr)
