#include "store/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ppn::store {

namespace fs = std::filesystem;

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error system_error(const std::string& tried, const fs::path& on) {
  return system_error(tried, on, {errno, std::generic_category()});
}

Error system_error(const std::string& tried, const fs::path& on,
                   const std::error_code& error) {
  auto message = "cannot " + tried + " " + on.string() + ": " + error.message();
  auto number = error.value();
  if (number == ENOENT) return {ErrorCode::not_found, message};
  if (number == ENOSPC || number == EDQUOT)
    return {ErrorCode::disk_full, message + "; free some space"};
  if (number == EACCES || number == EPERM)
    return {ErrorCode::permission, message};
  return {ErrorCode::io, message};
}

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  // Not to wait for the other end of what may be a pipe.
  FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file.open()) return system_error("open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("look at", path);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::bad_input, path.string() + " is no regular file"};
  std::string content;
  char buffer[16'384];
  for (;;) {
    auto got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit)
      return Error{ErrorCode::bad_input, path.string() + " is larger than " +
                                             std::to_string(limit) + " bytes"};
    content.append(buffer, static_cast<std::size_t>(got));
  }
}

Status write_all(int descriptor, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status replace_file(const fs::path& path, ByteView bytes, mode_t mode) {
  fs::path temporary = path;
  temporary += ".new";
  // What an interrupted attempt left behind is of no use to anyone.
  ::unlink(temporary.c_str());
  FileHandle file{::open(temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                         mode)};
  if (!file.open()) return system_error("create", temporary);
  auto written = write_all(file.get(), bytes, temporary);
  // Whatever the umask.
  if (written && ::fchmod(file.get(), mode) != 0)
    written = system_error("change the mode of", temporary);
  if (written && ::fsync(file.get()) != 0)
    written = system_error("sync", temporary);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = system_error("rename", temporary);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(path.parent_path());
}

Status sync_directory(const fs::path& path) {
  const auto& named = path.empty() ? fs::path{"."} : path;
  FileHandle directory{
      ::open(named.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory.open()) return system_error("open", named);
  if (::fsync(directory.get()) != 0) return system_error("sync", named);
  return {};
}

Status make_directory(const fs::path& path, mode_t mode) {
  struct stat status = {};
  if (path.empty()) return {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    errno = ENOTDIR;
    return system_error("create directory", path);
  }
  if (errno != ENOENT) return system_error("create directory", path);
  if (auto above = make_directory(path.parent_path(), mode); !above)
    return above;
  if (::mkdir(path.c_str(), mode) == 0) {
    // Whatever the mask of this process is.
    if (::chmod(path.c_str(), mode) != 0) return system_error("open", path);
  } else if (errno != EEXIST) {
    return system_error("create directory", path);
  }
  return sync_directory(path.parent_path());
}

}  // namespace ppn::store
