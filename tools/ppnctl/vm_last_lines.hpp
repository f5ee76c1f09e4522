// The last lines of what a guest said, found from its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ppn::ctl {

/// So much is asked for at a time.
inline constexpr std::uint64_t log_bytes_max = std::uint64_t{64} * 1024;

struct LogPiece {
  std::uint64_t from = 0;
  std::uint64_t size = 0;
};

/// Is given pieces, from the last one backwards, until it knows where so many
/// lines begin.
class LastLines {
 public:
  /// `size` is that of all.
  LastLines(std::uint64_t lines, std::uint64_t size);

  /// What to look at next; nothing once begin() is known.
  [[nodiscard]] std::optional<LogPiece> next_piece() const;
  /// All of that piece.
  void take(std::string_view bytes);

  [[nodiscard]] std::uint64_t begin() const { return begin_; }

 private:
  std::uint64_t lines_;
  std::uint64_t begin_;
  std::uint64_t found_ = 0;
  bool is_first_ = true;
  bool is_found_ = false;
};

}  // namespace ppn::ctl
