// Everything this project signs begins with a prefix of its own, so that a
// signature made for one purpose is worth nothing for another. This is the
// table of them all.
#pragma once

#include <array>
#include <string_view>

#include "schema/recovery_statement.hpp"

namespace ppn::store {

struct SignatureDomain {
  std::string_view purpose;
  std::string_view prefix;
};

inline constexpr SignatureDomain entry_domain{"entry", "ppn-ledger-entry-v1\n"};
inline constexpr SignatureDomain key_rotation_domain{
    "key rotation", "ppn-ledger-key-rotation-v1\n"};
inline constexpr SignatureDomain snapshot_domain{"snapshot",
                                                 "ppn-ledger-snapshot-v1\n"};
/// A checkpoint has no room for a prefix: its first line, the origin, is one.
inline constexpr SignatureDomain checkpoint_domain{"checkpoint",
                                                   "ppn.internal/"};
/// C2SP tlog-cosignature.
inline constexpr SignatureDomain cosignature_domain{"cosignature",
                                                    "cosignature/v1\n"};
inline constexpr SignatureDomain frame_domain{"frame", "ppn-frame-v1\n"};
inline constexpr SignatureDomain recovery_domain{"recovery",
                                                 schema::recovery_prefix};

/// That a node has the key that it has in a ceremony.
inline constexpr SignatureDomain pairing_domain{"pairing", "ppn-pairing-v1\n"};

inline constexpr std::array signature_domains{
    entry_domain,       key_rotation_domain, snapshot_domain, checkpoint_domain,
    cosignature_domain, frame_domain,        recovery_domain, pairing_domain};

}  // namespace ppn::store
