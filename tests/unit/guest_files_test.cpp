// The files of guests: each disk is there whole or not at all, and nothing that
// lies in a guest's folder leads out of it.
#include "runtime/guest_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "runtime/program_linux.hpp"
#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;
namespace utf = boost::unit_test;

using events::VmDisk;
using events::VmSpec;
using runtime::GuestFiles;
using runtime::GuestPlaces;
using runtime::GuestUser;
using runtime::ImageStore;
using schema::DiskFormat;
using store::as_bytes;
using store::ErrorCode;
using store::FileHandle;

namespace {

constexpr std::uint64_t mebibyte = 1U << 20U;
constexpr GuestUser nobody{65'534, 65'534};

Id some_id() { return of_hex<Id>("00112233445566778899001122334455"); }

boost::test_tools::assertion_result runs_as_root(utf::test_unit_id) {
  return ::geteuid() == 0;
}

void put(const fs::path& path, std::string_view content) {
  std::ofstream{path, std::ios::binary} << content;
}

std::string content_of(const fs::path& path) {
  return must(store::read_file(path, 1U << 26U));
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE_MESSAGE(::lstat(path.c_str(), &status) == 0, path);
  return status;
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.insert(entry.path().filename());
  return names;
}

/// What a qcow2 file says of itself.
struct Qcow2 {
  explicit Qcow2(const fs::path& path) : text(content_of(path)) {
    BOOST_REQUIRE(text.starts_with("QFI\xfb"));
    size = number(24, 8);
    auto offset = number(8, 8);
    if (offset != 0) base = text.substr(offset, number(16, 4));
  }

  [[nodiscard]] std::uint64_t number(std::size_t offset,
                                     std::size_t bytes) const {
    return store::from_big_endian(as_bytes(text).subspan(offset, bytes));
  }

  std::string text;
  std::uint64_t size = 0;
  std::string base;
};

VmSpec with(std::vector<VmDisk> disks) {
  VmSpec spec;
  spec.disks = std::move(disks);
  return spec;
}

VmDisk raw(std::uint64_t size_mb) {
  return {.name = "data", .format = DiskFormat::raw, .size_mb = size_mb};
}

VmDisk qcow2(std::uint64_t size_mb,
             const std::optional<Hash>& base = std::nullopt) {
  return {.name = "root", .size_mb = size_mb, .base = base};
}

struct Fixture {
  Fixture() {
    fs::permissions(scratch.path(), fs::perms{0711});
    open({::geteuid(), ::getegid()});
  }

  void open(GuestUser user) {
    places.user = user;
    files = must(GuestFiles::open(places));
    images = must(ImageStore::open(places.guest_dir, user.gid));
  }

  /// A program in its place.
  void replace_qemu_img(const std::string& script) {
    places.qemu_img = scratch / "program";
    put(places.qemu_img, "#!/bin/sh\n" + script + "\n");
    fs::permissions(places.qemu_img, fs::perms{0755});
    files = must(GuestFiles::open(places));
  }

  Hash image(std::string_view content) {
    put(scratch / "source", content);
    FileHandle source{
        ::open((scratch / "source").c_str(), O_RDONLY | O_CLOEXEC)};
    return must(images->add(source.get())).image.digest;
  }

  /// An empty disk that somebody else made.
  Hash qcow2_image(std::uint64_t size_mb) {
    must(make({qcow2(size_mb)}));
    auto digest = image(content_of(folder / "root.qcow2"));
    must(files->remove(some_id()));
    return digest;
  }

  store::Status make(std::vector<VmDisk> disks) {
    return files->make(some_id(), with(std::move(disks)), *images);
  }

