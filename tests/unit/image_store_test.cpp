// Images: named for their content, checked before they are used, and none of
// them leads QEMU to another file.
#include "runtime/image_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "events/vm_spec.hpp"
#include "runtime/open_as_linux.hpp"
#include "runtime/program_linux.hpp"
#include "store/files.hpp"
#include "store/hash.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;
namespace utf = boost::unit_test;

using runtime::AddedImage;
using runtime::Image;
using runtime::image_reserve_bytes;
using runtime::ImageStore;
using runtime::Progress;
using runtime::read_image_head;
using schema::DiskFormat;
using store::as_bytes;
using store::ErrorCode;
using store::FileHandle;

namespace {

constexpr std::uint64_t mebibyte = 1U << 20U;

/// What stands at the beginning of a qcow2 file; of a good one at first.
struct Head {
  std::string magic = "QFI\xfb";
  std::uint64_t version = 3;
  std::uint64_t backing_offset = 0;
  std::uint64_t cluster_bits = 16;
  std::uint64_t size = 10 * mebibyte;
  std::uint64_t encryption = 0;
  std::uint64_t features = 0;
  std::uint64_t length = 104;

  [[nodiscard]] std::string text() const {
    std::string text = magic;
    auto add = [&](std::uint64_t value, std::size_t bytes) {
      auto all = store::big_endian(value);
      text += store::as_text(ByteView{all}.subspan(8 - bytes));
    };
    add(version, 4);
    add(backing_offset, 8);
    add(backing_offset == 0 ? 0 : 11, 4);
    add(cluster_bits, 4);
    add(size, 8);
    add(encryption, 4);
    text.append(36, '\0');
    add(features, 8);
    text.append(20, '\0');
    add(length, 4);
    return text + std::string(400, '\0') + "/etc/passwd";
  }
};

Hash digest_of(std::string_view content) {
  return store::sha256(as_bytes(content));
}

void put(const fs::path& path, std::string_view content) {
  std::ofstream{path, std::ios::binary} << content;
}

std::string content_of(const fs::path& path) {
  return must(store::read_file(path, 1U << 26U));
}

FileHandle open_to_read(const fs::path& path) {
  FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  BOOST_REQUIRE(file.open());
  return file;
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

/// Not by the clock, which may stand still between two times.
void touch_file(const fs::path& path, int seconds) {
  fs::last_write_time(path,
                      fs::file_time_type{} + std::chrono::seconds{seconds});
}

std::size_t count_in(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{directory}, {}));
}

struct Fixture {
  std::unique_ptr<ImageStore> open(runtime::FreeSpace free_space = {}) {
    return must(ImageStore::open(scratch / "guests-dir", ::getegid(),
                                 std::move(free_space)));
  }

  fs::path file(std::string_view content) {
    auto path = scratch / "source";
    put(path, content);
    return path;
  }

  store::Result<AddedImage> add(std::string_view content,
                                const Progress& progress = {}) {
    auto source = open_to_read(file(content));
    return images->add(source.get(), progress);
  }

  Hash added(std::string_view content) {
    return must(add(content)).image.digest;
  }

  /// In the place of what an image holds, as nobody but root can.
  void damage(const Hash& digest) {
    auto path = *images->path_of(digest);
    auto content = content_of(path);
    fs::permissions(path, fs::perms{0600});
    put(path, with_bit_flipped(content, 8));
    touch_file(path, 0);
  }

  fs::path part_of(std::string_view content) const {
    return incoming / (digest_of(content).hex() + ".part");
  }

  /// Of content that somebody else promised.
  auto receive(std::string_view content, DiskFormat format = DiskFormat::raw) {
    return images->receive({digest_of(content), content.size(), format});
  }

  /// The first of it came once.
  void receive_some(std::string_view content, std::size_t size) {
    auto some = must(receive(content));
    must(some->write(as_bytes(content.substr(0, size))));
  }

  /// No image, and nothing that becomes one.
  [[nodiscard]] bool is_empty() const {
    return count_in(folder) == 1 && count_in(incoming) == 0;
  }

  ScratchDirectory scratch;
  std::unique_ptr<ImageStore> images = open();
  fs::path folder = scratch / "guests-dir/images";
  fs::path incoming = folder / "incoming";
};

/// Counts how often it is asked, and goes on.
Progress counting(int& count) {
  return [&count](std::uint64_t, std::uint64_t) { return ++count > 0; };
}

