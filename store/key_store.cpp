#include "store/key_store.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view header = "ppn-ed25519-seed-v1 ";
constexpr std::size_t digits = SigningKey::seed_size * 2;
constexpr std::size_t file_size = header.size() + digits + 1;
constexpr std::string_view extension = ".key";

struct FreeSecret {
  void operator()(std::uint8_t* memory) const { sodium_free(memory); }
};
using SecretBytes = std::unique_ptr<std::uint8_t[], FreeSecret>;

SecretBytes allocate_secret(std::size_t size) {
  SecretBytes memory{static_cast<std::uint8_t*>(sodium_malloc(size))};
  if (!memory) throw std::bad_alloc{};
  return memory;
}

Error key_error(std::string why) { return {ErrorCode::key, std::move(why)}; }

/// Refuses a file or directory that others may use, or that is not ours.
Status check_private(int descriptor, const fs::path& path, mode_t wanted) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_error("look at", path);
  if (status.st_uid != ::geteuid())
    return key_error(path.string() + " belongs to user " +
                     std::to_string(status.st_uid) +
                     "; it must belong to the user that runs this program: "
                     "chown " +
                     std::to_string(::geteuid()) + " " + path.string());
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return key_error(path.string() +
                     " is open to other users; if nobody has read it: chmod " +
                     (wanted == 0700 ? "700 " : "600 ") + path.string());
  return {};
}

bool read_exactly(int descriptor, std::uint8_t* buffer, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    auto got = ::read(descriptor, buffer + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  std::uint8_t more = 0;
  return ::read(descriptor, &more, 1) == 0;
}

Result<SigningKey> parse_key_file(const SecretBytes& content,
                                  const fs::path& path) {
  auto seed = allocate_secret(SigningKey::seed_size);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): byte to char
  const auto* text = reinterpret_cast<const char*>(content.get());
  std::size_t size = 0;
  // libsodium reads capital letters as well.
  auto is_capital = [](char c) { return c >= 'A' && c <= 'F'; };
  bool valid =
      std::memcmp(text, header.data(), header.size()) == 0 &&
      std::none_of(text + header.size(), text + file_size, is_capital) &&
      text[file_size - 1] == '\n' &&
      sodium_hex2bin(seed.get(), SigningKey::seed_size, text + header.size(),
                     digits, nullptr, &size, nullptr) == 0 &&
      size == SigningKey::seed_size;
  if (!valid) return key_error(path.string() + " is not a key file");
  return SigningKey::from_seed(
      std::span<const std::uint8_t, SigningKey::seed_size>{
          seed.get(), SigningKey::seed_size});
}

Status wipe_and_remove(const fs::path& path) {
  FileHandle file{::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.open()) return system_error("open", path);
  const Bytes zeros(file_size);
  if (auto written = write_all(file.get(), zeros, path); !written)
    return written;
  if (::fsync(file.get()) != 0) return system_error("sync", path);
  if (::unlink(path.c_str()) != 0) return system_error("remove", path);
  return {};
}

}  // namespace

Result<std::unique_ptr<FileKeyStore>> FileKeyStore::open(
    const fs::path& directory) {
  if (auto made = make_directory(directory, 0700); !made) return made.error();
  FileHandle handle{
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle.open()) return system_error("open", directory);
  if (auto checked = check_private(handle.get(), directory, 0700); !checked)
    return checked.error();
  return std::unique_ptr<FileKeyStore>{new FileKeyStore{directory}};
}

Result<SigningKey> FileKeyStore::create() {
  auto key = SigningKey::generate();
  auto path = file_of(key.public_key());
  auto content = allocate_secret(file_size + 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char to byte
  auto* text = reinterpret_cast<char*>(content.get());
  std::memcpy(text, header.data(), header.size());
  key.with_seed([&](auto seed) {
    sodium_bin2hex(text + header.size(), digits + 1, seed.data(), seed.size());
  });
  text[file_size - 1] = '\n';
  if (auto stored = replace_file(path, {content.get(), file_size}, 0600);
      !stored)
    return stored.error();
  return key;
}

Result<SigningKey> FileKeyStore::load(const PublicKey& key) {
  auto path = file_of(key);
  FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.open()) {
    if (errno == ENOENT)
      return key_error(
          "the private key that signs this ledger is not in " +
          directory_.string() +
          "; a ledger whose key is lost can be read but never appended to");
    return key_error(system_error("open", path).message);
  }
  if (auto checked = check_private(file.get(), path, 0600); !checked)
    return checked.error();
  auto content = allocate_secret(file_size);
  if (!read_exactly(file.get(), content.get(), file_size))
    return key_error(path.string() + " is not a key file");
  auto loaded = parse_key_file(content, path);
  if (loaded && loaded->public_key() != key)
    return key_error(path.string() + " holds another key than its name says");
  return loaded;
}

Status FileKeyStore::retire_all_but(const PublicKey& current) {
  auto kept = file_of(current);
  std::error_code error;
  // Without it there would be none left.
  if (!fs::exists(kept, error))
    return Error{ErrorCode::key, "there is no key " + kept.string()};
  for (const auto& item : fs::directory_iterator{directory_, error}) {
    bool is_key = item.path().extension() == extension ||
                  item.path().extension() == ".new";
    if (!is_key || item.path() == kept) continue;
    if (auto removed = wipe_and_remove(item.path()); !removed) return removed;
  }
  if (error)
    return Error{ErrorCode::io,
                 "cannot list " + directory_.string() + ": " + error.message()};
  return sync_directory(directory_);
}

fs::path FileKeyStore::file_of(const PublicKey& key) const {
  return directory_ / (key.hex() + std::string{extension});
}

}  // namespace ppn::store
