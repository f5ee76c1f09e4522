#include "runtime/state_directory_linux.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/peer_linux.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;

store::Status prepare_state_directory(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT) return store::system_error("look at", directory);
    return store::make_directory(directory, S_IRWXU);
  }
  if (!S_ISDIR(status.st_mode))
    return Error{ErrorCode::bad_input,
                 fmt::format("{} is no directory", directory.string())};
  if (status.st_uid != ::geteuid())
    return Error{
        ErrorCode::permission,
        fmt::format("{} belongs to {}, and this program runs as {}: run it as "
                    "{}, or name another directory with --state-dir",
                    directory.string(), user_name(status.st_uid),
                    user_name(::geteuid()), user_name(status.st_uid))};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{ErrorCode::permission,
                 fmt::format("others may enter {}, where the node's keys are: "
                             "chmod 700 {}",
                             directory.string(), directory.string())};
  return {};
}

std::optional<std::uint64_t> free_space(
    const std::filesystem::path& directory) {
  struct statvfs system {};
  if (::statvfs(directory.c_str(), &system) != 0) return std::nullopt;
  return std::uint64_t{system.f_bavail} * system.f_frsize;
}

bool is_on_same_disk(const std::filesystem::path& one,
                     const std::filesystem::path& other) {
  struct stat first {};
  struct stat second {};
  return ::stat(one.c_str(), &first) == 0 &&
         ::stat(other.c_str(), &second) == 0 && first.st_dev == second.st_dev;
}

}  // namespace ppn::runtime
