// What a guest is made of, as an operator writes it on a command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// "2G", "2048M": in MB, of 1024 times 1024 bytes.
Result<std::uint64_t> read_megabytes(std::string_view text);

struct WrittenDisk {
  std::string name;
  std::optional<std::uint64_t> size_mb;
  /// An image.
  std::optional<std::string> base;
  std::optional<std::string> format;
  std::optional<std::string> device;
  bool is_read_only = false;
};

/// "root,size=20G,base=debian-12", "data,size=5G,format=raw",
/// "scratch,device=ssd,read-only".
Result<WrittenDisk> read_disk(std::string_view text);

struct WrittenForward {
  std::uint16_t host_port = 0;
  std::uint16_t guest_port = 0;
  bool is_udp = false;
  /// At all addresses of the host, or at the one in the mesh alone.
  bool is_open = false;
  bool is_in_mesh = false;
};

/// "8080:80", "udp:5353:53", "tcp:8080:80:open", "8080:80:mesh".
Result<WrittenForward> read_forward(std::string_view text);

}  // namespace ppn::ctl
