// What guests of other hosts say, and their consoles, asked for by the
// controller.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>

#include "runtime/api_vm.hpp"
#include "runtime/bulk_connection.hpp"

namespace ppn::runtime {

/// A guest, and the address of its host in the mesh.
struct GuestElsewhere {
  events::IpAddress host;
  Id vm;
};

/// Of the thread that runs `io`. What it was asked it answers in that thread,
/// also after its own end.
class BulkConsoles {
 public:
  BulkConsoles(boost::asio::io_context& io, BulkWay way)
      : io_(io), way_(std::move(way)) {}

  /// At most `limit` bytes, and log_part_max, from a place on. not_found: there
  /// is nothing that such a guest said; permission: that host does not give it;
  /// io: it was not reached, or stopped.
  using TakeLog = std::function<void(store::Result<ConsolePart>)>;
  void read_log(const GuestElsewhere& guest, std::uint64_t from,
                std::uint64_t limit, TakeLog take);

  /// A connection that is the guest's serial port. not_found: no such guest
  /// runs; locked: somebody is there; permission, io.
  using TakeConsole =
      std::function<void(store::Result<boost::asio::ip::tcp::socket>)>;
  void open_console(const GuestElsewhere& guest, TakeConsole take);

 private:
  boost::asio::io_context& io_;
  BulkWay way_;
};

}  // namespace ppn::runtime