boost::test_tools::assertion_result runs_as_root(utf::test_unit_id) {
  return ::geteuid() == 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(image_store, Fixture)

// -- what is an image
// ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_qcow2_file_is_known_by_its_beginning) {
  for (std::uint64_t version : {2U, 3U}) {
    auto head = Head{.version = version}.text();
    auto read = must(read_image_head(as_bytes(head), head.size()));
    BOOST_TEST((read.format == DiskFormat::qcow2));
    BOOST_TEST(read.guest_bytes == 10 * mebibyte);
  }
}

BOOST_AUTO_TEST_CASE(all_else_is_raw_in_whole_sectors) {
  for (std::string_view text : {"Q", "QFI", "QFI\xfa and more",
                                "\x7f"
                                "ELF"}) {
    auto read = must(read_image_head(as_bytes(text), 513));
    BOOST_TEST((read.format == DiskFormat::raw));
    BOOST_TEST(read.guest_bytes == 1024U);
  }
}

BOOST_AUTO_TEST_CASE(a_size_that_is_no_whole_sector_is_rounded_up) {
  auto head = Head{.size = 1025}.text();
  BOOST_TEST(must(read_image_head(as_bytes(head), 1)).guest_bytes == 1536U);
}

BOOST_AUTO_TEST_CASE(what_says_how_the_file_itself_is_written_is_no_hindrance) {
  constexpr std::uint64_t dirty = 1;
  constexpr std::uint64_t compression_type = 8;
  constexpr std::uint64_t extended_l2 = 16;
  auto head =
      Head{.features = dirty | compression_type | extended_l2, .length = 112}
          .text();
  must(read_image_head(as_bytes(head), head.size()));
}

BOOST_AUTO_TEST_CASE(what_version_3_added_means_nothing_in_version_2) {
  auto head = Head{.version = 2, .features = 4, .length = 1}.text();
  must(read_image_head(as_bytes(head), head.size()));
}

BOOST_AUTO_TEST_CASE(a_file_that_leads_elsewhere_or_nowhere_is_refused) {
  struct Case {
    Head head;
    const char* told;
  };
  const std::vector<Case> cases{
      {{.backing_offset = 512}, "lies on another file"},
      {{.version = 2, .backing_offset = 512}, "lies on another file"},
      {{.backing_offset = ~0ULL}, "lies on another file"},
      {{.features = 4}, "data are in another file"},
      {{.features = 4 | 1}, "data are in another file"},
      {{.encryption = 1}, "encrypted"},
      {{.encryption = 2}, "encrypted"},
      {{.encryption = 0xffffffff}, "encrypted"},
      {{.features = 2}, "corrupt"},
      {{.features = 32}, "0x20"},
      {{.features = 1ULL << 63U}, "0x8000000000000000"},
      {{.version = 0}, "version 0"},
      {{.version = 1}, "version 1"},
      {{.version = 4}, "version 4"},
      {{.version = 0x03000000}, "version 50331648"},
      {{.cluster_bits = 8}, "2^8"},
      {{.cluster_bits = 22}, "2^22"},
      {{.cluster_bits = 0xffffffff}, "2^4294967295"},
      {{.length = 72}, "a length of 72"},
      {{.length = 105}, "a length of 105"},
      {{.length = 0xfffffff8}, "a length of 4294967288"},
      {{.size = 0}, "0 bytes"},
      {{.size = ~0ULL}, "18446744073709551615 bytes"},
      {{.size = (events::disk_mb_max << 20U) + 1}, "70368744177665 bytes"},
  };
  for (const auto& test : cases) {
    auto error = error_of(add(test.head.text()));
    BOOST_TEST(error.code == ErrorCode::bad_input);
    BOOST_TEST(mentions(error.message, test.told), error.message);
    BOOST_TEST(is_empty());
  }
}

