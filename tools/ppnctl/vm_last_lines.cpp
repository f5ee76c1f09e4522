#include "tools/ppnctl/vm_last_lines.hpp"

#include <algorithm>
#include <utility>

namespace ppn::ctl {

LastLines::LastLines(std::uint64_t lines, std::uint64_t size)
    : lines_(lines), begin_(size) {}

std::optional<LogPiece> LastLines::next_piece() const {
  if (is_found_ || begin_ == 0) return std::nullopt;
  auto size = std::min(begin_, log_bytes_max);
  return LogPiece{begin_ - size, size};
}

void LastLines::take(std::string_view bytes) {
  auto from = begin_ - bytes.size();
  for (auto i = bytes.size(); i > 0; --i) {
    // The end of the last line begins no other.
    bool is_last_byte = std::exchange(is_first_, false);
    if (bytes[i - 1] != '\n' || is_last_byte) continue;
    if (++found_ < lines_) continue;
    is_found_ = true;
    begin_ = from + i;
    return;
  }
  begin_ = from;
}

}  // namespace ppn::ctl
