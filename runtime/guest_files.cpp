#include "runtime/guest_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "events/mesh.hpp"
#include "runtime/open_as_linux.hpp"
#include "runtime/program_linux.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using events::VmDisk;
using schema::DiskFormat;
using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;

namespace {

/// Nothing of ours is as deep in a guest's folder.
constexpr int depth_max = 8;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

// -- folders that somebody else may write -------------------------------------

store::Status give(int descriptor, const FolderRights& rights,
                   const fs::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_error("look at", path);
  // Who may not give files away may still have them as they are to be.
  if ((status.st_uid != rights.uid || status.st_gid != rights.gid) &&
      ::fchown(descriptor, rights.uid, rights.gid) != 0)
    return system_error("give to its user", path);
  if ((status.st_mode & 07777U) != rights.mode &&
      ::fchmod(descriptor, rights.mode) != 0)
    return system_error("change the mode of", path);
  return {};
}

store::Status sync_file(int file, const fs::path& path) {
  if (::fsync(file) != 0) return system_error("sync", path);
  return {};
}

store::Result<FileHandle> create_in(const Folder& above,
                                    const std::string& name,
                                    const FolderRights& rights) {
  auto path = above.path / name;
  FileHandle file{::openat(above.handle.get(), name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                           S_IRUSR | S_IWUSR)};
  if (!file.open()) return system_error("create", path);
  if (auto given = give(file.get(), rights, path); !given) return given.error();
  return file;
}

/// Of one that is walked through: nothing that is mounted there belongs to it.
store::Result<Folder> open_below(const Folder& above, const std::string& name,
                                 int depth) {
  auto path = above.path / name;
  if (depth == depth_max)
    return Error{ErrorCode::io,
                 path.string() + " is deeper than anything that was made here"};
  auto folder = open_folder_in(above, name);
  if (!folder) return folder;
  struct stat status {};
  struct stat status_above {};
  if (::fstat(folder->handle.get(), &status) != 0 ||
      ::fstat(above.handle.get(), &status_above) != 0)
    return system_error("look at", path);
  if (status.st_dev != status_above.st_dev)
    return Error{ErrorCode::io, path.string() + " is another file system"};
  return folder;
}

store::Status remove_below(const Folder& above, const std::string& name,
                           int depth);

store::Status clear(const Folder& folder, int depth) {
  return for_each_in(folder, [&](const std::string& name) {
    return remove_below(folder, name, depth);
  });
}

store::Status remove_below(const Folder& above, const std::string& name,
                           int depth) {
  auto path = above.path / name;
  if (::unlinkat(above.handle.get(), name.c_str(), 0) == 0 || errno == ENOENT)
    return {};
  // So it is a folder; which of the two it is depends on the system.
  if (errno != EISDIR && errno != EPERM) return system_error("remove", path);
  auto folder = open_below(above, name, depth);
  if (!folder) return folder.error();
  if (auto cleared = clear(*folder, depth + 1); !cleared) return cleared;
  if (::unlinkat(above.handle.get(), name.c_str(), AT_REMOVEDIR) == 0 ||
      errno == ENOENT)
    return {};
  return system_error("remove", path);
}

store::Status add_usage(const Folder& folder, int depth, std::uint64_t& bytes) {
  return for_each_in(folder, [&](const std::string& name) -> store::Status {
    struct stat status {};
    if (::fstatat(folder.handle.get(), name.c_str(), &status,
                  AT_SYMLINK_NOFOLLOW) != 0)
      // It may have gone in between.
      return errno == ENOENT ? store::Status{}
                             : system_error("look at", folder.path / name);
    constexpr std::uint64_t block = 512;
    bytes += static_cast<std::uint64_t>(status.st_blocks) * block;
    if (!S_ISDIR(status.st_mode)) return {};
    auto below = open_below(folder, name, depth);
    if (!below) return below.error();
    return add_usage(*below, depth + 1, bytes);
  });
}

// -- disks --------------------------------------------------------------------

const char* format_name(DiskFormat format) {
  return format == DiskFormat::qcow2 ? "qcow2" : "raw";
}

std::string file_name(const VmDisk& disk) {
  return disk.name + "." + format_name(disk.format);
}

bool is_file(const VmDisk& disk) { return disk.device.empty(); }

Error bad_disk(const VmDisk& disk, const std::string& why) {
  return {ErrorCode::bad_input, "disk " + disk.name + " " + why};
}

/// A name becomes part of a path here, so this is the last place to look at it.
store::Status check_disks(const std::vector<VmDisk>& disks) {
  std::set<std::string> names;
  for (const auto& disk : disks) {
    if (!is_file(disk)) continue;
    if (!events::is_member_name(disk.name))
      return Error{ErrorCode::bad_input,
                   "a disk has a name that can be none of a file"};
    if (disk.format != DiskFormat::qcow2 && disk.format != DiskFormat::raw)
      return bad_disk(disk, "has no format");
    if (disk.format == DiskFormat::raw && disk.base)
      return bad_disk(disk,
                      "is raw and can not lie on an image: make it qcow2");
    if (disk.size_mb > events::disk_mb_max)
      return bad_disk(disk, "is too large");
    if (disk.size_mb == 0 && !disk.base)
      return bad_disk(disk, "has neither a size nor an image below it");
    if (!names.insert(file_name(disk)).second)
      return bad_disk(disk, "is there twice");
  }
  return {};
}

/// How large a guest is to see it.
store::Result<std::uint64_t> size_of(const VmDisk& disk,
                                     const ImageStore& images) {
  auto size = disk.size_mb * mebibyte;
  if (!disk.base) return size;
  auto base = images.guest_bytes_of(*disk.base);
  if (!base) return base.error();
  if (size == 0) return *base;
  if (size < *base)
    return bad_disk(
        disk, fmt::format("has {} MB, and the image below it {} MB",
                          disk.size_mb, (*base + mebibyte - 1) / mebibyte));
  return size;
}

store::Status verify_all(const events::VmSpec& spec, ImageStore& images,
                         const Progress& progress) {
  for (const auto& digest : events::images_of(spec))
    if (auto good = images.verify(digest, progress); !good) return good;
  return {};
}

store::Status make_raw(const Folder& folder, const std::string& name,
                       std::uint64_t size, const FolderRights& rights) {
  auto file = create_in(folder, name, rights);
  if (!file) return file.error();
  if (::ftruncate(file->get(), static_cast<off_t>(size)) != 0)
    return system_error("make room for", folder.path / name);
  return sync_file(file->get(), folder.path / name);
}

/// Only what it wrote tells that it had no room.
Error disk_error(const Error& error) {
  if (error.message.find("No space left on device") == std::string::npos)
    return error;
  return {ErrorCode::disk_full, error.message + "; free some space"};
}

}  // namespace

