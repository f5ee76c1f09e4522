#include "tools/ppnctl/vm_written.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t megabytes;
};
constexpr std::array<Unit, 3> units{
    {{"M", 1}, {"G", 1024}, {"T", std::uint64_t{1024} * 1024}}};

/// All of the text, without a sign.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

Failure no_disk(std::string_view text, const std::string& why) {
  return {exit_usage, fmt::format("'{}' is no disk: {}", text, why),
          "such as: root,size=20G,base=IMAGE or data,size=5G,format=raw or "
          "scratch,device=NAME,read-only"};
}

Failure no_forward(std::string_view text) {
  return {exit_usage, fmt::format("'{}' is no forward", text),
          "that is [tcp:|udp:]HOST:GUEST[:open|:mesh], with ports from 1 to "
          "65535, such as 8080:80"};
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  auto port = read_number<std::uint16_t>(text);
  return port == std::uint16_t{0} ? std::nullopt : port;
}

/// What is wrong with what was said of a disk, if anything is.
std::optional<std::string> take_property(WrittenDisk& disk,
                                         std::string_view property) {
  auto equals = property.find('=');
  auto name = property.substr(0, equals);
  if (property == "read-only") {
    disk.is_read_only = true;
    return std::nullopt;
  }
  bool has_value = equals != std::string_view::npos &&
                   equals + 1 < property.size();
  if (!has_value) return fmt::format("'{}' says nothing of one", property);
  std::string value{property.substr(equals + 1)};
  auto take = [&](std::optional<std::string>& into) {
    if (into) return std::optional{fmt::format("its {} stands twice", name)};
    into = value;
    return std::optional<std::string>{};
  };
  if (name == "base") return take(disk.base);
  if (name == "format") return take(disk.format);
  if (name == "device") return take(disk.device);
  if (name != "size") return fmt::format("a disk has no {}", name);
  if (disk.size_mb) return "its size stands twice";
  auto size = read_megabytes(value);
  if (!size) return size.error().what;
  disk.size_mb = *size;
  return std::nullopt;
}

}  // namespace

Result<std::uint64_t> read_megabytes(std::string_view text) {
  for (const auto& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    auto number = read_number<std::uint64_t>(
        text.substr(0, text.size() - unit.name.size()));
    if (number && *number != 0 &&
        *number <= std::numeric_limits<std::uint32_t>::max() / unit.megabytes)
      return *number * unit.megabytes;
  }
  return Failure{exit_usage,
                 fmt::format("'{}' is no size: 512M, 20G, 1T", text)};
}

Result<WrittenDisk> read_disk(std::string_view text) {
  auto parts = split(text, ',');
  WrittenDisk disk;
  disk.name = parts.front();
  if (disk.name.empty() || disk.name.find('=') != std::string::npos)
    return no_disk(text, "its name stands first");
  for (std::size_t i = 1; i < parts.size(); ++i)
    if (auto fault = take_property(disk, parts[i]))
      return no_disk(text, *fault);
  return disk;
}

Result<WrittenForward> read_forward(std::string_view text) {
  auto parts = split(text, ':');
  WrittenForward forward;
  if (parts.front() == "tcp" || parts.front() == "udp") {
    forward.is_udp = parts.front() == "udp";
    parts.erase(parts.begin());
  }
  forward.is_open = parts.size() == 3 && parts.back() == "open";
  forward.is_in_mesh = parts.size() == 3 && parts.back() == "mesh";
  if (forward.is_open || forward.is_in_mesh) parts.pop_back();
  if (parts.size() != 2) return no_forward(text);
  auto host = read_port(parts[0]);
  auto guest = read_port(parts[1]);
  if (!host || !guest) return no_forward(text);
  forward.host_port = *host;
  forward.guest_port = *guest;
  return forward;
}

}  // namespace ppn::ctl
