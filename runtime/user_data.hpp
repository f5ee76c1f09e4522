// What operators wrote for the first start of their guests, under the hash that
// the ledger has of it: kept outside of the ledger, for nobody but this program
// to read.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/cloud_init.hpp"
#include "store/sealing.hpp"

namespace ppn::runtime {

struct KeptUserData {
  CloudInitSalt salt{};
  std::string text;
};

/// Durably, with a salt of its own; answers the hash. bad_input if it can be no
/// user data, disk_full, io.
store::Result<Hash> keep_user_data(const std::filesystem::path& guest_dir,
                                   std::string_view text);

/// not_found, damaged if it is not that, io.
store::Result<KeptUserData> read_user_data(
    const std::filesystem::path& guest_dir, const Hash& hash);

/// Salt and text, as another host is to keep them. As read_user_data().
store::Result<store::SecretBuffer> read_salted_user_data(
    const std::filesystem::path& guest_dir, const Hash& hash);

/// Such as another host kept them, durably. damaged if the hash is not of them,
/// disk_full, io.
store::Status keep_salted_user_data(const std::filesystem::path& guest_dir,
                                    const Hash& hash, ByteView salted);

/// Nothing if it is gone already.
void forget_user_data(const std::filesystem::path& guest_dir, const Hash& hash);

}  // namespace ppn::runtime
