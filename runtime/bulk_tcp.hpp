// The port `bulk`: what does not fit a frame, by its hash over TCP.
#pragma once

#include <boost/asio/executor_work_guard.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "runtime/bulk_board.hpp"
#include "runtime/guest_host.hpp"

namespace ppn::runtime {

/// TCP on a member's own address.
inline constexpr std::uint16_t bulk_port = 9207;

/// Those that the guests of this host are made of.
ImagesOf images_of(std::shared_ptr<GuestHost> guests);

/// Has two threads of its own: a member that is slow, and a large image, keep
/// nobody waiting who asks for something else.
class TcpBulk {
 public:
  using Port = TcpBulkPort;

  /// What was asked and has no answer yet.
  struct Asked {
    Asked() = default;

    std::uint64_t last = 0;
    std::map<std::uint64_t, std::function<void(const BulkResult&)>> waiting;
    static inline const char* name = "bulk";
  };

  explicit TcpBulk(BulkParts parts);
  /// Waits for its threads, which go no further.
  ~TcpBulk();
  TcpBulk(const TcpBulk&) = delete;
  TcpBulk& operator=(const TcpBulk&) = delete;

  /// Whoever is spawned with it forgets it no later than this ends.
  Port::behavior_type behaviour(Port::stateful_pointer<Asked> self);

 private:
  struct Sides;

  using Work =
      boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  std::shared_ptr<BulkBoard> board_;
  std::shared_ptr<Sides> sides_;
  Work io_work_;
  Work files_work_;
  std::thread io_;
  std::thread files_;
};

}  // namespace ppn::runtime
