// Netlink's messages and attributes as bytes. Numbers are those of this
// machine, each part begins at a multiple of 4, and a length leaves the padding
// out.
#pragma once

#include <linux/netlink.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "schema/fixed_bytes.hpp"

namespace ppn::runtime {

constexpr std::size_t netlink_padded(std::size_t size) {
  return NLMSG_ALIGN(size);
}

/// A number, or a struct of the kernel's, as its bytes.
template <class T>
requires std::is_trivially_copyable_v<T> std::array<std::uint8_t, sizeof(T)>
netlink_bytes(const T& value) {
  return std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(value);
}

/// Writes parts one behind the other, without ever moving them.
class NetlinkWriter {
 public:
  /// There is never more than `size_max`.
  explicit NetlinkWriter(std::size_t size_max) { bytes_.reserve(size_max); }

  [[nodiscard]] std::size_t room() const {
    return bytes_.capacity() - bytes_.size();
  }

  template <class T>
  void put_header(const T& header) {
    add(netlink_bytes(header));
  }
  void put(std::uint16_t type, ByteView value) {
    put_header(nlattr{length_of(NLA_HDRLEN + value.size()), type});
    add(value);
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void put(std::uint16_t type, T value) { put(type, netlink_bytes(value)); }

  /// What is written from now until end() is within one attribute.
  std::size_t begin(std::uint16_t type) {
    auto start = bytes_.size();
    put(type | NLA_F_NESTED, ByteView{});
    return start;
  }
  void end(std::size_t start) {
    auto length = length_of(bytes_.size() - start);
    std::memcpy(bytes_.data() + start, &length, sizeof length);
  }

  /// A message that begins with its nlmsghdr.
  Bytes take_message() {
    auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    return std::move(bytes_);
  }

 private:
  static std::uint16_t length_of(std::size_t size) {
    return static_cast<std::uint16_t>(size);
  }
  void add(ByteView part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    bytes_.resize(netlink_padded(bytes_.size()));
  }

  Bytes bytes_;
};

struct NetlinkAttribute {
  /// Without its flags.
  std::uint16_t type = 0;
  ByteView value;

  /// Nothing unless it is exactly that large.
  template <class T>
  [[nodiscard]] std::optional<T> as() const {
    if (value.size() != sizeof(T)) return std::nullopt;
    T read{};
    std::memcpy(&read, value.data(), sizeof read);
    return read;
  }
};

/// Takes parts from the front of bytes.
class NetlinkReader {
 public:
  explicit NetlinkReader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

  /// Nothing if it is cut short.
  template <class T>
  std::optional<T> header() {
    if (rest_.size() < sizeof(T)) return std::nullopt;
    T header{};
    std::memcpy(&header, rest_.data(), sizeof header);
    skip(sizeof header);
    return header;
  }
  /// The next attribute; nothing if it is cut short.
  std::optional<NetlinkAttribute> attribute() {
    auto all = rest_;
    auto header = this->header<nlattr>();
    if (!header || header->nla_len < NLA_HDRLEN || header->nla_len > all.size())
      return std::nullopt;
    rest_ = all;
    skip(header->nla_len);
    return NetlinkAttribute{
        static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
        all.subspan(NLA_HDRLEN, header->nla_len - NLA_HDRLEN)};
  }
  /// What is behind `size` bytes and their padding.
  void skip(std::size_t size) {
    rest_ = rest_.subspan(std::min(netlink_padded(size), rest_.size()));
  }

 private:
  ByteView rest_;
};

}  // namespace ppn::runtime