  ScratchDirectory scratch;
  GuestPlaces places{scratch / "guests-dir", scratch / "run", {}};
  std::optional<GuestFiles> files;
  std::unique_ptr<ImageStore> images;
  fs::path folder = scratch / "guests-dir/guests" / some_id().hex();
  fs::path run_folder = scratch / "run" / some_id().hex();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(guest_files, Fixture)

// -- folders ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_guest_has_two_folders_of_its_own) {
  must(files->make_folders(some_id()));
  BOOST_TEST(files->folder_of(some_id()).string() == folder.string());
  BOOST_TEST(files->run_folder_of(some_id()).string() == run_folder.string());
  for (const auto& path : {folder, run_folder}) {
    BOOST_TEST(fs::is_directory(path));
    BOOST_TEST((status_of(path).st_mode & 07777U) == 0700U);
  }
}

BOOST_AUTO_TEST_CASE(folders_that_are_there_are_made_right) {
  must(files->make_folders(some_id()));
  put(folder / "console.log", "text");
  fs::permissions(folder, fs::perms{0755});
  must(files->make_folders(some_id()));
  BOOST_TEST((status_of(folder).st_mode & 07777U) == 0700U);
  BOOST_TEST(content_of(folder / "console.log") == "text");
}

BOOST_AUTO_TEST_CASE(a_link_in_the_place_of_a_folder_is_refused) {
  fs::create_directory(scratch / "elsewhere");
  fs::create_directory_symlink(scratch / "elsewhere", folder);
  BOOST_TEST(is_error(make({raw(1)}), ErrorCode::io));
  BOOST_TEST(fs::is_empty(scratch / "elsewhere"));
}

BOOST_AUTO_TEST_CASE(a_place_that_others_may_write_is_refused) {
  for (const auto& place : {places.guest_dir, places.run_dir}) {
    fs::permissions(place, fs::perms{0777});
    BOOST_TEST(is_error(GuestFiles::open(places), ErrorCode::permission));
    fs::permissions(place, fs::perms{0711});
  }
}

BOOST_AUTO_TEST_CASE(guests_that_have_a_folder_are_listed) {
  BOOST_TEST(must(files->list()).empty());
  auto other = of_hex<Id>("000000000000000000000000000000ff");
  must(files->make_folders(some_id()));
  must(files->make_folders(other));
  fs::create_directory(folder.parent_path() / "lost+found");
  BOOST_TEST((must(files->list()) == std::vector<Id>{other, some_id()}));
}

// -- disks --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_raw_disk_has_its_size_and_takes_no_room) {
  must(make({raw(100)}));
  auto disk = files->disk_of(some_id(), raw(100));
  BOOST_TEST(disk.string() == (folder / "data.raw").string());
  auto status = status_of(disk);
  BOOST_TEST(status.st_size == static_cast<off_t>(100 * mebibyte));
  BOOST_TEST(status.st_blocks * 512 < static_cast<off_t>(mebibyte));
  BOOST_TEST((status.st_mode & 07777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_qcow2_disk_is_empty_and_lies_on_nothing) {
  must(make({qcow2(100)}));
  Qcow2 disk{folder / "root.qcow2"};
  BOOST_TEST(disk.size == 100 * mebibyte);
  BOOST_TEST(disk.base.empty());
  BOOST_TEST((status_of(folder / "root.qcow2").st_mode & 07777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_disk_lies_on_its_image) {
  for (auto base : {qcow2_image(10), image(std::string(mebibyte, 'x'))}) {
    must(make({qcow2(20, base)}));
    Qcow2 disk{folder / "root.qcow2"};
    BOOST_TEST(disk.size == 20 * mebibyte);
    BOOST_TEST(disk.base == images->path_of(base)->string());
    must(files->remove(some_id()));
  }
}

BOOST_AUTO_TEST_CASE(a_disk_without_a_size_is_as_large_as_its_image) {
  must(make({qcow2(0, qcow2_image(10))}));
  BOOST_TEST(Qcow2{folder / "root.qcow2"}.size == 10 * mebibyte);
  must(files->remove(some_id()));
  must(make({qcow2(0, image("content"))}));
  BOOST_TEST(Qcow2{folder / "root.qcow2"}.size == 512U);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_smaller_than_its_image_is_refused) {
  auto base = qcow2_image(10);
  auto error = error_of(make({raw(1), qcow2(9, base)}));
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, "root has 9 MB"), error.message);
  BOOST_TEST(mentions(error.message, "10 MB"), error.message);
  BOOST_TEST(!fs::exists(folder));
  must(make({qcow2(10, base)}));
}

BOOST_AUTO_TEST_CASE(
    a_disk_that_can_not_be_is_refused_before_anything_is_made) {
  auto base = image("content");
  VmDisk raw_on_image = raw(1);
  raw_on_image.base = base;
  VmDisk no_format = raw(1);
  no_format.format = DiskFormat::unknown;
  for (const auto& disks :
       std::vector<std::vector<VmDisk>>{{raw(1), raw_on_image},
                                        {raw(1), no_format},
                                        {qcow2(0)},
                                        {qcow2(events::disk_mb_max + 1)},
                                        {qcow2(~0ULL)},
                                        {raw(1), raw(2)}})
    BOOST_TEST(is_error(make(disks), ErrorCode::bad_input));
  BOOST_TEST(!fs::exists(folder));
}

BOOST_AUTO_TEST_CASE(a_name_that_is_more_than_a_name_is_refused) {
  for (const auto& name :
       {std::string{}, std::string{"../x"}, std::string{".."},
        std::string{"a/b"}, std::string{"/etc/x"}, std::string{"a,b"},
        std::string{"a:b"}, std::string{"-b"}, std::string{"a.b"},
        std::string{"a b"}, std::string{"a\nb"}, std::string{"A"},
        std::string{"a\0b", 3}, std::string(64, 'a')}) {
    auto disk = raw(1);
    disk.name = name;
    BOOST_TEST(is_error(make({disk}), ErrorCode::bad_input));
  }
  BOOST_TEST(!fs::exists(folder));
}

BOOST_AUTO_TEST_CASE(a_device_of_the_host_needs_no_file) {
  auto disk = qcow2(0);
  disk.device = "backup";
  must(make({disk}));
  BOOST_TEST(names_in(folder).empty());
}

BOOST_AUTO_TEST_CASE(disks_that_are_there_stay_as_they_are) {
  const std::vector<VmDisk> disks{raw(1), qcow2(1, image("content"))};
  must(make(disks));
  put(folder / "data.raw", "written by the guest");
  auto before = status_of(folder / "root.qcow2");
  must(make(disks));
  BOOST_TEST(content_of(folder / "data.raw") == "written by the guest");
  BOOST_TEST(status_of(folder / "root.qcow2").st_ino == before.st_ino);
  fs::remove(folder / "root.qcow2");
  must(make(disks));
  BOOST_TEST(fs::exists(folder / "root.qcow2"));
}

BOOST_AUTO_TEST_CASE(what_an_interrupted_attempt_left_does_not_matter) {
  must(files->make_folders(some_id()));
  put(folder / "data.raw.new", "half a d");
  fs::create_directory(folder / "root.qcow2.new");
  must(make({raw(1), qcow2(1)}));
  BOOST_TEST(
      names_in(folder) == (std::set<std::string>{"data.raw", "root.qcow2"}),
      boost::test_tools::per_element());
  BOOST_TEST(status_of(folder / "data.raw").st_size ==
             static_cast<off_t>(mebibyte));
}

BOOST_AUTO_TEST_CASE(a_link_in_the_place_of_a_disk_is_refused) {
  put(scratch / "elsewhere", "precious");
  must(files->make_folders(some_id()));
  fs::create_symlink(scratch / "elsewhere", folder / "data.raw");
  BOOST_TEST(is_error(make({raw(1)}), ErrorCode::bad_input));
  fs::remove(folder / "data.raw");
  fs::create_symlink(scratch / "elsewhere", folder / "data.raw.new");
  must(make({raw(1)}));
  BOOST_TEST(content_of(scratch / "elsewhere") == "precious");
}

// -- images are checked -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_missing_image_is_not_found) {
  BOOST_TEST(is_error(make({qcow2(1, Hash{})}), ErrorCode::not_found));
  auto spec = with({});
  spec.kernel = Hash{};
  BOOST_TEST(
      is_error(files->make(some_id(), spec, *images), ErrorCode::not_found));
  BOOST_TEST(!fs::exists(folder));
}

BOOST_AUTO_TEST_CASE(all_images_of_a_guest_are_checked) {
  auto good = image("good");
  auto bad = image("bad");
  fs::permissions(*images->path_of(bad), fs::perms{0600});
  put(*images->path_of(bad), "worse");
  auto as_kernel = with({});
  as_kernel.kernel = bad;
  auto as_initrd = with({});
  as_initrd.kernel = good;
  as_initrd.initrd = bad;
  for (const auto& spec :
       {with({qcow2(1, good), qcow2(1, bad)}), as_kernel, as_initrd})
    BOOST_TEST(!files->make(some_id(), spec, *images));
  for (const auto& spec : {with({qcow2(1, bad)}), as_kernel, as_initrd})
    BOOST_TEST(
        is_error(files->make(some_id(), spec, *images), ErrorCode::damaged));
  BOOST_TEST(!fs::exists(folder));
}

BOOST_AUTO_TEST_CASE(the_check_of_an_image_can_be_followed_and_stopped) {
  auto base = image("content");
  images = must(ImageStore::open(places.guest_dir, places.user.gid));
  auto spec = with({qcow2(1, base)});
  auto stop = [](std::uint64_t, std::uint64_t) { return false; };
  BOOST_TEST(
      is_error(files->make(some_id(), spec, *images, stop), ErrorCode::io));
  std::vector<std::uint64_t> told;
  auto follow = [&](std::uint64_t done, std::uint64_t) {
    told.push_back(done);
    return true;
  };
  must(files->make(some_id(), spec, *images, follow));
  BOOST_TEST(told == (std::vector<std::uint64_t>{0, 7}),
             boost::test_tools::per_element());
}

// -- qemu-img -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(qemu_img_is_told_a_name_within_the_folder) {
  auto base = image("content");
  replace_qemu_img(
      "for word; do echo \"$word\"; done >words; pwd >>words; "
      ": >root.qcow2.new");
  must(make({qcow2(3, base)}));
  BOOST_TEST(content_of(folder / "words") ==
             fmt::format("create\n-q\n-f\nqcow2\n-b\n{}\n-F\nraw\n"
                         "root.qcow2.new\n3145728\n{}\n",
                         images->path_of(base)->string(), folder.string()));
}

