// A client of the control API that sends what it is told, good or bad, and
// waits for what comes.
#pragma once

#include <string>
#include <string_view>

#include "store/files.hpp"

namespace ppn::tests {

struct HttpAnswer {
  unsigned status = 0;
  /// The lines of the header.
  std::string header;
  std::string body;
};

class ApiClient {
 public:
  explicit ApiClient(const std::string& path);

  /// As much of it as the server takes.
  void send(std::string_view bytes);

  /// The next answer, with a body of the length that it says. `to_head` has
  /// none.
  HttpAnswer answer(bool to_head = false);
  HttpAnswer ask(std::string_view request);

  /// All that comes up to and with `end`; the test fails if it does not come.
  std::string read_to(std::string_view end);

  /// All that comes until the server closes.
  std::string rest();

 private:
  /// False if the server closed.
  bool receive();

  store::FileHandle socket_;
  std::string arrived_;
};

/// A request without a body.
std::string request(std::string_view method, std::string_view target,
                    std::string_view more_header = {});

/// One with a body of JSON.
std::string post(std::string_view target, std::string_view json);

}  // namespace ppn::tests
