// What a guest said on its serial console, made fit to be read: a stranger's
// bytes, which may steer a terminal, come in whatever pieces, and need not be
// text at all.
#pragma once

#include <string>
#include <string_view>

namespace ppn::ctl {

class LogText {
 public:
  /// What there is to show of the next bytes: lines, tabs and plain characters.
  /// Sequences that command a terminal are left out, and what else does not
  /// show is a question mark.
  std::string take(std::string_view bytes);

 private:
  /// What of a sequence was seen.
  enum class Sequence { none, begun, control, text, text_end };

  void take_byte(char byte);
  void take_in_sequence(char byte);
  void take_plain(char byte);
  bool continues_character(char byte) const;
  void end_character();
  void end_line();
  void add(std::string_view text);

  Sequence sequence_ = Sequence::none;
  bool is_after_return_ = false;
  bool is_line_empty_ = true;
  /// A character of several bytes that is not complete.
  std::string character_;
  std::size_t character_size_ = 0;
  std::string shown_;
};

}  // namespace ppn::ctl
