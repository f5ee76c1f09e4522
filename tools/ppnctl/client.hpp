// Asks the daemon, and brings back its documents.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/connection.hpp"
#include "tools/ppnctl/failure.hpp"
#include "tools/ppnctl/http.hpp"

namespace ppn::ctl {

/// Why a stream ended, and whether another attempt makes sense.
struct StreamEnd {
  Failure why;
  bool is_final = false;
};

/// A connection on which HTTP is not spoken any more.
struct Upgraded {
  Connection connection;
  /// What came on it already.
  std::string first_bytes;
};

class Client {
 public:
  explicit Client(std::string socket) : socket_(std::move(socket)) {}

  [[nodiscard]] Result<schema::Json> get(const std::string& target) const;
  /// What is no JSON.
  [[nodiscard]] Result<std::string> get_text(const std::string& target) const;
  [[nodiscard]] Result<schema::Json> post(
      const std::string& target, const std::optional<schema::Json>& body) const;

  /// A post whose outcome is open if it is not answered.
  [[nodiscard]] Result<schema::Json> commit(
      const std::string& target,
      const std::optional<schema::Json>& body = std::nullopt) const;
  /// The same for what is to be gone.
  [[nodiscard]] Result<schema::Json> remove(const std::string& target) const;

  /// A get by which the connection goes over to another protocol.
  [[nodiscard]] Result<Upgraded> upgrade(const std::string& target,
                                         const std::string& protocol) const;

  /// Takes the next piece of a stream; a failure ends it for good.
  using TakePiece = std::function<std::optional<Failure>(std::string_view)>;

  /// Calls `opened` once the stream flows, then `take` until it ends.
  [[nodiscard]] StreamEnd stream(const Request& request,
                                 const std::function<void()>& opened,
                                 const TakePiece& take) const;

 private:
  [[nodiscard]] Result<Answer> exchange(const Request& request,
                                        std::chrono::seconds patience) const;
  [[nodiscard]] Result<schema::Json> change(const Request& request) const;

  std::string socket_;
};

}  // namespace ppn::ctl