BOOST_AUTO_TEST_CASE(why_qemu_img_failed_is_told_and_nothing_is_left) {
  replace_qemu_img(": >root.qcow2.new; echo 'qemu-img: no luck' >&2; exit 1");
  auto error = error_of(make({qcow2(1)}));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "qemu-img: no luck"), error.message);
  BOOST_TEST(names_in(folder).empty());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_as_such) {
  replace_qemu_img("echo 'root.qcow2.new: No space left on device'; exit 1");
  BOOST_TEST(is_error(make({qcow2(1)}), ErrorCode::disk_full));
}

BOOST_AUTO_TEST_CASE(a_qemu_img_that_hangs_is_killed) {
  places.patience = std::chrono::milliseconds{50};
  replace_qemu_img(": >root.qcow2.new; while :; do :; done");
  auto error = error_of(make({qcow2(1)}));
  BOOST_TEST(mentions(error.message, "takes too long"), error.message);
  BOOST_TEST(names_in(folder).empty());
}

BOOST_AUTO_TEST_CASE(what_qemu_img_did_not_make_is_no_disk) {
  for (const auto* script : {"exit 0", "ln -s /etc/passwd root.qcow2.new",
                             "mkdir root.qcow2.new", "mkfifo root.qcow2.new"}) {
    replace_qemu_img(script);
    BOOST_TEST(!make({qcow2(1)}), script);
    BOOST_TEST(names_in(folder).empty(), script);
  }
}

