#include "tools/ppnctl/vm_log_text.hpp"

#include <utility>

#include "schema/plain_text.hpp"

namespace ppn::ctl {

namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\x07';

unsigned value_of(char byte) { return static_cast<unsigned char>(byte); }

bool is_between(char byte, char first, char last) {
  return byte >= first && byte <= last;
}

/// How many bytes a character has that begins so; 0: none does.
std::size_t size_of_character(char byte) {
  auto value = value_of(byte);
  if (value < 0x80) return 1;
  if (value >= 0xc2 && value <= 0xdf) return 2;
  if (value >= 0xe0 && value <= 0xef) return 3;
  if (value >= 0xf0 && value <= 0xf4) return 4;
  return 0;
}

/// Other second bytes would make a character longer than it is, or none.
bool may_stand_second(char first, char second) {
  auto value = value_of(second);
  switch (value_of(first)) {
    case 0xe0:
      return value >= 0xa0;
    case 0xed:
      return value <= 0x9f;
    case 0xf0:
      return value >= 0x90;
    case 0xf4:
      return value <= 0x8f;
    default:
      return true;
  }
}

}  // namespace

std::string LogText::take(std::string_view bytes) {
  for (char byte : bytes) take_byte(byte);
  return std::exchange(shown_, {});
}

void LogText::take_byte(char byte) {
  // Whatever was begun ends with its line, or a guest could hide all the rest.
  if (byte == '\n') {
    end_character();
    sequence_ = Sequence::none;
    end_line();
  } else if (byte == escape) {
    end_character();
    sequence_ = sequence_ == Sequence::text ? Sequence::text_end
                                            : Sequence::begun;
  } else if (sequence_ != Sequence::none) {
    take_in_sequence(byte);
  } else if (byte == '\r') {
    end_character();
    is_after_return_ = true;
  } else {
    take_plain(byte);
  }
}

void LogText::take_in_sequence(char byte) {
  switch (sequence_) {
    case Sequence::begun:
      if (byte == '[')
        sequence_ = Sequence::control;
      else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' ||
               byte == '_')
        sequence_ = Sequence::text;
      else if (!is_between(byte, ' ', '/'))
        sequence_ = Sequence::none;
      return;
    case Sequence::control:
      if (!is_between(byte, ' ', '?')) sequence_ = Sequence::none;
      return;
    case Sequence::text:
      if (byte == bell) sequence_ = Sequence::none;
      return;
    case Sequence::text_end:
      sequence_ = byte == '\\' ? Sequence::none : Sequence::text;
      return;
    case Sequence::none:
      return;
  }
}

void LogText::take_plain(char byte) {
  // Alone a return would have another line written over this one.
  if (std::exchange(is_after_return_, false) && !is_line_empty_) end_line();
  if (continues_character(byte)) {
    character_ += byte;
    if (character_.size() == character_size_)
      add(schema::printable(std::exchange(character_, {})));
    return;
  }
  end_character();
  auto size = size_of_character(byte);
  if (size > 1) {
    character_ = byte;
    character_size_ = size;
  } else {
    add(size == 0 ? "?" : schema::printable({&byte, 1}, "\t"));
  }
}

bool LogText::continues_character(char byte) const {
  if (character_.empty() || (value_of(byte) & 0xc0U) != 0x80U) return false;
  return character_.size() > 1 || may_stand_second(character_.front(), byte);
}

/// One that was not complete is none.
void LogText::end_character() {
  if (!std::exchange(character_, {}).empty()) add("?");
}

void LogText::end_line() {
  is_after_return_ = false;
  is_line_empty_ = true;
  shown_ += '\n';
}

void LogText::add(std::string_view text) {
  is_line_empty_ = false;
  shown_ += text;
}

}  // namespace ppn::ctl
