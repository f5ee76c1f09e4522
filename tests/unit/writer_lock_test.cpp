// One writer at a time, and the others are told which.
#include "store/writer_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <utility>

#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using store::ErrorCode;
using store::FileHandle;
using store::WriterLock;

namespace {

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_end = FileHandle{ends[0]};
    write_end = FileHandle{ends[1]};
  }

  FileHandle read_end;
  FileHandle write_end;
};

/// Another process that holds a writer's lock until it is let go or killed.
class OtherWriter {
 public:
  explicit OtherWriter(const fs::path& path) : pid_(::fork()) {
    BOOST_REQUIRE(pid_ >= 0);
    if (pid_ == 0) hold_lock(path);
    locked_.write_end = FileHandle{};
    let_go_.read_end = FileHandle{};
    char answer = 0;
    BOOST_REQUIRE(::read(locked_.read_end.get(), &answer, 1) == 1);
    BOOST_REQUIRE(answer == 'y');
  }
  OtherWriter(const OtherWriter&) = delete;
  OtherWriter& operator=(const OtherWriter&) = delete;
  ~OtherWriter() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }

  void end() {
    let_go_.write_end = FileHandle{};
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  void die() {
    ::kill(pid_, SIGKILL);
    end();
  }

 private:
  [[noreturn]] void hold_lock(const fs::path& path) {
    let_go_.write_end = FileHandle{};
    auto lock = WriterLock::acquire(path);
    char answer = lock ? 'y' : 'n';
    bool told = ::write(locked_.write_end.get(), &answer, 1) == 1;
    char end = 0;
    while (told && ::read(let_go_.read_end.get(), &end, 1) > 0) {
    }
    ::_exit(0);
  }

  Pipe locked_;
  Pipe let_go_;
  pid_t pid_;
};