BOOST_AUTO_TEST_CASE(raw_disks_need_no_qemu_img) {
  replace_qemu_img("exit 1");
  must(make({raw(1)}));
}

BOOST_AUTO_TEST_CASE(a_missing_qemu_img_is_said_by_name) {
  auto path = std::string{std::getenv("PATH")};
  ::setenv("PATH", scratch.path().c_str(), 1);
  auto result = make({qcow2(1)});
  ::setenv("PATH", path.c_str(), 1);
  auto error = error_of(result);
  BOOST_TEST(error.code == ErrorCode::not_found);
  BOOST_TEST(mentions(error.message, "qemu-utils"), error.message);
}

// -- another user -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(all_of_a_guest_is_of_the_guests_user,
                     *utf::precondition(runs_as_root)) {
  open(nobody);
  must(make({raw(1), qcow2(1, image("content"))}));
  for (const auto& path :
       {folder, run_folder, folder / "data.raw", folder / "root.qcow2"}) {
    BOOST_TEST(status_of(path).st_uid == nobody.uid, path);
    BOOST_TEST(status_of(path).st_gid == nobody.gid, path);
  }
  auto guests = status_of(folder.parent_path());
  BOOST_TEST(guests.st_uid == 0U);
  BOOST_TEST((guests.st_mode & 07777U) == 0710U);
}

