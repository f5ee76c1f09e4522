#include "runtime/keeper/run_directory_linux.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;

namespace {

constexpr std::array<std::string_view, 5> all_kinds{
    guest_sockets[0], guest_sockets[1], guest_sockets[2], end_note,
    ".ended.new"};

/// The start that a name is of; nothing if it is of none.
std::optional<std::uint64_t> start_of(const std::string& name) {
  std::uint64_t start = 0;
  const auto* end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data(), end, start);
  auto is_name = [&](std::string_view kind) {
    return name_of(start, kind) == name;
  };
  bool is_of_one = error == std::errc{} &&
                   std::any_of(all_kinds.begin(), all_kinds.end(), is_name);
  return is_of_one ? std::optional{start} : std::nullopt;
}

std::string path_of(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

/// By what a socket of this name can be made, however long its path is.
std::string path_to_bind(const RunDirectory& directory,
                         const std::string& name) {
  auto path = directory.path() / name;
  // QEMU removes it by that path when it exits.
  if (path.native().size() < sizeof sockaddr_un::sun_path) return path.native();
  return path_of(directory.get()) + "/" + name;
}

/// Binds or connects a socket.
template <class Call>
int call_with(Call call, int socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it takes it
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  return call(socket, any, sizeof address);
}

/// Fails also if there can be no more sockets.
int connect_as(int type, FileHandle& socket, const FileHandle& named) {
  socket =
      FileHandle{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.open()) return -1;
  return call_with(::connect, socket.get(), path_of(named.get()));
}

/// Whether any process has the socket open. It is asked for as a type that it
/// is not, so that nothing arrives there.
bool is_held(const FileHandle& named) {
  FileHandle socket;
  return connect_as(SOCK_SEQPACKET, socket, named) == 0 ||
         errno != ECONNREFUSED;
}

}  // namespace

std::string name_of(std::uint64_t start, std::string_view kind) {
  return std::to_string(start).append(kind);
}

store::Result<RunDirectory> RunDirectory::open(const fs::path& path) {
  FileHandle handle{
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!handle.open()) return system_error("open", path);
  return RunDirectory{path, std::move(handle)};
}

store::Status RunDirectory::check() const {
  struct stat status {};
  if (::fstat(get(), &status) != 0) return system_error("look at", path_);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return Error{ErrorCode::permission,
               "others may enter " + path_.string() +
                   ", where a guest's monitor is: chmod 700 " + path_.string()};
}

store::Result<std::set<std::uint64_t>> RunDirectory::starts() const {
  std::set<std::uint64_t> found;
  std::error_code error;
  for (fs::directory_iterator entry{path_, error}, none;
       !error && entry != none; entry.increment(error))
    if (auto start = start_of(entry->path().filename().string()))
      found.insert(*start);
  if (error)
    return Error{ErrorCode::io,
                 "cannot read " + path_.string() + ": " + error.message()};
  return found;
}

store::Result<FileHandle> RunDirectory::find_socket(
    const std::string& name) const {
  FileHandle named{
      ::openat(get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  if (!named.open() && errno == ENOENT) return named;
  struct stat status {};
  if (!named.open() || ::fstat(named.get(), &status) != 0)
    return system_error("look at", path_ / name);
  if (!S_ISSOCK(status.st_mode) || status.st_uid != ::geteuid())
    return FileHandle{};
  return named;
}

store::Result<Contact> RunDirectory::contact(std::uint64_t start,
                                             std::string_view socket) const {
  using State = Contact::State;
  auto name = name_of(start, socket);
  auto named = find_socket(name);
  if (!named) return named.error();
  if (!named->open()) return Contact{};
  FileHandle connection;
  if (connect_as(SOCK_STREAM, connection, *named) == 0)
    return Contact{State::connected, std::move(connection)};
  if (errno == EAGAIN) return Contact{State::taken};
  if (errno != ECONNREFUSED) return system_error("connect to", path_ / name);
  return Contact{is_held(*named) ? State::under_way : State::dead};
}

bool RunDirectory::may_live(std::uint64_t start) const {
  auto named = find_socket(name_of(start, control_socket));
  return !named || (named->open() && is_held(*named));
}

void RunDirectory::remove(std::uint64_t start, std::string_view kind) const {
  ::unlinkat(get(), name_of(start, kind).c_str(), 0);
}

void RunDirectory::forget(std::uint64_t start) const {
  for (auto kind : all_kinds) remove(start, kind);
}

StartSockets::~StartSockets() {
  if (stay_) return;
  for (std::size_t made = 0; made < handles_.size(); ++made)
    directory_.remove(start_, guest_sockets.at(made));
}

store::Status StartSockets::bind() {
  for (auto kind : guest_sockets) {
    auto name = name_of(start_, kind);
    FileHandle socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket.open() ||
        call_with(::bind, socket.get(), path_to_bind(directory_, name)) != 0)
      return system_error("make the socket", directory_.path() / name);
    handles_.push_back(std::move(socket));
  }
  return {};
}

}  // namespace ppn::runtime
