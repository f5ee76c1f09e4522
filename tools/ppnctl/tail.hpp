// The entries that a stream brings, one after the other without a gap.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/event_stream.hpp"
#include "tools/ppnctl/http.hpp"

namespace ppn::ctl {

class Tail {
 public:
  using Print = std::function<void(const Entry&)>;

  /// `next` is the sequence of the first entry to come.
  Tail(std::uint64_t next, Print print)
      : next_(next), print_(std::move(print)) {}

  /// Asks a stream for what is still to come.
  [[nodiscard]] Request request() const;

  /// A new stream began: what the old one left half-said is void.
  void begin() { events_ = {}; }

  /// Prints the entries that are complete; what is wrong with them otherwise.
  std::optional<Failure> take(std::string_view bytes);

 private:
  std::optional<Failure> take_event(const ServerEvent& event);

  std::uint64_t next_;
  Print print_;
  EventReader events_;
};

}  // namespace ppn::ctl
