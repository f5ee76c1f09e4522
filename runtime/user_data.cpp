#include "runtime/user_data.hpp"

#include <sodium.h>

#include <algorithm>

#include "store/files.hpp"

namespace ppn::runtime {

namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0400;

std::filesystem::path folder_in(const std::filesystem::path& guest_dir) {
  return guest_dir / "user-data";
}

}  // namespace

store::Result<Hash> keep_user_data(const std::filesystem::path& guest_dir,
                                   std::string_view text) {
  if (auto flaw = flaw_of_user_data(text))
    return store::Error{store::ErrorCode::bad_input, *flaw};
  auto folder = folder_in(guest_dir);
  if (auto made = store::make_directory(folder, folder_mode); !made)
    return made.error();
  CloudInitSalt salt;
  ::randombytes_buf(salt.data(), salt.size());
  auto hash = cloud_init_hash(salt, text);
  Bytes all{salt.begin(), salt.end()};
  all.insert(all.end(), text.begin(), text.end());
  if (auto kept = store::replace_file(folder / hash.hex(), all, file_mode);
      !kept)
    return kept.error();
  return hash;
}

store::Result<KeptUserData> read_user_data(
    const std::filesystem::path& guest_dir, const Hash& hash) {
  KeptUserData kept;
  auto all = store::read_file(folder_in(guest_dir) / hash.hex(),
                              kept.salt.size() + user_data_max);
  if (!all) return all.error();
  if (all->size() >= kept.salt.size()) {
    std::copy_n(all->begin(), kept.salt.size(), kept.salt.begin());
    kept.text = all->substr(kept.salt.size());
    if (cloud_init_hash(kept.salt, kept.text) == hash) return kept;
  }
  return store::Error{store::ErrorCode::damaged,
                      "the user data of the guest is not what was committed"};
}

void forget_user_data(const std::filesystem::path& guest_dir,
                      const Hash& hash) {
  std::error_code ignored;
  std::filesystem::remove(folder_in(guest_dir) / hash.hex(), ignored);
}

}  // namespace ppn::runtime
