#include "runtime/image_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "events/vm_spec.hpp"
#include "runtime/guest_files.hpp"
#include "runtime/state_directory_linux.hpp"
#include "store/byte_order.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using schema::DiskFormat;
using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;

namespace {

// -- the header of qcow2 ------------------------------------------------------
//
//    0  magic "QFI\xfb"          32  method of encryption
//    4  version                  36  what of the file is where
//    8  offset of the name       72  bits that a reader must know   version 3
//       of a backing file        80  bits that it need not know
//   16  length of that name     100  length of this header
//   20  log2 of a cluster
//   24  size of the disk        All numbers are most significant byte first.

constexpr std::size_t header_bytes_2 = 72;
constexpr std::size_t header_bytes_3 = 104;
static_assert(image_head_bytes == header_bytes_3);

constexpr std::uint64_t corrupt = 1U << 1U;
constexpr std::uint64_t external_data = 1U << 2U;
/// With those that say how the file itself is written.
constexpr std::uint64_t known_features = 0x1f;

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t guest_bytes_max = events::disk_mb_max << 20U;

Error unfit(const std::string& why) {
  return {ErrorCode::bad_input, "this qcow2 file can be no image: " + why};
}

constexpr const char* flattens = "; \"qemu-img convert -O qcow2\" makes one";

std::uint64_t number_at(ByteView head, std::size_t offset, std::size_t size) {
  return store::from_big_endian(head.subspan(offset, size));
}

/// What only a header of version 3 has.
store::Status check_features(ByteView head, std::uint64_t cluster_bytes) {
  if (head.size() < header_bytes_3) return unfit("its header is cut short");
  auto length = number_at(head, 100, 4);
  if (length < header_bytes_3 || length % 8 != 0 || length > cluster_bytes)
    return unfit(fmt::format("its header has a length of {}", length));
  auto features = number_at(head, 72, 8);
  if ((features & external_data) != 0)
    return unfit(std::string{"its data are in another file"} + flattens +
                 " file of both");
  if ((features & corrupt) != 0)
    return unfit("it says that it is corrupt; \"qemu-img check\" tells more");
  if ((features & ~known_features) != 0)
    return unfit(fmt::format("it has features that are unknown here: {:#x}",
                             features & ~known_features));
  return {};
}

store::Result<std::uint64_t> read_qcow2_head(ByteView head) {
  if (head.size() < header_bytes_2) return unfit("its header is cut short");
  auto version = number_at(head, 4, 4);
  if (version != 2 && version != 3)
    return unfit(fmt::format("it is of version {}, and not 2 or 3", version));
  auto cluster_bits = number_at(head, 20, 4);
  if (cluster_bits < 9 || cluster_bits > 21)
    return unfit(fmt::format("its clusters have 2^{} bytes", cluster_bits));
  if (number_at(head, 8, 8) != 0)
    return unfit(std::string{"it lies on another file"} + flattens +
                 " file of both");
  if (number_at(head, 32, 4) != 0)
    return unfit(std::string{"it is encrypted"} + flattens + " that is not");
  auto size = number_at(head, 24, 8);
  if (size == 0 || size > guest_bytes_max)
    return unfit(fmt::format("its disk has {} bytes", size));
  if (version == 3)
    if (auto good = check_features(head, 1ULL << cluster_bits); !good)
      return good.error();
  return size;
}

// -- files --------------------------------------------------------------------

constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
/// What is written in between the file system is told to write out at once.
constexpr std::uint64_t unsynced_bytes_max = std::uint64_t{64} << 20U;

Error stopped() { return {ErrorCode::io, "it was told to go no further"}; }

/// Fills `buffer` from there on. bad_input if the file ends within.
store::Status read_piece(int file, const fs::path& path, std::uint64_t offset,
                         std::span<std::uint8_t> buffer) {
  while (!buffer.empty()) {
    auto got =
        ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path);
    if (got == 0)
      return Error{ErrorCode::bad_input, path.string() + " became shorter"};
    buffer = buffer.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

/// Calls `take` with piece after piece of the first `total` bytes.
template <class Take>
store::Status read_all(int file, const fs::path& path, std::uint64_t total,
                       const Progress& progress, Take&& take) {
  ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
  Bytes buffer(std::min<std::uint64_t>(piece_bytes, total));
  for (std::uint64_t done = 0;;) {
    if (progress && !progress(done, total)) return stopped();
    if (done == total) return {};
    auto piece = std::span{buffer}.first(
        std::min<std::uint64_t>(buffer.size(), total - done));
    if (auto read = read_piece(file, path, done, piece); !read) return read;
    if (auto taken = take(ByteView{piece}); !taken) return taken;
    done += piece.size();
  }
}

store::Result<Hash> hash_of(int file, const fs::path& path, std::uint64_t total,
                            const Progress& progress) {
  store::Sha256 hash;
  auto take = [&](ByteView piece) {
    hash.update(piece);
    return store::Status{};
  };
  if (auto read = read_all(file, path, total, progress, take); !read)
    return read.error();
  return hash.finish();
}

bool is_zero(ByteView bytes) {
  return bytes[0] == 0 &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// Leaves a hole for what is zero.
store::Status write_sparse(int file, ByteView bytes, const fs::path& path) {
  constexpr std::size_t block_bytes = 65'536;
  while (!bytes.empty()) {
    auto block = bytes.first(std::min(block_bytes, bytes.size()));
    if (!is_zero(block)) {
      if (auto written = store::write_all(file, block, path); !written)
        return written;
    } else if (::lseek(file, static_cast<off_t>(block.size()), SEEK_CUR) < 0) {
      return system_error("write", path);
    }
    bytes = bytes.subspan(block.size());
  }
  return {};
}

/// Else who syncs a small file meanwhile waits for all of this one.
store::Status sync_now_and_then(int file, const fs::path& path,
                                std::uint64_t& unsynced, std::size_t more) {
  unsynced += more;
  if (unsynced < unsynced_bytes_max) return {};
  unsynced = 0;
  if (::fdatasync(file) != 0) return system_error("sync", path);
  return {};
}

/// After all of it was written: for good, and as it is to be.
store::Status make_final(int file, const fs::path& path, std::uint64_t total,
                         gid_t readers) {
  struct stat status {};
  // What is zero at its end was not written.
  if (::ftruncate(file, static_cast<off_t>(total)) != 0)
    return system_error("write", path);
  if (::fstat(file, &status) != 0) return system_error("look at", path);
  if (status.st_gid != readers && ::fchown(file, status.st_uid, readers) != 0)
    return system_error("give to the guests' group", path);
  if (::fchmod(file, S_IRUSR | S_IRGRP) != 0)
    return system_error("change the mode of", path);
  if (::fsync(file) != 0) return system_error("sync", path);
  return {};
}

store::Status move_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return system_error("rename", from);
  return store::sync_directory(to.parent_path());
}

std::int64_t in_ns(const timespec& time) {
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

/// Where images are written, and how much more may be.
struct Room {
  const FreeSpace& free_space;
  const fs::path& directory;

  [[nodiscard]] store::Status check(std::uint64_t more) const {
    auto free = free_space(directory);
    if (!free || *free >= more + image_reserve_bytes) return {};
    return Error{ErrorCode::disk_full,
                 fmt::format("no room for an image in {}: it needs {} MB, and "
                             "{} MB are free, of which {} MB stay so; free "
                             "some space",
                             directory.string(), more >> 20U, *free >> 20U,
                             image_reserve_bytes >> 20U)};
  }
};

/// An image on its way; its file goes with it unless it was moved from there.
class Copy {
 public:
  static store::Result<Copy> begin(const fs::path& directory,
                                   std::uint64_t total) {
    auto pattern = (directory / "XXXXXX").string();
    FileHandle file{::mkostemp(pattern.data(), O_CLOEXEC)};
    if (!file.open()) return system_error("create a file in", directory);
    return Copy{std::move(file), pattern, total};
  }

  Copy(Copy&& other) noexcept
      : file_(std::move(other.file_)),
        path_(std::exchange(other.path_, {})),
        total_(other.total_) {}
  Copy& operator=(Copy&&) = delete;
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  ~Copy() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  store::Status take(ByteView piece) {
    if (!format_) {
      auto head = read_image_head(
          piece.first(std::min(piece.size(), image_head_bytes)), total_);
      if (!head) return head.error();
      format_ = head->format;
    }
    hash_.update(piece);
    if (auto written = write_sparse(file_.get(), piece, path_); !written)
      return written;
    return sync_now_and_then(file_.get(), path_, unsynced_, piece.size());
  }

  /// After all of it was taken.
  store::Result<Image> finish(gid_t readers) {
    if (auto made = make_final(file_.get(), path_, total_, readers); !made)
      return made.error();
    return Image{hash_.finish(), total_, format_.value_or(DiskFormat::raw)};
  }

  store::Status move_to(const fs::path& path) {
    auto moved = move_file(path_, path);
    if (moved) path_.clear();
    return moved;
  }

  [[nodiscard]] int file() const { return file_.get(); }

 private:
  Copy(FileHandle file, fs::path path, std::uint64_t total)
      : file_(std::move(file)), path_(std::move(path)), total_(total) {}

  FileHandle file_;
  fs::path path_;
  std::uint64_t total_;
  std::optional<DiskFormat> format_;
  store::Sha256 hash_;
  std::uint64_t unsynced_ = 0;
};

// -- names --------------------------------------------------------------------

constexpr auto formats = {DiskFormat::qcow2, DiskFormat::raw};

const char* suffix_of(DiskFormat format) {
  return format == DiskFormat::qcow2 ? ".qcow2" : ".raw";
}

std::string name_of(const Hash& digest, DiskFormat format) {
  return digest.hex() + suffix_of(format);
}

struct NamedImage {
  Hash digest;
  DiskFormat format = DiskFormat::raw;
};

std::optional<NamedImage> image_named(std::string_view name) {
  for (auto format : formats) {
    if (!name.ends_with(suffix_of(format))) continue;
    auto digest = Hash::parse_hex(
        name.substr(0, name.size() - std::strlen(suffix_of(format))));
    if (digest) return NamedImage{*digest, format};
  }
  return std::nullopt;
}

constexpr std::string_view part_suffix = ".part";
/// How long what came of an image waits for the rest.
constexpr auto part_age_max = std::chrono::hours{24 * 7};

std::optional<Hash> part_named(std::string_view name) {
  if (!name.ends_with(part_suffix)) return std::nullopt;
  return Hash::parse_hex(name.substr(0, name.size() - part_suffix.size()));
}

/// A file that was written lately.
bool is_fresh(const Folder& folder, const std::string& name) {
  struct stat status {};
  if (::fstatat(folder.handle.get(), name.c_str(), &status,
                AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(status.st_mode))
    return false;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return now - std::chrono::seconds{status.st_mtim.tv_sec} <= part_age_max;
}

Error no_image(const Hash& digest) {
  return {ErrorCode::not_found, "there is no image " + digest.hex()};
}

store::Result<FileHandle> open_image(const fs::path& path) {
  FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.open()) return system_error("open", path);
  return file;
}

}  // namespace

store::Result<ImageHead> read_image_head(ByteView head,
                                         std::uint64_t file_bytes) {
  constexpr std::string_view magic = "QFI\xfb";
  if (file_bytes == 0)
    return Error{ErrorCode::bad_input, "an empty file can be no image"};
  if (!store::as_text(head).starts_with(magic)) {
    auto sectors = (file_bytes + sector - 1) / sector;
    return ImageHead{DiskFormat::raw, sectors * sector};
  }
  auto bytes = read_qcow2_head(head);
  if (!bytes) return bytes.error();
  return ImageHead{DiskFormat::qcow2, (*bytes + sector - 1) / sector * sector};
}

ImageStore::ImageStore(fs::path images, gid_t readers, FreeSpace free_space)
    : images_(std::move(images)),
      readers_(readers),
      free_space_(free_space ? std::move(free_space)
                             : FreeSpace{runtime::free_space}) {}

store::Result<std::unique_ptr<ImageStore>> ImageStore::open(
    const fs::path& guest_dir, gid_t readers, FreeSpace free_space) {
  auto place = make_own_folder(guest_dir);
  if (!place) return place.error();
  auto images = make_folder_in(*place, "images", {::geteuid(), readers, 0750});
  if (!images) return images.error();
  auto incoming =
      make_folder_in(*images, "incoming", {::geteuid(), ::getegid(), 0700});
  if (!incoming) return incoming.error();
  return std::unique_ptr<ImageStore>{
      new ImageStore{images->path, readers, std::move(free_space)}};
}

// -- adding -------------------------------------------------------------------

store::Result<AddedImage> ImageStore::add(int descriptor,
                                          const Progress& progress) {
  constexpr const char* source = "the file";
  struct stat before {};
  if (::fstat(descriptor, &before) != 0) return system_error("look at", source);
  if (!S_ISREG(before.st_mode) || before.st_size == 0)
    return Error{ErrorCode::bad_input,
                 "an image is made from a regular file that is not empty"};
  auto total = static_cast<std::uint64_t>(before.st_size);
  // Its holes will be holes of the copy.
  auto allocated = static_cast<std::uint64_t>(before.st_blocks) * sector;
  Room room{free_space_, images_};
  if (auto enough = room.check(std::min(total, allocated)); !enough)
    return enough.error();
  auto copy = Copy::begin(images_ / "incoming", total);
  if (!copy) return copy.error();
  auto take = [&](ByteView piece) {
    auto enough = room.check(piece.size());
    return enough ? copy->take(piece) : enough;
  };
  if (auto read = read_all(descriptor, source, total, progress, take); !read)
    return read.error();
  struct stat after {};
  if (::fstat(descriptor, &after) != 0) return system_error("look at", source);
  if (after.st_size != before.st_size ||
      in_ns(after.st_mtim) != in_ns(before.st_mtim))
    return Error{ErrorCode::bad_input, "the file changed while it was read"};
  auto image = copy->finish(readers_);
  if (!image) return image.error();
  return place(*image, copy->file(),
               [&](const fs::path& to) { return copy->move_to(to); });
}

store::Result<AddedImage> ImageStore::place(
    const Image& image, int file,
    const std::function<store::Status(const fs::path&)>& move) {
  auto to = images_ / name_of(image.digest, image.format);
  std::lock_guard lock{placing_};
  bool was_there = find(image.digest).has_value();
  // What nobody has checked may be damaged, and what was just read is not.
  if (auto old = open_image(to)) {
    auto touch = touch_of(old->get());
    if (touch && is_verified(image.digest, *touch))
      return AddedImage{image, true};
  }
  if (auto moved = move(to); !moved) return moved.error();
  if (auto touch = touch_of(file)) remember(image.digest, *touch);
  return AddedImage{image, was_there};
}

// -- receiving ----------------------------------------------------------------

store::Result<std::unique_ptr<IncomingImage>> ImageStore::receive(
    const Image& promised, const Progress& progress) {
  if (promised.size == 0 || promised.size > guest_bytes_max)
    return Error{ErrorCode::bad_input,
                 fmt::format("an image can not have {} bytes", promised.size)};
  {
    std::lock_guard lock{mutex_};
    if (!receiving_.insert(promised.digest).second)
      return Error{ErrorCode::io, "image " + promised.digest.hex() +
                                      " is being fetched already"};
  }
  std::unique_ptr<IncomingImage> incoming{new IncomingImage{*this, promised}};
  if (auto opened = incoming->open(progress); !opened) return opened.error();
  return incoming;
}

fs::path ImageStore::part_of(const Hash& digest) const {
  return images_ / "incoming" / (digest.hex() + std::string{part_suffix});
}

void ImageStore::end_receiving(const Hash& digest) {
  std::lock_guard lock{mutex_};
  receiving_.erase(digest);
}

IncomingImage::IncomingImage(ImageStore& images, const Image& promised)
    : images_(images),
      promised_(promised),
      path_(images.part_of(promised.digest)) {}

IncomingImage::~IncomingImage() { images_.end_receiving(promised_.digest); }

store::Status IncomingImage::open(const Progress& progress) {
  // Not to wait for the other end of what may be a pipe.
  file_ = FileHandle{::open(
      path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
      S_IRUSR | S_IWUSR)};
  struct stat status {};
  if (!file_.open()) return system_error("open", path_);
  if (::fstat(file_.get(), &status) != 0) return system_error("look at", path_);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::io, path_.string() + " is no regular file"};
  auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > promised_.size) return drop("more of it came than there is");
  if (auto read = read_on(size, progress); !read) return read;
  Room room{images_.free_space_, images_.images_};
  if (auto enough = room.check(promised_.size - offset_); !enough)
    return enough;
  return check_head();
}

