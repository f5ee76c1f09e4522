// Server-sent events, from the bytes of a stream in whatever pieces they come.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ppn::ctl {

struct ServerEvent {
  std::string type;
  std::string data;
};

class EventReader {
 public:
  /// Larger events are refused.
  static constexpr std::size_t event_bytes_max = std::size_t{16} << 20U;

  /// The events that are complete with these bytes.
  std::vector<ServerEvent> take(std::string_view bytes);

  /// Whether what came is an event larger than any should be.
  [[nodiscard]] bool overflowed() const;

 private:
  void take_line(std::vector<ServerEvent>& complete);
  void take_field(std::string_view name, std::string_view value);

  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  /// A line feed right after a carriage return ends no line of its own.
  bool after_return_ = false;
};

}  // namespace ppn::ctl