std::string content_of(const fs::path& path) {
  return must(store::read_file(path, 1'000));
}

std::string process(pid_t pid) { return "process " + std::to_string(pid); }

}  // namespace

BOOST_AUTO_TEST_SUITE(writer_lock)

BOOST_AUTO_TEST_CASE(a_second_writer_is_told_who_the_first_is) {
  ScratchDirectory scratch;
  OtherWriter other{scratch / "writer.lock"};
  auto error = error_of(WriterLock::acquire(scratch / "writer.lock"));
  BOOST_TEST(error.code == ErrorCode::locked);
  BOOST_TEST(mentions(error.message, process(other.pid()) + " "));
  BOOST_TEST(mentions(error.message, scratch.path().string()));
}

BOOST_AUTO_TEST_CASE(a_lock_is_free_when_its_process_ends) {
  ScratchDirectory scratch;
  OtherWriter other{scratch / "writer.lock"};
  other.end();
  must(WriterLock::acquire(scratch / "writer.lock"));
}

BOOST_AUTO_TEST_CASE(a_lock_is_free_when_its_process_is_killed) {
  ScratchDirectory scratch;
  OtherWriter other{scratch / "writer.lock"};
  other.die();
  must(WriterLock::acquire(scratch / "writer.lock"));
}

BOOST_AUTO_TEST_CASE(one_process_can_not_write_twice_either) {
  ScratchDirectory scratch;
  auto lock = must(WriterLock::acquire(scratch / "writer.lock"));
  auto error = error_of(WriterLock::acquire(scratch / "writer.lock"));
  BOOST_TEST(error.code == ErrorCode::locked);
  BOOST_TEST(mentions(error.message, process(::getpid()) + " "));
}

BOOST_AUTO_TEST_CASE(a_lock_lives_as_long_as_its_last_owner) {
  ScratchDirectory scratch;
  {
    auto lock = must(WriterLock::acquire(scratch / "writer.lock"));
    auto moved = std::move(lock);
    BOOST_TEST(is_error(WriterLock::acquire(scratch / "writer.lock"),
                        ErrorCode::locked));
  }
  must(WriterLock::acquire(scratch / "writer.lock"));
}

// What became of a ledger that was put elsewhere is seen once its lock is free.
BOOST_AUTO_TEST_CASE(a_lock_that_was_moved_does_not_lock_its_old_place) {
  ScratchDirectory scratch;
  auto lock = must(WriterLock::acquire(scratch / "writer.lock"));
  fs::rename(scratch / "writer.lock", scratch / "moved.lock");
  must(WriterLock::acquire(scratch / "writer.lock"));
  BOOST_TEST(
      is_error(WriterLock::acquire(scratch / "moved.lock"), ErrorCode::locked));
}

BOOST_AUTO_TEST_CASE(the_lock_file_holds_the_pid_and_nothing_older) {
  ScratchDirectory scratch;
  std::ofstream{scratch / "writer.lock"} << "99999999999999999999\n\n\n";
  auto lock = must(WriterLock::acquire(scratch / "writer.lock"));
  BOOST_TEST(content_of(scratch / "writer.lock") ==
             std::to_string(::getpid()) + "\n");
}

BOOST_AUTO_TEST_CASE(the_lock_file_is_for_the_owner_only) {
  ScratchDirectory scratch;
  auto lock = must(WriterLock::acquire(scratch / "writer.lock"));
  struct stat status {};
  BOOST_REQUIRE(::stat((scratch / "writer.lock").c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07077U) == 0U);
}

BOOST_AUTO_TEST_CASE(a_refused_writer_leaves_the_pid_as_it_is) {
  ScratchDirectory scratch;
  OtherWriter other{scratch / "writer.lock"};
  BOOST_TEST(is_error(WriterLock::acquire(scratch / "writer.lock"),
                      ErrorCode::locked));
  BOOST_TEST(content_of(scratch / "writer.lock") ==
             std::to_string(other.pid()) + "\n");
}

BOOST_AUTO_TEST_CASE(a_link_is_no_lock_file) {
  ScratchDirectory scratch;
  std::ofstream{scratch / "elsewhere"} << "precious";
  fs::create_symlink(scratch / "elsewhere", scratch / "writer.lock");
  BOOST_TEST(
      is_error(WriterLock::acquire(scratch / "writer.lock"), ErrorCode::io));
  BOOST_TEST(is_error(WriterLock::keep_writers_out(scratch / "writer.lock"),
                      ErrorCode::io));
  BOOST_TEST(content_of(scratch / "elsewhere") == "precious");
}

BOOST_AUTO_TEST_CASE(there_is_no_lock_in_a_missing_directory) {
  ScratchDirectory scratch;
  BOOST_TEST(is_error(WriterLock::acquire(scratch / "missing" / "writer.lock"),
                      ErrorCode::not_found));
}

// -- readers -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_reader_keeps_writers_out) {
  ScratchDirectory scratch;
  must(WriterLock::acquire(scratch / "writer.lock"));
  {
    auto reader = must(WriterLock::keep_writers_out(scratch / "writer.lock"));
    BOOST_TEST(is_error(WriterLock::acquire(scratch / "writer.lock"),
                        ErrorCode::locked));
  }
  must(WriterLock::acquire(scratch / "writer.lock"));
}

BOOST_AUTO_TEST_CASE(readers_do_not_keep_each_other_out) {
  ScratchDirectory scratch;
  must(WriterLock::acquire(scratch / "writer.lock"));
  auto one = must(WriterLock::keep_writers_out(scratch / "writer.lock"));
  auto other = must(WriterLock::keep_writers_out(scratch / "writer.lock"));
}

BOOST_AUTO_TEST_CASE(a_reader_is_told_who_writes) {
  ScratchDirectory scratch;
  OtherWriter other{scratch / "writer.lock"};
  auto error = error_of(WriterLock::keep_writers_out(scratch / "writer.lock"));
  BOOST_TEST(error.code == ErrorCode::locked);
  BOOST_TEST(mentions(error.message, process(other.pid()) + " "));
}

BOOST_AUTO_TEST_CASE(a_writer_is_not_told_of_one_that_is_gone) {
  ScratchDirectory scratch;
  auto lock_file = scratch / "writer.lock";
  must(WriterLock::acquire(lock_file));
  auto reader = must(WriterLock::keep_writers_out(lock_file));
  auto error = error_of(WriterLock::acquire(lock_file));
  BOOST_TEST(!mentions(error.message, process(::getpid())));
}

BOOST_AUTO_TEST_CASE(where_no_writer_ever_was_nothing_is_created) {
  ScratchDirectory scratch;
  must(WriterLock::keep_writers_out(scratch / "writer.lock"));
  BOOST_TEST(!fs::exists(scratch / "writer.lock"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
