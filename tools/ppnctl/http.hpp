// HTTP/1.1 as bytes: what to send, and what came. Knows no socket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ppn::ctl {

struct Request {
  std::string method = "GET";
  std::string target;
  /// JSON; absent without a body.
  std::optional<std::string> body{};
  /// Only of a stream: go on after this entry.
  std::optional<std::uint64_t> last_event_id{};
  /// What is to be spoken instead of HTTP from then on.
  std::optional<std::string> upgrade{};
};

std::string request_text(const Request& request);

/// What the daemon answered.
struct Answer {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

/// Larger bodies are refused.
inline constexpr std::uint64_t body_bytes_max = std::uint64_t{64} << 20U;

/// Puts an answer together from the bytes of a connection.
class AnswerReader {
 public:
  /// Whether the body has an end, or is taken piece by piece for ever.
  enum class Body { whole, endless };

  explicit AnswerReader(Body body);
  AnswerReader(AnswerReader&&) noexcept;
  AnswerReader& operator=(AnswerReader&&) noexcept;
  ~AnswerReader();

  /// Takes the next bytes, in whatever pieces they come. Returns what is wrong
  /// with them, and nothing if all is well.
  std::optional<std::string> take(std::string_view bytes);

  /// The same for the end of the connection.
  std::optional<std::string> take_end();

  /// Whether status and content type are known.
  [[nodiscard]] bool has_header() const;
  /// Whether the answer is complete.
  [[nodiscard]] bool is_done() const;

  /// The answer, with what came of its body since it was last taken.
  Answer answer();

  /// What came behind the answer.
  std::string take_rest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ppn::ctl
