// What a recovery key signs, byte by byte: whoever makes the signature and
// whoever checks it share nothing else.
#pragma once

#include <string_view>

#include "schema/fixed_bytes.hpp"

namespace ppn::schema {

/// Before the statement, so that the signature is worth nothing elsewhere.
inline constexpr std::string_view recovery_prefix = "ppn-recovery-v1\n";

/// Who becomes the authority of which mesh, and in which epoch.
struct RecoveryStatement {
  ppn::Id mesh;
  std::uint64_t epoch = 0;
  ppn::NodeId authority;
  /// The authority's, which signs its entries.
  ppn::PublicKey key;
};

/// The bytes behind the prefix.
inline Bytes bytes_of(const RecoveryStatement& statement) {
  Bytes bytes;
  auto add = [&](ByteView part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  add(statement.mesh.view());
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(statement.epoch >> shift));
  add(statement.authority.view());
  add(statement.key.view());
  return bytes;
}

}  // namespace ppn::schema
