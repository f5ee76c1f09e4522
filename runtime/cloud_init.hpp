// What a guest that begins its life reads of who it is to be, as cloud-init's
// data source NoCloud has it: a folder that QEMU shows it as a disk.
//
//   seed/meta-data    which guest it is, and its name
//   seed/user-data    what its operator wrote
//   seed/salt         with which the ledger has the hash of that
//
// The files are 0400, the guests' user. What is in them is in no ledger, so
// they can be deleted.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/guest_files.hpp"
#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

inline constexpr std::size_t user_data_max = std::size_t{512} << 10U;

using CloudInitSalt = std::array<std::uint8_t, 32>;

/// What the ledger has of user data, see schema/vm.fbs.
Hash cloud_init_hash(const CloudInitSalt& salt, std::string_view user_data);

/// Why it can be no user data; nothing if it can.
std::optional<std::string> flaw_of_user_data(std::string_view user_data);

/// bad_input if no guest can have that name.
store::Result<std::string> meta_data_of(const Id& guest, std::string_view name);

struct Seed {
  std::string meta_data;
  std::string user_data;
  CloudInitSalt salt{};
};

/// Into the folder of a guest, in the place of the one that may be there: a
/// reader finds the old one or the new. permission, disk_full, io.
store::Status write_seed(const std::filesystem::path& guest_folder,
                         const Seed& seed, const GuestUser& user);

/// Whether the seed that is there is that of the ledger. not_found, damaged,
/// io.
store::Status check_seed(const std::filesystem::path& guest_folder,
                         const Hash& hash);

/// Nothing if it is gone already. io.
store::Status remove_seed(const std::filesystem::path& guest_folder);

}  // namespace ppn::runtime
