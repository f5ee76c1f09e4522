#include "runtime/console_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace ppn::runtime {

/// Its folder is the guests' user's, so no link in it is followed.
store::Result<store::FileHandle> open_console_log(
    const std::filesystem::path& guest_dir, const Id& vm) {
  auto guests = open_folder(guest_dir / "guests");
  if (!guests) return guests.error();
  auto folder = open_folder_in(*guests, vm.hex());
  if (!folder) return folder.error();
  return open_file_in(*folder, "console.log", O_RDONLY);
}

store::Result<ConsolePart> read_console_log(
    const std::filesystem::path& guest_dir, const Id& vm, std::uint64_t from,
    std::uint64_t limit) {
  ConsolePart part;
  auto log = open_console_log(guest_dir, vm);
  if (!log) {
    if (log.error().code == store::ErrorCode::not_found) return part;
    return log.error();
  }
  struct stat found {};
  if (::fstat(log->get(), &found) != 0)
    return store::system_error("look at", "a console's log");
  part.size = static_cast<std::uint64_t>(found.st_size);
  part.from = std::min(from, part.size);
  part.bytes.resize(std::min(limit, part.size - part.from));
  auto size = ::pread(log->get(), part.bytes.data(), part.bytes.size(),
                      static_cast<off_t>(part.from));
  if (size < 0) return store::system_error("read", "a console's log");
  part.bytes.resize(static_cast<std::size_t>(size));
  return part;
}

}  // namespace ppn::runtime