BOOST_AUTO_TEST_CASE(what_qemu_img_makes_of_several_files_is_refused) {
  auto qemu_img = runtime::find_program("qemu-img");
  BOOST_REQUIRE_MESSAGE(qemu_img, "qemu-img is not installed: qemu-utils");
  auto base = file("content").string();
  for (const auto& options : std::vector<std::vector<std::string>>{
           {"-b", base, "-F", "raw"},
           {"-o", "compat=0.10", "-b", base, "-F", "raw"},
           {"-o", "data_file=" + (scratch / "data").string()},
           {"--object", "secret,id=s,data=x", "-o",
            "encrypt.format=aes,encrypt.key-secret=s"}}) {
    auto made = (scratch / "made").string();
    runtime::ProgramRun run{*qemu_img,
                            {"create", "-q", "-f", "qcow2"},
                            -1,
                            std::chrono::minutes{1}};
    run.arguments.insert(run.arguments.end(), options.begin(), options.end());
    run.arguments.insert(run.arguments.end(), {made, "1M"});
    must(runtime::run_as({::geteuid(), ::getegid()}, run));
    auto source = open_to_read(made);
    BOOST_TEST(is_error(images->add(source.get()), ErrorCode::bad_input));
    fs::remove(made);
  }
}

BOOST_AUTO_TEST_CASE(a_header_that_is_cut_short_is_refused) {
  for (std::size_t size : {4U, 5U, 71U, 72U, 103U})
    BOOST_TEST(
        is_error(add(Head{}.text().substr(0, size)), ErrorCode::bad_input));
  must(add(Head{.version = 2}.text().substr(0, 72)));
  must(add(Head{}.text().substr(0, 104)));
}

BOOST_AUTO_TEST_CASE(what_is_empty_or_no_regular_file_is_refused) {
  BOOST_TEST(is_error(add(""), ErrorCode::bad_input));
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  FileHandle pipe{ends[0]};
  FileHandle other_end{ends[1]};
  BOOST_TEST(is_error(images->add(pipe.get()), ErrorCode::bad_input));
  auto directory = open_to_read(scratch.path());
  BOOST_TEST(is_error(images->add(directory.get()), ErrorCode::bad_input));
  BOOST_TEST(is_error(images->add(-1), ErrorCode::io));
}

// -- adding -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_has_the_name_of_its_content) {
  auto image = must(add("content"));
  BOOST_TEST(!image.was_there);
  BOOST_TEST((image.image == Image{digest_of("content"), 7, DiskFormat::raw}));
  auto path = folder / (digest_of("content").hex() + ".raw");
  BOOST_TEST(images->path_of(image.image.digest)->string() == path.string());
  BOOST_TEST(content_of(path) == "content");
  BOOST_TEST((status_of(path).st_mode & 07777U) == 0440U);
}

BOOST_AUTO_TEST_CASE(a_qcow2_image_is_called_so) {
  auto head = Head{}.text();
  auto digest = added(head);
  BOOST_TEST(content_of(folder / (digest_of(head).hex() + ".qcow2")) == head);
  BOOST_TEST(must(images->guest_bytes_of(digest)) == 10 * mebibyte);
}

BOOST_AUTO_TEST_CASE(an_image_of_many_pieces_is_whole) {
  std::string content(3 * mebibyte + 4711, 'x');
  for (std::size_t i = 0; i < content.size(); ++i)
    content[i] = static_cast<char>(i * i >> 7U);
  auto digest = added(content);
  BOOST_TEST((digest == digest_of(content)));
  BOOST_TEST((content_of(*images->path_of(digest)) == content));
}

BOOST_AUTO_TEST_CASE(a_file_is_read_from_its_beginning) {
  auto source = open_to_read(file("content"));
  BOOST_REQUIRE(::lseek(source.get(), 3, SEEK_SET) == 3);
  BOOST_TEST(
      (must(images->add(source.get())).image.digest == digest_of("content")));
}

BOOST_AUTO_TEST_CASE(what_is_there_already_is_no_error) {
  added("content");
  auto before = status_of(*images->path_of(digest_of("content")));
  auto again = must(add("content"));
  BOOST_TEST(again.was_there);
  BOOST_TEST((again.image.digest == digest_of("content")));
  BOOST_TEST(status_of(*images->path_of(digest_of("content"))).st_ino ==
             before.st_ino);
  BOOST_TEST(must(images->list()).size() == 1U);
  BOOST_TEST(count_in(incoming) == 0U);
}

BOOST_AUTO_TEST_CASE(the_same_image_may_be_added_by_several_at_once) {
  auto path = file(std::string(2 * mebibyte, 'x'));
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      FileHandle source{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
      auto image = images->add(source.get());
      if (image && images->verify(image->image.digest)) ++good;
    });
  for (auto& thread : threads) thread.join();
  BOOST_TEST(good == 4);
  BOOST_TEST(must(images->list()).size() == 1U);
  BOOST_TEST(count_in(incoming) == 0U);
}

