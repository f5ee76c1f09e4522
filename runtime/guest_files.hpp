// The files of guests: a folder for what each keeps, and one for what lasts no
// longer than its process.
//
//   guest_dir/guests/ID/       0700, the guests' user
//     NAME.qcow2, NAME.raw     its disks
//     seed/                    see cloud_init.hpp
//     console.log, qemu.log
//   run_dir/ID/                0700, the guests' user
//
// A guest that broke out of its QEMU has that user's rights, and may have put
// links in the place of files. So what is in such a folder is not reached by
// its path: each step is opened in the one above, and no link is followed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "events/vm_spec.hpp"
#include "runtime/image_store.hpp"
#include "store/files.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// Whom the processes of guests run as.
struct GuestUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

// -- folders that somebody else may write
// --------------------------------------

struct Folder {
  store::FileHandle handle;
  /// For what is said of it.
  std::filesystem::path path;
};

/// not_found, io; also if the last step is a link.
store::Result<Folder> open_folder(const std::filesystem::path& path);
store::Result<Folder> open_folder_in(const Folder& above,
                                     const std::string& name);

/// Makes it, with mode 0711, if it is not there, and opens it by its real path.
/// permission if somebody else may write it, io.
store::Result<Folder> make_own_folder(const std::filesystem::path& path);

/// Of a folder, or of a file in one.
struct FolderRights {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0;
};

/// Makes it if it is not there, and gives it those rights. permission, io.
store::Result<Folder> make_folder_in(const Folder& above,
                                     const std::string& name,
                                     const FolderRights& rights);

/// A regular file; `flags` are those of open(2). not_found, bad_input if it is
/// something else, permission, io.
store::Result<store::FileHandle> open_file_in(const Folder& above,
                                              const std::string& name,
                                              int flags);

/// A new one with that content, durable but for its name. io.
store::Status write_file_in(const Folder& above, const std::string& name,
                            ByteView content, const FolderRights& rights);

/// A file, or a folder with all that is in it; nothing if it is not there. io.
store::Status remove_in(const Folder& above, const std::string& name);

/// Calls it with each name, in no order, until it fails.
store::Status for_each_in(
    const Folder& folder,
    const std::function<store::Status(const std::string&)>& visit);

/// Makes the names in it durable. io.
store::Status sync_folder(const Folder& folder);

// -- guests
// --------------------------------------------------------------------

struct GuestPlaces {
  std::filesystem::path guest_dir;
  std::filesystem::path run_dir;
  GuestUser user;
  /// Empty: where $PATH has it.
  std::filesystem::path qemu_img = {};
  /// How long that may take for one disk.
  std::chrono::milliseconds patience = std::chrono::seconds{30};
};

/// Any thread may call it, for one guest one at a time.
class GuestFiles {
 public:
  /// Makes the places, as far as they are missing. permission if this program
  /// may not give files to the guests' user, io.
  static store::Result<GuestFiles> open(GuestPlaces places);

  [[nodiscard]] std::filesystem::path folder_of(const Id& guest) const;
  [[nodiscard]] std::filesystem::path run_folder_of(const Id& guest) const;
  [[nodiscard]] std::filesystem::path disk_of(const Id& guest,
                                              const events::VmDisk& disk) const;

  /// All guests that have a folder.
  [[nodiscard]] store::Result<std::vector<Id>> list() const;

  /// Its two folders, as far as they are missing. io.
  [[nodiscard]] store::Status make_folders(const Id& guest) const;

  /// Those, and the disks that are missing; what is there already stays as it
  /// is. Checks all images that it is made of, for which progress is told.
  /// bad_input if no disk can be so, not_found if an image is missing, damaged
  /// if one is, disk_full, io.
  [[nodiscard]] store::Status make(const Id& guest, const events::VmSpec& spec,
                                   ImageStore& images,
                                   const Progress& progress = {}) const;

  /// All of it; nothing if it is gone already. io.
  [[nodiscard]] store::Status remove(const Id& guest) const;

  /// Bytes that its files take up on the file system. not_found, io.
  [[nodiscard]] store::Result<std::uint64_t> usage(const Id& guest) const;

 private:
  explicit GuestFiles(GuestPlaces places) : places_(std::move(places)) {}

  struct DiskToMake {
    const events::VmDisk& disk;
    std::uint64_t bytes;
  };

  [[nodiscard]] store::Status make_disk(const Folder& folder,
                                        const DiskToMake& disk,
                                        const ImageStore& images) const;
  [[nodiscard]] store::Status make_qcow2(const Folder& folder,
                                         const std::string& name,
                                         const DiskToMake& disk,
                                         const ImageStore& images) const;

  GuestPlaces places_;
};

}  // namespace ppn::runtime
