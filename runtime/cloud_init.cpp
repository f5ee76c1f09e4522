#include "runtime/cloud_init.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "events/mesh.hpp"
#include "store/byte_order.hpp"
#include "store/hash.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::system_error;

namespace {

constexpr const char* seed_name = "seed";
constexpr const char* other_name = "seed.new";

store::Status fill(const Folder& folder, const Seed& seed,
                   const GuestUser& user) {
  const FolderRights rights{user.uid, user.gid, S_IRUSR};
  struct File {
    const char* name;
    ByteView content;
  };
  for (const auto& file : {File{"meta-data", store::as_bytes(seed.meta_data)},
                           File{"user-data", store::as_bytes(seed.user_data)},
                           File{"salt", seed.salt}})
    if (auto written = write_file_in(folder, file.name, file.content, rights);
        !written)
      return written;
  return sync_folder(folder);
}

/// The new one is there as `other_name`, and then the old one, if there was
/// one.
store::Status take_place(const Folder& guest) {
  auto exchange = [&](unsigned flags) {
    return ::renameat2(guest.handle.get(), other_name, guest.handle.get(),
                       seed_name, flags) == 0;
  };
  if (exchange(RENAME_EXCHANGE) || (errno == ENOENT && exchange(0))) return {};
  if (errno != EINVAL) return system_error("rename", guest.path / other_name);
  // Not every file system can do it at once.
  if (auto removed = remove_in(guest, seed_name); !removed) return removed;
  if (exchange(0)) return {};
  return system_error("rename", guest.path / other_name);
}

store::Result<std::string> read_in(const Folder& folder,
                                   const std::string& name, std::size_t limit) {
  auto file = open_file_in(folder, name, O_RDONLY);
  if (!file) return file.error();
  std::string content(limit + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    auto got =
        ::read(file->get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", folder.path / name);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

}  // namespace

Hash cloud_init_hash(const CloudInitSalt& salt, std::string_view user_data) {
  constexpr std::string_view prefix = "ppn-cloud-init-v1\n";
  return store::Sha256{}
      .update(store::as_bytes(prefix))
      .update(salt)
      .update(store::as_bytes(user_data))
      .finish();
}

std::optional<std::string> flaw_of_user_data(std::string_view user_data) {
  if (user_data.size() > user_data_max)
    return fmt::format("user data of cloud-init has at most {} bytes, not {}",
                       user_data_max, user_data.size());
  constexpr std::array beginnings{"#cloud-config", "#!", "Content-Type:"};
  if (std::none_of(beginnings.begin(), beginnings.end(), [&](const char* text) {
        return user_data.starts_with(text);
      }))
    return "user data of cloud-init begin with #cloud-config, with #! if they "
           "are a script, or with Content-Type: if they have several parts";
  return std::nullopt;
}

store::Result<std::string> meta_data_of(const Id& guest,
                                        std::string_view name) {
  if (!events::is_member_name(name))
    return Error{ErrorCode::bad_input,
                 "a guest has a name of a-z, 0-9 and inner hyphens"};
  // In quotes: YAML takes some names for numbers, and some for "false".
  return fmt::format("instance-id: \"{}\"\nlocal-hostname: \"{}\"\n",
                     guest.hex(), name);
}

store::Status write_seed(const fs::path& guest_folder, const Seed& seed,
                         const GuestUser& user) {
  auto guest = open_folder(guest_folder);
  if (!guest) return guest.error();
  // What an interrupted attempt left behind.
  if (auto removed = remove_in(*guest, other_name); !removed) return removed;
  auto folder =
      make_folder_in(*guest, other_name, {user.uid, user.gid, S_IRWXU});
  if (!folder) return folder.error();
  auto written = fill(*folder, seed, user);
  if (written) written = take_place(*guest);
  auto removed = remove_in(*guest, other_name);
  if (!written) return written;
  if (!removed) return removed;
  return sync_folder(*guest);
}

store::Status check_seed(const fs::path& guest_folder, const Hash& hash) {
  auto guest = open_folder(guest_folder);
  if (!guest) return guest.error();
  auto folder = open_folder_in(*guest, seed_name);
  if (!folder) return folder.error();
  CloudInitSalt salt{};
  auto salt_text = read_in(*folder, "salt", salt.size());
  if (!salt_text) return salt_text.error();
  auto user_data = read_in(*folder, "user-data", user_data_max);
  if (!user_data) return user_data.error();
  if (salt_text->size() == salt.size()) {
    std::copy(salt_text->begin(), salt_text->end(), salt.begin());
    if (cloud_init_hash(salt, *user_data) == hash) return {};
  }
  return Error{
      ErrorCode::damaged,
      folder->path.string() + " is not what the ledger has the hash of"};
}

store::Status remove_seed(const fs::path& guest_folder) {
  auto guest = open_folder(guest_folder);
  if (!guest && guest.error().code == ErrorCode::not_found) return {};
  if (!guest) return guest.error();
  for (const auto* name : {seed_name, other_name})
    if (auto removed = remove_in(*guest, name); !removed) return removed;
  return sync_folder(*guest);
}

}  // namespace ppn::runtime