BOOST_AUTO_TEST_CASE(a_damaged_image_is_mended_by_adding_it_again) {
  auto digest = added("content");
  damage(digest);
  BOOST_TEST(must(add("content")).was_there);
  BOOST_TEST(content_of(*images->path_of(digest)) == "content");
  must(images->verify(digest));
}

BOOST_AUTO_TEST_CASE(holes_take_no_room_and_are_still_content) {
  auto path = file("");
  fs::resize_file(path, 16 * mebibyte);
  auto source = open_to_read(path);
  auto image = must(images->add(source.get())).image;
  BOOST_TEST(image.size == 16 * mebibyte);
  BOOST_TEST((image.digest == digest_of(std::string(16 * mebibyte, '\0'))));
  auto status = status_of(*images->path_of(image.digest));
  BOOST_TEST(status.st_size == static_cast<off_t>(16 * mebibyte));
  BOOST_TEST(status.st_blocks * 512 < static_cast<off_t>(mebibyte));
}

BOOST_AUTO_TEST_CASE(zeros_at_the_end_are_kept) {
  auto content = "beginning" + std::string(200'000, '\0');
  auto digest = added(content);
  BOOST_TEST((content_of(*images->path_of(digest)) == content));
}

BOOST_AUTO_TEST_CASE(progress_is_told_up_to_the_end) {
  std::vector<std::uint64_t> told;
  const std::string content(2 * mebibyte + 5, 'x');
  must(add(content, [&](std::uint64_t done, std::uint64_t total) {
    BOOST_TEST(total == content.size());
    told.push_back(done);
    return true;
  }));
  BOOST_TEST(told == (std::vector<std::uint64_t>{0, mebibyte, 2 * mebibyte,
                                                 content.size()}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_wants_it_no_more_stops_it) {
  for (std::uint64_t last : {std::uint64_t{0}, mebibyte, 2 * mebibyte}) {
    auto result =
        add(std::string(2 * mebibyte, 'x'),
            [&](std::uint64_t done, std::uint64_t) { return done != last; });
    BOOST_TEST(is_error(result, ErrorCode::io));
    BOOST_TEST(is_empty());
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_while_it_is_read_is_refused) {
  auto path = file(std::string(2 * mebibyte, 'x'));
  auto source = open_to_read(path);
  auto in_between = [&](const std::function<void()>& change) {
    return [&, change](std::uint64_t done, std::uint64_t) {
      if (done == mebibyte) change();
      return true;
    };
  };
  BOOST_TEST(is_error(images->add(source.get(), in_between([&] {
                                    fs::resize_file(path, 2 * mebibyte + 1);
                                  })),
                      ErrorCode::bad_input));
  BOOST_TEST(is_error(images->add(source.get(), in_between([&] {
                                    fs::resize_file(path, mebibyte);
                                  })),
                      ErrorCode::bad_input));
  fs::resize_file(path, 2 * mebibyte);
  BOOST_TEST(is_error(images->add(source.get(), in_between([&] {
                                    fs::last_write_time(path, {});
                                  })),
                      ErrorCode::bad_input));
  BOOST_TEST(is_empty());
}

// -- receiving ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_comes_in_pieces_is_kept_like_what_was_added) {
  const auto content = Head{}.text();
  auto incoming_image = must(receive(content, DiskFormat::qcow2));
  BOOST_TEST(incoming_image->offset() == 0U);
  for (char byte : content)
    must(incoming_image->write(as_bytes(std::string_view{&byte, 1})));
  auto added = must(incoming_image->finish());
  Image expected{digest_of(content), content.size(), DiskFormat::qcow2};
  BOOST_TEST((added.image == expected));
  BOOST_TEST(!added.was_there);
  auto path = *images->path_of(expected.digest);
  BOOST_TEST((content_of(path) == content));
  BOOST_TEST((status_of(path).st_mode & 07777U) == 0440U);
  BOOST_TEST(count_in(incoming) == 0U);
  int pieces = 0;
  must(images->verify(expected.digest, counting(pieces)));
  BOOST_TEST(pieces == 0);
}

BOOST_AUTO_TEST_CASE(what_came_is_gone_on_from) {
  auto content = std::string(100'000, 'x') + std::string(200'000, '\0') + "end";
  for (std::size_t size :
       {std::size_t{1}, std::size_t{104}, std::size_t{90'000},
        std::size_t{250'000}, content.size()}) {
    receive_some(content, size);
    images = open();
    BOOST_TEST(must(images->sweep()) == 0U);
    auto rest = must(receive(content));
    BOOST_TEST(rest->offset() == size);
    must(rest->write(as_bytes(std::string_view{content}.substr(size))));
    auto image = must(rest->finish()).image;
    BOOST_TEST((content_of(*images->path_of(image.digest)) == content));
    must(images->remove(image.digest));
    BOOST_TEST(is_empty());
  }
}

BOOST_AUTO_TEST_CASE(holes_that_come_take_no_room) {
  const std::string content(4 * mebibyte, '\0');
  receive_some(content, 3 * mebibyte);
  BOOST_TEST(status_of(part_of(content)).st_size ==
             static_cast<off_t>(3 * mebibyte));
  auto rest = must(receive(content));
  must(rest->write(as_bytes(std::string_view{content}.substr(3 * mebibyte))));
  auto image = must(rest->finish()).image;
  auto status = status_of(*images->path_of(image.digest));
  BOOST_TEST(status.st_size == static_cast<off_t>(content.size()));
  BOOST_TEST(status.st_blocks * 512 < static_cast<off_t>(mebibyte));
}

BOOST_AUTO_TEST_CASE(other_content_than_was_promised_is_thrown_away) {
  receive_some("content", 3);
  auto rest = must(receive("content"));
  must(rest->write(as_bytes("TENT")));
  BOOST_TEST(is_error(rest->finish(), ErrorCode::damaged));
  BOOST_TEST(is_empty());
}

BOOST_AUTO_TEST_CASE(what_was_damaged_while_it_waited_is_found_out) {
  receive_some("content", 4);
  put(part_of("content"), "cont\x01");
  auto rest = must(receive("content"));
  must(rest->write(as_bytes("nt")));
  BOOST_TEST(is_error(rest->finish(), ErrorCode::damaged));
  BOOST_TEST(is_empty());
}

BOOST_AUTO_TEST_CASE(what_leads_elsewhere_is_refused_at_its_beginning) {
  auto content = Head{.backing_offset = 512}.text();
  auto image = must(receive(content, DiskFormat::qcow2));
  must(image->write(as_bytes(content.substr(0, 103))));
  auto error = error_of(image->write(as_bytes(content.substr(103, 1))));
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "lies on another file"), error.message);
  BOOST_TEST(is_empty());
}

BOOST_AUTO_TEST_CASE(another_format_than_was_promised_is_refused) {
  for (const auto& [content, promised] :
       {std::pair{Head{}.text(), DiskFormat::raw},
        std::pair{std::string(200, 'x'), DiskFormat::qcow2}}) {
    auto image = must(receive(content, promised));
    BOOST_TEST(is_error(image->write(as_bytes(content)), ErrorCode::damaged));
    BOOST_TEST(is_empty());
  }
}

BOOST_AUTO_TEST_CASE(no_more_and_no_less_than_was_promised_is_taken) {
  receive_some("content", 4);
  BOOST_TEST(
      is_error(must(receive("content"))->finish(), ErrorCode::bad_input));
  BOOST_TEST(is_error(must(receive("content"))->write(as_bytes("ent+")),
                      ErrorCode::bad_input));
  auto rest = must(receive("content"));
  BOOST_TEST(rest->offset() == 4U);
  must(rest->write(as_bytes("ent")));
  must(rest->finish());
}

BOOST_AUTO_TEST_CASE(more_than_was_promised_is_not_gone_on_from) {
  receive_some("content", 6);
  Image shorter{digest_of("content"), 5, DiskFormat::raw};
  BOOST_TEST(is_error(images->receive(shorter), ErrorCode::damaged));
  BOOST_TEST(must(receive("content"))->offset() == 0U);
}

BOOST_AUTO_TEST_CASE(a_size_that_no_image_has_is_refused) {
  for (std::uint64_t size :
       {std::uint64_t{0}, (events::disk_mb_max << 20U) + 1, ~std::uint64_t{0}})
    BOOST_TEST(
        is_error(images->receive({digest_of("content"), size, DiskFormat::raw}),
                 ErrorCode::bad_input));
  BOOST_TEST(is_empty());
}

BOOST_AUTO_TEST_CASE(an_image_is_received_once_at_a_time) {
  {
    auto first = must(receive("content"));
    auto error = error_of(receive("content"));
    BOOST_TEST(error.code == ErrorCode::io);
    BOOST_TEST(mentions(error.message, "is being fetched already"));
    must(receive("another"));
  }
  must(receive("content"));
}

BOOST_AUTO_TEST_CASE(an_image_that_was_added_meanwhile_is_left_as_it_is) {
  auto image = must(receive("content"));
  must(image->write(as_bytes("content")));
  auto digest = added("content");
  auto before = status_of(*images->path_of(digest));
  BOOST_TEST(must(image->finish()).was_there);
  BOOST_TEST(status_of(*images->path_of(digest)).st_ino == before.st_ino);
  BOOST_TEST(count_in(incoming) == 0U);
}

BOOST_AUTO_TEST_CASE(what_has_no_room_is_not_received) {
  std::uint64_t free_bytes = image_reserve_bytes + 6;
  images = open([&](const fs::path&) { return free_bytes; });
  BOOST_TEST(is_error(receive("content"), ErrorCode::disk_full));
  free_bytes += 1;
  auto image = must(receive("content"));
  must(image->write(as_bytes("co")));
  free_bytes -= 7;
  BOOST_TEST(is_error(image->write(as_bytes("ntent")), ErrorCode::disk_full));
  image.reset();
  free_bytes += 5;
  BOOST_TEST(must(receive("content"))->offset() == 2U);
}

BOOST_AUTO_TEST_CASE(to_read_again_what_came_can_be_stopped) {
  receive_some("content", 4);
  auto stop = [](std::uint64_t, std::uint64_t) { return false; };
  Image promised{digest_of("content"), 7, DiskFormat::raw};
  BOOST_TEST(is_error(images->receive(promised, stop), ErrorCode::io));
  BOOST_TEST(must(receive("content"))->offset() == 4U);
}

BOOST_AUTO_TEST_CASE(no_link_is_written_through) {
  put(scratch / "target", "");
  fs::create_symlink(scratch / "target", part_of("content"));
  error_of(receive("content"));
  BOOST_TEST(content_of(scratch / "target").empty());
}

// -- room ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_that_has_no_room_is_not_begun) {
  std::uint64_t free_bytes = image_reserve_bytes + 99'999;
  images = open([&](const fs::path&) { return free_bytes; });
  int pieces = 0;
  auto error = error_of(add(std::string(100'000, 'x'), counting(pieces)));
  BOOST_TEST(error.code == ErrorCode::disk_full);
  BOOST_TEST(mentions(error.message, folder.string()), error.message);
  BOOST_TEST(pieces == 0);
  BOOST_TEST(is_empty());
  free_bytes += 10'000;
  must(add(std::string(100'000, 'x')));
}

BOOST_AUTO_TEST_CASE(an_image_is_given_up_when_others_take_its_room) {
  std::uint64_t free_bytes = 10 * image_reserve_bytes;
  images = open([&](const fs::path&) { return free_bytes; });
  auto result = add(std::string(3 * mebibyte, 'x'),
                    [&](std::uint64_t done, std::uint64_t) {
                      if (done == mebibyte) free_bytes = image_reserve_bytes;
                      return true;
                    });
  BOOST_TEST(is_error(result, ErrorCode::disk_full));
  BOOST_TEST(is_empty());
}

BOOST_AUTO_TEST_CASE(holes_need_no_room) {
  images =
      open([&](const fs::path&) { return image_reserve_bytes + 2 * mebibyte; });
  auto path = file("");
  fs::resize_file(path, 16 * mebibyte);
  auto source = open_to_read(path);
  must(images->add(source.get()));
}

BOOST_AUTO_TEST_CASE(a_file_system_that_does_not_tell_is_tried) {
  images = open([](const fs::path&) -> std::optional<std::uint64_t> {
    return std::nullopt;
  });
  must(add("content"));
}

// -- what is there ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(images_are_listed_by_digest) {
  BOOST_TEST(must(images->list()).empty());
  std::vector<Image> expected;
  for (const auto& content :
       {std::string{"one"}, std::string{"two"}, Head{}.text()})
    expected.push_back(must(add(content)).image);
  std::sort(expected.begin(), expected.end(),
            [](const auto& a, const auto& b) { return a.digest < b.digest; });
  BOOST_TEST((must(images->list()) == expected));
  BOOST_TEST((must(open()->list()) == expected));
}

BOOST_AUTO_TEST_CASE(what_else_lies_there_is_no_image) {
  auto digest = added("content");
  auto hex = digest_of("other").hex();
  for (const auto& name :
       {std::string{"notes"}, hex, hex + ".iso", hex.substr(1) + ".raw",
        digest.hex() + ".raw.qcow2", std::string{".raw"}})
    put(folder / name, "other");
  fs::create_symlink(*images->path_of(digest), folder / (hex + ".raw"));
  fs::create_directory(folder / (hex + ".qcow2"));
  BOOST_TEST(must(images->list()).size() == 1U);
  BOOST_TEST(!images->find(digest_of("other")));
  BOOST_TEST(!images->path_of(digest_of("other")));
}

BOOST_AUTO_TEST_CASE(a_missing_image_is_not_found) {
  auto digest = digest_of("missing");
  BOOST_TEST(!images->path_of(digest));
  BOOST_TEST(!images->find(digest));
  BOOST_TEST(is_error(images->verify(digest), ErrorCode::not_found));
  BOOST_TEST(is_error(images->guest_bytes_of(digest), ErrorCode::not_found));
  BOOST_TEST(is_error(images->remove(digest), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(a_removed_image_is_gone_but_for_who_has_it_open) {
  auto digest = added("content");
  std::ifstream reader{*images->path_of(digest)};
  must(images->remove(digest));
  BOOST_TEST(!images->path_of(digest));
  BOOST_TEST(is_empty());
  std::string content;
  reader >> content;
  BOOST_TEST(content == "content");
}

// -- checking -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_was_just_added_is_not_read_again) {
  auto digest = added("content");
  int pieces = 0;
  must(images->verify(digest, counting(pieces)));
  BOOST_TEST(pieces == 0);
}

BOOST_AUTO_TEST_CASE(an_image_is_read_once_in_the_life_of_a_process) {
  auto digest = added("content");
  images = open();
  int pieces = 0;
  must(images->verify(digest, counting(pieces)));
  BOOST_TEST(pieces == 2);
  must(images->verify(digest, counting(pieces)));
  BOOST_TEST(pieces == 2);
}

BOOST_AUTO_TEST_CASE(a_damaged_image_is_found_out) {
  auto digest = added("content");
  damage(digest);
  for (int time : {1, 2}) {
    BOOST_TEST_CONTEXT("time " << time)
    BOOST_TEST(is_error(images->verify(digest), ErrorCode::damaged));
  }
  images = open();
  auto error = error_of(images->verify(digest));
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, digest.hex()));
}

BOOST_AUTO_TEST_CASE(an_image_that_became_shorter_is_damaged) {
  auto digest = added("content");
  fs::permissions(*images->path_of(digest), fs::perms{0600});
  fs::resize_file(*images->path_of(digest), 3);
  BOOST_TEST(is_error(images->verify(digest), ErrorCode::damaged));
  fs::resize_file(*images->path_of(digest), 0);
  BOOST_TEST(is_error(images->verify(digest), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(an_image_that_somebody_touched_is_read_again) {
  auto digest = added("content");
  touch_file(*images->path_of(digest), 0);
  int pieces = 0;
  must(images->verify(digest, counting(pieces)));
  BOOST_TEST(pieces == 2);
}

BOOST_AUTO_TEST_CASE(an_image_that_is_touched_while_it_is_read_is_read_again) {
  auto digest = added("content");
  images = open();
  int ends = 0;
  int touches_left = 1;
  auto touch = [&](std::uint64_t done, std::uint64_t total) {
    if (done != total) return true;
    ++ends;
    if (touches_left-- > 0) touch_file(*images->path_of(digest), ends);
    return true;
  };
  must(images->verify(digest, touch));
  BOOST_TEST(ends == 2);
  images = open();
  touches_left = 1000;
  BOOST_TEST(is_error(images->verify(digest, touch), ErrorCode::io));
  BOOST_TEST(ends == 5);
}

BOOST_AUTO_TEST_CASE(a_check_that_was_stopped_is_none) {
  auto digest = added("content");
  images = open();
  auto stop = [](std::uint64_t, std::uint64_t) { return false; };
  BOOST_TEST(is_error(images->verify(digest, stop), ErrorCode::io));
  int pieces = 0;
  must(images->verify(digest, counting(pieces)));
  BOOST_TEST(pieces == 2);
}

// -- places -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_the_guests_group_reads_images) {
  BOOST_TEST((status_of(folder).st_mode & 07777U) == 0750U);
  BOOST_TEST((status_of(incoming).st_mode & 07777U) == 0700U);
}

BOOST_AUTO_TEST_CASE(images_are_given_to_the_guests_group,
                     *utf::precondition(runs_as_root)) {
  constexpr gid_t group = 65'534;
  images = must(ImageStore::open(scratch / "guests-dir", group));
  auto digest = added("content");
  auto status = status_of(*images->path_of(digest));
  BOOST_TEST(status.st_gid == group);
  BOOST_TEST(status.st_uid == 0U);
  BOOST_TEST(status_of(folder).st_gid == group);
}

BOOST_AUTO_TEST_CASE(a_place_that_others_may_write_is_refused) {
  fs::permissions(scratch / "guests-dir", fs::perms{0777});
  auto error = error_of(ImageStore::open(scratch / "guests-dir", ::getegid()));
  BOOST_TEST(error.code == ErrorCode::permission);
}

BOOST_AUTO_TEST_CASE(a_link_in_the_place_of_images_is_refused) {
  fs::create_directory(scratch / "elsewhere");
  fs::remove_all(folder);
  fs::create_symlink(scratch / "elsewhere", folder);
  BOOST_TEST(is_error(ImageStore::open(scratch / "guests-dir", ::getegid()),
                      ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(a_link_to_the_place_of_guests_is_followed) {
  added("content");
  fs::create_symlink(scratch / "guests-dir", scratch / "link");
  auto other = must(ImageStore::open(scratch / "link", ::getegid()));
  BOOST_TEST(other->path_of(digest_of("content"))->string() ==
             images->path_of(digest_of("content"))->string());
}

// -- interruption -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_killed_copy_is_no_image_and_is_swept_away) {
  added("another");
  auto source = open_to_read(file(std::string(3 * mebibyte, 'x')));
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    static_cast<void>(
        images->add(source.get(), [&](std::uint64_t done, std::uint64_t) {
          if (done != 2 * mebibyte) return true;
          auto told = ::write(ends[1], "x", 1);
          ::pause();
          return told == 1;
        }));
    ::_exit(0);
  }
  ::close(ends[1]);
  char byte = 0;
  BOOST_TEST(::read(ends[0], &byte, 1) == 1);
  ::close(ends[0]);
  ::kill(child, SIGKILL);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFSIGNALED(status));

  BOOST_TEST(count_in(incoming) == 1U);
  images = open();
  BOOST_TEST(must(images->list()).size() == 1U);
  BOOST_TEST(must(images->sweep()) == 1U);
  BOOST_TEST(count_in(incoming) == 0U);
  must(images->verify(digest_of("another")));
  BOOST_TEST(!must(images->add(source.get())).was_there);
}

BOOST_AUTO_TEST_CASE(a_sweep_leaves_what_came_of_an_image_lately) {
  receive_some("content", 3);
  BOOST_TEST(must(images->sweep()) == 0U);
  BOOST_TEST(fs::exists(part_of("content")));
  timespec long_ago{1'000'000'000, 0};
  const std::array<timespec, 2> times{long_ago, long_ago};
  BOOST_REQUIRE(
      ::utimensat(AT_FDCWD, part_of("content").c_str(), times.data(), 0) == 0);
  BOOST_TEST(must(images->sweep()) == 1U);
  BOOST_TEST(is_empty());
}

BOOST_AUTO_TEST_CASE(a_sweep_takes_what_came_of_an_image_that_is_there) {
  receive_some("content", 3);
  added("content");
  BOOST_TEST(must(images->sweep()) == 1U);
  BOOST_TEST(count_in(incoming) == 0U);
}

BOOST_AUTO_TEST_CASE(a_sweep_takes_what_only_looks_like_it) {
  put(incoming / "content.part", "cont");
  put(incoming / (digest_of("content").hex() + ".part.part"), "cont");
  fs::create_directory(part_of("content"));
  fs::create_symlink(scratch.path(), part_of("another"));
  BOOST_TEST(must(images->sweep()) == 4U);
  BOOST_TEST(count_in(incoming) == 0U);
}

BOOST_AUTO_TEST_CASE(a_sweep_takes_whatever_lies_there) {
  BOOST_TEST(must(images->sweep()) == 0U);
  put(incoming / "copy", "half a co");
  fs::create_directories(incoming / "a" / "b");
  fs::create_symlink(scratch.path(), incoming / "link");
  BOOST_TEST(must(images->sweep()) == 3U);
  BOOST_TEST(count_in(incoming) == 0U);
  BOOST_TEST(fs::exists(folder));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
