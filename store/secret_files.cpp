#include "store/secret_files.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "store/files.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t digits = SecretFiles::secret_size * 2;

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

/// The secret in a whole file; null if that has another form.
SecretBytes parse(const SecretBytes& content, std::string_view header) {
  auto secret = allocate_secret(SecretFiles::secret_size);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): byte to char
  const auto* text = reinterpret_cast<const char*>(content.get());
  const auto* hex = text + header.size();
  std::size_t size = 0;
  // libsodium reads capital letters as well.
  auto is_capital = [](char c) { return c >= 'A' && c <= 'F'; };
  bool valid = std::memcmp(text, header.data(), header.size()) == 0 &&
               std::none_of(hex, hex + digits, is_capital) &&
               hex[digits] == '\n' &&
               sodium_hex2bin(secret.get(), SecretFiles::secret_size, hex,
                              digits, nullptr, &size, nullptr) == 0 &&
               size == SecretFiles::secret_size;
  return valid ? std::move(secret) : nullptr;
}

}  // namespace

Result<SecretFiles> SecretFiles::open(const fs::path& directory,
                                      const SecretFileKind& kind) {
  if (auto made = make_directory(directory, 0700); !made) return made.error();
  FileHandle handle{
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle.open()) return system_error("open", directory);
  if (auto checked = check_private(handle.get(), directory, 0700); !checked)
    return checked.error();
  return SecretFiles{directory, kind};
}

Status SecretFiles::write(const std::string& name, Secret secret) const {
  // libsodium ends the digits with a zero, where the line feed is to be.
  auto content = allocate_secret(file_size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char to byte
  auto* text = reinterpret_cast<char*>(content.get());
  std::memcpy(text, kind_.header.data(), kind_.header.size());
  sodium_bin2hex(text + kind_.header.size(), digits + 1, secret.data(),
                 secret.size());
  text[file_size() - 1] = '\n';
  return replace_file(file_of(name), {content.get(), file_size()}, 0600);
}

Result<SecretBytes> SecretFiles::read(const std::string& name) const {
  auto path = file_of(name);
  FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.open()) {
    auto error = system_error("open", path);
    if (error.code == ErrorCode::not_found) return error;
    return key_error(error.message);
  }
  if (auto checked = check_private(file.get(), path, 0600); !checked)
    return checked.error();
  auto content = allocate_secret(file_size());
  auto secret = read_exactly(file.get(), content.get(), file_size())
                    ? parse(content, kind_.header)
                    : nullptr;
  if (!secret) return key_error(path.string() + " is not a key file");
  return secret;
}

Status SecretFiles::retire_all_but(
    const std::vector<std::string>& names) const {
  std::error_code error;
  // Without the first there might be none left.
  if (auto first = file_of(names.front()); !fs::exists(first, error))
    return key_error("there is no key " + first.string());
  std::set<fs::path> kept;
  for (const auto& name : names) kept.insert(file_of(name));
  return wipe_all_but(kept);
}

Status SecretFiles::retire_all() const { return wipe_all_but({}); }

Status SecretFiles::wipe_all_but(const std::set<fs::path>& kept) const {
  std::error_code error;
  for (const auto& item : fs::directory_iterator{directory_, error}) {
    if (!is_of_kind(item.path()) || kept.contains(item.path())) continue;
    if (auto removed = wipe_and_remove(item.path()); !removed) return removed;
  }
  if (error) return system_error("list", directory_, error);
  return sync_directory(directory_);
}

fs::path SecretFiles::file_of(const std::string& name) const {
  return directory_ / (name + std::string{kind_.extension});
}

std::size_t SecretFiles::file_size() const {
  return kind_.header.size() + digits + 1;
}

/// Also what an interrupted write left behind.
bool SecretFiles::is_of_kind(const fs::path& file) const {
  return file.extension() == kind_.extension ||
         (file.extension() == ".new" &&
          file.stem().extension() == kind_.extension);
}

Status SecretFiles::wipe_and_remove(const fs::path& file) const {
  FileHandle handle{::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!handle.open()) return system_error("open", file);
  const Bytes zeros(file_size());
  if (auto written = write_all(handle.get(), zeros, file); !written)
    return written;
  if (::fsync(handle.get()) != 0) return system_error("sync", file);
  if (::unlink(file.c_str()) != 0) return system_error("remove", file);
  return {};
}

}  // namespace ppn::store
