// The control API's server: HTTP/1.1 on a UNIX socket, in the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

#include "runtime/access.hpp"
#include "runtime/api.hpp"

namespace ppn::runtime {

class ApiServer {
 public:
  /// Listens at `path`, in the place of a socket that nobody answers at. locked
  /// if somebody does, bad_input if the path can be none of a socket, io.
  static store::Result<std::unique_ptr<ApiServer>> listen(
      const std::string& path, boost::asio::io_context& io,
      const AccessRules& rules);

  /// From now on who connects is answered; who did before, has waited.
  void serve(Api& api);

  /// Removes the socket, if it is still its own.
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// For requests to come, and for open streams.
  void set_rules(const AccessRules& rules);

  /// Goes on with the streams: the ledger has so many entries.
  void take_growth(std::uint64_t entries);

  /// Takes no more connections, and ends the streams.
  void stop();

 private:
  class Implementation;
  explicit ApiServer(std::shared_ptr<Implementation> implementation);

  std::shared_ptr<Implementation> implementation_;
};

}  // namespace ppn::runtime