store::Status IncomingImage::read_on(std::uint64_t size,
                                     const Progress& progress) {
  auto take = [&](ByteView piece) {
    hash_.update(piece);
    return store::Status{};
  };
  if (auto read = read_all(file_.get(), path_, size, progress, take); !read)
    return read;
  if (::lseek(file_.get(), static_cast<off_t>(size), SEEK_SET) < 0)
    return system_error("read", path_);
  offset_ = size;
  return {};
}

store::Status IncomingImage::write(ByteView piece) {
  if (piece.size() > promised_.size - offset_)
    return Error{
        ErrorCode::bad_input,
        "more comes of image " + promised_.digest.hex() + " than was promised"};
  Room room{images_.free_space_, images_.images_};
  if (auto enough = room.check(piece.size()); !enough) return enough;
  if (auto written = write_sparse(file_.get(), piece, path_); !written)
    return written;
  hash_.update(piece);
  offset_ += piece.size();
  // How far it came is the size of the file, also if that ends in a hole.
  if (::ftruncate(file_.get(), static_cast<off_t>(offset_)) != 0)
    return system_error("write", path_);
  if (auto synced =
          sync_now_and_then(file_.get(), path_, unsynced_, piece.size());
      !synced)
    return synced;
  return check_head();
}

store::Status IncomingImage::check_head() {
  std::array<std::uint8_t, image_head_bytes> buffer{};
  auto bytes = std::span{buffer}.first(
      std::min<std::uint64_t>(buffer.size(), promised_.size));
  if (is_head_good_ || offset_ < bytes.size()) return {};
  if (auto read = read_piece(file_.get(), path_, 0, bytes); !read) return read;
  auto head = read_image_head(bytes, promised_.size);
  if (!head) return drop(head.error().message);
  if (head->format != promised_.format)
    return drop("it has another format than was promised");
  is_head_good_ = true;
  return {};
}

