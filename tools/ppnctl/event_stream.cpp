#include "tools/ppnctl/event_stream.hpp"

#include <utility>

namespace ppn::ctl {

std::vector<ServerEvent> EventReader::take(std::string_view bytes) {
  std::vector<ServerEvent> complete;
  for (char c : bytes) {
    bool ends_line = c == '\r' || (c == '\n' && !after_return_);
    if (ends_line)
      take_line(complete);
    else if (c != '\n')
      line_ += c;
    after_return_ = c == '\r';
  }
  return complete;
}

bool EventReader::overflowed() const {
  return line_.size() + event_.data.size() > event_bytes_max;
}

void EventReader::take_line(std::vector<ServerEvent>& complete) {
  auto line = std::exchange(line_, {});
  if (!line.empty()) {
    std::string_view text = line;
    auto colon = text.find(':');
    auto name = text.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{}
                                                 : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(name, value);
    return;
  }
  auto event = std::exchange(event_, {});
  if (std::exchange(has_data_, false)) complete.push_back(std::move(event));
}

/// A comment is a field without a name, and ignored as unknown ones are.
void EventReader::take_field(std::string_view name, std::string_view value) {
  if (name == "event") event_.type = value;
  if (name != "data") return;
  if (has_data_) event_.data += '\n';
  event_.data += value;
  has_data_ = true;
}

}  // namespace ppn::ctl
