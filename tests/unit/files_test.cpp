// Files that are there whole and for good, or not at all.
#include "store/files.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using store::as_bytes;
using store::ErrorCode;
using store::FileHandle;
using store::read_file;
using store::replace_file;

namespace {

constexpr std::size_t no_limit = 1U << 20U;

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream{path, std::ios::binary} << content;
}

/// While it lives no file of this process grows beyond `bytes`, and a write
/// that would make it is cut short there.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes)
      : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit_) == 0);
    const rlimit limit{bytes, old_limit_.rlim_max};
    BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

/// While it lives new files keep all the rights that they are created with.
class NoUmask {
 public:
  NoUmask() : old_(::umask(0)) {}
  NoUmask(const NoUmask&) = delete;
  NoUmask& operator=(const NoUmask&) = delete;
  ~NoUmask() { ::umask(old_); }

 private:
  mode_t old_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(files)

// -- handles -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_handle_closes_its_file) {
  int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    FileHandle handle{descriptor};
    BOOST_TEST(handle.open());
    BOOST_TEST(handle.get() == descriptor);
    BOOST_TEST(is_open(descriptor));
  }
  BOOST_TEST(!is_open(descriptor));
  BOOST_TEST(!FileHandle{}.open());
}

BOOST_AUTO_TEST_CASE(a_handle_can_be_handed_on) {
  int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  FileHandle assigned;
  {
    FileHandle first{descriptor};
    FileHandle second{std::move(first)};
    assigned = std::move(second);
  }
  BOOST_TEST(is_open(descriptor));
  BOOST_TEST(assigned.get() == descriptor);
}

// -- reading -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_is_read_up_to_its_limit) {
  ScratchDirectory scratch;
  const std::string content(100'000, 'x');
  write_file(scratch / "file", content);
  BOOST_TEST(must(read_file(scratch / "file", content.size())) == content);
  auto error = error_of(read_file(scratch / "file", content.size() - 1));
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, (scratch / "file").string()));
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_read) {
  ScratchDirectory scratch;
  write_file(scratch / "file", "");
  BOOST_TEST(must(read_file(scratch / "file", 0)).empty());
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_not_found) {
  ScratchDirectory scratch;
  auto error = error_of(read_file(scratch / "file", no_limit));
  BOOST_TEST(error.code == ErrorCode::not_found);
  BOOST_TEST(mentions(error.message, (scratch / "file").string()));
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_not_read) {
  ScratchDirectory scratch;
  BOOST_TEST(
      is_error(read_file(scratch.path(), no_limit), ErrorCode::bad_input));
  auto pipe = scratch / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST(is_error(read_file(pipe, no_limit), ErrorCode::bad_input));
}

// -- writing -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_full_device_is_said_by_name) {
  FileHandle full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  auto error =
      error_of(store::write_all(full.get(), as_bytes("text"), "the/path"));
  BOOST_TEST(error.code == ErrorCode::disk_full);
  BOOST_TEST(mentions(error.message, "the/path"));
  BOOST_TEST(mentions(error.message, "No space left"));
}

