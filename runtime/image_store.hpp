// Images: what disks of guests lie on, and kernels that are started directly.
// Each has the name of its own content, so that it can be checked at any time:
//
//   guest_dir/images/DIGEST.qcow2, DIGEST.raw   0440, the guests' group
//   guest_dir/images/incoming/                  copies that are not complete
//   guest_dir/images/incoming/DIGEST.part       what came of one from elsewhere
//
// QEMU opens whatever a qcow2 file says that it is only a part of. So one that
// names any other file is no image here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "schema/fixed_bytes.hpp"
#include "schema/vm_generated.h"
#include "store/files.hpp"
#include "store/hash.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// Room on the file system that images leave alone.
inline constexpr std::uint64_t image_reserve_bytes = std::uint64_t{64} << 20U;

/// Is told how many bytes of how many are done; false: go no further.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Bytes that may still be written below a directory; nothing if nobody can
/// tell.
using FreeSpace =
    std::function<std::optional<std::uint64_t>(const std::filesystem::path&)>;

struct ImageHead {
  schema::DiskFormat format = schema::DiskFormat::raw;
  /// What a guest sees, in whole sectors.
  std::uint64_t guest_bytes = 0;
};

/// How much of an image's beginning read_image_head() looks at.
inline constexpr std::size_t image_head_bytes = 104;

/// `head` is the first image_head_bytes of a file of that many, or all of it.
/// bad_input if it is a qcow2 file that is more than itself, or that QEMU would
/// not open.
store::Result<ImageHead> read_image_head(ByteView head,
                                         std::uint64_t file_bytes);

struct Image {
  Hash digest;
  /// Of the file.
  std::uint64_t size = 0;
  schema::DiskFormat format = schema::DiskFormat::raw;

  bool operator==(const Image&) const = default;
};

struct AddedImage {
  Image image;
  bool was_there = false;
};

class IncomingImage;

/// Any thread may call it. add() and verify() take as long as all of the file
/// takes to be read.
class ImageStore {
 public:
  /// Makes the places, as far as they are missing. `readers` is the group of
  /// the guests' user. permission, io.
  static store::Result<std::unique_ptr<ImageStore>> open(
      const std::filesystem::path& guest_dir, gid_t readers,
      FreeSpace free_space = {});

  /// Copies a regular file, from its beginning. bad_input if it can be no
  /// image, or changes meanwhile; disk_full; io, also if progress wants it to
  /// go no further.
  store::Result<AddedImage> add(int descriptor, const Progress& progress = {});

  /// For an image that comes from elsewhere, and is to be just that. Goes on
  /// where the last one of that digest ended: what is there is read again. One
  /// at a time for each digest, and none outlives this. bad_input if nothing
  /// can be so; disk_full; damaged if what is there can not become it, and is
  /// gone; io, also if it is being received already, or progress wants it to go
  /// no further.
  store::Result<std::unique_ptr<IncomingImage>> receive(
      const Image& promised, const Progress& progress = {});

  /// All that are there, by digest.
  [[nodiscard]] store::Result<std::vector<Image>> list() const;

  /// Nothing if it is not there.
  [[nodiscard]] std::optional<Image> find(const Hash& digest) const;
  [[nodiscard]] std::optional<std::filesystem::path> path_of(
      const Hash& digest) const;

  /// What a guest sees of it. not_found, io, and those of read_image_head().
  [[nodiscard]] store::Result<std::uint64_t> guest_bytes_of(
      const Hash& digest) const;

  /// Whether its content is still what its name says. Reads it, unless it did
  /// so before and the file was not touched since. not_found, damaged, io, also
  /// if progress wants it to go no further.
  store::Status verify(const Hash& digest, const Progress& progress = {});

  /// not_found, io. Who has it open keeps it.
  store::Status remove(const Hash& digest);

  /// Removes copies that were not completed, and says how many: before the
  /// first add() and receive(). What came of an image that is still missing
  /// stays for a week. io.
  [[nodiscard]] store::Result<std::size_t> sweep() const;

 private:
  friend class IncomingImage;

  /// The same as long as nobody touches a file.
  struct Touch {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const Touch&) const = default;
  };

  ImageStore(std::filesystem::path images, gid_t readers, FreeSpace free_space);

  static std::optional<Touch> touch_of(int file);
  [[nodiscard]] bool is_verified(const Hash& digest, const Touch& touch) const;
  void remember(const Hash& digest, const Touch& touch);

  /// Has a file that was read whole moved to where it is kept, unless it is
  /// known to be there. io.
  store::Result<AddedImage> place(
      const Image& image, int file,
      const std::function<store::Status(const std::filesystem::path&)>& move);

  [[nodiscard]] std::filesystem::path part_of(const Hash& digest) const;
  void end_receiving(const Hash& digest);

  std::filesystem::path images_;
  gid_t readers_;
  FreeSpace free_space_;
  /// So that of several copies of one image the first is kept.
  std::mutex placing_;
  mutable std::mutex mutex_;
  std::map<Hash, Touch> verified_;
  std::set<Hash> receiving_;
};

/// An image that comes in pieces. They are kept when this ends, for the next
/// one to go on from there. One thread at a time.
class IncomingImage {
 public:
  ~IncomingImage();
  IncomingImage(const IncomingImage&) = delete;
  IncomingImage& operator=(const IncomingImage&) = delete;

  /// How many bytes are there.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  /// Those that come next. After an error it is of no more use. bad_input if
  /// they are more than were promised; damaged if they can not be its
  /// beginning, and all that came is gone; disk_full, io.
  store::Status write(ByteView piece);

  /// Once all have come: keeps it like one that was added. bad_input if some
  /// are missing; damaged if they are something else, and are gone; io.
  store::Result<AddedImage> finish();

 private:
  friend class ImageStore;

  IncomingImage(ImageStore& images, const Image& promised);

  store::Status open(const Progress& progress);
  /// What is there already.
  store::Status read_on(std::uint64_t size, const Progress& progress);
  /// Once enough of it is there.
  store::Status check_head();
  store::Error drop(const std::string& why);

  ImageStore& images_;
  Image promised_;
  std::filesystem::path path_;
  store::FileHandle file_;
  store::Sha256 hash_;
  std::uint64_t offset_ = 0;
  std::uint64_t unsynced_ = 0;
  bool is_head_good_ = false;
};

}  // namespace ppn::runtime