store::Result<AddedImage> IncomingImage::finish() {
  if (offset_ != promised_.size)
    return Error{ErrorCode::bad_input,
                 "some of image " + promised_.digest.hex() + " is missing"};
  if (hash_.finish() != promised_.digest)
    return drop("its content has another digest");
  if (auto made =
          make_final(file_.get(), path_, promised_.size, images_.readers_);
      !made)
    return made.error();
  auto placed = images_.place(promised_, file_.get(), [&](const fs::path& to) {
    return move_file(path_, to);
  });
  // It is still there if the image was, too.
  if (placed) ::unlink(path_.c_str());
  return placed;
}

Error IncomingImage::drop(const std::string& why) {
  ::unlink(path_.c_str());
  return {ErrorCode::damaged, "what came as image " + promised_.digest.hex() +
                                  " is something else and was removed: " + why};
}

// -- what is there ------------------------------------------------------------

store::Result<std::vector<Image>> ImageStore::list() const {
  auto folder = open_folder(images_);
  if (!folder) return folder.error();
  std::vector<Image> images;
  auto listed = for_each_in(*folder, [&](const std::string& name) {
    auto named = image_named(name);
    if (!named) return store::Status{};
    auto image = find(named->digest);
    if (image && image->format == named->format) images.push_back(*image);
    return store::Status{};
  });
  if (!listed) return listed.error();
  std::sort(images.begin(), images.end(),
            [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return images;
}

std::optional<Image> ImageStore::find(const Hash& digest) const {
  for (auto format : formats) {
    struct stat status {};
    auto path = images_ / name_of(digest, format);
    if (::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
      return Image{digest, static_cast<std::uint64_t>(status.st_size), format};
  }
  return std::nullopt;
}

std::optional<fs::path> ImageStore::path_of(const Hash& digest) const {
  auto image = find(digest);
  if (!image) return std::nullopt;
  return images_ / name_of(digest, image->format);
}

store::Result<std::uint64_t> ImageStore::guest_bytes_of(
    const Hash& digest) const {
  auto image = find(digest);
  if (!image) return no_image(digest);
  auto path = images_ / name_of(digest, image->format);
  auto file = open_image(path);
  if (!file) return file.error();
  std::array<std::uint8_t, image_head_bytes> buffer{};
  auto got = ::pread(file->get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return system_error("read", path);
  auto head = read_image_head(
      ByteView{buffer}.first(static_cast<std::size_t>(got)), image->size);
  if (!head) return head.error();
  return head->guest_bytes;
}

// -- checking -----------------------------------------------------------------

std::optional<ImageStore::Touch> ImageStore::touch_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
    return std::nullopt;
  return Touch{status.st_dev, status.st_ino,
               static_cast<std::uint64_t>(status.st_size),
               in_ns(status.st_mtim), in_ns(status.st_ctim)};
}

bool ImageStore::is_verified(const Hash& digest, const Touch& touch) const {
  std::lock_guard lock{mutex_};
  auto known = verified_.find(digest);
  return known != verified_.end() && known->second == touch;
}

void ImageStore::remember(const Hash& digest, const Touch& touch) {
  std::lock_guard lock{mutex_};
  verified_[digest] = touch;
}

store::Status ImageStore::verify(const Hash& digest, const Progress& progress) {
  // It may be replaced by the same while it is read.
  constexpr int attempts_max = 3;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto path = path_of(digest);
    if (!path) return no_image(digest);
    auto file = open_image(*path);
    if (!file) return file.error();
    auto touch = touch_of(file->get());
    if (!touch) return no_image(digest);
    if (is_verified(digest, *touch)) return {};
    auto hash = hash_of(file->get(), *path, touch->size, progress);
    if (!hash) return hash.error();
    if (touch_of(file->get()) != touch) continue;
    if (*hash != digest)
      return Error{ErrorCode::damaged,
                   "image " + digest.hex() +
                       " is not what its name says any more; add it again"};
    remember(digest, *touch);
    return {};
  }
  return Error{ErrorCode::io,
               "image " + digest.hex() + " changes again and again"};
}

store::Status ImageStore::remove(const Hash& digest) {
  auto path = path_of(digest);
  if (!path) return no_image(digest);
  if (::unlink(path->c_str()) != 0) return system_error("remove", *path);
  {
    std::lock_guard lock{mutex_};
    verified_.erase(digest);
  }
  return store::sync_directory(images_);
}

store::Result<std::size_t> ImageStore::sweep() const {
  auto incoming = open_folder(images_ / "incoming");
  if (!incoming) return incoming.error();
  std::size_t count = 0;
  auto swept = for_each_in(*incoming, [&](const std::string& name) {
    auto digest = part_named(name);
    if (digest && !find(*digest) && is_fresh(*incoming, name))
      return store::Status{};
    ++count;
    return remove_in(*incoming, name);
  });
  if (!swept) return swept.error();
  return count;
}

}  // namespace ppn::runtime
