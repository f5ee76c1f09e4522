#include "runtime/user_data.hpp"

#include <sodium.h>

#include <algorithm>

#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0400;

std::filesystem::path folder_in(const std::filesystem::path& guest_dir) {
  return guest_dir / "user-data";
}

constexpr std::size_t salted_max = CloudInitSalt{}.size() + user_data_max;

store::Error damaged() {
  return {store::ErrorCode::damaged,
          "the user data of the guest is not what was committed"};
}

/// Nothing if the hash is not of that.
std::optional<KeptUserData> read_salted(std::string_view all,
                                        const Hash& hash) {
  KeptUserData kept;
  if (all.size() < kept.salt.size()) return std::nullopt;
  std::copy_n(all.begin(), kept.salt.size(), kept.salt.begin());
  kept.text = all.substr(kept.salt.size());
  if (cloud_init_hash(kept.salt, kept.text) != hash) return std::nullopt;
  return kept;
}

store::Status put(const std::filesystem::path& guest_dir, const Hash& hash,
                  ByteView salted) {
  auto folder = folder_in(guest_dir);
  if (auto made = store::make_directory(folder, folder_mode); !made)
    return made;
  return store::replace_file(folder / hash.hex(), salted, file_mode);
}

}  // namespace

store::Result<Hash> keep_user_data(const std::filesystem::path& guest_dir,
                                   std::string_view text) {
  if (auto flaw = flaw_of_user_data(text))
    return store::Error{store::ErrorCode::bad_input, *flaw};
  CloudInitSalt salt;
  ::randombytes_buf(salt.data(), salt.size());
  auto hash = cloud_init_hash(salt, text);
  Bytes all{salt.begin(), salt.end()};
  all.insert(all.end(), text.begin(), text.end());
  if (auto kept = put(guest_dir, hash, all); !kept) return kept.error();
  return hash;
}

store::Result<KeptUserData> read_user_data(
    const std::filesystem::path& guest_dir, const Hash& hash) {
  auto all = store::read_file(folder_in(guest_dir) / hash.hex(), salted_max);
  if (!all) return all.error();
  if (auto kept = read_salted(*all, hash)) return *kept;
  return damaged();
}

store::Result<store::SecretBuffer> read_salted_user_data(
    const std::filesystem::path& guest_dir, const Hash& hash) {
  auto all = store::read_file(folder_in(guest_dir) / hash.hex(), salted_max);
  if (!all) return all.error();
  if (!read_salted(*all, hash)) return damaged();
  return store::secret_copy(store::as_bytes(*all));
}

store::Status keep_salted_user_data(const std::filesystem::path& guest_dir,
                                    const Hash& hash, ByteView salted) {
  auto kept = read_salted(store::as_text(salted), hash);
  if (!kept || flaw_of_user_data(kept->text)) return damaged();
  return put(guest_dir, hash, salted);
}

void forget_user_data(const std::filesystem::path& guest_dir,
                      const Hash& hash) {
  std::error_code ignored;
  std::filesystem::remove(folder_in(guest_dir) / hash.hex(), ignored);
}

}  // namespace ppn::runtime