BOOST_AUTO_TEST_CASE(qemu_img_runs_as_the_guests_user,
                     *utf::precondition(runs_as_root)) {
  open(nobody);
  replace_qemu_img("id -u >root.qcow2.new; id -G >>root.qcow2.new");
  must(make({qcow2(1)}));
  BOOST_TEST(content_of(folder / "root.qcow2") == "65534\n65534\n");
}

// -- removing -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_removed_guest_leaves_nothing) {
  must(make({raw(1)}));
  fs::create_directory(folder / "seed");
  put(folder / "seed/user-data", "#cloud-config\n");
  put(folder / "console.log", "text");
  put(run_folder / "qmp.sock", "");
  must(files->remove(some_id()));
  BOOST_TEST(names_in(folder.parent_path()).empty());
  BOOST_TEST(names_in(run_folder.parent_path()).empty());
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_gone_is_no_error) {
  must(files->remove(some_id()));
  must(files->make_folders(some_id()));
  must(files->remove(some_id()));
  must(files->remove(some_id()));
  fs::remove_all(places.run_dir);
  must(files->remove(some_id()));
}

BOOST_AUTO_TEST_CASE(other_guests_stay) {
  auto other = of_hex<Id>("000000000000000000000000000000ff");
  must(make({raw(1)}));
  must(files->make_folders(other));
  must(files->remove(some_id()));
  BOOST_TEST((must(files->list()) == std::vector<Id>{other}));
}

BOOST_AUTO_TEST_CASE(removing_follows_no_link) {
  fs::create_directory(scratch / "elsewhere");
  put(scratch / "elsewhere/file", "precious");
  must(files->make_folders(some_id()));
  fs::create_directory_symlink(scratch / "elsewhere", folder / "seed");
  fs::create_symlink(scratch / "elsewhere/file", folder / "data.raw");
  must(files->remove(some_id()));
  fs::create_directory_symlink(scratch / "elsewhere", folder);
  fs::create_directory_symlink(scratch / "elsewhere", run_folder);
  must(files->remove(some_id()));
  BOOST_TEST(!fs::is_symlink(folder));
  BOOST_TEST(content_of(scratch / "elsewhere/file") == "precious");
}

BOOST_AUTO_TEST_CASE(what_is_too_deep_is_said_and_left) {
  auto deep = folder;
  for (int i = 0; i < 100; ++i) deep /= "a";
  must(files->make_folders(some_id()));
  fs::create_directories(deep);
  auto error = error_of(files->remove(some_id()));
  BOOST_TEST(mentions(error.message, "deeper"), error.message);
  BOOST_TEST(is_error(files->usage(some_id()), ErrorCode::io));
}

// -- usage --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(usage_is_what_files_take_up) {
  must(make({raw(100)}));
  auto empty = must(files->usage(some_id()));
  BOOST_TEST(empty < mebibyte);
  fs::create_directory(folder / "seed");
  put(folder / "seed/user-data", std::string(2 * mebibyte, 'x'));
  auto used = must(files->usage(some_id()));
  BOOST_TEST(used >= empty + 2 * mebibyte);
  BOOST_TEST(used < empty + 3 * mebibyte);
}

BOOST_AUTO_TEST_CASE(usage_follows_no_link) {
  put(scratch / "elsewhere", std::string(2 * mebibyte, 'x'));
  must(files->make_folders(some_id()));
  fs::create_symlink(scratch / "elsewhere", folder / "link");
  BOOST_TEST(must(files->usage(some_id())) < mebibyte);
}

BOOST_AUTO_TEST_CASE(a_guest_without_a_folder_has_no_usage) {
  BOOST_TEST(is_error(files->usage(some_id()), ErrorCode::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
