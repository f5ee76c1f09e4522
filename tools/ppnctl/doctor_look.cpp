// What ppnctl doctor sees, as it is.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tools/ppnctl/answer.hpp"
#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/clock.hpp"
#include "tools/ppnctl/connection.hpp"
#include "tools/ppnctl/doctor.hpp"

namespace ppn::ctl {

namespace {

/// The group that the directory of the socket lets in. Nobody is to be made a
/// member of root's.
std::optional<std::string> group_of(const std::string& socket) {
  struct stat file {};
  auto directory = std::filesystem::path{socket}.parent_path();
  if (::stat(directory.c_str(), &file) != 0) return std::nullopt;
  if ((file.st_mode & S_IXGRP) == 0 || file.st_gid == 0) return std::nullopt;
  const auto* group = ::getgrgid(file.st_gid);
  return group == nullptr ? std::to_string(file.st_gid) : group->gr_name;
}

std::string own_name() {
  const auto* user = ::getpwuid(::getuid());
  return user == nullptr ? std::to_string(::getuid()) : user->pw_name;
}

FileFacts look_at_file(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {.error = errno};
  return {.is_directory = S_ISDIR(file.st_mode),
          .owner = file.st_uid,
          .mode = file.st_mode & 07777U};
}

DiskFacts look_at_disk(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return {.error = errno};
  return {.bytes_free = std::uint64_t{disk.f_bavail} * disk.f_frsize,
          .inodes = disk.f_files,
          .inodes_free = disk.f_favail};
}

bool clock_is_synchronised() {
  timex clock{};
  auto state = ::adjtimex(&clock);
  return state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
}

Result<Status> ask_status(const Client& client) {
  auto document = client.get("/v1/status");
  if (!document) return document.error();
  return read_status(*document);
}

Result<Entry> ask_newest(const Client& client) {
  auto document = client.get("/v1/ledger/entries?last=1");
  if (!document) return document.error();
  auto page = read_entry_page(*document);
  if (!page) return page.error();
  if (page->entries.empty()) return Failure{exit_failed, "there is no entry"};
  return page->entries.back();
}

Result<std::optional<Mesh>> ask_mesh(const Client& client) {
  auto document = client.get("/v1/mesh");
  if (!document) return document.error();
  return read_mesh(*document);
}

Result<Peers> ask_peers(const Client& client) {
  auto document = client.get("/v1/peers");
  if (!document) return document.error();
  return read_peers(*document);
}

Result<Vms> ask_guests(const Client& client) {
  auto document = client.get("/v1/vms");
  if (!document) return document.error();
  return read_vms(*document);
}

}  // namespace

Seen look_around(const std::string& socket) {
  Failure not_asked{exit_not_running, "ppnd could not be asked"};
  Seen seen{.socket = socket,
            .socket_exists = look_at_file(socket).error == 0,
            .group = group_of(socket),
            .user = own_name(),
            .daemon = {},
            .connecting = {},
            .status = not_asked,
            .newest = not_asked,
            .mesh = not_asked,
            .peers = not_asked,
            .guests = not_asked,
            .state_dir = {},
            .disk = {},
            .synchronised = clock_is_synchronised(),
            .now_ns = 0};
  if (auto connection = Connection::open(socket)) {
    seen.daemon = connection->peer_user();
    Client client{socket};
    seen.status = ask_status(client);
    seen.newest = ask_newest(client);
    seen.mesh = ask_mesh(client);
    seen.peers = ask_peers(client);
    seen.guests = ask_guests(client);
  } else {
    seen.connecting = connection.error();
  }
  if (seen.status) {
    seen.state_dir = look_at_file(seen.status->state_dir);
    seen.disk = look_at_disk(seen.status->state_dir);
  }
  // After the newest entry, which would else seem to come from the future.
  seen.now_ns = clock_now_ns();
  return seen;
}

}  // namespace ppn::ctl