store::Result<Folder> open_folder(const fs::path& path) {
  FileHandle handle{
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!handle.open()) return system_error("open", path);
  return Folder{std::move(handle), path};
}

store::Result<Folder> open_folder_in(const Folder& above,
                                     const std::string& name) {
  auto path = above.path / name;
  FileHandle handle{::openat(above.handle.get(), name.c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!handle.open()) return system_error("open", path);
  return Folder{std::move(handle), path};
}

store::Result<Folder> make_own_folder(const fs::path& path) {
  if (auto made = store::make_directory(path, 0711); !made) return made.error();
  std::error_code error;
  auto real = fs::canonical(path, error);
  errno = error.value();
  if (error) return system_error("find", path);
  auto folder = open_folder(real);
  if (!folder) return folder;
  struct stat status {};
  if (::fstat(folder->handle.get(), &status) != 0)
    return system_error("look at", real);
  bool is_ours = status.st_uid == ::geteuid() || status.st_uid == 0;
  if (is_ours && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return folder;
  return Error{ErrorCode::permission,
               "others may write " + real.string() +
                   ", where guests are kept: it should belong to the user of "
                   "this program, with mode 0711"};
}

store::Result<Folder> make_folder_in(const Folder& above,
                                     const std::string& name,
                                     const FolderRights& rights) {
  bool is_new = ::mkdirat(above.handle.get(), name.c_str(), S_IRWXU) == 0;
  if (!is_new && errno != EEXIST)
    return system_error("create directory", above.path / name);
  auto folder = open_folder_in(above, name);
  if (!folder) return folder.error();
  if (auto given = give(folder->handle.get(), rights, folder->path); !given)
    return given.error();
  if (!is_new) return folder;
  if (auto synced = sync_folder(above); !synced) return synced.error();
  return folder;
}

store::Result<FileHandle> open_file_in(const Folder& above,
                                       const std::string& name, int flags) {
  auto path = above.path / name;
  // Not to wait for the other end of what may be a pipe.
  FileHandle file{::openat(above.handle.get(), name.c_str(),
                           flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!file.open()) return system_error("open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("look at", path);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::bad_input, path.string() + " is no regular file"};
  return file;
}

store::Status write_file_in(const Folder& above, const std::string& name,
                            ByteView content, const FolderRights& rights) {
  auto file = create_in(above, name, rights);
  if (!file) return file.error();
  auto path = above.path / name;
  if (auto written = store::write_all(file->get(), content, path); !written)
    return written;
  return sync_file(file->get(), path);
}

store::Status remove_in(const Folder& above, const std::string& name) {
  return remove_below(above, name, 0);
}

store::Status for_each_in(
    const Folder& folder,
    const std::function<store::Status(const std::string&)>& visit) {
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  int own =
      ::openat(folder.handle.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return system_error("open", folder.path);
  std::unique_ptr<DIR, Close> directory{::fdopendir(own)};
  if (!directory) {
    ::close(own);
    return system_error("read", folder.path);
  }
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(directory.get());
    if (entry == nullptr)
      return errno == 0 ? store::Status{} : system_error("read", folder.path);
    std::string name{entry->d_name};
    if (name == "." || name == "..") continue;
    if (auto visited = visit(name); !visited) return visited;
  }
}

store::Status sync_folder(const Folder& folder) {
  return sync_file(folder.handle.get(), folder.path);
}

// -- guests -------------------------------------------------------------------

store::Result<GuestFiles> GuestFiles::open(GuestPlaces places) {
  // The guests' user passes through them and lists none.
  auto above = make_own_folder(places.guest_dir);
  if (!above) return above.error();
  auto run = make_own_folder(places.run_dir);
  if (!run) return run.error();
  auto guests =
      make_folder_in(*above, "guests", {::geteuid(), places.user.gid, 0710});
  if (!guests) return guests.error();
  places.guest_dir = above->path;
  places.run_dir = run->path;
  return GuestFiles{std::move(places)};
}

fs::path GuestFiles::folder_of(const Id& guest) const {
  return places_.guest_dir / "guests" / guest.hex();
}

fs::path GuestFiles::run_folder_of(const Id& guest) const {
  return places_.run_dir / guest.hex();
}

fs::path GuestFiles::disk_of(const Id& guest, const VmDisk& disk) const {
  return folder_of(guest) / file_name(disk);
}

store::Result<std::vector<Id>> GuestFiles::list() const {
  auto guests = open_folder(places_.guest_dir / "guests");
  if (!guests) return guests.error();
  std::vector<Id> ids;
  auto listed = for_each_in(*guests, [&](const std::string& name) {
    if (auto id = Id::parse_hex(name)) ids.push_back(*id);
    return store::Status{};
  });
  if (!listed) return listed.error();
  std::sort(ids.begin(), ids.end());
  return ids;
}

store::Status GuestFiles::make_folders(const Id& guest) const {
  const FolderRights rights{places_.user.uid, places_.user.gid, S_IRWXU};
  for (const auto& path : {folder_of(guest), run_folder_of(guest)}) {
    auto above = open_folder(path.parent_path());
    if (!above) return above.error();
    auto made = make_folder_in(*above, path.filename(), rights);
    if (!made) return made.error();
  }
  return {};
}

store::Status GuestFiles::make(const Id& guest, const events::VmSpec& spec,
                               ImageStore& images,
                               const Progress& progress) const {
  if (auto good = check_disks(spec.disks); !good) return good;
  if (auto good = verify_all(spec, images, progress); !good) return good;
  std::vector<DiskToMake> disks;
  for (const auto& disk : spec.disks) {
    if (!is_file(disk)) continue;
    auto size = size_of(disk, images);
    if (!size) return size.error();
    disks.push_back({disk, *size});
  }
  if (auto made = make_folders(guest); !made) return made;
  auto folder = open_folder(folder_of(guest));
  if (!folder) return folder.error();
  for (const auto& disk : disks)
    if (auto made = make_disk(*folder, disk, images); !made) return made;
  return {};
}

store::Status GuestFiles::make_disk(const Folder& folder,
                                    const DiskToMake& disk,
                                    const ImageStore& images) const {
  auto name = file_name(disk.disk);
  struct stat status {};
  if (::fstatat(folder.handle.get(), name.c_str(), &status,
                AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISREG(status.st_mode)) return {};
    return bad_disk(disk.disk, "is no regular file");
  }
  if (errno != ENOENT) return system_error("look at", folder.path / name);
  auto temporary = name + ".new";
  // What an interrupted attempt left behind.
  if (auto removed = remove_in(folder, temporary); !removed) return removed;
  const auto& user = places_.user;
  auto made = disk.disk.format == DiskFormat::raw
                  ? make_raw(folder, temporary, disk.bytes,
                             {user.uid, user.gid, S_IRUSR | S_IWUSR})
                  : make_qcow2(folder, temporary, disk, images);
  if (made && ::renameat(folder.handle.get(), temporary.c_str(),
                         folder.handle.get(), name.c_str()) != 0)
    made = system_error("rename", folder.path / temporary);
  if (made) return sync_folder(folder);
  static_cast<void>(remove_in(folder, temporary));
  return made;
}

store::Status GuestFiles::make_qcow2(const Folder& folder,
                                     const std::string& name,
                                     const DiskToMake& disk,
                                     const ImageStore& images) const {
  auto program = places_.qemu_img.empty() ? find_program("qemu-img")
                                          : std::optional{places_.qemu_img};
  if (!program)
    return Error{ErrorCode::not_found,
                 "qemu-img, which makes disks, is not installed; apt install "
                 "qemu-utils"};
  std::vector<std::string> words{"create", "-q", "-f", "qcow2"};
  if (const auto& base = disk.disk.base) {
    auto image = images.find(*base);
    auto path = images.path_of(*base);
    if (!image || !path)
      return Error{ErrorCode::not_found, "there is no image " + base->hex()};
    words.insert(words.end(), {"-b", *path, "-F", format_name(image->format)});
  }
  words.insert(words.end(), {name, std::to_string(disk.bytes)});
  if (auto ran =
          run_as({places_.user.uid, places_.user.gid},
                 {*program, words, folder.handle.get(), places_.patience});
      !ran)
    return disk_error(ran.error());
  auto file = open_file_in(folder, name, O_RDONLY);
  if (!file) return file.error();
  return sync_file(file->get(), folder.path / name);
}

store::Status GuestFiles::remove(const Id& guest) const {
  for (const auto& path : {run_folder_of(guest), folder_of(guest)}) {
    auto above = open_folder(path.parent_path());
    if (!above && above.error().code == ErrorCode::not_found) continue;
    if (!above) return above.error();
    if (auto removed = remove_in(*above, path.filename()); !removed)
      return removed;
    if (auto synced = sync_folder(*above); !synced) return synced;
  }
  return {};
}

store::Result<std::uint64_t> GuestFiles::usage(const Id& guest) const {
  auto folder = open_folder(folder_of(guest));
  if (!folder) return folder.error();
  std::uint64_t bytes = 0;
  if (auto added = add_usage(*folder, 0, bytes); !added) return added.error();
  return bytes;
}

}  // namespace ppn::runtime