BOOST_AUTO_TEST_CASE(a_write_cut_short_is_an_error) {
  ScratchDirectory scratch;
  FileHandle file{
      ::open((scratch / "file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  FileSizeLimit limit{1'000};
  BOOST_TEST(
      is_error(store::write_all(file.get(), Bytes(1'001), scratch / "file"),
               ErrorCode::io));
}

// -- replacing ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_is_created_with_its_mode) {
  ScratchDirectory scratch;
  NoUmask no_umask;
  must(replace_file(scratch / "file", as_bytes("content"), 0600));
  BOOST_TEST(must(read_file(scratch / "file", no_limit)) == "content");
  BOOST_TEST(mode_of(scratch / "file") == 0600U);
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_whole) {
  ScratchDirectory scratch;
  write_file(scratch / "file", "a longer content than the new one");
  fs::permissions(scratch / "file", fs::perms::all);
  must(replace_file(scratch / "file", as_bytes("new"), 0600));
  BOOST_TEST(must(read_file(scratch / "file", no_limit)) == "new");
  BOOST_TEST(mode_of(scratch / "file") == 0600U);
}

BOOST_AUTO_TEST_CASE(no_other_file_remains) {
  ScratchDirectory scratch;
  must(replace_file(scratch / "file", as_bytes("content"), 0600));
  auto count = std::distance(fs::directory_iterator{scratch.path()}, {});
  BOOST_TEST(count == 1);
}

BOOST_AUTO_TEST_CASE(who_reads_the_old_file_keeps_it) {
  ScratchDirectory scratch;
  write_file(scratch / "file", "old");
  std::ifstream reader{scratch / "file"};
  must(replace_file(scratch / "file", as_bytes("new"), 0600));
  std::string content;
  reader >> content;
  BOOST_TEST(content == "old");
}

BOOST_AUTO_TEST_CASE(what_an_interrupted_attempt_left_does_not_matter) {
  ScratchDirectory scratch;
  write_file(scratch / "file.new", "half a cont");
  must(replace_file(scratch / "file", as_bytes("content"), 0600));
  BOOST_TEST(must(read_file(scratch / "file", no_limit)) == "content");
  BOOST_TEST(!fs::exists(scratch / "file.new"));
}

BOOST_AUTO_TEST_CASE(links_are_replaced_and_not_followed) {
  ScratchDirectory scratch;
  write_file(scratch / "elsewhere", "precious");
  fs::create_symlink(scratch / "elsewhere", scratch / "file");
  fs::create_symlink(scratch / "elsewhere", scratch / "file.new");
  must(replace_file(scratch / "file", as_bytes("content"), 0600));
  BOOST_TEST(must(read_file(scratch / "elsewhere", no_limit)) == "precious");
  BOOST_TEST(!fs::is_symlink(scratch / "file"));
}

BOOST_AUTO_TEST_CASE(a_failed_attempt_leaves_the_old_file_and_nothing_else) {
  ScratchDirectory scratch;
  write_file(scratch / "file", "old");
  {
    FileSizeLimit limit{1'000};
    BOOST_TEST(is_error(replace_file(scratch / "file", Bytes(1'001), 0600),
                        ErrorCode::io));
  }
  BOOST_TEST(must(read_file(scratch / "file", no_limit)) == "old");
  BOOST_TEST(!fs::exists(scratch / "file.new"));
}

BOOST_AUTO_TEST_CASE(a_directory_is_not_replaced) {
  ScratchDirectory scratch;
  fs::create_directory(scratch / "file");
  BOOST_TEST(is_error(replace_file(scratch / "file", as_bytes("new"), 0600),
                      ErrorCode::io));
  BOOST_TEST(fs::is_directory(scratch / "file"));
  BOOST_TEST(!fs::exists(scratch / "file.new"));
}

BOOST_AUTO_TEST_CASE(nothing_is_created_in_a_missing_directory) {
  ScratchDirectory scratch;
  BOOST_TEST(is_error(
      replace_file(scratch / "missing" / "file", as_bytes("new"), 0600),
      ErrorCode::not_found));
}

// -- directories -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(directories_are_created_with_what_is_above) {
  ScratchDirectory scratch;
  NoUmask no_umask;
  must(store::make_directory(scratch / "a" / "b" / "c", 0700));
  for (const auto& made :
       {scratch / "a", scratch / "a" / "b", scratch / "a" / "b" / "c"}) {
    BOOST_TEST(fs::is_directory(made));
    BOOST_TEST(mode_of(made) == 0700U);
  }
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_there_is_left_alone) {
  ScratchDirectory scratch;
  fs::create_directory(scratch / "a");
  fs::permissions(scratch / "a", fs::perms::owner_all | fs::perms::group_read);
  must(store::make_directory(scratch / "a", 0700));
  BOOST_TEST(mode_of(scratch / "a") == 0740U);
}

BOOST_AUTO_TEST_CASE(a_file_where_a_directory_should_be_is_an_error) {
  ScratchDirectory scratch;
  write_file(scratch / "a", "");
  BOOST_TEST(
      is_error(store::make_directory(scratch / "a", 0700), ErrorCode::io));
  BOOST_TEST(is_error(store::make_directory(scratch / "a" / "b", 0700),
                      ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(a_directory_that_can_not_be_looked_at_is_an_error) {
  ScratchDirectory scratch;
  fs::create_symlink("loop", scratch / "loop");
  const std::string long_name(300, 'a');
  BOOST_TEST(is_error(store::make_directory(scratch / "loop" / "a", 0700),
                      ErrorCode::io));
  BOOST_TEST(is_error(store::make_directory(scratch / long_name, 0700),
                      ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(only_directories_are_synced_as_such) {
  ScratchDirectory scratch;
  write_file(scratch / "file", "");
  must(store::sync_directory(scratch.path()));
  must(store::sync_directory(""));
  BOOST_TEST(is_error(store::sync_directory(scratch / "file"), ErrorCode::io));
  BOOST_TEST(is_error(store::sync_directory(scratch / "missing"),
                      ErrorCode::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
